"""What the bridge wrote, by the journal of a stand-in that keeps no history of its own."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from bridge.sandbox.journal import Entry
from tests.sync.world import World


def of_bridge(entry: Entry) -> bool:
    return not any(b"as-" in value for name, value in entry.headers if name == b"authorization")


def carried_out(entry: Entry) -> bool:
    if entry.fault:
        return entry.fault in ("lost-answer", "5xx after")
    return entry.status < 300


def about(world: World, path: str) -> Sequence[Entry]:
    """Every request about one thing, and about nothing below it."""
    entries = world.sandbox.app.journal.entries
    return [entry for entry in entries if f"/{entry.site}{entry.path}" == path]


def of_thing(world: World, path: str) -> Sequence[Entry]:
    """Those of the bridge."""
    return [entry for entry in about(world, path) if of_bridge(entry)]


def was_seen(world: World, path: str, request: int) -> bool:
    """Whether the bridge had seen a thing, by the time of a request, as the last change left it."""
    for entry in reversed(about(world, path)):
        if entry.number <= request and carried_out(entry):
            if entry.method == "PATCH":
                return False
            if of_bridge(entry):
                return True
    return True


def bridge_writes(world: World, path: str) -> Sequence[Any]:
    """The bodies of the bridge's changes of one thing that were carried out."""
    return [
        json.loads(entry.body)
        for entry in of_thing(world, path)
        if entry.method == "PATCH" and carried_out(entry)
    ]
