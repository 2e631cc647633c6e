"""The table of outbound writes: what was written outside, until it comes back as an event."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bridge.store.transaction import Row, Transaction, insert_rows, placeholders


@dataclass(frozen=True, slots=True)
class Written:
    """One field of one object, as the bridge wrote it.

    object, field, digest: see `bridge/changes.py`. said: the value in a few words.
    outside_id: a comment's id, once it is known. event_id: the event that used it up.
    """

    tenant: str
    integration: str
    object: str
    field: str
    digest: str
    said: str
    rule: str
    written_at: int
    outside_id: str = ""
    event_id: str = ""
    seq: int = 0


@dataclass(frozen=True, slots=True)
class Ours:
    """What of an event is the bridge's own.

    whole: every change it tells of is. fields: those that are.
    used: the writes that this uses up, by seq, each with the id of the comment it became.
    outdated: writes of the same fields that can no longer come back.
    """

    whole: bool
    fields: tuple[str, ...]
    used: tuple[tuple[int, str], ...]
    outdated: tuple[int, ...] = ()
    reason: str = ""


COLUMNS = "tenant, integration, object, field, digest, said, rule, written_at, outside_id, event_id"


def stored(row: Row) -> Written:
    tenant, integration, object_, field, digest, said, rule, written_at, outside_id, event_id = row[
        :10
    ]
    return Written(
        tenant, integration, object_, field, digest, said, rule, written_at, outside_id, event_id,
        int(row[10]),
    )  # fmt: skip


async def remember(tx: Transaction, writes: Sequence[Written]) -> list[Written]:
    """Writes down what is about to be written; gives it with its seq."""
    rows = [
        (
            one.tenant, one.integration, one.object, one.field, one.digest, one.said, one.rule,
            one.written_at, one.outside_id, one.event_id,
        )
        for one in writes
    ]  # fmt: skip
    head = f"INSERT INTO outbound_writes ({COLUMNS})"
    returned = sorted(int(row[0]) for row in await insert_rows(tx, head, rows, "RETURNING seq"))
    return [replace(one, seq=seq) for one, seq in zip(writes, returned, strict=True)]


async def forget(tx: Transaction, seqs: Sequence[int]) -> None:
    """Nothing was written after all, or it can no longer come back; what came back stays."""
    if seqs:
        await tx.run(
            f"DELETE FROM outbound_writes WHERE event_id = '' AND seq IN {placeholders(len(seqs))}",
            *seqs,
        )


async def forget_others(
    tx: Transaction, like: Written, names: Iterable[str], standing: frozenset[str]
) -> None:
    """Of the field of an object that a rule wrote to nothing stands there but one of `standing`,
    digests: what else was remembered was never made, or is gone.

    like: integration, field and rule. names: of the object.
    """
    written = await writes_to(tx, like.tenant, names, 0)
    gone = [
        one.seq
        for one in written
        if (one.integration, one.field, one.rule) == (like.integration, like.field, like.rule)
        and standing.isdisjoint(one.digest.split())
    ]
    await forget(tx, gone)


async def name_comment(tx: Transaction, seq: int, outside_id: str) -> None:
    """Which comment a write became."""
    await tx.run("UPDATE outbound_writes SET outside_id = ? WHERE seq = ?", outside_id, seq)


async def writes_to(
    tx: Transaction, tenant: str, objects: Iterable[str], since: int
) -> list[Written]:
    """What was written to these objects since a moment and is not used up, the oldest first;
    and the comments, used up or not: some senders tell of one twice."""
    named = sorted(set(objects))
    if not named:
        return []
    rows = await tx.rows(
        f"SELECT {COLUMNS}, seq FROM outbound_writes WHERE tenant = ? AND written_at >= ?"
        f" AND (event_id = '' OR field = 'comment') AND object IN {placeholders(len(named))}"
        " ORDER BY seq",
        tenant,
        since,
        *named,
    )
    return [stored(row) for row in rows]


async def use_up(tx: Transaction, event_id: str, ours: Ours) -> None:
    """Ties the writes to the event that told of them: each is recognised once."""
    for seq, outside_id in ours.used:
        await tx.run(
            "UPDATE outbound_writes SET event_id = ?,"
            " outside_id = CASE WHEN outside_id = '' THEN ? ELSE outside_id END"
            " WHERE seq = ? AND event_id = ''",
            event_id,
            outside_id,
            seq,
        )
    await forget(tx, ours.outdated)


async def writes_of_event(tx: Transaction, event_id: str) -> list[Written]:
    """What of an event was recognised as our own."""
    rows = await tx.rows(
        f"SELECT {COLUMNS}, seq FROM outbound_writes WHERE event_id = ? ORDER BY seq", event_id
    )
    return [stored(row) for row in rows]


async def ours_of_event(tx: Transaction, event_id: str) -> list[str]:
    """The fields of those."""
    return [one.field for one in await writes_of_event(tx, event_id)]


async def forget_writes(tx: Transaction, before: int, limit: int) -> int:
    """Deletes writes made before a moment; gives how many. Those that came back go with their
    events, which show them."""
    rows = await tx.rows(
        "SELECT seq FROM outbound_writes WHERE written_at < ? AND (event_id = '' OR NOT EXISTS ("
        " SELECT 1 FROM events e WHERE e.id = outbound_writes.event_id)) LIMIT ?",
        before,
        limit,
    )
    seqs = [int(row[0]) for row in rows]
    if seqs:
        await tx.run(f"DELETE FROM outbound_writes WHERE seq IN {placeholders(len(seqs))}", *seqs)
    return len(seqs)
