"""`bridge rules test`: the tests in rule files, and what they reach."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from bridge.cli.options import option, with_config, with_json, with_verbose
from bridge.cli.output import from_here, plain, put, put_json, say
from bridge.cli.ruleset import rules_of
from bridge.clock import wall_clock
from bridge.counting import counted
from bridge.errors import BridgeError
from bridge.workbench.coverage import Coverage
from bridge.workbench.junit import junit_xml
from bridge.workbench.testing import Tested, run_tests


@click.command("test")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path, exists=True))
@option(
    "--junit", of="test", type=click.Path(path_type=Path, dir_okay=False),
    help="Also write the results to this file, as JUnit XML.",
)  # fmt: skip
@option(
    "--coverage", of="test", is_flag=True, help="Also list the rules and branches no test reaches."
)
@option(
    "--least", of="test", type=click.IntRange(0, 100), default=0, metavar="PERCENT",
    help="Fail when the tests reach less than this of the branches.",
)  # fmt: skip
@with_config
@with_json
@with_verbose
@click.pass_context
def test(
    ctx: click.Context,
    config: Path,
    as_json: bool,
    paths: tuple[Path, ...],
    junit: Path | None,
    coverage: bool,
    least: int,
) -> None:
    """Run the tests in the rule files, or in those at PATHS.

    Each reads a recorded request and compares what the rules plan with what is expected. Paths of
    samples start at the folder of the configuration, at the working directory, or at a folder
    that the rule file lies in.
    """
    configured, found = rules_of(ctx, config, *paths)
    run = run_tests(configured, found, config.resolve().parent, wall_clock())
    if junit is not None:
        _write(junit, junit_xml(run))
    if as_json:
        put_json(run.as_json())
    else:
        for one in run.tested:
            _put_test(one)
        if coverage:
            _put_missed(run.coverage)
    say(f"{counted(len(run.tested), 'test')}, {run.failed} failed")
    reached = run.coverage
    say(f"coverage: {reached.reached} of {len(reached.branches)} branches, {reached.percent} %")
    if reached.percent < least:
        say(f"that is less than the {least} % asked for; --coverage lists what is missing")
    if run.failed or reached.percent < least:
        ctx.exit(1)


def _put_test(one: Tested) -> None:
    put(plain(f"{'✓' if one.ok else '✗'} {from_here(one.test.place)}: {one.test.sample}"))
    for miss in one.misses:
        for line in miss.lines():
            put(plain(f"    {line}"))


def _put_missed(coverage: Coverage) -> None:
    for branch in coverage.missed:
        put(
            plain(
                f"not covered: {from_here(branch.rule.place)}: {branch.rule.name}: {branch.words}"
            )
        )


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    except OSError as error:
        raise BridgeError(f"{file} cannot be written: {error.strerror or error}") from error
