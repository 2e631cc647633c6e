"""The `cases-webhook` connector, put together."""

from __future__ import annotations

from bridge.connectors.cases import PushCase
from bridge.connectors.cases import case_object as object_of_case
from bridge.connectors.cases_webhook.check import check
from bridge.connectors.cases_webhook.client import open_cases_webhook
from bridge.connectors.cases_webhook.options import CasesWebhookSettings
from bridge.connectors.cases_webhook.push import push_case
from bridge.connectors.cases_webhook.tickets import comment, create_ticket
from bridge.connectors.contract import Action, Connector, Verified
from bridge.connectors.parameters import Comment
from bridge.connectors.shapes import shape


def ticket_of(parameters: Comment) -> str:
    """The object a comment is written to: the incident's id."""
    return parameters.ticket.strip()


def case_object(parameters: PushCase) -> str | None:
    """The incident's id where it is known; else the case that is pushed."""
    return (parameters.ticket or "").strip() or object_of_case(parameters)


CONNECTOR = Connector(
    name="cases-webhook",
    sentence='Whatever answers the four calls of Kibana\'s "Webhook - Case Management".',
    settings=CasesWebhookSettings,
    open=open_cases_webhook,
    actions=(
        Action(shape("create_ticket"), create_ticket),
        Action(shape("comment"), comment, ticket_of),
        Action(shape("push_case"), push_case, case_object),
    ),
    check=check,
    verified=Verified(
        "https://www.elastic.co/docs/reference/kibana/connectors-kibana/cases-webhook-action-type",
        "2026-11",
        (
            "the stand-in of Jira, by the templates of Kibana's page",
            "the bridge's own `/case-webhook`",
        ),
    ),
)
