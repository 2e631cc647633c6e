"""The TheHive connector, put together."""

from __future__ import annotations

from typing import Protocol

from bridge.connectors.cases import PushCase
from bridge.connectors.cases import case_object as object_of_case
from bridge.connectors.contract import Action, Connector, Verified
from bridge.connectors.shapes import shape
from bridge.connectors.thehive.alerts import object_of, update_alert
from bridge.connectors.thehive.attach import attach
from bridge.connectors.thehive.cases import create_ticket, transition, update_ticket
from bridge.connectors.thehive.check import check
from bridge.connectors.thehive.client import PAGE_OF_CASE, open_thehive
from bridge.connectors.thehive.comments import comment, edit_comment
from bridge.connectors.thehive.mirror import mirror
from bridge.connectors.thehive.options import TheHiveSettings
from bridge.connectors.thehive.push import push_case
from bridge.connectors.thehive.table import append_table, append_tables


class _NamesTicket(Protocol):
    @property
    def ticket(self) -> str: ...


def ticket_of(parameters: _NamesTicket) -> str:
    """The object an action writes to: the case's id. One that is called by its number has another
    name here, and since a change names only what it sets, those two do no harm to each other."""
    text = parameters.ticket.strip().removeprefix("thehive/")
    found = PAGE_OF_CASE.fullmatch(text)
    return found[1] if found else text


def case_object(parameters: PushCase) -> str | None:
    """The case's id here where it is known; else the case that is pushed."""
    text = (parameters.ticket or "").strip().removeprefix("thehive/")
    found = PAGE_OF_CASE.fullmatch(text)
    return (found[1] if found else text) or object_of_case(parameters)


CONNECTOR = Connector(
    name="thehive",
    sentence="TheHive 5: cases made, changed, closed, commented; files; the states of alerts.",
    settings=TheHiveSettings,
    open=open_thehive,
    actions=(
        Action(shape("create_ticket"), create_ticket),
        Action(shape("update_ticket"), update_ticket, ticket_of),
        Action(shape("transition"), transition, ticket_of),
        Action(shape("comment"), comment, ticket_of),
        Action(shape("edit_comment"), edit_comment, ticket_of),
        Action(shape("append_table"), append_table, ticket_of, append_tables),
        Action(shape("attach"), attach, ticket_of),
        Action(shape("push_case"), push_case, case_object),
        Action(shape("update_alert"), update_alert, object_of),
    ),
    check=check,
    verified=Verified(
        "https://docs.strangebee.com/thehive/api-docs/",
        "2026-11",
        (
            "OpenAPI of TheHive 5.7",
            "`thehive4py`",
        ),
    ),
    mirrors={"case": mirror},
)
