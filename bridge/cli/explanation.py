"""What `bridge rules explain` prints: an event, the rules, and the value of every part."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from bridge.action import PlannedRun
from bridge.cli.output import plain, put
from bridge.event import JSON, Event
from bridge.match.explain import Explained, Explanation, Outcome

MOST_SHOWN = 120
"""Characters of a value in a line; `--json` has all of it."""


def put_explanation(event: Event, explanations: Sequence[Explanation], *, every: bool) -> None:
    """Print one event and its rules; those that were not asked only when `every` is set."""
    put(plain(f"event {event.id}: {event.type} from {event.source} about {event.subject}"))
    left_out = 0
    for each in explanations:
        if each.outcome is Outcome.NOT_ASKED and not every:
            left_out += 1
            continue
        for line in _lines(each):
            put(plain(line))
    if left_out:
        put(f"\n{left_out} rules are for other events; --all shows them")


def explanation_json(
    event: Event, explanations: Sequence[Explanation], *, every: bool
) -> dict[str, JSON]:
    """The same for other programs."""
    shown = [one for one in explanations if every or one.outcome is not Outcome.NOT_ASKED]
    return {
        "event": {
            "id": event.id,
            "type": event.type,
            "source": event.source,
            "subject": event.subject,
            "data": event.data,
        },
        "rules": [_rule_json(one) for one in shown],
    }


def _lines(each: Explanation) -> Iterator[str]:
    yield ""
    said = f" ({each.reason})" if each.reason else ""
    yield f"{each.rule}: {each.outcome.value}{said}"
    yield f"  at {each.place}"
    for key, part in each.parts:
        yield f"  {key}:"
        yield from _part_lines(part, "    ")
    for guard in each.guards:
        yield f"  {guard}"
    for run in each.runs:
        for action in run.actions:
            skipped = f"  skipped: {action.skip}" if action.skip else ""
            yield f"  → {action.name} {_short(action.parameters)}{skipped}"


def _part_lines(part: Explained, margin: str) -> Iterator[str]:
    told = f"no such field: {part.absent}" if part.absent else part.error or _short(part.value)
    yield f"{margin}{_one_line(part.text)} = {told}"
    for inside in part.inside:
        yield from _part_lines(inside, margin + "  ")


def _rule_json(each: Explanation) -> JSON:
    return {
        "rule": each.rule,
        "place": str(each.place),
        "outcome": each.outcome.value,
        "reason": each.reason,
        "absent": each.absent,
        "parts": {key: _part_json(part) for key, part in each.parts},
        "guards": list(each.guards),
        "runs": [_run_json(run) for run in each.runs],
    }


def _part_json(part: Explained) -> JSON:
    return {
        "text": part.text,
        "start": part.start,
        "end": part.end,
        "value": part.value,
        "error": part.error,
        "absent": part.absent,
        "inside": [_part_json(inside) for inside in part.inside],
    }


def _run_json(run: PlannedRun) -> JSON:
    return {
        "index": run.index,
        "once": run.once,
        "actions": [
            {
                "action": action.name,
                "integration": action.integration,
                "parameters": action.parameters,
                "deferred": list(action.deferred),
                "skip": action.skip,
            }
            for action in run.actions
        ],
    }


def _short(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 1]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())
