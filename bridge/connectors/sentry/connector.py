"""The Sentry connector, put together."""

from __future__ import annotations

from bridge.connectors.contract import Action, Connector, OAuth, Scoped, Verified
from bridge.connectors.parameters import Comment
from bridge.connectors.sentry.alerts import object_of, update_alert
from bridge.connectors.sentry.check import check
from bridge.connectors.sentry.client import open_sentry
from bridge.connectors.sentry.comments import comment
from bridge.connectors.sentry.options import SentrySettings
from bridge.connectors.shapes import shape


def ticket_of(parameters: Comment) -> str:
    """The object a comment is written to, spelt as `update_alert` spells it."""
    return parameters.ticket.strip().casefold()


CONNECTOR = Connector(
    name="sentry",
    sentence="Sentry: issues resolved, archived and opened again, comments on them.",
    settings=SentrySettings,
    open=open_sentry,
    actions=(
        Action(shape("update_alert"), update_alert, object_of),
        Action(shape("comment"), comment, ticket_of),
    ),
    check=check,
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
