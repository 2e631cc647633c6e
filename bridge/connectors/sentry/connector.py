"""The Sentry connector, put together."""

from __future__ import annotations

from typing import Protocol

from bridge.connectors.contract import Action, Connector, OAuth, Scoped, Verified
from bridge.connectors.sentry.alerts import mirror_alert, object_of, transition, update_alert
from bridge.connectors.sentry.check import check
from bridge.connectors.sentry.client import open_sentry
from bridge.connectors.sentry.comments import comment
from bridge.connectors.sentry.edit import update_ticket
from bridge.connectors.sentry.options import SentrySettings
from bridge.connectors.shapes import shape


class _NamesTicket(Protocol):
    @property
    def ticket(self) -> str: ...


def ticket_of(parameters: _NamesTicket) -> str:
    """The object an action writes to, spelt as `update_alert` spells it."""
    return parameters.ticket.strip().casefold()


CONNECTOR = Connector(
    name="sentry",
    sentence="Sentry: issues resolved, archived, opened again, assigned, commented.",
    settings=SentrySettings,
    open=open_sentry,
    actions=(
        Action(shape("update_alert"), update_alert, object_of),
        Action(shape("update_ticket"), update_ticket, ticket_of),
        Action(shape("transition"), transition, ticket_of),
        Action(shape("comment"), comment, ticket_of),
    ),
    check=check,
    mirrors={"alert": mirror_alert},
    verified=Verified(
        "https://docs.sentry.io/api/events/",
        "2026-11",
        ("OpenAPI of Sentry's API",),
    ),
    # https://docs.sentry.io/organization/integrations/integration-platform/, read 2026-11.
    oauth=OAuth(
        "https://sentry.io/api/0/sentry-app-installations/{installation_id}/authorizations/",
        as_json=True,
    ),
    scope=(
        Scoped("organization", ("{org_slug}",)),
        Scoped("project", ("{project_id}",)),
    ),
)
