"""CloudEvents 1.0 over HTTP: the three modes read as events in structured form.

Source: https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/bindings/http-protocol-binding.md
and …/http-webhook.md, read 2026-11.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from urllib.parse import unquote

from bridge.errors import Malformed, UnsupportedMediaType
from bridge.event import JSON
from bridge.match.clean import parse_body

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
_REQUIRED = ("id", "source", "type")


def read_cloudevents(headers: Mapping[str, str], body: bytes) -> JSON:
    """One event as an object, or a batch as a list of them.

    Raises UnsupportedMediaType for a format that is not JSON, Malformed for what is no event.
    """
    kind = media_type(headers)
    if kind == BATCH:
        batch = parse_body(body)
        if not isinstance(batch, list):
            raise Malformed("a batch of CloudEvents is a JSON array")
        return [_checked(event) for event in batch]
    if kind == STRUCTURED:
        return _checked(parse_body(body))
    if kind.startswith("application/cloudevents"):
        raise UnsupportedMediaType(f"{kind} is not supported; send CloudEvents as JSON")
    if "ce-specversion" in headers or "ce-id" in headers:
        return _checked(_binary(headers, kind, body))
    if is_json(kind):
        value = parse_body(body)
        return [_checked(event) for event in value] if isinstance(value, list) else _checked(value)
    raise UnsupportedMediaType("no CloudEvent: neither the content type nor ce- headers say so")


def media_type(headers: Mapping[str, str]) -> str:
    """The content type without its parameters, in small letters; empty when there is none."""
    return headers.get("content-type", "").partition(";")[0].strip(" \t").lower()


def is_json(kind: str) -> bool:
    """Whether a media type is JSON. No type at all is taken for JSON: many senders forget it."""
    return kind in ("", "application/json", "text/json") or kind.endswith("+json")


def allow_origin(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers that answer the OPTIONS handshake (http-webhook.md, section 4)."""
    origin = headers.get("webhook-request-origin")
    if not origin:
        return {"allow": "POST"}
    return {"allow": "POST", "webhook-allowed-origin": origin, "webhook-allowed-rate": "*"}


def _binary(headers: Mapping[str, str], kind: str, body: bytes) -> dict[str, JSON]:
    event: dict[str, JSON] = {
        name[3:]: unquote(value.strip('"'), errors="replace")
        for name, value in headers.items()
        if name.startswith("ce-")
    }
    if not body:
        return event
    if kind:
        event["datacontenttype"] = headers["content-type"]
    if is_json(kind):
        event["data"] = parse_body(body)
        return event
    try:
        event["data"] = body.decode().replace("\0", "\ufffd")
    except UnicodeDecodeError:
        event["data_base64"] = base64.b64encode(body).decode()
    return event


def _checked(event: JSON) -> JSON:
    if not isinstance(event, dict):
        raise Malformed("a CloudEvent is a JSON object")
    version = event.get("specversion")
    if not isinstance(version, str) or not version.startswith("1."):
        raise Malformed("the CloudEvent's specversion is not 1.x")
    for name in _REQUIRED:
        if not isinstance(event.get(name), str) or not event[name]:
            raise Malformed(f"the CloudEvent has no {name}")
    return event
