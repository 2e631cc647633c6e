"""`bridge rules backtest`: what a changed rule set would have made of the events that came."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from bridge.cli.made import made_offers
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import plain, put, put_json
from bridge.cli.period import since_moment
from bridge.cli.progress import bar
from bridge.configured import configure
from bridge.errors import Invalid, NotFound, Problem
from bridge.match.rules import read_files
from bridge.store.event_filter import EventFilter
from bridge.workbench.backtest import Asked
from bridge.workbench.backtest import backtest as play_both
from bridge.workbench.report import report_lines, report_markdown


@click.command("backtest")
@option(
    "--rules", "paths", of="backtest", multiple=True,
    type=click.Path(path_type=Path, exists=True),
    help="The changed set, all of it: a folder or a file; may be given several times. Without it"
    " the rules in force are held against what was really done.",
)  # fmt: skip
@option(
    "--since", of="backtest", default="7d", show_default=True,
    help="Events of the last time, such as 30m, 7d.",
)  # fmt: skip
@option("--source", of="backtest", default="", help="Only events of this source.")
@option("--type", "type_", of="backtest", default="", help="Only events of this type.")
@option("--tenant", of="backtest", default="", help="Only events of this tenant.")
@option(
    "--events", "shown", of="backtest", type=click.IntRange(0, 1000), default=20,
    show_default=True, help="How many events with a difference are shown.",
)  # fmt: skip
@option("--markdown", of="backtest", is_flag=True, help="Print Markdown, for a pull request.")
@with_config
@with_json
@with_verbose
def backtest(
    config: Path,
    as_json: bool,
    paths: tuple[Path, ...],
    since: str,
    source: str,
    type_: str,
    tenant: str,
    shown: int,
    markdown: bool,
) -> None:
    """Play a changed rule set over stored events, without acting, and say what is otherwise.

    Both sets are played: the changed one and the one in force. `once_per` and `throttle` are
    asked in the order of the events, as if each action had succeeded at once. A server may run
    beside it.
    """
    if as_json and markdown:
        raise click.UsageError("--json and --markdown contradict each other")
    settings = settings_of(config)
    file = settings.store.sqlite_file
    if file is not None and not file.exists():
        raise NotFound(f"there is no store yet: {file} is made by `bridge serve`")
    in_force = _texts(settings.rules.path)
    events = EventFilter(tenant=tenant, source=source, type=type_, since=since_moment(since))
    before, after = (in_force, _texts(*paths)) if paths else (None, in_force)
    asked = Asked(before, after, events, shown, made_offers(settings))
    with bar("playing events") as progress:
        report = play_both(configure(settings), asked, progress)
    if as_json:
        put_json(report.as_json())
    elif markdown:
        put(plain(report_markdown(report, shown).rstrip()))
    else:
        for line in report_lines(report, shown):
            put(plain(line))


def _texts(*paths: Path) -> dict[str, str]:
    """The rule files at these paths. Raises Invalid where one cannot be read."""
    problems: list[Problem] = []
    texts = read_files(paths, problems)
    if problems:
        raise Invalid(problems)
    return texts
