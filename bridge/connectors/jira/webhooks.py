"""The webhooks that Jira has for us: an administrator's, which stay, and an app's, which end.

- admin: `/rest/webhooks/1.0/webhook` (on Data Center from version 10
  `/rest/jira-webhook/1.0/webhooks`), by an administrator; signed with a secret of its own.
- dynamic: `/rest/api/3/webhook`, by an OAuth app; signed with the app's client secret; they end
  after 30 days unless they are refreshed.

https://developer.atlassian.com/cloud/jira/platform/webhooks/,
https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-webhooks/ and
https://developer.atlassian.com/server/jira/platform/webhooks/, read 2026-11. That Data Center takes
`secret` in the body as Cloud does rests on third parties.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from bridge.connectors.jira.client import Jira, as_list, as_object
from bridge.connectors.jira.people import moment
from bridge.connectors.site import part
from bridge.errors import ConnectorError, GiveUp, TryAgain
from bridge.event import JSON

CLOUD_PLACE = "/rest/webhooks/1.0/webhook"
DATA_CENTER_PLACE = "/rest/jira-webhook/1.0/webhooks"
DYNAMIC_PLACE = "/rest/api/3/webhook"
JQL = "issue-related-events-section"
PAGE = 100
MOST_PAGES = 20

EVENTS = (
    "jira:issue_created",
    "jira:issue_updated",
    "jira:issue_deleted",
    "comment_created",
    "comment_updated",
    "comment_deleted",
)
"""What is asked for unless said: all that the presets make events of."""


class Kind(StrEnum):
    """Whose webhook it is."""

    ADMIN = "admin"
    """An administrator's; it stays until somebody takes it away."""
    DYNAMIC = "dynamic"
    """An OAuth app's; it ends after 30 days."""


@dataclass(frozen=True, slots=True)
class WantedWebhook:
    """What Jira is asked to send. jql: which issues; empty: all. secret: empty sends unsigned."""

    name: str
    url: str = field(repr=False)
    events: tuple[str, ...]
    jql: str = ""
    secret: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Webhook:
    """What Jira has. url: empty where it does not tell. expires_at: milliseconds; 0 for never."""

    kind: Kind
    id: str
    url: str = field(repr=False)
    events: tuple[str, ...]
    jql: str
    name: str = ""
    enabled: bool = True
    expires_at: int = 0

    def is_as(self, wanted: WantedWebhook) -> bool:
        """Whether it sends what is wanted. Its secret is nobody's to see."""
        same = set(self.events) == set(wanted.events) and self.jql.strip() == wanted.jql.strip()
        return same and self.enabled


class NotAllowed(GiveUp):
    """Jira does not let this account register webhooks."""


async def list_admin(jira: Jira) -> list[Webhook]:
    """All of the site, other products' too. Raises NotAllowed for who is no administrator."""
    found = await _admin(jira, "GET", "")
    return [_admin_webhook(as_object(one)) for one in as_list(found)]


async def create_admin(jira: Jira, wanted: WantedWebhook) -> Webhook:
    return _admin_webhook(as_object(await _admin(jira, "POST", "", _admin_body(wanted))))


async def change_admin(jira: Jira, id_: str, wanted: WantedWebhook) -> None:
    """Puts all of it anew, the secret too: Jira keeps the old one where none is named."""
    await _admin(jira, "PUT", f"/{part(id_)}", _admin_body(wanted))


async def remove_admin(jira: Jira, id_: str) -> None:
    """One that is gone already is fine."""
    await _admin(jira, "DELETE", f"/{part(id_)}", gone=True)


async def list_dynamic(jira: Jira) -> list[Webhook]:
    """Those of the calling app. Raises NotAllowed for who is no app."""
    found: list[Webhook] = []
    for _ in range(MOST_PAGES):
        query = {"startAt": len(found), "maxResults": PAGE}
        page = as_object(await _dynamic(jira, "GET", "", query=query))
        values = [as_object(one) for one in as_list(page.get("values"))]
        found += [_dynamic_webhook(one) for one in values]
        if not values or page.get("isLast") is True:
            break
    return found


async def create_dynamic(jira: Jira, wanted: WantedWebhook) -> str:
    """The new one's id. Raises GiveUp with Jira's reasons."""
    events: list[JSON] = list(wanted.events)
    one: JSON = {"events": events, "jqlFilter": wanted.jql}
    made = as_object(await _dynamic(jira, "POST", "", {"url": wanted.url, "webhooks": [one]}))
    results = [as_object(each) for each in as_list(made.get("webhookRegistrationResult"))]
    number = results[0].get("createdWebhookId") if results else None
    if number is None:
        reasons = [str(word) for each in results for word in as_list(each.get("errors"))]
        words = jira.site.redactor.cut("; ".join(reasons) or "no reason given", 500)
        raise GiveUp(f"Jira refuses the webhook: {words}")
    return str(number)


async def refresh_dynamic(jira: Jira, ids: Sequence[str]) -> int:
    """Until when they hold now, milliseconds."""
    body: JSON = {"webhookIds": _numbers(ids)}
    answer = as_object(await _dynamic(jira, "PUT", "/refresh", body))
    until = _moment(answer.get("expirationDate"))
    if not until:
        raise TryAgain("Jira does not say until when the webhooks hold")
    return until


async def remove_dynamic(jira: Jira, ids: Sequence[str]) -> None:
    """Those that are gone already are fine."""
    await _dynamic(jira, "DELETE", "", {"webhookIds": _numbers(ids)})


async def _admin(
    jira: Jira, method: str, behind: str, body: JSON = None, *, gone: bool = False
) -> JSON:
    place = await _admin_place(jira)
    allow = frozenset({404}) if gone else frozenset[int]()
    try:
        _, answer = await jira.site.fetch(method, place + behind, body=body, allow=allow)
    except ConnectorError as error:
        if error.status in (401, 403) or (error.status == 404 and not behind):
            raise NotAllowed(
                f"{error.reason}. Webhooks of the site are registered by an account with the "
                "permission Administer Jira, with a token without scopes",
                status=error.status,
            ) from error
        raise
    return answer


async def _admin_place(jira: Jira) -> str:
    if (await jira.facts()).cloud:
        return CLOUD_PLACE
    info = as_object(await jira.get("/serverInfo"))
    first = as_list(info.get("versionNumbers"))[:1]
    is_old = bool(first) and isinstance(first[0], int) and first[0] < 10
    return CLOUD_PLACE if is_old else DATA_CENTER_PLACE


async def _dynamic(
    jira: Jira,
    method: str,
    behind: str,
    body: JSON = None,
    *,
    query: dict[str, int] | None = None,
) -> JSON:
    try:
        place = DYNAMIC_PLACE + behind
        return (await jira.site.fetch(method, place, body=body, query=query))[1]
    except ConnectorError as error:
        if error.status in (401, 403, 404):
            raise NotAllowed(
                f"{error.reason}. Dynamic webhooks are registered by an OAuth app of Jira Cloud, "
                "with the scope manage:jira-webhook",
                status=error.status,
            ) from error
        raise


def _admin_body(wanted: WantedWebhook) -> JSON:
    filters: JSON = {JQL: wanted.jql}
    body: dict[str, JSON] = {
        "name": wanted.name,
        "url": wanted.url,
        "events": list(wanted.events),
        "filters": filters,
        "excludeBody": False,
        "enabled": True,
    }
    return {**body, "secret": wanted.secret} if wanted.secret else body


def _admin_webhook(found: dict[str, JSON]) -> Webhook:
    filters = found.get("filters")
    jql = filters.get(JQL) if isinstance(filters, dict) else ""
    own = str(found.get("self", "")).rstrip("/").rpartition("/")[2]
    return Webhook(
        Kind.ADMIN,
        str(found.get("id") or own),
        str(found.get("url", "")),
        tuple(str(one) for one in as_list(found.get("events"))),
        str(jql or ""),
        str(found.get("name", "")),
        enabled=found.get("enabled", found.get("active", True)) is True,
    )


def _dynamic_webhook(found: dict[str, JSON]) -> Webhook:
    return Webhook(
        Kind.DYNAMIC,
        str(found.get("id", "")),
        str(found.get("url") or ""),
        tuple(str(one) for one in as_list(found.get("events"))),
        str(found.get("jqlFilter") or ""),
        expires_at=_moment(found.get("expirationDate")),
    )


def _moment(value: JSON) -> int:
    """Milliseconds of an expiration date, which comes as a number or as a time."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return moment(value)


def _numbers(ids: Sequence[str]) -> JSON:
    return [int(one) for one in ids]
