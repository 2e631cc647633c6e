"""Linear's stand-in, put together: one path, behind which a document decides."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, Request, answer, as_object
from bridge.sandbox.linear import attachments, changes, nodes
from bridge.sandbox.linear.changes import InputError, LinearCall
from bridge.sandbox.linear.document import NotUnderstood, Operation, read_document
from bridge.sandbox.linear.state import PEOPLE, TEAM, LinearState
from bridge.sandbox.stand_in import StandInKind, path
from bridge.sandbox.webhooks import Delivery, Dialect, digest


def _errors(status: int, message: str, kind: str, code: str) -> Answer:
    extensions: JSON = {
        "type": kind,
        "code": code,
        "statusCode": status,
        "userError": status < 500,
        "userPresentableMessage": message,
    }
    return answer({"errors": [{"message": message, "extensions": extensions}]}, status)


def _decline(refusal: Declined) -> Answer:
    words = "; ".join(refusal.messages)
    if refusal.status == 401:
        return _errors(401, words, "authentication error", "AUTHENTICATION_ERROR")
    if refusal.status >= 500:
        return _errors(refusal.status, words, "internal error", "INTERNAL_SERVER_ERROR")
    return _errors(refusal.status, words, "invalid input", "INPUT_ERROR")


def _too_many(wait_ms: int, now: int) -> Answer:
    """400, and the truth in the body and the headers."""
    reply = _errors(400, "Rate limit exceeded.", "ratelimited", "RATELIMITED")
    headers = (
        (b"x-ratelimit-requests-limit", b"5000"),
        (b"x-ratelimit-requests-remaining", b"0"),
        (b"x-ratelimit-requests-reset", str(now + wait_ms).encode()),
        (b"x-ratelimit-complexity-remaining", b"250000"),
    )
    return Answer(400, reply.body, reply.content_type, headers)


def _token(request: Request) -> str:
    """A key as it is, or an OAuth token as bearer."""
    return (request.header(b"authorization") or "").removeprefix("Bearer ").strip()


def _read(call: LinearCall) -> Operation:
    body = call.request.object()
    return read_document(str(body.get("query") or ""), as_object(body.get("variables")))


def _writes(call: LinearCall) -> bool:
    try:
        return _read(call).kind == "mutation"
    except NotUnderstood:
        return False


def _answer(call: LinearCall) -> Answer:
    try:
        operation = _read(call)
        root = _changes(call) if operation.kind == "mutation" else _queries(call)
        data = nodes.project(root, operation.selections, operation.kind.capitalize())
    except NotUnderstood as error:
        return _errors(400, str(error), "graphql error", "GRAPHQL_VALIDATION_FAILED")
    except InputError as error:
        return _errors(200, str(error), "invalid input", "INPUT_ERROR")
    return answer({"data": data})


def _changes(call: LinearCall) -> nodes.Node:
    return {
        "issueCreate": lambda given: changes.create_issue(call, given),
        "issueUpdate": lambda given: changes.update_issue(call, given),
        "commentCreate": lambda given: changes.create_comment(call, given),
        "commentUpdate": lambda given: changes.edit_comment(call, given),
        "attachmentCreate": lambda given: attachments.create(call, given),
        "attachmentUpdate": lambda given: attachments.update(call, given),
        "fileUpload": lambda given: attachments.prepare_upload(call, given),
        "issueLabelCreate": lambda given: changes.create_label(call, given),
    }


def _queries(call: LinearCall) -> nodes.Node:
    state = call.state

    def issue(given: Mapping[str, JSON]) -> object:
        found = state.issue(str(given.get("id")))
        if found is None:
            raise InputError("Entity not found: Issue")
        return nodes.issue(state, found)

    def team(given: Mapping[str, JSON]) -> object:
        if given.get("id") != TEAM:
            raise InputError("Entity not found: Team")
        return nodes.team(state)

    return {
        "viewer": nodes.user(changes.actor(call)),
        "organization": nodes.organization(),
        "issue": issue,
        "team": team,
        "issues": nodes.connection([nodes.issue(state, one) for one in state.issues.values()]),
        "comments": nodes.connection(
            [nodes.comment(state, one) for one in state.comments.values()]
        ),
        "teams": nodes.connection([nodes.team(state)]),
        "users": nodes.connection([nodes.user(login) for login in PEOPLE]),
        "issueLabels": nodes.connection([nodes.label(state, one) for one in state.labels]),
    }


def _headers(delivery: Delivery, now: int) -> list[tuple[str, str]]:
    del now
    headers = [
        ("Content-Type", "application/json; charset=utf-8"),
        ("User-Agent", "Sandbox-Linear-Webhook (not a real Linear)"),
        ("Linear-Delivery", delivery.identifier),
        ("Linear-Event", delivery.event),
    ]
    if delivery.target.secret:
        headers.append(("Linear-Signature", digest(delivery.target.secret, delivery.body)))
    return headers


def _show(state: LinearState) -> JSON:
    return {
        "issues": [
            {
                "identifier": one.identifier,
                "title": one.title,
                "description": one.description,
                "state": str(nodes.state_node(one.state)["name"]),
                "labels": [state.labels[each] for each in one.labels],
                "attachments": [
                    each.url for each in state.attachments.values() if each.issue == one.id
                ],
                "comments": [each.body for each in state.comments.values() if each.issue == one.id],
            }
            for one in state.issues.values()
        ]
    }


STAND_IN: StandInKind[LinearState] = StandInKind(
    name="linear",
    title="Linear",
    paths=(
        path("POST", "graphql", _answer, _writes),
        path("PUT", "uploads/{}", attachments.upload, public=True),
    ),
    make=lambda _around: LinearState(),
    show=_show,
    decline=_decline,
    too_many=_too_many,
    token_of=_token,
    webhooks=Dialect(_headers),
)
