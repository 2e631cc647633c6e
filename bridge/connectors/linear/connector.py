"""The Linear connector, put together."""

from __future__ import annotations

from typing import Protocol

from bridge.connectors.contract import Action, Connector, OAuth, Scoped, Verified
from bridge.connectors.linear.attach import attach
from bridge.connectors.linear.check import check
from bridge.connectors.linear.client import PAGE_OF_TICKET, open_linear
from bridge.connectors.linear.comments import comment, edit_comment
from bridge.connectors.linear.create import create_ticket
from bridge.connectors.linear.edit import update_ticket
from bridge.connectors.linear.mirror import mirror
from bridge.connectors.linear.options import LinearSettings
from bridge.connectors.linear.push import object_of, push_case
from bridge.connectors.linear.table import append_table, append_tables
from bridge.connectors.linear.transition import transition
from bridge.connectors.shapes import shape


class _NamesTicket(Protocol):
    @property
    def ticket(self) -> str: ...


def ticket_of(parameters: _NamesTicket) -> str:
    """The object an action writes to: the issue's key, in one spelling."""
    text = parameters.ticket.strip()
    found = PAGE_OF_TICKET.fullmatch(text)
    return (found[1] if found else text).upper()


CONNECTOR = Connector(
    name="linear",
    sentence="Linear: issues, comments, tables, files, workflow states, cases.",
    settings=LinearSettings,
    open=open_linear,
    actions=(
        Action(shape("create_ticket"), create_ticket),
        Action(shape("update_ticket"), update_ticket, ticket_of),
        Action(shape("transition"), transition, ticket_of),
        Action(shape("comment"), comment, ticket_of),
        Action(shape("edit_comment"), edit_comment, ticket_of),
        Action(shape("append_table"), append_table, ticket_of, append_tables),
        Action(shape("attach"), attach, ticket_of),
        Action(shape("push_case"), push_case, object_of),
    ),
    check=check,
    verified=Verified(
        "https://linear.app/developers/graphql",
        "2026-11",
        ("Linear's GraphQL schema",),
    ),
    mirrors={"issue": mirror},
    # https://linear.app/developers/oauth-2-0-authentication, read 2026-11.
    oauth=OAuth("https://api.linear.app/oauth/token"),
    scope=(Scoped("team", ("{project_id}",)),),
)
