"""How options are declared: once, each with its environment variable, shown in `--help`.

A variable is named after the command and the option (`BRIDGE_SEND_URL`); the three options that
most commands share have one variable for all (`BRIDGE_CONFIG`, `BRIDGE_JSON`, `BRIDGE_VERBOSE`).
None begins with the name of a section of the configuration, whose keys have variables too.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import rich_click as click

from bridge.configuration import DEFAULT_FILE, load_settings
from bridge.settings import Settings

F = TypeVar("F", bound=Callable[..., Any])


def option(name: str, *more: str, of: str, **settings: Any) -> Callable[[F], F]:
    """One option of the command `of`, with its variable: `--url` of `send` is BRIDGE_SEND_URL."""
    spoken = name.split("/")[0].removeprefix("--").replace("-", "_").upper()
    variable = f"BRIDGE_{of.upper()}_{spoken}" if of else f"BRIDGE_{spoken}"
    return click.option(name, *more, envvar=variable, show_envvar=True, **settings)


def with_config(function: F) -> F:
    """`--config FILE`, given to the command as `config`."""
    return option(
        "--config",
        of="",
        type=click.Path(path_type=Path, dir_okay=False),
        default=Path(DEFAULT_FILE),
        show_default=True,
        help="The configuration.",
    )(function)


def with_json(function: F) -> F:
    """`--json`, given to the command as `as_json`."""
    return option("--json", "as_json", of="", is_flag=True, help="Print JSON, for other programs.")(
        function
    )


def with_verbose(function: F) -> F:
    """`--verbose`, kept where `failure.report` looks for it."""
    return option(
        "--verbose",
        of="",
        is_flag=True,
        expose_value=False,
        callback=_remember,
        help="Show where in the program a failure came from.",
    )(function)


def is_verbose(ctx: click.Context) -> bool:
    return bool(ctx.find_root().meta.get("bridge.verbose"))


def settings_of(config: Path) -> Settings:
    """The configuration, with the environment of this process. Raises Invalid."""
    return load_settings(config, os.environ)


def _remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> bool:
    meta = ctx.find_root().meta
    meta["bridge.verbose"] = bool(meta.get("bridge.verbose")) or value
    return value
