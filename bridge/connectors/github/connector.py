"""The GitHub connector, put together."""

from __future__ import annotations

import re
from typing import Protocol

from bridge.connectors.contract import Action, Connector, OAuth, Scoped, Verified
from bridge.connectors.github.alerts import mirror_alert, object_of, update_alert
from bridge.connectors.github.check import check
from bridge.connectors.github.client import open_github
from bridge.connectors.github.comments import comment, edit_comment
from bridge.connectors.github.create import create_ticket
from bridge.connectors.github.edit import update_ticket
from bridge.connectors.github.mirror import mirror
from bridge.connectors.github.options import REPOSITORY, GitHubSettings
from bridge.connectors.github.push import object_of as case_object
from bridge.connectors.github.push import push_case
from bridge.connectors.github.table import append_table, append_tables
from bridge.connectors.github.transition import transition
from bridge.connectors.shapes import shape


class _NamesTicket(Protocol):
    @property
    def ticket(self) -> str: ...


def ticket_of(parameters: _NamesTicket) -> str:
    """The issue's number alone: `12` and `owner/name#12` may be the same. That those of two
    repositories with one number wait for each other does no harm.
    """
    return "#" + re.split(r"[#/]", parameters.ticket.strip())[-1]


CONNECTOR = Connector(
    name="github",
    sentence="GitHub and GitHub Enterprise Server: issues, comments, tables, cases, alerts.",
    settings=GitHubSettings,
    open=open_github,
    actions=(
        Action(shape("create_ticket"), create_ticket),
        Action(shape("update_ticket"), update_ticket, ticket_of),
        Action(shape("transition"), transition, ticket_of),
        Action(shape("comment"), comment, ticket_of),
        Action(shape("edit_comment"), edit_comment, ticket_of),
        Action(shape("append_table"), append_table, ticket_of, append_tables),
        Action(shape("update_alert"), update_alert, object_of),
        Action(shape("push_case"), push_case, case_object),
    ),
    check=check,
    verified=Verified(
        "https://docs.github.com/en/rest",
        "2026-11",
        (
            "OpenAPI of GitHub's REST API",
            "`@octokit/webhooks-examples`",
            "`gidgethub`",
        ),
    ),
    mirrors={"issue": mirror, "alert": mirror_alert},
    # Of a GitHub App acting for a person; the tokens end after eight hours where the app says so:
    # https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
    oauth=OAuth("https://github.com/login/oauth/access_token"),
    scope=(Scoped("repository", ("{project_id}", "{org_slug}/{project_id}"), REPOSITORY),),
)
