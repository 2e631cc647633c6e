"""A target as the actions use it: the four calls, and the two that look."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bridge.action import Call
from bridge.connectors.cases_webhook.options import CasesWebhookSettings
from bridge.connectors.cases_webhook.templates import fill_json, fill_url, holds, value_at
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.connectors.settling import Settling
from bridge.connectors.site import Site
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

INDEX_SECONDS = 3.0
"""How long a target's search may lag behind its writes. Arbitrary: what Elasticsearch and Jira
need."""
KEPT = 1_000

Values = Mapping[str, JSON]


@dataclass(slots=True)
class CasesWebhook:
    """One integration's client."""

    settings: CasesWebhookSettings
    site: Site
    settling: Settling = field(default_factory=lambda: Settling(INDEX_SECONDS))
    _tries: OrderedDict[tuple[str, int], int] = field(default_factory=OrderedDict)

    def follow(self, call: Call[Any]) -> bool:
        """Whether this process has seen every try of a call, and so knows what is in doubt."""
        key = (call.mark, call.intended_at)
        before = self._tries.pop(key, 0)
        known = not call.may_exist or 0 < before == call.attempt - 1
        if known:
            self._tries[key] = call.attempt
            while len(self._tries) > KEPT:
                self._tries.popitem(last=False)
        return known

    # --- the four calls -----------------------------------------------------------------------

    async def create(self, values: Values, mark: str) -> str:
        """Makes an incident; gives its id."""
        settings = self.settings
        with self.settling.making(mark):
            answer = await self._send(
                settings.create_incident_method,
                settings.create_incident_url,
                settings.create_incident_json,
                values,
            )
            made = value_at(answer, settings.create_incident_response_key)
            if not made:
                key = settings.create_incident_response_key
                words = f"the answer to the create has no id under {key!r}"
                raise TryAgain(words, may_have_happened=True)
        self.settling.remember(mark, made)
        return made

    async def title(self, incident: str) -> str:
        """What the target calls an incident."""
        values: Values = {"external.system.id": incident}
        path = self._path(self.settings.get_incident_url, values)
        answer = (await self.site.fetch("GET", path))[1]
        return value_at(answer, self.settings.get_incident_response_external_title_key)

    async def update(self, values: Values) -> None:
        settings = self.settings
        await self._send(
            settings.update_incident_method,
            settings.update_incident_url,
            settings.update_incident_json,
            values,
        )

    async def add_comment(self, values: Values, mark: str) -> None:
        settings = self.settings
        if not settings.create_comment_url:
            raise GiveUp("the integration has no create_comment_url")
        with self.settling.making(mark):
            await self._send(
                settings.create_comment_method,
                settings.create_comment_url,
                settings.create_comment_json,
                values,
            )
        self.settling.remember(mark, "")

    # --- the two that look --------------------------------------------------------------------

    async def find_incident(self, values: Values) -> str | None:
        """The id of the incident that is there already, by `find_incident_url`."""
        path = self._path(self.settings.find_incident_url, values)
        status, answer = await self.site.fetch("GET", path, allow=frozenset({404}))
        found = value_at(answer, self.settings.find_incident_response_key)
        return (found or None) if status != 404 else None

    async def has_comment(self, values: Values, mark: str) -> bool:
        """Whether a comment's mark stands in what `find_comment_url` answers."""
        path = self._path(self.settings.find_comment_url, values)
        return holds((await self.site.fetch("GET", path))[1], mark)

    def page(self, incident: str, title: str) -> str:
        """Where people open an incident."""
        values: Values = {"external.system.id": incident, "external.system.title": title}
        path = self._path(self.settings.view_incident_url, values)
        return f"{self.settings.base_url}{path}"

    async def _send(self, method: str, url: str, template: str, values: Values) -> JSON:
        body = fill_json(template, values)
        path = self._path(url, values)
        return (await self.site.fetch(method.upper(), path, body=body))[1]

    def _path(self, template: str, values: Values) -> str:
        return self.settings.path(fill_url(template, values))


def open_cases_webhook(settings: CasesWebhookSettings, http: HttpClient) -> CasesWebhook:
    headers = {name.lower(): one.get_secret_value() for name, one in settings.headers.items()}
    secrets = list(headers.values())
    if settings.auth is not None:
        headers["authorization"] = settings.auth.header()
        secrets += settings.auth.secrets()
    site = Site(http, settings.base_url, headers, Redactor(secrets), settings.timeout_seconds)
    return CasesWebhook(settings, site)
