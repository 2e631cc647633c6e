"""`bridge check`: the configuration and the rules, with every mistake and every warning."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

import rich_click as click

from bridge.cli.made import made_offers
from bridge.cli.options import with_config, with_json, with_verbose
from bridge.cli.output import put, put_json, say, told
from bridge.configured import examine
from bridge.counting import counted
from bridge.errors import Invalid, Problem
from bridge.event import JSON


@click.command()
@with_config
@with_json
@with_verbose
@click.pass_context
def check(ctx: click.Context, config: Path, as_json: bool) -> None:
    """Check the configuration and the rules, without starting anything."""
    found = examine(config, os.environ, made_offers)
    put_problems(found.problems, as_json=as_json)
    if any(not problem.warning for problem in found.problems):
        ctx.exit(1)
    if found.configured and found.rules and not as_json:
        parts = (
            counted(len(found.configured.sources), "source"),
            counted(len(found.configured.integrations), "integration"),
            counted(len(found.rules.rules), "rule"),
        )
        put(f"{config} is good: {', '.join(parts)}")


@contextmanager
def every_mistake(config: Path) -> Iterator[None]:
    """Where a mistake stops what runs inside: all of them are raised, not only those it met."""
    try:
        yield
    except Invalid as met:
        found = examine(config, os.environ, made_offers)
        raise Invalid(list(found.problems or met.problems)) from None


def put_problems(problems: Sequence[Problem], *, as_json: bool) -> None:
    """Each problem on its line; as JSON one list on stdout, also when it is empty."""
    if as_json:
        put_json([problem_json(problem) for problem in problems])
        return
    for problem in problems:
        say(told(problem))


def problem_json(problem: Problem) -> dict[str, JSON]:
    """A problem with its place as fields of their own."""
    fields = asdict(problem)
    place = fields.pop("place")
    return {**place, **fields}
