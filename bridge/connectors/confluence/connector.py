"""The Confluence connector, put together."""

from __future__ import annotations

from bridge.connectors.confluence.attach import attach
from bridge.connectors.confluence.check import check
from bridge.connectors.confluence.client import PAGE_ADDRESS, open_confluence
from bridge.connectors.confluence.comments import comment
from bridge.connectors.confluence.options import CLOUD_ID, ConfluenceSettings
from bridge.connectors.confluence.table import update_page, update_pages
from bridge.connectors.contract import Action, Connector, OAuth, Scoped, Verified
from bridge.connectors.parameters import Attach, UpdatePage
from bridge.connectors.shapes import shape


def page_of(parameters: UpdatePage) -> str:
    """The object an action writes to. A page that is called by its title has another name here
    than by its id; the version keeps those two from overwriting each other."""
    text = parameters.page.strip()
    found = PAGE_ADDRESS.match(text)
    return (found[1] or found[2]) if found else text


def file_of(parameters: Attach) -> str:
    """A file's versions are written one after the other."""
    return f"{parameters.ticket.strip()}/{parameters.filename.strip()}"


CONNECTOR = Connector(
    name="confluence",
    sentence="Confluence Cloud and Data Center: a page's progress table, comments and files.",
    settings=ConfluenceSettings,
    open=open_confluence,
    actions=(
        Action(shape("update_page"), update_page, page_of, update_pages),
        Action(shape("comment"), comment),
        Action(shape("attach"), attach, file_of),
    ),
    check=check,
    verified=Verified(
        "https://developer.atlassian.com/cloud/confluence/rest/v2/",
        "2026-11",
        (
            "OpenAPI of Confluence Cloud v2",
            "OpenAPI of Confluence Cloud v1",
            "OpenAPI of Confluence Data Center 10.0.3",
            "`atlassian-python-api`",
        ),
    ),
    oauth=OAuth("https://auth.atlassian.com/oauth/token", as_json=True),
    scope=(
        Scoped("base_url", ("https://api.atlassian.com/ex/confluence/{workspace_id}",), CLOUD_ID),
        Scoped("space", ("{project_id}",)),
    ),
    own_hosts=(".atlassian.net",),
)
