"""Has pairs looked at without any sender's word: by an event of the bridge's own.

So a reconciler and a person's decision go the route that a webhook goes: lanes, tries, dead
letters and the trail are the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from bridge.clock import new_id
from bridge.event import Event, NewEvent, StoredEvent
from bridge.match.syncs import ASKED
from bridge.store import sync_fields
from bridge.store.audit import Change, add_change
from bridge.store.events import insert_events
from bridge.store.sync_fields import FieldRow, PairKey
from bridge.store.transaction import Database, Transaction, wake_all

SOURCE = "bridge.sync"
"""Where such events come from. No source of a configuration can have a dot in its name."""


@dataclass(frozen=True, slots=True)
class OwnSource:
    """Reads them."""

    def normalise(self, stored: StoredEvent) -> Event:
        body = json.loads(stored.body)
        return Event(
            stored.id, stored.tenant, stored.source, stored.type, stored.subject, stored.time,
            stored.received_at, body, body, {},
        )  # fmt: skip


def own_sources(tenants: Iterable[str]) -> dict[tuple[str, str], OwnSource]:
    """What reads those of each tenant, beside the configured sources."""
    return {(tenant, SOURCE): OwnSource() for tenant in ("default", *tenants)}


def asking(pair: PairKey, why: str, key: str, now: int) -> NewEvent:
    """The event. key: a second one with the same is left out."""
    body = {"rule": pair.rule, "left": pair.left, "right": pair.right, "why": why}
    return NewEvent(
        new_id("evt", now), pair.tenant, SOURCE, key, 0, ASKED, pair.left, now, now, "{}",
        json.dumps(body).encode(),
    )  # fmt: skip


async def ask(tx: Transaction, pair: PairKey, why: str, key: str, now: int) -> str:
    """Writes the event; gives its id, empty where it was asked for already."""
    event = asking(pair, why, key, now)
    new = await insert_events(tx, [[event]])
    await wake_all(tx)
    return event.id if event.id in new else ""


async def resolve(
    database: Database, field_id: str, side: str, change: Change
) -> tuple[FieldRow, str]:
    """A person decides a conflict: the value of a side counts. Gives it and the event that has
    it carried over. change: the line for the audit trail; its tenant is whose it has to be.

    Raises NotFound, also where nothing is held any more.
    """
    now = change.at

    async def work(tx: Transaction) -> tuple[FieldRow, str]:
        held = await sync_fields.get_held(tx, field_id, change.tenant)
        await add_change(tx, change)
        await sync_fields.take(tx, field_id, side, now)
        key = f"{field_id}:{held.held_at}:{side}"
        return held, await ask(tx, held.pair, f"{held.field}: a person took the {side}", key, now)

    return await database.write(work)
