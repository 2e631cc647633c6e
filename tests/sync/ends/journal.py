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


def of_thing(world: World, path: str) -> Sequence[Entry]:
    """Every request of the bridge about one thing, and about nothing below it."""
    return [
        entry
        for entry in world.sandbox.app.journal.entries
        if f"/{entry.site}{entry.path}" == path and of_bridge(entry)
    ]


def bridge_writes(world: World, path: str) -> Sequence[Any]:
    """The bodies of the bridge's changes of one thing that were carried out."""
    return [
        json.loads(entry.body)
        for entry in of_thing(world, path)
        if entry.method == "PATCH" and carried_out(entry)
    ]
