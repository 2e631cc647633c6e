"""Sentry's stand-in, put together."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.sentry import issues
from bridge.sandbox.sentry.state import SentryState
from bridge.sandbox.stand_in import StandInKind, Surroundings, bearer_token, path
from bridge.sandbox.webhooks import Delivery, Dialect, digest

ISSUES = "api/0/organizations/{}/issues"


def _decline(refusal: Declined) -> Answer:
    """`detail`, or the fields with a list of complaints each."""
    if refusal.errors:
        fields: dict[str, JSON] = {name: [*refusal.messages] for name in refusal.errors}
        return answer(fields, refusal.status)
    return answer({"detail": "; ".join(refusal.messages)}, refusal.status)


def _too_many(wait_ms: int, now: int) -> Answer:
    reply = answer({"detail": "You are attempting to use this endpoint too frequently."}, 429)
    reset = -(-(now + wait_ms) // 1000)
    headers = (
        (b"x-sentry-rate-limit-limit", b"40"),
        (b"x-sentry-rate-limit-remaining", b"0"),
        (b"x-sentry-rate-limit-reset", str(reset).encode()),
        (b"x-sentry-rate-limit-concurrentlimit", b"25"),
        (b"x-sentry-rate-limit-concurrentremaining", b"24"),
    )
    return Answer(429, reply.body, reply.content_type, headers)


def _headers(delivery: Delivery, now: int) -> list[tuple[str, str]]:
    """`Request-ID` is another at every try."""
    headers = [
        ("Content-Type", "application/json"),
        ("User-Agent", "Sandbox webhooks (not a real Sentry)"),
        ("Request-ID", f"{delivery.identifier}-{len(delivery.attempts)}"),
        ("Sentry-Hook-Resource", delivery.event),
        ("Sentry-Hook-Timestamp", str(now // 1000)),
    ]
    if delivery.target.secret:
        headers.append(("Sentry-Hook-Signature", digest(delivery.target.secret, delivery.body)))
    return headers


def _show(state: SentryState) -> JSON:
    return {"issues": [issues.show_all(one) for one in state.issues.values()]}


def _make(around: Surroundings) -> SentryState:
    return SentryState(around.conditions.clock())


STAND_IN: StandInKind[SentryState] = StandInKind(
    name="sentry",
    title="Sentry",
    paths=(
        path("GET", ISSUES, issues.list_issues),
        path("GET", "api/0/projects/{}/{}/issues", issues.list_project_issues),
        path("GET", f"{ISSUES}/{{}}", issues.get_issue),
        path("PUT", f"{ISSUES}/{{}}", issues.edit_issue),
        path("GET", f"{ISSUES}/{{}}/comments", issues.list_notes),
        path("POST", f"{ISSUES}/{{}}/comments", issues.add_note),
    ),
    make=_make,
    show=_show,
    decline=_decline,
    too_many=_too_many,
    token_of=bearer_token,
    webhooks=Dialect(_headers),
)
