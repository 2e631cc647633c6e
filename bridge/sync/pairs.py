"""Which pairs an event is about: two things that a link ties, at the two ends of a sync rule."""

from __future__ import annotations

from bridge.about import about
from bridge.event import Event
from bridge.match.syncs import ASKED, Side, SyncRule, other
from bridge.store.sync_fields import PairKey, ties_of
from bridge.store.transaction import Transaction

SIDES: tuple[Side, Side] = ("left", "right")


async def pairs_about(
    tx: Transaction, rule: SyncRule, event: Event, integration: str
) -> list[PairKey]:
    """The pairs of a rule that an event is about, each once.

    integration: the one that leads back to the event's source; empty where that is not known.
    """
    if event.type == ASKED:
        return asked_for(rule, event)
    kind, record_id = about(event)
    found: list[PairKey] = []
    for side in SIDES:
        here, there = rule.end(side), rule.end(other(side))
        if here.kind != kind or (integration and integration != here.integration):
            continue
        far = await ties_of(tx, event.tenant, here.kind, there.integration, record=record_id)
        near = await ties_of(tx, event.tenant, there.kind, here.integration, ticket=record_id)
        found += [pair_of(event.tenant, rule, side, record_id, ticket) for _, ticket in far]
        found += [pair_of(event.tenant, rule, side, record_id, record) for record, _ in near]
    return list(dict.fromkeys(found))


def asked_for(rule: SyncRule, event: Event) -> list[PairKey]:
    data = event.data if isinstance(event.data, dict) else {}
    if data.get("rule") != rule.name:
        return []
    return [PairKey(event.tenant, rule.name, str(data.get("left")), str(data.get("right")))]


def pair_of(tenant: str, rule: SyncRule, side: Side, here: str, there: str) -> PairKey:
    left, right = (here, there) if side == "left" else (there, here)
    return PairKey(tenant, rule.name, left, right)


def id_of(pair: PairKey, side: Side) -> str:
    return pair.left if side == "left" else pair.right
