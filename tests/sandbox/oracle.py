"""Answers held against the vendor's own OpenAPI description."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import httpx
import pytest
import requests
from openapi_core import Config, OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.templating.paths.exceptions import PathNotFound
from openapi_core.testing import MockRequest, MockResponse

SPECS = Path(__file__).resolve().parents[2] / "../shared/specs"


LISTS = (
    ("/api/2/issue/{issueIdOrKey}/attachments", "post"),
    ("/api/2/user/search", "get"),
    ("/api/2/issue/{issueIdOrKey}/remotelink", "get"),
    ("/rest/api/2/issue/{issueIdOrKey}/remotelink", "get"),
    ("/rest/api/3/issue/{issueIdOrKey}/remotelink", "get"),
)


class Oracle:
    """checked: how many answers satisfied the description, so that a test can tell it looked."""

    def __init__(self, description: dict[str, object]) -> None:
        self._description = description
        self._known: dict[str, OpenAPI] = {}
        self.checked = 0

    def _at(self, base: str) -> OpenAPI:
        if base not in self._known:
            place = {**self._description, "servers": [{"url": base}]}
            self._known[base] = OpenAPI.from_dict(place, config=Config(spec_validator_cls=None))
        return self._known[base]

    def check(
        self, base: str, method: str, url: str, status: int, headers: dict[str, str], body: bytes
    ) -> bool:
        """Raises AssertionError, saying where, when the answer is not as described.

        False for a path the description does not hold.
        """
        parts = urlsplit(url)
        request = MockRequest(
            f"{parts.scheme}://{parts.netloc}",
            method.lower(),
            parts.path,
            args=dict(parse_qsl(parts.query)),
        )
        kind = headers.get("content-type", "application/json").partition(";")[0]
        answer = MockResponse(body, status, headers=dict(headers), content_type=kind)
        try:
            self._at(base).validate_response(request, answer)
        except PathNotFound:
            return False
        except OpenAPIError as error:
            raise AssertionError(f"{method} {url} {status}: {_reason(error)}") from error
        self.checked += 1
        return True

    def check_httpx(self, base: str, answer: httpx.Response) -> bool:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        sent = answer.request
        return self.check(
            base, sent.method, str(sent.url), answer.status_code, headers, answer.content
        )

    def check_requests(self, base: str, answer: requests.Response) -> bool:
        headers = {name.lower(): value for name, value in answer.headers.items()}
        sent = answer.request
        return self.check(
            base,
            str(sent.method),
            str(sent.url),
            answer.status_code,
            headers,
            answer.content,
        )


def _reason(error: OpenAPIError) -> str:
    """The schema's own words and places, which openapi-core keeps in the cause."""
    found = getattr(error.__cause__, "schema_errors", ())
    return "; ".join(f"{one.json_path}: {one.message[:300]}" for one in found) or repr(error)


def oracle(name: str) -> Oracle:
    path = SPECS / name
    if not path.exists():
        pytest.skip(f"the vendor's description {name} is not here")
    description = json.loads(path.read_text(encoding="utf-8"))
    change = description["components"]["schemas"].get("ChangeDetails")
    if change:
        # The copy of v2 lost these two, which v3 has and every recorded changelog shows.
        change["properties"].setdefault("fromString", {"type": "string"})
        change["properties"].setdefault("toString", {"type": "string"})
    # One item is described where the text and every client have a list of them; remote links
    # are a list unless one is asked for by its globalId.
    for place, method in LISTS:
        content = description["paths"].get(place, {}).get(method, {})
        if content:
            content = content["responses"]["200"]["content"]["application/json"]
            one = content["schema"]
            many = {"type": "array", "items": one}
            content["schema"] = {"anyOf": [one, many]} if "remotelink" in place else many
    value = description["components"]["schemas"].get("EntityPropertyBean")
    if value:
        # Data Center's copy calls every property's value a string; its text says JSON.
        value["properties"]["value"] = {}
    return Oracle(description)
