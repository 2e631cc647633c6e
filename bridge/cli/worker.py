"""`bridge worker`: act on what is stored, beside servers that receive it."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from bridge.cli.check import every_mistake
from bridge.cli.options import settings_of, with_config, with_verbose
from bridge.process import run, work


@click.command()
@with_config
@with_verbose
def worker(config: Path) -> None:
    """Act on what is stored; listens on no port.

    For PostgreSQL, where several processes share the work. With SQLite `bridge serve` does all of
    it, and a second process on the same file is refused.
    """
    with every_mistake(config):
        run(work(settings_of(config)))
