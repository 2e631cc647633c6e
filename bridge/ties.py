"""Links of runs and cases: intended before a ticket is made, tied to it after, settled at the end.

Each function is part of a transaction of `record`.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.action import PlannedRun
from bridge.casebook import keep_push
from bridge.errors import NotFound
from bridge.event import JSON, StoredEvent
from bridge.store import actions, links
from bridge.store.links import Link, LinkState
from bridge.store.records import get_record
from bridge.store.runs import Run
from bridge.store.transaction import Transaction

MAKES_TICKET = "create_ticket"
"""The action whose outputs name a ticket that a link can be tied to."""

PUSHES_CASE = "push_case"
"""The action whose outputs name a ticket that a case is tied to."""


def planned_link(
    event: StoredEvent, about: tuple[str, str], planned: PlannedRun, run: Run
) -> Link | None:
    """The link of a run that makes a ticket or runs once. A value of `once_per` gets its owner when
    a run's turn comes.

    about: the kind and id of the record the event is about.
    """
    makes_ticket = any(action.name == MAKES_TICKET for action in planned.actions)
    if planned.once is None and not makes_ticket:
        return None
    kind, record_id = element_about(about, planned)
    state = LinkState.INTENT if planned.once is None else LinkState.PLANNED
    return Link(
        event.tenant, planned.rule, planned.once, event.subject, kind, record_id, run.id,
        event.id, state, "", "", "", "",
    )  # fmt: skip


def element_about(about: tuple[str, str], planned: PlannedRun) -> tuple[str, str]:
    """The record a run is about: the finding its element is, else what the event is about."""
    if isinstance(planned.each, dict):
        element_id = planned.each.get("id")
        if isinstance(element_id, str) and about[0] == "scan":
            return "finding", element_id
    return about


async def tie_ticket(
    tx: Transaction, action: actions.StoredAction, outputs: JSON, now: int
) -> None:
    """Ties the run's link to the ticket that was made, and settles it."""
    made = outputs if isinstance(outputs, dict) else {}
    key, id_, url = (str(made.get(name) or "") for name in ("key", "id", "url"))
    tied = await links.settle_with_ticket(
        tx, action.run_id, action.planned.integration, key, id_, url, now
    )
    if not tied:
        raise NotFound(f"{action.run_id} made {key} but has no link to tie it to")


async def tie_case(
    tx: Transaction,
    tenant: str,
    integration: str,
    lane: str,
    outputs: JSON,
    now: int,
    by: JSON = None,
    comments: Sequence[str] = (),
) -> None:
    """Ties a case to the ticket that a push made, found or brought up to date; once is enough.

    Unlike a ticket of `create_ticket` it needs no intent: its mark belongs to the case itself.
    outputs: of the connector's `push_case`. lane: the subject of a case that is in no record.
    by, comments: as for `keep_push`.
    """
    made = outputs if isinstance(outputs, dict) else {}
    key, id_, url, case_id = (str(made.get(name) or "") for name in ("key", "id", "url", "case"))
    record = await get_record(tx, tenant, "case", case_id)
    link = Link(
        tenant, PUSHES_CASE, None, record.subject if record else lane, "case", case_id, "", "",
        LinkState.DONE, integration, key, id_, url,
    )  # fmt: skip
    await links.tie(tx, link, now)
    await keep_push(tx, tenant, integration, made, by, now, comments)
