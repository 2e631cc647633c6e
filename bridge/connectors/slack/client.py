"""A workspace as the actions use it: methods of the Web API, and what their errors mean."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from bridge.connectors.answers import Wait, as_list, as_object, child, wait_seconds
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.connectors.site import Query, Site, write_json
from bridge.connectors.slack.options import AGAIN, IN_DOUBT, SlackSettings
from bridge.errors import ConnectorError, GiveUp, TryAgain
from bridge.event import JSON

CHANNEL_ID = re.compile(r"[CGD][A-Z0-9]{6,}")
PAGE = 200

WEBHOOK_REFUSALS = frozenset({400, 403, 404, 410})
"""Those whose one word says what is wrong, such as `no_service`; it comes labelled as HTML."""
SIGNED_OUT = frozenset({"invalid_auth", "not_authed", "token_expired", "token_revoked"})
HINTS = {
    "not_in_channel": "invite the app into the channel",
    "channel_not_found": "use the channel's id, and invite the app where it is private",
    "is_archived": "the channel is archived",
    "missing_scope": "give the app the scope and install it again",
    "invalid_auth": "check auth",
    "token_revoked": "check auth",
    "token_expired": "check auth",
    "account_inactive": "check auth",
    "msg_too_long": "shorten the text",
}


@dataclass(slots=True)
class Slack:
    """One integration's client. Remembers the ids of channels it has looked up by name."""

    settings: SlackSettings
    site: Site
    channels: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, body: dict[str, JSON]) -> dict[str, JSON]:
        """A method that writes."""
        answer = as_object((await self.site.fetch("POST", f"/{method}", body=body))[1])
        return self._checked(method, answer, changes=True)

    async def ask(self, method: str, query: Query | None = None) -> dict[str, JSON]:
        """A method that reads."""
        answer = as_object((await self.site.fetch("GET", f"/{method}", query=query))[1])
        return self._checked(method, answer, changes=False)

    def _checked(self, method: str, answer: dict[str, JSON], *, changes: bool) -> dict[str, JSON]:
        if answer.get("ok") is True:
            return answer
        if "ok" not in answer:
            words = f"{method}: the answer is none of Slack's: it says neither ok nor an error"
            raise TryAgain(words, may_have_happened=changes)
        raise failure(method, answer, self.site.redactor, changes=changes)

    async def pages(
        self, method: str, query: Mapping[str, str | int], most: int
    ) -> AsyncIterator[dict[str, JSON]]:
        cursor = ""
        for _ in range(most):
            asked = {**query, "limit": PAGE, **({"cursor": cursor} if cursor else {})}
            answer = await self.ask(method, asked)
            yield answer
            cursor = str(child(answer, "response_metadata", "next_cursor") or "")
            if not cursor:
                return

    async def channel_id(self, channel: str) -> str:
        """The id of a channel given by id or name; history is asked for by id alone."""
        if CHANNEL_ID.fullmatch(channel):
            return channel
        name = channel.removeprefix("#").casefold()
        if name not in self.channels:
            query = {"types": "public_channel,private_channel", "exclude_archived": "true"}
            async for page in self.pages("conversations.list", query, 50):
                for one in map(as_object, as_list(page.get("channels"))):
                    self.channels[str(one.get("name", "")).casefold()] = str(one.get("id"))
                if name in self.channels:
                    break
        if name not in self.channels:
            raise GiveUp(f"Slack has no channel {channel[:100]!r} that the app can see")
        return self.channels[name]

    async def post_webhook(self, body: dict[str, JSON]) -> None:
        """To the incoming webhook, which answers the two letters `ok`."""
        assert self.settings.webhook_url is not None
        url = self.settings.webhook_url.get_secret_value()
        ask = replace(
            await self.site.ask("POST", "", None),
            url=url,
            content=write_json(body),
            allow=WEBHOOK_REFUSALS,
            headers={"content-type": "application/json", "accept": "*/*"},
        )
        reply = await self.site.http.send(ask, self.site.redactor)
        words = reply.body[:200].decode("utf-8", "replace").strip()
        if words != "ok":
            shown = self.site.redactor.cut(words, 200)
            raise GiveUp(
                f"the incoming webhook answered {reply.status}, {shown!r} instead of 'ok'",
                status=reply.status,
            )


def failure(
    method: str, answer: Mapping[str, JSON], redactor: Redactor, *, changes: bool
) -> ConnectorError:
    """The error behind `"ok": false`, which comes with 200."""
    error = str(answer.get("error") or "without an error")
    more = [str(one) for one in as_list(child(dict(answer), "response_metadata", "messages"))]
    if answer.get("needed"):
        more.append(f"needed is {answer['needed']}")
    if error in HINTS:
        more.append(HINTS[error])
    words = redactor.cut(f"{method}: {error}" + (f" ({'; '.join(more)})" if more else ""), 500)
    if error in AGAIN:
        return TryAgain(words, status=429, scope="endpoint")
    if error in IN_DOUBT:
        return TryAgain(words, status=503, may_have_happened=changes)
    return GiveUp(words, status=401 if error in SIGNED_OUT else 400)


def judge(status: int, headers: Mapping[str, str], words: str, now: int) -> Wait | None:
    """429 with Retry-After, for one method of the whole workspace.

    https://docs.slack.dev/apis/web-api/rate-limits, read 2026-11.
    """
    del words
    return Wait(wait_seconds(headers, now), "endpoint") if status == 429 else None


def open_slack(settings: SlackSettings, http: HttpClient) -> Slack:
    headers: dict[str, str] = {}
    secrets: list[str] = []
    if settings.auth is not None:
        secrets += settings.auth.secrets()
        headers["authorization"] = settings.auth.header()
    if settings.webhook_url is not None:
        url = settings.webhook_url.get_secret_value()
        path = urlsplit(url).path
        secrets += [url, path, path.rpartition("/")[2]]
    redactor = Redactor(secrets)
    site = Site(http, settings.base_url, headers, redactor, settings.timeout_seconds, judge)
    return Slack(settings, site)
