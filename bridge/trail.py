"""An event's trail, read back from the store: what came in, what was planned, every try.

Shapes are JSON, the same for the command line and the API. Times are ISO 8601 in UTC.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TypeAlias

from bridge.action import UNFINISHED
from bridge.clock import iso
from bridge.errors import ExpressionFailed
from bridge.event import JSON, Event, StoredEvent
from bridge.store.actions import (
    MATCH,
    StoredAction,
    actions_of_event,
    get_action,
    read_lane,
)
from bridge.store.attempts import Attempt, attempts_of_action
from bridge.store.events import get_event
from bridge.store.lanes import held_by
from bridge.store.links import Link, links_of_event
from bridge.store.outbound import Written, writes_of_event
from bridge.store.sync_fields import FieldRow, held_by_event
from bridge.store.transaction import Transaction

Read: TypeAlias = Callable[[StoredEvent], Event]
"""Reads an event as its source does. Raises ExpressionFailed where that goes wrong."""


def event_summary(event: StoredEvent) -> dict[str, JSON]:
    """The envelope and the state, without headers and body: a line of a list."""
    return {
        "id": event.id,
        "tenant": event.tenant,
        "source": event.source,
        "type": event.type,
        "subject": event.subject,
        "time": iso(event.time),
        "received_at": iso(event.received_at),
        "state": event.state.value,
        "reason": event.reason,
        "rules_version": event.rules_version,
    }


async def read_trail(tx: Transaction, event_id: str, read: Read | None = None) -> dict[str, JSON]:
    """One event with its body, its actions with every attempt, and what it is linked to.

    read: tells what rules see as `data`, too; `unreadable` says why where there is nothing to see.
    Raises NotFound.
    """
    event = await get_event(tx, event_id)
    actions: list[JSON] = []
    for action in await actions_of_event(tx, event_id):
        if action.planned.name == MATCH:
            continue  # how the lane waits for rules that read `link`: no action of anybody's
        attempts = await attempts_of_action(tx, action.id)
        actions.append(action_trail(action, list(attempts)))
    return {
        **event_summary(event),
        "waits_for": await _waits_for(tx, event),
        "key": event.key,
        "headers": json.loads(event.headers),
        **(data_of(event, read) if read is not None else {}),
        "body": body_of(event),
        "actions": actions,
        "ours": [own_write(one) for one in await writes_of_event(tx, event_id)],
        "held": [held_field(one) for one in await held_by_event(tx, event_id)],
        "links": [link_trail(link) for link in await links_of_event(tx, event_id)],
    }


async def _waits_for(tx: Transaction, event: StoredEvent) -> JSON:
    """The action before which nothing of the event runs; None where none is in its way.

    It stands before the event in its lane, or is dead and holds the lane until it is replayed.
    """
    lane = (event.tenant, event.subject)
    unfinished = await read_lane(tx, *lane, 1)
    if not unfinished or not any(
        one.state in UNFINISHED for one in await actions_of_event(tx, event.id)
    ):
        return None
    held = await held_by(tx, lane)
    first = await get_action(tx, held) if held else unfinished[0]
    if not held and first.event_id == event.id:
        return None
    return {
        "action_id": first.id,
        "event_id": first.event_id,
        "rule": first.rule,
        "action": first.planned.name,
        "state": first.state.value,
        "reason": first.reason,
        "next_try_at": None if held else iso(first.next_try_at),
        "holds_lane": bool(held),
    }


def data_of(event: StoredEvent, read: Read) -> dict[str, JSON]:
    """`data` as rules see it now, or why they see none."""
    try:
        return {"data": read(event).data, "unreadable": ""}
    except ExpressionFailed as error:
        return {"data": None, "unreadable": str(error)}


def body_of(event: StoredEvent) -> JSON:
    """The body as JSON where it is JSON, else as text."""
    try:
        parsed: JSON = json.loads(event.body)
    except (ValueError, RecursionError):
        return event.body.decode("utf-8", "replace")
    return parsed


def action_trail(action: StoredAction, attempts: list[Attempt]) -> JSON:
    """An action as it was planned, where it stands, and its tries."""
    planned = action.planned
    return {
        "id": action.id,
        "rule": action.rule,
        "run": action.run_id,
        "action": planned.name,
        "step": planned.step,
        "integration": planned.integration,
        "parameters": planned.parameters,
        "state": action.state.value,
        "reason": action.reason,
        "next_try_at": iso(action.next_try_at) if action.state in UNFINISHED else None,
        "outputs": action.outputs,
        "attempts": [_attempt(attempt) for attempt in attempts],
    }


def _attempt(attempt: Attempt) -> JSON:
    return {
        "number": attempt.number,
        "started_at": iso(attempt.started_at),
        "duration_ms": attempt.duration_ms,
        "outcome": attempt.outcome.value,
        "reason": attempt.reason,
        "next_try_at": iso(attempt.next_try_at) if attempt.next_try_at else None,
        "exchanges": [asdict(exchange) for exchange in attempt.exchanges],
    }


def held_field(one: FieldRow) -> JSON:
    """A conflict that sync holds for a person, with both values."""
    return {
        "id": one.id,
        "rule": one.pair.rule,
        "field": one.field,
        "left": one.pair.left,
        "right": one.pair.right,
        "left_value": one.held_left,
        "right_value": one.held_right,
        "held_at": iso(one.held_at),
        "take": one.take,
        "event_id": one.event_id,
    }


def own_write(one: Written) -> JSON:
    """What of an event the bridge had written itself."""
    return {
        "field": one.field,
        "value": one.said,
        "integration": one.integration,
        "object": one.object,
        "rule": one.rule,
        "written_at": iso(one.written_at),
    }


def link_trail(link: Link) -> JSON:
    """What an event is tied to outside."""
    return {
        "rule": link.rule,
        "once": link.once,
        "state": link.state.value,
        "integration": link.integration,
        "ticket": link.ticket,
        "url": link.url,
    }
