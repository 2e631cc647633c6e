"""A Jira site as the actions use it: reading and changing issues, and who is who."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from bridge.connectors import answers
from bridge.connectors.http import HttpClient
from bridge.connectors.jira.gateway import gateway_of
from bridge.connectors.jira.options import JiraSettings
from bridge.connectors.jira.people import person
from bridge.connectors.redact import Redactor
from bridge.connectors.site import Query, Site, part
from bridge.errors import GiveUp
from bridge.event import JSON

TICKET = re.compile(r"[A-Za-z][A-Za-z0-9_]*-[0-9]+|[0-9]+")
NOT_FOUND = frozenset({404})
BAD_REQUEST = frozenset({400})


@dataclass(frozen=True, slots=True)
class Facts:
    """What the site says of itself. url: where people open it, without a slash at the end."""

    cloud: bool
    url: str


@dataclass(slots=True)
class Jira:
    """One integration's client. Remembers the site's facts once it has asked for them.

    long_fields: of each custom field that is known, whether it holds a long text.
    may_ask: whether it may look up what it could do without; a preview may not.
    """

    settings: JiraSettings
    site: Site
    known: Facts | None = field(default=None)
    long_fields: dict[str, bool] = field(default_factory=dict)
    may_ask: bool = True
    own: str | None = field(default=None)

    @property
    def api(self) -> str:
        """Where the API begins, without a slash at the end."""
        return f"/rest/api/{self.settings.api}"

    async def facts(self) -> Facts:
        if self.known is None:
            self.known = await self._ask_facts()
        return self.known

    async def _ask_facts(self) -> Facts:
        deployment, url = self.settings.deployment, self.settings.base_url
        if self.settings.through_gateway:
            return Facts(cloud=True, url=url)
        if deployment != "auto" and not self.settings.is_gateway:
            return Facts(deployment == "cloud", url)
        info = as_object(await self.get("/serverInfo"))
        return Facts(info.get("deploymentType") == "Cloud", str(info.get("baseUrl") or url))

    async def own_id(self) -> str:
        """The id of our own account; empty where it may not ask for that. Asked for once."""
        if self.own is None:
            try:
                who = person(await self.get("/myself"))
            except GiveUp:  # such as a token without that scope
                who = None
            self.own = who.id if who else ""
        return self.own

    async def get(self, path: str, query: Query | None = None) -> JSON:
        """JSON below `/rest/api/2`, or 3."""
        return (await self.site.fetch("GET", self.api + path, query=query))[1]

    async def find(self, path: str, query: Query | None = None) -> JSON:
        """As `get`, but None where there is nothing."""
        status, body = await self.site.fetch("GET", self.api + path, query=query, allow=NOT_FOUND)
        return None if status == 404 else body

    async def post(self, path: str, body: JSON) -> JSON:
        return (await self.site.fetch("POST", self.api + path, body=body))[1]

    async def ask(self, path: str, body: JSON) -> JSON:
        """A question asked by POST: nothing changes."""
        return (await self.site.fetch("POST", self.api + path, body=body, changes=False))[1]

    async def issue(self, ticket: str, fields: str, properties: str = "") -> dict[str, JSON]:
        """Named fields of an issue, and its named properties under `properties`."""
        query: dict[str, str | int] = {"fields": fields}
        if properties:
            query["properties"] = properties
        return as_object(await self.get(issue_path(ticket), query))

    async def edit(
        self, ticket: str, fields: dict[str, JSON], properties: Mapping[str, JSON] | None = None
    ) -> None:
        """Sets fields and properties in one request; 204 without a body, or 200 with one."""
        body: dict[str, JSON] = {"fields": fields}
        if properties:
            body["properties"] = as_properties(properties)
        await self.site.fetch("PUT", self.api + issue_path(ticket), body=body)

    async def search(self, jql: str, fields: list[JSON], limit: int) -> list[dict[str, JSON]]:
        """What the index knows; fresh issues are missing from it for seconds.

        Cloud took `/search` away (410); Data Center has no `/search/jql`.
        """
        cloud = (await self.facts()).cloud
        asked: dict[str, JSON] = {"jql": jql, "fields": fields, "maxResults": limit}
        found = as_object(await self.ask("/search/jql" if cloud else "/search", asked))
        return [as_object(issue) for issue in as_list(found.get("issues"))]

    async def account(self, who: str) -> dict[str, JSON]:
        """The user an assignee names, in the form a field takes. Raises GiveUp for none or many.

        Cloud: an account id, or an e-mail address or name to search for. Data Center: a user name,
        or an e-mail address to search for.
        """
        if (await self.facts()).cloud:
            if re.fullmatch(r"[0-9a-f]{24}|[\w-]+:[\w:-]{8,}", who):
                return {"accountId": who}
            return {"accountId": await self._search_user("query", who, "accountId")}
        if "@" not in who:
            return {"name": who}
        return {"name": await self._search_user("username", who, "name")}

    async def _search_user(self, option: str, who: str, id_name: str) -> str:
        found = await self.get("/user/search", {option: who, "maxResults": 50})
        users = [user for user in map(as_object, as_list(found)) if _can_work(user)]
        wanted = who.casefold()
        exact = [
            user
            for user in users
            if wanted
            in (
                str(user.get(one, "")).casefold() for one in ("emailAddress", "displayName", "name")
            )
        ]
        # Cloud hides e-mail addresses, so one single hit for an address is taken for it.
        chosen = exact or (users if "@" in who else [])
        if len(chosen) != 1:
            raise GiveUp(f"assignee {who!r} fits {len(chosen)} users; name one by {id_name}")
        return str(chosen[0].get(id_name, ""))


def _can_work(user: dict[str, JSON]) -> bool:
    """Whether it is a person's account that is in use: apps are found by the same words."""
    return user.get("active") is not False and user.get("accountType", "atlassian") != "app"


def assume_facts(jira: Jira) -> None:
    """Takes the site for Cloud where its address is one of Atlassian's, else for Data Center."""
    url = jira.settings.base_url
    host = urlsplit(url).hostname or ""
    at_atlassian = jira.settings.is_gateway or jira.settings.through_gateway
    cloud = at_atlassian or jira.settings.deployment == "cloud" or host.endswith(".atlassian.net")
    jira.known = Facts(cloud, url)
    jira.may_ask = False


def open_jira(settings: JiraSettings, http: HttpClient) -> Jira:
    headers = {"authorization": settings.auth.header()}
    redactor = Redactor(settings.auth.secrets())
    site = Site(http, settings.base_url, headers, redactor, settings.timeout_seconds)
    if settings.through_gateway:
        site = replace(site, locate=gateway_of(settings, site).address)
    return Jira(settings, site)


def issue_path(ticket: str) -> str:
    """`/issue/SEC-12`. Raises GiveUp for what is no key and no number."""
    ticket = ticket.strip()
    if not TICKET.fullmatch(ticket):
        raise GiveUp(f"{ticket[:100]!r} is no ticket: expected a key such as SEC-12")
    return f"/issue/{part(ticket.upper())}"


def as_properties(values: Mapping[str, JSON]) -> JSON:
    """Properties as the bodies of create, edit and comment take them."""
    return [{"key": key, "value": value} for key, value in values.items()]


def as_object(value: JSON) -> dict[str, JSON]:
    """An object of an answer. Raises TryAgain, in doubt, when Jira gives something else there."""
    return answers.as_object(value)


def as_list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []
