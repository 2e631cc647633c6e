"""The Kibana connector, put together."""

from __future__ import annotations

from typing import Protocol

from bridge.connectors.cases import case_object
from bridge.connectors.contract import Action, Connector, Verified
from bridge.connectors.kibana.alerts import object_of, update_alert
from bridge.connectors.kibana.cases import create_ticket, transition, update_ticket
from bridge.connectors.kibana.check import check
from bridge.connectors.kibana.client import open_kibana
from bridge.connectors.kibana.comments import comment, edit_comment
from bridge.connectors.kibana.mirror import mirror
from bridge.connectors.kibana.options import KibanaSettings
from bridge.connectors.kibana.push import push_case
from bridge.connectors.kibana.table import append_table, append_tables
from bridge.connectors.shapes import shape


class _NamesTicket(Protocol):
    @property
    def ticket(self) -> str: ...


def ticket_of(parameters: _NamesTicket) -> str:
    """The object an action writes to: the case's id, spelled as a push spells it."""
    return parameters.ticket.strip().upper()


CONNECTOR = Connector(
    name="kibana",
    sentence="Kibana's cases, updated by version, with comments and tables; detection alerts.",
    settings=KibanaSettings,
    open=open_kibana,
    actions=(
        Action(shape("create_ticket"), create_ticket),
        Action(shape("update_ticket"), update_ticket, ticket_of),
        Action(shape("transition"), transition, ticket_of),
        Action(shape("comment"), comment, ticket_of),
        Action(shape("edit_comment"), edit_comment, ticket_of),
        Action(shape("append_table"), append_table, ticket_of, append_tables),
        Action(shape("push_case"), push_case, case_object),
        Action(shape("update_alert"), update_alert, object_of),
    ),
    check=check,
    verified=Verified(
        "https://www.elastic.co/docs/api/doc/kibana/group/endpoint-cases",
        "2026-11",
        ("OpenAPI of Kibana's cases",),
    ),
    mirrors={"case": mirror},
)
