"""Webhooks an app registers for itself (`/rest/api/3/webhook`); `subscribed.py` sends to them.

Where the sandbox lets only some credentials in, an OAuth token alone may do so, as in Jira: only
apps can. An app has one address for all of them.
"""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer, as_list, as_object
from bridge.sandbox.jira.jql import read_jql
from bridge.sandbox.jira.meta import page
from bridge.sandbox.jira.site import Call

LIFETIME_MS = 30 * 86_400_000
"""Jira forgets them after 30 days unless refreshed (its documentation, read 2026-11)."""


NO_APP = "Only Connect and OAuth 2.0 apps can use this operation."
SEVERAL = "Only a single URL per app is allowed to be registered via REST API."


def register(call: Call) -> Answer:
    body = call.request.object()
    url = body.get("url")
    if not isinstance(url, str) or not url:
        raise Declined(400, "The url is required.")
    if any(one["url"] != url for one in call.state.registrations.values()):
        raise Declined(400, SEVERAL)
    results: list[JSON] = []
    for sent in as_list(body.get("webhooks")):
        wanted = as_object(sent)
        try:
            read_jql(str(wanted.get("jqlFilter") or ""))
        except Declined as refusal:
            messages: list[JSON] = list(refusal.messages)
            results.append({"errors": messages})
            continue
        number = int(call.state.next_id("webhook"))
        call.state.registrations[number] = {
            "id": number,
            "url": url,
            "jqlFilter": str(wanted.get("jqlFilter") or ""),
            "events": as_list(wanted.get("events")),
            "expirationDate": call.now + LIFETIME_MS,
        }
        results.append({"createdWebhookId": number})
    return answer({"webhookRegistrationResult": results})


def list_registered(call: Call) -> Answer:
    return page(call, "webhook", list(call.state.registrations.values()))


def list_failed(call: Call) -> Answer:
    """Nothing is sent, so nothing fails."""
    return answer({"maxResults": 100, "values": []})


def _ids(call: Call) -> list[int]:
    ids = as_list(call.request.object().get("webhookIds"))
    if not ids:
        raise Declined(400, "The webhookIds are required.")
    return [number for number in ids if isinstance(number, int)]


def delete_registered(call: Call) -> Answer:
    for number in _ids(call):
        call.state.registrations.pop(number, None)
    return Answer(202)


def refresh(call: Call) -> Answer:
    until = call.now + LIFETIME_MS
    for number in _ids(call):
        if number in call.state.registrations:
            call.state.registrations[number]["expirationDate"] = until
    return answer({"expirationDate": until})
