"""The Jira connector, put together."""

from __future__ import annotations

from typing import Protocol

from bridge.connectors.cases import case_object
from bridge.connectors.contract import Action, Connector, OAuth, Scoped, Verified
from bridge.connectors.jira.attach import attach
from bridge.connectors.jira.check import check
from bridge.connectors.jira.client import assume_facts, open_jira
from bridge.connectors.jira.comments import comment, edit_comment
from bridge.connectors.jira.create import create_ticket
from bridge.connectors.jira.edit import update_ticket
from bridge.connectors.jira.mirror import mirror
from bridge.connectors.jira.options import CLOUD_ID, JiraSettings
from bridge.connectors.jira.push import push_case
from bridge.connectors.jira.table import append_table, append_tables
from bridge.connectors.jira.transition import transition
from bridge.connectors.shapes import shape


class _NamesTicket(Protocol):
    @property
    def ticket(self) -> str: ...


def ticket_of(parameters: _NamesTicket) -> str:
    """The object an action writes to: the ticket's key, in one spelling."""
    return parameters.ticket.strip().upper()


CONNECTOR = Connector(
    name="jira",
    sentence="Jira Cloud and Data Center: tickets, comments, tables, transitions, files, cases.",
    settings=JiraSettings,
    open=open_jira,
    actions=(
        Action(shape("create_ticket"), create_ticket),
        Action(shape("update_ticket"), update_ticket, ticket_of),
        Action(shape("transition"), transition, ticket_of),
        Action(shape("comment"), comment, ticket_of),
        Action(shape("edit_comment"), edit_comment, ticket_of),
        Action(shape("append_table"), append_table, ticket_of, append_tables),
        Action(shape("attach"), attach, ticket_of),
        Action(shape("push_case"), push_case, case_object),
    ),
    check=check,
    verified=Verified(
        "https://developer.atlassian.com/cloud/jira/platform/rest/v3/",
        "2026-11",
        (
            "OpenAPI of Jira Cloud v2",
            "OpenAPI of Jira Cloud v3",
            "OpenAPI of Jira Data Center 10.3",
            "JSON Schema of ADF",
            "`jira`",
            "`atlassian-python-api`",
        ),
    ),
    mirrors={"issue": mirror},
    oauth=OAuth("https://auth.atlassian.com/oauth/token", as_json=True),
    scope=(
        Scoped("base_url", ("https://api.atlassian.com/ex/jira/{workspace_id}",), CLOUD_ID),
        Scoped("project", ("{project_id}",)),
    ),
    own_hosts=(".atlassian.net",),
    object_windows=((20, 2_000), (100, 30_000)),
    assume=assume_facts,
)
