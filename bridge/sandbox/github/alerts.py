"""The three kinds of alerts: listed, read, dismissed, reopened."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.github import show
from bridge.sandbox.github.issues import GitHubCall, actor, in_repository, page
from bridge.sandbox.github.state import Alert

REASONS = {
    "code-scanning": ("false positive", "won't fix", "used in tests"),
    "dependabot": ("fix_started", "inaccurate", "no_bandwidth", "not_used", "tolerable_risk"),
    "secret-scanning": ("false_positive", "wont_fix", "revoked", "used_in_tests"),
}
EVENTS = {
    "code-scanning": ("code_scanning_alert", "closed_by_user", "reopened_by_user"),
    "dependabot": ("dependabot_alert", "dismissed", "reopened"),
    "secret-scanning": ("secret_scanning_alert", "resolved", "reopened"),
}
"""The webhook's event, and its action when an alert is closed and when it is opened again."""


def list_alerts(call: GitHubCall) -> Answer:
    in_repository(call)
    kind = call.request.path.split("/")[4]
    wanted = call.request.option("state")
    found = [
        show.alert(one, call.request.base)
        for one in call.state.alerts.values()
        if one.kind == kind and wanted in ("", one.state)
    ]
    return page(call, found)


def get_alert(call: GitHubCall) -> Answer:
    return answer(show.alert(_find(call), call.request.base))


def edit_alert(call: GitHubCall) -> Answer:
    alert = _find(call)
    body = call.request.object()
    secret = alert.kind == "secret-scanning"
    closed = "resolved" if secret else "dismissed"
    reason = body.get("resolution" if secret else "dismissed_reason")
    words = body.get("resolution_comment" if secret else "dismissed_comment")
    state = body.get("state")
    if state not in (closed, "open"):
        raise Declined(422, "Invalid request.", errors={"state": f"is no {closed} and no open"})
    if state == closed and reason not in REASONS[alert.kind]:
        raise Declined(422, "Invalid request.", errors={"reason": f"{reason!r} is not taken"})
    if isinstance(words, str) and len(words) > 280:
        raise Declined(422, "Invalid request.", errors={"comment": "is too long"})
    changed = alert.state != state
    alert.state = str(state)
    alert.updated = call.now
    if state == closed:
        alert.reason, alert.comment = str(reason), str(words) if words else None
        alert.by, alert.at = actor(call), call.now
    else:
        alert.reason = alert.comment = alert.at = None
        alert.by = ""
    shown = show.alert(alert, call.request.base)
    if changed:
        _tell(call, alert, shown)
    return answer(shown)


def _find(call: GitHubCall) -> Alert:
    in_repository(call)
    kind, number = call.request.path.split("/")[4], call.arguments[2]
    found = call.state.alerts.get((kind, int(number))) if number.isdecimal() else None
    if found is None:
        raise Declined(404, "Not Found")
    return found


def _tell(call: GitHubCall, alert: Alert, shown: dict[str, JSON]) -> None:
    event, closed, opened = EVENTS[alert.kind]
    base = call.request.base
    told = {name: value for name, value in shown.items() if name != "secret"}
    body: dict[str, JSON] = {
        "action": opened if alert.state == "open" else closed,
        "alert": told,
        "repository": show.repository(base, call.state),
        "sender": show.user(actor(call), base),
    }
    call.around.outbox.send(f"{alert.kind}/{alert.number}", event, body)
