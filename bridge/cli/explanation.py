"""What `bridge rules explain` prints: an event, the rules, and the value of every part."""

from __future__ import annotations

import json
from collections.abc import Iterator

from bridge.action import PlannedAction
from bridge.cli.output import from_here, plain, put
from bridge.connectors.preview import Request
from bridge.counting import counted
from bridge.event import JSON
from bridge.match.explain import Explained, Outcome
from bridge.workbench.explained import ExplainedEvent, ExplainedRule, ExplainedRun, without_secrets
from bridge.workbench.requests import Preview

MOST_SHOWN = 120
"""Characters of a value in a line; `--json` has all of it."""


def put_explanation(explained: ExplainedEvent, *, every: bool) -> None:
    """Print one event and its rules; those that were not asked only when `every` is set."""
    for line in _event_lines(explained):
        put(plain(line))
    left_out = 0
    for each in explained.rules:
        if each.explanation.outcome is Outcome.NOT_ASKED and not every:
            left_out += 1
            continue
        for line in _lines(each):
            put(plain(line))
    if left_out:
        put(f"\n{counted(left_out, 'rule')} for other events; --all shows them")


def _event_lines(explained: ExplainedEvent) -> Iterator[str]:
    event = explained.event
    yield f"event {event.id}: {event.type} from {event.source} about {event.subject}"
    if explained.echo:
        yield f"  {explained.echo}"
    if explained.ours:
        fields = ", ".join(explained.ours)
        yield f"  the bridge wrote this itself, and rules do not see it: {fields}"
    if explained.link:
        yield f"  link: {_short(explained.link)}"
    if explained.met_version and explained.met_version != explained.rules_version:
        yield f"  it met rules {explained.met_version}; these are {explained.rules_version}"


def _lines(rule: ExplainedRule) -> Iterator[str]:
    each = rule.explanation
    yield ""
    said = f" ({each.reason})" if each.reason else ""
    yield f"{each.rule}: {each.outcome.value}{said}"
    yield f"  at {from_here(each.place)}"
    for key, part in each.parts:
        yield f"  {key}:"
        yield from _part_lines(part, "    ")
    if not any(run.decisions for run in rule.runs):
        for guard in each.guards:
            yield f"  {guard}"
    for run in rule.runs:
        yield from _run_lines(run)


def _run_lines(explained: ExplainedRun) -> Iterator[str]:
    for one in explained.decisions:
        yield f"  {one.guard}: {one.verdict}: {one.words}"
    for action, preview in explained.steps:
        yield from _action_lines(action, preview)


def _action_lines(action: PlannedAction, preview: Preview) -> Iterator[str]:
    where = f" in {action.integration}" if action.integration else ""
    yield f"  → {action.name}{where} {_short(without_secrets(action.parameters))}"
    for request in preview.requests:
        yield from _request_lines(request)
    if preview.note:
        yield f"    ({preview.note})"


def _request_lines(request: Request) -> Iterator[str]:
    yield f"    {request.method} {request.url}"
    for name, value in request.headers.items():
        yield f"    {name}: {value}"
    if request.body is not None:
        body = request.body
        text = body if isinstance(body, str) else json.dumps(body, indent=2, ensure_ascii=False)
        yield ""
        yield from (f"    {line}" for line in text.splitlines())
        yield ""


def _part_lines(part: Explained, margin: str) -> Iterator[str]:
    told = f"no such field: {part.absent}" if part.absent else part.error or _short(part.value)
    yield f"{margin}{_one_line(part.text)} = {told}"
    for inside in part.inside:
        yield from _part_lines(inside, margin + "  ")


def _short(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())
