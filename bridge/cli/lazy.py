"""A group whose commands are imported when they are called, not when they are listed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import rich_click as click


class LazyGroup(click.RichGroup):
    """A group told by name: where each command is, and its sentence for the list.

    places: `{"serve": ("bridge.cli.serve:serve", "Receive webhooks and act on them.")}`.
    """

    def __init__(self, *args: Any, places: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(*args, **settings)
        self._places = places

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._places)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A stand-in with the sentence: enough for help, and nothing is imported for it."""
        place = self._places.get(cmd_name)
        return click.RichCommand(name=cmd_name, help=place[1]) if place else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The real command; a name that does not exist is refused as click does it."""
        place = self._places.get(args[0]) if args else None
        if place is None:
            return super().resolve_command(ctx, args)
        module, _, attribute = place[0].partition(":")
        command = getattr(importlib.import_module(module), attribute)
        return args[0], command, args[1:]
