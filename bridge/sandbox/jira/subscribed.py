"""Telling those who registered a webhook, each in its own proof.

An admin webhook is signed with its secret, or comes unsigned. What an app registered brings a JWT
that the app's client secret signs and the ids it matched; it ends with its 30 days.
https://developer.atlassian.com/cloud/jira/platform/webhooks/, read 2026-11.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator

from bridge.event import JSON
from bridge.sandbox.exchange import as_list
from bridge.sandbox.jira.clauses import Compiler
from bridge.sandbox.jira.jql import read_jql
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Issue
from bridge.sandbox.webhooks import JIRA, Delivery, Dialect, Target, jira_headers

LIFE_SECONDS = 180


def app_headers(delivery: Delivery, now: int) -> list[tuple[str, str]]:
    """Of one try to an app: a fresh token instead of a signature over the body."""
    headers = [one for one in jira_headers(delivery, now) if one[0] != "X-Hub-Signature"]
    return [*headers, ("Authorization", f"Bearer {token(delivery.target.secret, now)}")]


APP = Dialect(app_headers)


def token(secret: str, now: int) -> str:
    """A JWT, signed with HS256. now: milliseconds."""
    seconds = now // 1000
    claims: dict[str, JSON] = {"iss": "sandbox-app", "iat": seconds, "exp": seconds + LIFE_SECONDS}
    signed = ".".join((_part({"alg": "HS256", "typ": "JWT"}), _part(claims)))
    digest = hmac.new(secret.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


def _part(value: dict[str, JSON]) -> str:
    raw = json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def is_wanted(call: Call) -> bool:
    """Whether anybody is told of changes: the bodies are made only then."""
    state = call.state
    return call.site.outbox.wanted or bool(state.admin_webhooks or state.registrations)


def tell(call: Call, subject: str, event: str, body: dict[str, JSON], issue: Issue | None) -> None:
    """One event to all that want it. issue: which the filters look at; None passes them all."""
    outbox = call.site.outbox
    outbox.send(subject, event, body)
    for target in _admin(call, event, issue):
        outbox.send_to(target, JIRA, subject, event, body)
    for target, numbers in _apps(call, event, issue).items():
        matched: list[JSON] = list(numbers)
        outbox.send_to(target, APP, subject, event, {**body, "matchedWebhookIds": matched})


def _admin(call: Call, event: str, issue: Issue | None) -> Iterator[Target]:
    for one in call.state.admin_webhooks.values():
        if one.enabled and event in one.events and _matches(call, one.jql, issue):
            yield Target(one.url, one.secret)


def _apps(call: Call, event: str, issue: Issue | None) -> dict[Target, list[int]]:
    """An app is told once, whichever of its registrations fit."""
    found: dict[Target, list[int]] = {}
    for number, one in call.state.registrations.items():
        until = one["expirationDate"]
        ended = isinstance(until, int) and until <= call.now
        fits = event in as_list(one["events"]) and _matches(call, str(one["jqlFilter"]), issue)
        if not ended and fits:
            target = Target(str(one["url"]), call.site.client_secret)
            found.setdefault(target, []).append(number)
    return found


def _matches(call: Call, jql: str, issue: Issue | None) -> bool:
    where = read_jql(jql).where
    return issue is None or where is None or Compiler(call).node(where)(issue)
