"""update_ticket: who works on an issue, and how urgent it is.

What it is called and what it says comes from the errors it stands for, and cannot be set.
https://docs.sentry.io/api/events/update-an-issue/, read 2026-11.
"""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.parameters import UpdateTicket
from bridge.connectors.sentry.client import Sentry
from bridge.errors import GiveUp
from bridge.event import JSON

PRIORITIES = {
    "low": "low", "lowest": "low", "minor": "low", "trivial": "low", "info": "low",
    "medium": "medium", "normal": "medium", "major": "medium",
    "high": "high", "highest": "high", "critical": "high", "urgent": "high", "blocker": "high",
}  # fmt: skip
"""Sentry's three by its own names, and by those that others use."""


async def update_ticket(sentry: Sentry, call: Call[UpdateTicket]) -> Outcome:
    """Doing it twice is doing it once, so nothing has to be found."""
    given = call.parameters
    fields: dict[str, JSON] = {}
    if given.priority:
        priority = PRIORITIES.get(given.priority.strip().casefold())
        if priority is None:
            raise GiveUp(f"Sentry has no priority {given.priority!r}; it takes: low, medium, high")
        fields["priority"] = priority
    if given.assignee is not None:
        fields["assignedTo"] = given.assignee.strip()
    fields |= given.fields or {}
    fixed = {
        "summary was": given.summary,
        "description was": given.description,
        "labels were": given.labels,
    }
    lost = [f"the {name} left out: Sentry has its own" for name in fixed if fixed[name]]
    if not fields:
        raise GiveUp("nothing to update: Sentry takes `priority`, `assignee` and `fields`")
    await sentry.site.fetch("PUT", await sentry.issue_path(given.ticket), body=fields)
    return Outcome({"key": given.ticket.strip()}, lost=tuple(lost))
