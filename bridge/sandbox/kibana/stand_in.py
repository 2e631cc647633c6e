"""The Kibana stand-in, mounted at `/kibana`; spaces below `/kibana/s/{space}`."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.kibana import cases
from bridge.sandbox.kibana.alerts import set_status
from bridge.sandbox.kibana.cases import Call
from bridge.sandbox.kibana.state import KibanaState
from bridge.sandbox.stand_in import Path, StandInKind, path, token_or_pair, waiting
from bridge.sandbox.webhooks import Delivery, Dialect

VERSION = "2023-10-31"
NUMBER = "9.2.1"


def decline(refusal: Declined) -> Answer:
    status = refusal.status
    return answer(
        {
            "statusCode": status,
            "error": HTTPStatus(status).phrase,
            "message": "; ".join([*refusal.messages, *refusal.errors.values()]),
        },
        status,
    )


def too_many(wait_ms: int, now: int) -> Answer:
    del now
    return waiting(decline(Declined(429, "Too many requests")), wait_ms)


def guarded(handler: Callable[[Call], Answer]) -> Callable[[Call], Answer]:
    """The two headers Kibana looks at first."""

    def checked(call: Call) -> Answer:
        request = call.request
        version = request.header(b"elastic-api-version")
        if version not in (None, VERSION):
            raise Declined(
                400, f"No version {version!r} available; available versions are: {VERSION}"
            )
        if request.method != "GET" and not request.header(b"kbn-xsrf"):
            raise Declined(400, "Request must contain a kbn-xsrf header.")
        return handler(call)

    return checked


def status(call: Call) -> Answer:
    """The short form suffices to see the version and whether it is available."""
    level: dict[str, JSON] = {
        "level": "available",
        "summary": "All services are available (sandbox)",
    }
    full: dict[str, JSON] = {**level, "meta": {}}
    clients: JSON = {"totalActiveSockets": 0, "totalIdleSockets": 0, "totalQueuedRequests": 0}
    return answer(
        {
            "name": "sandbox",
            "uuid": "00000000-0000-4000-8000-000000000000",
            "version": {
                "number": NUMBER, "build_hash": "sandbox", "build_number": 0,
                "build_snapshot": False, "build_flavor": "traditional",
                "build_date": "2026-11-01T00:00:00.000Z",
            },
            "status": {
                "overall": full,
                "core": {"elasticsearch": full, "savedObjects": full},
                "plugins": {},
            },
            "metrics": {
                "last_updated": "2026-11-01T00:00:00.000Z",
                "collection_interval_in_millis": 5000,
                "elasticsearch_client": clients,
            },
        }
    )  # fmt: skip


def headers(delivery: Delivery, now: int) -> list[tuple[str, str]]:
    """The Webhook connector authenticates with whatever header its operator set; here a token."""
    del now
    named = [("Content-Type", "application/json"), ("User-Agent", "Sandbox (not a real Kibana)")]
    if delivery.target.secret:
        named.append(("Authorization", f"Bearer {delivery.target.secret}"))
    return named


def show(state: KibanaState) -> JSON:
    shown: list[JSON] = [{"space": one.space, **one.show()} for one in state.cases.values()]
    return {"cases": shown, "alerts": dict(state.alerts)}


def _both(
    method: str, pattern: str, handler: Callable[[Call], Answer]
) -> tuple[Path[KibanaState], ...]:
    """In the default space, and in any."""
    ready = guarded(handler)
    return path(method, f"api/{pattern}", ready), path(method, f"s/{{}}/api/{pattern}", ready)


STAND_IN: StandInKind[KibanaState] = StandInKind(
    name="kibana",
    title="Kibana",
    paths=(
        *_both("GET", "status", status),
        *_both("POST", "cases", cases.create),
        *_both("PATCH", "cases", cases.update),
        *_both("DELETE", "cases", cases.delete),
        *_both("GET", "cases/_find", cases.find),
        *_both("GET", "cases/{}", cases.read),
        *_both("POST", "detection_engine/signals/status", set_status),
        *_both("POST", "cases/{}/comments", cases.add_comment),
        *_both("GET", "cases/{}/comments", cases.all_comments),
        *_both("GET", "cases/{}/comments/_find", cases.find_comments),
        *_both("PATCH", "cases/{}/comments", cases.edit_comment),
        *_both("GET", "cases/{}/comments/{}", cases.read_comment),
        *_both("GET", "cases/{}/user_actions/_find", cases.find_activity),
    ),
    make=KibanaState,
    show=show,
    decline=decline,
    too_many=too_many,
    token_of=token_or_pair("apikey"),
    webhooks=Dialect(headers, again=False),
)
