"""A case as sync sees it. TheHive says of no field when it was changed, so no time is told."""

from __future__ import annotations

from bridge.connectors.hidden import bare, marks_in
from bridge.connectors.mirror import Mirrored, Said, Seen, text_of
from bridge.connectors.tagged_cases import Case
from bridge.connectors.thehive.client import TheHive, case_key
from bridge.event import JSON

SEVERITIES = {1: "low", 2: "medium", 3: "high", 4: "critical"}


async def mirror(thehive: TheHive, ticket: str, comments: bool) -> Mirrored:
    """status: TheHive's own word, such as InProgress. priority: the severity. assignee: a login.

    The time of the whole case says too little: it moves with every change of anything.
    """
    case = await thehive.case(ticket)
    seen = {name: Seen(value, exact=False) for name, value in values_of(case).items()}
    said = await _said(thehive, case_key(ticket)) if comments else ()
    return Mirrored(text_of(case.get("title")), thehive.page(case), seen, said)


def values_of(case: Case) -> dict[str, str]:
    """The fields that sync knows, by the names it has for them."""
    number = case.get("severity")
    return {
        "status": text_of(case.get("status")),
        "priority": SEVERITIES.get(number, "") if isinstance(number, int) else "",
        "summary": text_of(case.get("title")),
        "assignee": text_of(case.get("assignee")),
    }


async def _said(thehive: TheHive, key: str) -> tuple[Said, ...]:
    found = [
        Said(
            text_of(one.get("_id")),
            text_of(one.get("createdBy")),
            bare(text_of(one.get("message"))),
            _milliseconds(one.get("createdAt")),
            frozenset(marks_in(text_of(one.get("message")))),
            _milliseconds(one.get("updatedAt")),
        )
        async for one in thehive.parts("getCase", key, "comments")
    ]
    return tuple(sorted(found, key=lambda one: one.at))


def _milliseconds(value: JSON) -> int:
    return value if isinstance(value, int) else 0
