"""`bridge serve`: receive webhooks and act on them, until it is asked to stop."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from bridge.cli.check import every_mistake
from bridge.cli.options import settings_of, with_config, with_verbose
from bridge.process import run
from bridge.process import serve as serve_settings


@click.command()
@with_config
@with_verbose
def serve(config: Path) -> None:
    """Receive webhooks and act on them.

    One process is a complete installation. Ends on SIGTERM or Ctrl-C; what is under way then is
    finished, or taken up at the next start.
    """
    with every_mistake(config):
        run(serve_settings(settings_of(config)))
