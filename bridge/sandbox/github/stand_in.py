"""GitHub's stand-in, put together."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.github import alerts, issues, show
from bridge.sandbox.github.issues import GitHubCall
from bridge.sandbox.github.state import GitHubState
from bridge.sandbox.stand_in import StandInKind, Surroundings, bearer_token, path
from bridge.sandbox.webhooks import Delivery, Dialect, digest

PAGE = "https://docs.github.com/rest"
REPO = "repos/{}/{}"


def _decline(refusal: Declined) -> Answer:
    body: dict[str, JSON] = {
        "message": "; ".join(refusal.messages),
        "documentation_url": PAGE,
        "status": str(refusal.status),
    }
    if refusal.errors:
        errors: list[JSON] = [
            {"resource": "Issue", "field": name, "code": "custom", "message": words}
            for name, words in refusal.errors.items()
        ]
        body["errors"] = errors
    return answer(body, refusal.status)


def _too_many(wait_ms: int, now: int) -> Answer:
    """The primary limit, which is a 403."""
    reset = -(-(now + wait_ms) // 1000)
    headers = (
        (b"x-ratelimit-limit", b"5000"),
        (b"x-ratelimit-remaining", b"0"),
        (b"x-ratelimit-reset", str(reset).encode()),
        (b"x-ratelimit-resource", b"core"),
    )
    reply = answer({"message": "API rate limit exceeded.", "documentation_url": PAGE}, 403)
    return Answer(403, reply.body, reply.content_type, headers)


def _headers(delivery: Delivery, now: int) -> list[tuple[str, str]]:
    """https://docs.github.com/en/webhooks/webhook-events-and-payloads, read 2026-11."""
    del now
    headers = [
        ("Content-Type", "application/json"),
        ("User-Agent", "Sandbox-Hookshot (not a real GitHub)"),
        ("X-GitHub-Event", delivery.event),
        ("X-GitHub-Delivery", delivery.identifier),
        ("X-GitHub-Hook-ID", "1"),
    ]
    if delivery.target.secret:
        signed = digest(delivery.target.secret, delivery.body)
        headers.append(("X-Hub-Signature-256", f"sha256={signed}"))
    return headers


def _rate(call: GitHubCall) -> Answer:
    rate: JSON = {"limit": 5000, "remaining": 4999, "used": 1, "reset": call.now // 1000 + 3600}
    return answer({"resources": {"core": rate, "search": rate}, "rate": rate})


def _repository(call: GitHubCall) -> Answer:
    issues.in_repository(call)
    return answer(show.repository(call.request.base, call.state))


def _user(call: GitHubCall) -> Answer:
    return answer(show.user(issues.actor(call), call.request.base))


def _show(state: GitHubState) -> JSON:
    base = "/github"
    return {
        "issues": [
            show.issue(one, state, base)
            | {"comments": [show.comment(each, one, base) for each in one.comments]}
            for one in state.issues.values()
        ],
        "alerts": [show.alert(one, base) for one in state.alerts.values()],
    }


def _make(around: Surroundings) -> GitHubState:
    return GitHubState(around.conditions.clock())


STAND_IN: StandInKind[GitHubState] = StandInKind(
    name="github",
    title="GitHub",
    paths=(
        path("GET", "rate_limit", _rate),
        path("GET", "user", _user),
        path("GET", "search/issues", issues.search_issues),
        path("GET", REPO, _repository),
        path("GET", f"{REPO}/issues", issues.list_issues),
        path("POST", f"{REPO}/issues", issues.create_issue),
        path("GET", f"{REPO}/issues/{{}}", issues.get_issue),
        path("PATCH", f"{REPO}/issues/{{}}", issues.edit_issue),
        path("GET", f"{REPO}/issues/{{}}/events", issues.list_events),
        path("GET", f"{REPO}/issues/{{}}/comments", issues.list_comments),
        path("POST", f"{REPO}/issues/{{}}/comments", issues.create_comment),
        path("GET", f"{REPO}/issues/comments/{{}}", issues.read_comment),
        path("PATCH", f"{REPO}/issues/comments/{{}}", issues.edit_comment),
        *(
            each
            for kind in alerts.EVENTS
            for each in (
                path("GET", f"{REPO}/{kind}/alerts", alerts.list_alerts),
                path("GET", f"{REPO}/{kind}/alerts/{{}}", alerts.get_alert),
                path("PATCH", f"{REPO}/{kind}/alerts/{{}}", alerts.edit_alert),
            )
        ),
    ),
    make=_make,
    show=_show,
    decline=_decline,
    too_many=_too_many,
    token_of=bearer_token,
    webhooks=Dialect(_headers, again=False),
)
