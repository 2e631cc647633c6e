"""The table of links: what ties a subject, or a value of `once_per`, to a ticket outside.

The row is written before the ticket is made (state `intent`), and is unique for each value of
`once_per`: of two runs for one value only the owner acts.

Question: when does a run own its value? Options: when it is planned, or when its turn comes.
Choice: at its turn, and only as the first of its lane, where nothing gets ahead of it any more.
Consequence: an owner waits for nobody, so runs that wait for owners never wait in a circle; owned
at planning, after a replay two lanes could each wait for what stood behind the other's head.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bridge.event import JSON
from bridge.store.actions import UNFINISHED
from bridge.store.runs import Run
from bridge.store.transaction import Row, Transaction, insert_rows


class LinkState(StrEnum):
    """How far the run behind a link has come."""

    PLANNED = "planned"
    """A run is planned for its value of `once_per`; the first whose turn comes owns it."""
    INTENT = "intent"
    """Its run is under way; without `once_per` also when it is only planned."""
    DONE = "done"
    FREE = "free"
    """Its run died; the next run for the same value takes it over."""


@dataclass(frozen=True, slots=True)
class Link:
    """See the columns of the table. `ticket` is empty until there is one."""

    tenant: str
    rule: str
    once: str | None
    subject: str
    kind: str
    record_id: str
    run_id: str
    event_id: str
    state: LinkState
    integration: str
    ticket: str
    ticket_id: str
    url: str

    def as_json(self) -> JSON:
        """What expressions see as `link`."""
        return {
            "ticket": self.ticket,
            "id": self.ticket_id,
            "url": self.url,
            "integration": self.integration,
            "subject": self.subject,
            "kind": self.kind,
            "record": self.record_id,
            "rule": self.rule,
        }


COLUMNS = (
    "tenant, rule, once, subject, kind, record_id, run_id, event_id, state, integration, ticket,"
    " ticket_id, url"
)


def stored(row: Row) -> Link:
    tenant, rule, once, subject, kind, record_id, run_id, event_id = row[:8]
    state, integration, ticket, ticket_id, url = row[8:]
    return Link(
        tenant, rule, once, subject, kind, record_id, run_id, event_id, LinkState(state),
        integration, ticket, ticket_id, url,
    )  # fmt: skip


async def intend(tx: Transaction, link: Link, now: int) -> Link:
    """Writes the intent unless its `once` value is known; gives the row that holds."""
    await intend_all(tx, [link], now)
    if link.once is None:
        return link
    held = await find_once(tx, link.tenant, link.rule, link.once)
    return held or link


async def intend_all(tx: Transaction, intended: Sequence[Link], now: int) -> None:
    """Writes the intents whose `once` value is not known yet.

    After `lock_names`, where several nodes may intend the same.
    """
    await insert_rows(
        tx,
        f"INSERT INTO links ({COLUMNS}, created_at, updated_at)",
        [
            (
                link.tenant, link.rule, link.once, link.subject, link.kind, link.record_id,
                link.run_id, link.event_id, link.state.value, link.integration, link.ticket,
                link.ticket_id, link.url, now, now,
            )
            for link in intended
        ],
        "ON CONFLICT (tenant, rule, once) WHERE once IS NOT NULL DO NOTHING",
    )  # fmt: skip


async def find_once(tx: Transaction, tenant: str, rule: str, once: str) -> Link | None:
    row = await tx.row(
        f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND rule = ? AND once = ?",
        tenant,
        rule,
        once,
    )
    return stored(row) if row else None


async def take_over(tx: Transaction, link: Link, run: Run, subject: str, now: int) -> bool:
    """Makes a run the owner of a link that nobody owns, or whose owner died; false when it is not
    so any more."""
    changed = await tx.run(
        "UPDATE links SET run_id = ?, event_id = ?, subject = ?, state = 'intent', updated_at = ?"
        " WHERE tenant = ? AND rule = ? AND once = ? AND state = ?"
        " AND state IN ('planned', 'free')",
        run.id,
        run.event_id,
        subject,
        now,
        link.tenant,
        link.rule,
        link.once,
        link.state.value,
    )
    return changed == 1


async def owner_in_lane(tx: Transaction, tenant: str, lane: str) -> tuple[str, int] | None:
    """The unfinished run of a lane that owns a value of `once_per`, and where it stands.

    There is one at most, and it is the lane's first: see above.
    """
    row = await tx.row(
        "SELECT a.run_id, max(a.event_seq) FROM actions a JOIN links l ON l.run_id = a.run_id"
        f" WHERE a.tenant = ? AND a.lane = ? AND a.{UNFINISHED}"
        " AND l.once IS NOT NULL AND l.state = 'intent' GROUP BY a.run_id",
        tenant,
        lane,
    )
    return (row[0], int(row[1])) if row else None


async def set_state(tx: Transaction, run_id: str, state: LinkState, now: int) -> None:
    """Says how the run of a link ended."""
    await tx.run(
        "UPDATE links SET state = ?, updated_at = ? WHERE run_id = ?", state.value, now, run_id
    )


HOW_IT_ENDED = (
    f"CASE WHEN EXISTS (SELECT 1 FROM actions a WHERE a.run_id = links.run_id AND a.{UNFINISHED})"
    " THEN state WHEN EXISTS (SELECT 1 FROM actions a WHERE a.run_id = links.run_id"
    " AND a.state = 'dead') THEN 'free' ELSE 'done' END"
)
"""The state of a link by the steps of its run, which ends with the last of them: done, or free for
the next run when one is dead."""


WITH_TICKET = "integration = ?, ticket = ?, ticket_id = ?, url = ?, updated_at = ?"


async def settle(tx: Transaction, run_id: str, now: int) -> None:
    """After a step: the link of the run says how it ended, if it has."""
    await tx.run(
        f"UPDATE links SET updated_at = ?, state = {HOW_IT_ENDED} WHERE run_id = ?", now, run_id
    )


async def set_ticket(
    tx: Transaction, run_id: str, integration: str, ticket: str, ticket_id: str, url: str, now: int
) -> int:
    """Ties the link of a run to the ticket that was made; gives the number of links."""
    return await tx.run(
        f"UPDATE links SET {WITH_TICKET} WHERE run_id = ?",
        integration, ticket, ticket_id, url, now, run_id,
    )  # fmt: skip


async def settle_with_ticket(
    tx: Transaction, run_id: str, integration: str, ticket: str, ticket_id: str, url: str, now: int
) -> int:
    """As `set_ticket` and `settle`, after the step that made the ticket."""
    return await tx.run(
        f"UPDATE links SET {WITH_TICKET}, state = {HOW_IT_ENDED} WHERE run_id = ?",
        integration, ticket, ticket_id, url, now, run_id,
    )  # fmt: skip


async def find_link(tx: Transaction, tenant: str, subject: str) -> Link | None:
    """What a subject is tied to: the newest link with a ticket that it has, or that it is."""
    if not subject:
        return None
    row = await tx.row(
        f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND ticket = ? ORDER BY seq DESC LIMIT 1",
        tenant,
        subject,
    )
    if row is None:
        row = await tx.row(
            f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND subject = ? AND ticket <> ''"
            " ORDER BY seq DESC LIMIT 1",
            tenant,
            subject,
        )
    return stored(row) if row else None


async def find_pushed(tx: Transaction, tenant: str, subject: str, integration: str) -> Link | None:
    """The newest ticket that a subject is tied to in one integration."""
    row = await tx.row(
        f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND subject = ? AND integration = ?"
        " AND ticket <> '' ORDER BY seq DESC LIMIT 1",
        tenant,
        subject,
        integration,
    )
    return stored(row) if row else None


async def tie(tx: Transaction, link: Link, now: int) -> None:
    """Writes that a subject is tied to a ticket, unless that is written already."""
    await tx.run(
        f"INSERT INTO links ({COLUMNS}, created_at, updated_at)"
        " SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ? WHERE NOT EXISTS ("
        " SELECT 1 FROM links WHERE tenant = ? AND subject = ? AND integration = ? AND ticket = ?)",
        link.tenant, link.rule, link.once, link.subject, link.kind, link.record_id, link.run_id,
        link.event_id, link.state.value, link.integration, link.ticket, link.ticket_id, link.url,
        now, now, link.tenant, link.subject, link.integration, link.ticket,
    )  # fmt: skip


async def link_of_record(
    tx: Transaction, tenant: str, subject: str, kind: str, record_id: str
) -> Link | None:
    """What a record is tied to: its newest link with a ticket."""
    row = await tx.row(
        f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND subject = ? AND kind = ?"
        " AND record_id = ? AND ticket <> '' ORDER BY seq DESC LIMIT 1",
        tenant,
        subject,
        kind,
        record_id,
    )
    return stored(row) if row else None


async def links_of_ticket(tx: Transaction, tenant: str, ticket: str) -> Sequence[Link]:
    """Everything that is tied to one ticket."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND ticket = ? ORDER BY seq", tenant, ticket
    )
    return [stored(row) for row in rows]


async def links_of_event(tx: Transaction, event_id: str) -> Sequence[Link]:
    rows = await tx.rows(f"SELECT {COLUMNS} FROM links WHERE event_id = ? ORDER BY seq", event_id)
    return [stored(row) for row in rows]


async def done_before(
    tx: Transaction, tenant: str, rule: str, once: str, moment: int
) -> Link | None:
    """Who had done a value of `once_per`, if the link is older than a moment."""
    row = await tx.row(
        f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND rule = ? AND once = ?"
        " AND state = 'done' AND created_at < ?",
        tenant,
        rule,
        once,
        moment,
    )
    return stored(row) if row else None


async def find_link_before(tx: Transaction, tenant: str, subject: str, moment: int) -> Link | None:
    """As `find_link`, for what was tied to the subject before a moment; its ticket counts as it is
    now."""
    row = await tx.row(
        f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND ticket = ? ORDER BY seq DESC LIMIT 1",
        tenant,
        subject,
    )
    if row is None:
        row = await tx.row(
            f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND subject = ? AND ticket <> ''"
            " AND created_at < ? ORDER BY seq DESC LIMIT 1",
            tenant,
            subject,
            moment,
        )
    return stored(row) if row else None


@dataclass(frozen=True, slots=True)
class LinkRow:
    """A link in a list: its place, and when it was made and last changed, milliseconds UTC."""

    seq: int
    link: Link
    created_at: int
    updated_at: int


@dataclass(frozen=True, slots=True)
class LinkFilter:
    """Which links a list shows; an empty field does not narrow. before_seq: the cursor."""

    tenant: str
    ticket: str = ""
    subject: str = ""
    before_seq: int = 0


async def list_links(tx: Transaction, chosen: LinkFilter, limit: int = 50) -> Sequence[LinkRow]:
    """Links, newest first."""
    terms, values = ["tenant = ?"], list[object]([chosen.tenant])
    for column, wanted in (("ticket", chosen.ticket), ("subject", chosen.subject)):
        if wanted:
            terms.append(f"{column} = ?")
            values.append(wanted)
    if chosen.before_seq:
        terms.append("seq < ?")
        values.append(chosen.before_seq)
    rows = await tx.rows(
        f"SELECT {COLUMNS}, seq, created_at, updated_at FROM links"
        f" WHERE {' AND '.join(terms)} ORDER BY seq DESC LIMIT ?",
        *values,
        limit,
    )
    return [LinkRow(row[13], stored(row[:13]), row[14], row[15]) for row in rows]
