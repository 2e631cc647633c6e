"""Who makes, or has made, the ticket of a finding: rules and pushes, which share what they know.

A push has a link of its own (rule PUSH). It takes a rule's ticket for its own, waits for a rule
that is at it, and goes on from where a rule gave up; a rule does the same with a push.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.store.actions import UNFINISHED
from bridge.store.links import COLUMNS, Link, LinkState, stored
from bridge.store.transaction import Transaction, placeholders

FINDING = "finding"
PUSH = "api:push"
"""Stands in the links of pushes where a rule's name would."""

RUN_OF_PUSH = "api_"
"""Begins the run id of a push's link; the mark that its ticket carries follows."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """What others did for the same value.

    link: it has a ticket already. mark: of a try that was given up and may have made one.
    busy: who is making one now; empty when nobody is.
    """

    link: Link | None = None
    mark: str = ""
    busy: str = ""


NOTHING = Earlier()


async def tickets_of_findings(
    tx: Transaction, tenant: str, ids: Sequence[str]
) -> dict[str, list[Link]]:
    """The links of findings that have a ticket, by finding, the oldest first."""
    found: dict[str, list[Link]] = {}
    for start in range(0, len(ids), 500):  # the engines bound how many values a statement has
        part = ids[start : start + 500]
        rows = await tx.rows(
            f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND kind = ? AND record_id IN"
            f" {placeholders(len(part))} AND ticket <> '' ORDER BY seq",
            tenant,
            FINDING,
            *part,
        )
        for link in map(stored, rows):
            found.setdefault(link.record_id, []).append(link)
    return found


async def made_by_rules(
    tx: Transaction, tenant: str, finding: str, integrations: Sequence[str]
) -> Earlier:
    """What rules did about a finding in the named integrations."""
    names = placeholders(len(integrations))
    row = await tx.row(
        f"SELECT {COLUMNS} FROM links WHERE tenant = ? AND kind = ? AND record_id = ?"
        f" AND rule <> ? AND ticket <> '' AND integration IN {names} ORDER BY seq LIMIT 1",
        tenant,
        FINDING,
        finding,
        PUSH,
        *integrations,
    )
    if row is not None:
        return Earlier(stored(row))
    tries = await tx.rows(
        f"SELECT a.rule, a.mark, CASE WHEN a.{UNFINISHED} THEN 1 ELSE 0 END"
        " FROM links l JOIN actions a ON a.run_id = l.run_id"
        " WHERE l.tenant = ? AND l.kind = ? AND l.record_id = ? AND a.name = 'create_ticket'"
        f" AND a.state <> 'skipped' AND a.integration IN {names} ORDER BY a.seq DESC",
        tenant,
        FINDING,
        finding,
        *integrations,
    )
    busy = next((f"the rule {rule}" for rule, _, unfinished in tries if unfinished), "")
    return Earlier(mark=str(tries[0][1]) if tries else "", busy=busy)


async def made_by_push(tx: Transaction, run_id: str, integration: str, since: int) -> Earlier:
    """What a push did about the finding that a rule's run is about, in the same integration.

    since: a push that has begun before and not ended is taken for dead.
    """
    row = await tx.row(
        f"SELECT {', '.join('p.' + one.strip() for one in COLUMNS.split(','))}, p.updated_at"
        " FROM links l JOIN links p ON p.tenant = l.tenant AND p.kind = l.kind"
        " AND p.record_id = l.record_id AND p.rule = ? AND p.integration = ?"
        " WHERE l.run_id = ? AND l.kind = ? LIMIT 1",
        PUSH,
        integration,
        run_id,
        FINDING,
    )
    if row is None:
        return NOTHING
    link = stored(row[:-1])
    if link.ticket:
        return Earlier(link)
    busy = link.state is LinkState.INTENT and int(row[-1]) >= since
    return Earlier(
        mark=link.run_id.removeprefix(RUN_OF_PUSH), busy="a push by an API caller" if busy else ""
    )
