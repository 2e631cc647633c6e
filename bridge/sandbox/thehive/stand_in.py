"""The TheHive stand-in, mounted at `/thehive`."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer
from bridge.sandbox.stand_in import StandInKind, path, token_or_pair, waiting
from bridge.sandbox.thehive import changes, show
from bridge.sandbox.thehive.changes import HiveCall, actor
from bridge.sandbox.thehive.query import query
from bridge.sandbox.thehive.state import Entity, HiveState
from bridge.sandbox.webhooks import Delivery, Dialect

TYPES = {
    400: "BadRequest", 401: "AuthenticationError", 403: "AuthorizationError",
    404: "NotFoundError", 405: "BadRequest", 429: "TooManyRequests",
}  # fmt: skip


def _decline(refusal: Declined) -> Answer:
    kind = TYPES.get(refusal.status, "InternalError")
    return answer({"type": kind, "message": "; ".join(refusal.messages)}, refusal.status)


def _too_many(wait_ms: int, now: int) -> Answer:
    """TheHive itself has no limit; a proxy before it may."""
    del now
    return waiting(_decline(Declined(429, "Too many requests")), wait_ms)


def _current(call: HiveCall) -> Answer:
    return answer(show.user(actor(call)))


def _status(call: HiveCall) -> Answer:
    del call
    return answer(show.status())


def _public(call: HiveCall) -> Answer:
    del call
    imports: JSON = {"mitreCatalog": "done"}
    return answer({"sso": False, "ssoProviders": [], "version": show.VERSION, "imports": imports})


def _headers(delivery: Delivery, now: int) -> list[tuple[str, str]]:
    """TheHive signs nothing; its endpoint may be given a bearer token.

    https://docs.strangebee.com/thehive/user-guides/organization/configure-organization/
    manage-notifications/create-a-webhook-endpoint/, read 2026-11.
    """
    del now
    named = [("Content-Type", "application/json"), ("User-Agent", "Sandbox (not a real TheHive)")]
    if delivery.target.secret:
        named.append(("Authorization", f"Bearer {delivery.target.secret}"))
    return named


def _show(state: HiveState) -> JSON:
    return {
        "cases": [_listed(one) for one in state.of("Case")],
        "alerts": [_listed(one) for one in state.of("Alert")],
    }


def _listed(one: Entity) -> JSON:
    return {
        "id": one.id,
        "number": one.number or None,
        "title": str(one.values["title"]),
        "description": str(one.values["description"]),
        "status": str(one.values["status"]),
        "stage": one.stage,
        "tags": one.values["tags"],
        "comments": [each.message for each in one.comments],
        "files": [each.name for each in one.files],
    }


STAND_IN: StandInKind[HiveState] = StandInKind(
    name="thehive",
    title="TheHive",
    paths=(
        path("POST", "api/v1/query", query, lambda _call: False),
        path("POST", "api/v1/case", changes.create),
        path("GET", "api/v1/case/{}", changes.read),
        path("PATCH", "api/v1/case/{}", changes.update),
        path("DELETE", "api/v1/case/{}", changes.delete),
        path("POST", "api/v1/case/{}/comment", changes.add_comment),
        path("POST", "api/v1/case/{}/attachments", changes.add_files, file_part="attachments"),
        path("POST", "api/v1/alert", changes.create),
        path("GET", "api/v1/alert/{}", changes.read),
        path("PATCH", "api/v1/alert/{}", changes.update),
        path("DELETE", "api/v1/alert/{}", changes.delete),
        path("POST", "api/v1/alert/{}/comment", changes.add_comment),
        path("PATCH", "api/v1/comment/{}", changes.edit_comment),
        path("GET", "api/v1/user/current", _current),
        path("GET", "api/v1/status", _status),
        path("GET", "api/v1/status/public", _public, public=True),
    ),
    make=HiveState,
    show=_show,
    decline=_decline,
    too_many=_too_many,
    token_of=token_or_pair("bearer"),
    webhooks=Dialect(_headers, again=False),
)
