"""Webhooks an administrator registers: `/rest/webhooks/1.0/webhook`, on Data Center from version 10
on `/rest/jira-webhook/1.0/webhooks`.

The secret is taken and never shown. A change that names no secret keeps the old one.
https://developer.atlassian.com/cloud/jira/platform/webhooks/ and
https://developer.atlassian.com/server/jira/platform/webhooks/, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Sequence

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer, as_list, as_object
from bridge.sandbox.jira.jql import read_jql
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import AdminWebhook

CLOUD_PLACE = ("rest", "webhooks", "1.0", "webhook")
DATA_CENTER_PLACE = ("rest", "jira-webhook", "1.0", "webhooks")
JQL = "issue-related-events-section"


def place_of(call: Call) -> str:
    return "/".join(CLOUD_PLACE if call.site.cloud else DATA_CENTER_PLACE)


def answer_admin(call: Call, rest: Sequence[str]) -> Answer:
    """rest: what stands behind the place: nothing, or an id."""
    hooks = call.state.admin_webhooks
    method = call.request.method
    if not rest:
        if method == "GET":
            return answer([_shown(call, one) for one in hooks.values()])
        if method == "POST":
            number = int(call.state.next_id("admin webhook", 1))
            made = hooks[number] = _read(call, AdminWebhook(number, "", "", [], ""))
            return answer(_shown(call, made), 201)
        raise Declined(405, "Method not allowed.")
    found = hooks.get(int(rest[0])) if rest[0].isdecimal() else None
    if found is None:
        raise Declined(404, "The webhook does not exist.")
    if method == "GET":
        return answer(_shown(call, found))
    if method == "PUT":
        changed = hooks[found.number] = _read(call, found)
        return answer(_shown(call, changed))
    if method == "DELETE":
        del hooks[found.number]
        return NO_CONTENT
    raise Declined(405, "Method not allowed.")


def _read(call: Call, before: AdminWebhook) -> AdminWebhook:
    """What the body makes of a registration; what it does not name stays. Raises Declined."""
    body = call.request.object()
    name, url = body.get("name", before.name), body.get("url", before.url)
    if not isinstance(name, str) or not name or not isinstance(url, str) or "://" not in url:
        raise Declined(400, "A webhook needs a name and a url.")
    events = as_list(body["events"]) if "events" in body else before.events
    jql = before.jql
    if "filters" in body:
        jql = str(as_object(body["filters"]).get(JQL) or "")
    read_jql(jql)
    secret = str(body.get("secret") or before.secret)
    enabled = body.get("enabled", before.enabled) is True
    return AdminWebhook(before.number, name, url, events, jql, enabled, secret)


def _shown(call: Call, one: AdminWebhook) -> JSON:
    filters: JSON = {JQL: one.jql} if one.jql else {}
    shown: dict[str, JSON] = {
        "name": one.name,
        "url": one.url,
        "excludeBody": False,
        "filters": filters,
        "events": one.events,
        "enabled": one.enabled,
        "self": f"{call.site_base}/{place_of(call)}/{one.number}",
        "lastUpdated": call.now,
    }
    return shown if call.site.cloud else {"id": one.number, **shown}
