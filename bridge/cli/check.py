"""`bridge check`: the configuration and the rules, with every mistake and every warning."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import rich_click as click

from bridge.cli.options import settings_of, with_config, with_json, with_verbose
from bridge.cli.output import counted, put, put_json, say
from bridge.configured import Configured, configure, read_rules, warnings_of
from bridge.errors import Invalid, Problem
from bridge.event import JSON


@click.command()
@with_config
@with_json
@with_verbose
@click.pass_context
def check(ctx: click.Context, config: Path, as_json: bool) -> None:
    """Check the configuration and the rules, without starting anything."""
    problems: list[Problem] = []
    configured: Configured | None = None
    rules = 0
    try:
        configured = configure(settings_of(config))
        problems += warnings_of(configured)
        found = read_rules(configured)
        problems += found.warnings
        rules = len(found.rules)
    except Invalid as invalid:
        problems += invalid.problems
    put_problems(problems, as_json=as_json)
    if any(not problem.warning for problem in problems):
        ctx.exit(1)
    if configured and not as_json:
        parts = (
            counted(len(configured.sources), "source"),
            counted(len(configured.integrations), "integration"),
            counted(rules, "rule"),
        )
        put(f"{config} is good: {', '.join(parts)}")


def put_problems(problems: list[Problem], *, as_json: bool) -> None:
    """Each problem on its line; as JSON one list on stdout, also when it is empty."""
    if as_json:
        put_json([problem_json(problem) for problem in problems])
        return
    for problem in problems:
        say(f"{'warning' if problem.warning else 'error'}: {problem}")


def problem_json(problem: Problem) -> dict[str, JSON]:
    """A problem with its place as fields of their own."""
    told = asdict(problem)
    place = told.pop("place")
    return {**place, **told}
