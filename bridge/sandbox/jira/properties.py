"""Properties: small JSON values that apps keep on issues and comments."""

from __future__ import annotations

import json

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer, as_list, as_object
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Comment

LIMIT = 32_768
"""Characters of a property's JSON (Jira's own limit, read 2026-11)."""


def check_property(key: str, value: JSON) -> None:
    if not key or len(key) > 255:
        raise Declined(400, "The property key must have 1 to 255 characters.")
    if len(json.dumps(value)) > LIMIT:
        raise Declined(400, f"The property value is too long: the limit is {LIMIT} characters.")


def read_properties(sent: JSON) -> dict[str, JSON]:
    """The `properties` of a body: a list of `{key, value}`."""
    found: dict[str, JSON] = {}
    for entry in as_list(sent):
        pair = as_object(entry)
        key = pair.get("key")
        if not isinstance(key, str) or "value" not in pair:
            raise Declined(400, errors={"properties": "Each property needs a key and a value."})
        check_property(key, pair["value"])
        found[key] = pair["value"]
    return found


def _keys(properties: dict[str, JSON], link: str) -> Answer:
    return answer({"keys": [{"self": f"{link}/{key}", "key": key} for key in properties]})


def _get(properties: dict[str, JSON], key: str) -> Answer:
    if key not in properties:
        raise Declined(404, f"The property {key} does not exist.")
    return answer({"key": key, "value": properties[key]})


def _put(properties: dict[str, JSON], key: str, value: JSON) -> Answer:
    check_property(key, value)
    status = 200 if key in properties else 201
    properties[key] = value
    return answer({}, status)


def _delete(properties: dict[str, JSON], key: str) -> Answer:
    if key not in properties:
        raise Declined(404, f"The property {key} does not exist.")
    del properties[key]
    return NO_CONTENT


def issue_keys(call: Call) -> Answer:
    issue = call.issue()
    return _keys(issue.properties, f"{call.view.rest}/issue/{issue.key}/properties")


def issue_get(call: Call) -> Answer:
    return _get(call.issue().properties, call.arguments[1])


def issue_put(call: Call) -> Answer:
    issue = call.issue()
    reply = _put(issue.properties, call.arguments[1], call.request.json())
    issue.changed = call.now
    return reply


def issue_delete(call: Call) -> Answer:
    issue = call.issue()
    reply = _delete(issue.properties, call.arguments[1])
    issue.changed = call.now
    return reply


def _comment(call: Call) -> Comment:
    found = call.state.comments.get(call.arguments[0])
    if found is None:
        raise Declined(404, f"Can not find a comment for the id: {call.arguments[0]}.")
    return found


def comment_keys(call: Call) -> Answer:
    comment = _comment(call)
    return _keys(comment.properties, f"{call.view.rest}/comment/{comment.id}/properties")


def comment_get(call: Call) -> Answer:
    return _get(_comment(call).properties, call.arguments[1])


def comment_put(call: Call) -> Answer:
    return _put(_comment(call).properties, call.arguments[1], call.request.json())


def comment_delete(call: Call) -> Answer:
    return _delete(_comment(call).properties, call.arguments[1])
