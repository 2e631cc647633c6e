"""An event's trail as lines of text, for `bridge events show`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bridge.cli.output import plain, put


def put_trail(trail: dict[str, Any]) -> None:
    """Print the envelope, the actions with their tries, the links and the body."""
    for line in trail_lines(trail):
        put(plain(line))


def trail_lines(trail: dict[str, Any]) -> Iterator[str]:
    """The lines, top to bottom. The shape is that of `bridge.trail.read_trail`."""
    yield f"{trail['id']}  {trail['state']}"
    for name in ("source", "tenant", "type", "subject", "key", "time", "received_at", "reason"):
        if trail[name]:
            yield f"  {name:<12} {trail[name]}"
    if trail["waits_for"]:
        yield f"  {'waits':<12} {_waits(trail['waits_for'])}"
    for action in trail["actions"]:
        where = f" in {action['integration']}" if action["integration"] else ""
        yield ""
        yield f"{action['rule']}: {action['action']}{where}  {action['state']}"
        if action["reason"]:
            yield f"  {'reason':<12} {action['reason']}"
        for name, value in (action["outputs"] or {}).items():
            yield f"  {name:<12} {_short(value)}"
        for attempt in action["attempts"]:
            yield from _attempt_lines(attempt)
    for one in trail["held"]:
        yield (
            f"  {'held':<12} {one['field']}: {one['left_value']!r} in {one['left']},"
            f" {one['right_value']!r} in {one['right']}; bridge sync resolve {one['id']}"
        )
    for one in trail["ours"]:
        yield f"  {'our own':<12} {one['field']} {one['value']!r}, written by {one['rule']}"
    for link in trail["links"]:
        if link["ticket"]:
            yield ""
            yield f"linked to {link['ticket']}  {link['url']}"
    if "data" in trail:
        yield ""
        yield "data, as rules see it"
        yield trail["unreadable"] or json.dumps(trail["data"], indent=2, ensure_ascii=False)
    yield ""
    yield "body"
    yield json.dumps(trail["body"], indent=2, ensure_ascii=False)


def _waits(first: dict[str, Any]) -> str:
    """Why nothing of the event runs, and what helps."""
    named = f"{first['action']} of {first['rule']} ({first['state']}) in {first['event_id']}"
    reason = f": {first['reason']}" if first["reason"] else ""
    if first["holds_lane"]:
        return f"the lane is held by {named}{reason}; replay that event once it is mended"
    return f"behind {named} in the same lane{reason}; next try {first['next_try_at']}"


def _attempt_lines(attempt: dict[str, Any]) -> Iterator[str]:
    said = f": {attempt['reason']}" if attempt["reason"] else ""
    next_try = f", next try {attempt['next_try_at']}" if attempt["next_try_at"] else ""
    yield (
        f"  try {attempt['number']} at {attempt['started_at']} took {attempt['duration_ms']} ms: "
        f"{attempt['outcome']}{said}{next_try}"
    )
    for exchange in attempt["exchanges"]:
        took = f"{exchange['duration_ms']} ms"
        yield f"    {exchange['method']} {exchange['url']} → {exchange['status']} ({took})"


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 200 else f"{text[:199]}…"
