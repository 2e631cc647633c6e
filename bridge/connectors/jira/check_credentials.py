"""Whether Jira takes our credentials, and where not, which of its two doors they belong to."""

from __future__ import annotations

from dataclasses import replace

from bridge.connectors.contract import Finding
from bridge.connectors.jira.client import Jira, as_object
from bridge.connectors.jira.gateway import gateway_of
from bridge.errors import ConnectorError

SCOPES = "read:jira-work, write:jira-work and read:jira-user"
"""What the actions need of a token with scopes; `manage:jira-webhook` for `bridge jira`.
https://developer.atlassian.com/cloud/jira/platform/scopes-for-oauth-2-3LO-and-forge-apps/,
read 2026-11."""

REFUSED = (401, 403, 404)
NOWHERE = "no Jira is there: check base_url, and the path where it is below one, such as /jira"


async def check_credentials(jira: Jira) -> Finding:
    """Who we are there, and with what; or what is wrong with it."""
    try:
        name = await _who(jira)
    except ConnectorError as error:
        hint = await _hint(jira, error) if error.status in REFUSED else ""
        return Finding("credentials", False, error.reason, hint)
    return Finding("credentials", True, f"signed in as {name}, with {_kind(jira)}")


async def _who(jira: Jira) -> str:
    who = as_object(await jira.get("/myself"))
    return str(who.get("displayName") or who.get("name") or who.get("accountId"))


def _kind(jira: Jira) -> str:
    auth = jira.settings.auth
    where = ""
    if jira.settings.through_gateway or jira.settings.is_gateway:
        where = " through Atlassian's gateway"
    if auth.access_token is not None:
        return f"an OAuth token{where}"
    if auth.token is not None:
        return "a personal access token"
    return f"an API token{' with scopes' if auth.scoped else ''}{where}"


async def _hint(jira: Jira, error: ConnectorError) -> str:
    settings = jira.settings
    if settings.auth.token is not None and error.status == 404:
        return NOWHERE
    if settings.auth.token is not None:
        return "check auth: the personal access token has ended, or was made elsewhere"
    through = settings.through_gateway or settings.is_gateway
    if error.status == 403 and through:
        return f"the token lacks a scope; the actions need {SCOPES}"
    if settings.through_gateway:
        if settings.auth.api_token is not None and await _is_taken(jira, at_gateway=False):
            return "this token has no scopes: take `scoped` and `cloud_id` out"
        if error.status == 404:
            return "no site has this `cloud_id`, or the token is not of it: take `cloud_id` out"
    elif await _is_taken(jira, at_gateway=True):
        return "this token has scopes: say `scoped: true` beside it under `auth`"
    elif error.status == 404 and not settings.is_gateway:
        return NOWHERE
    if settings.auth.access_token is not None:
        return "the OAuth token has ended or was revoked, or is of another site"
    return "check auth: the e-mail address and the token have to be of one account"


async def _is_taken(jira: Jira, *, at_gateway: bool) -> bool:
    """Whether the same credentials are taken at the other door."""
    locate = gateway_of(jira.settings, jira.site).address if at_gateway else None
    other = Jira(jira.settings, replace(jira.site, locate=locate))
    try:
        await _who(other)
    except ConnectorError:
        return False
    return True
