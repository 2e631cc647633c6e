"""The vendors' own descriptions, as judges of what we send and of what the sandbox answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

SPECS = Path(__file__).resolve().parents[2] / "../shared/specs"
HOST = "https://api.example.com"


def read_spec(name: str) -> str:
    """The text of a description; skips the test where it is not beside this checkout."""
    path = SPECS / name
    if not path.exists():
        pytest.skip(f"{name} is not beside this checkout")
    return path.read_text(encoding="utf-8")


@cache
def openapi(name: str, change: Callable[[Any], None] | None = None) -> OpenAPI:
    """A description, its server replaced by the host of these tests."""
    document = json.loads(read_spec(name))
    document["servers"] = [{"url": HOST}]
    _mend(document)
    if change is not None:
        change(document)
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))


def as_described(request: httpx.Request, mount: str) -> MockRequest:
    """The request as it would be at the vendor's own address. mount: where the sandbox has it."""
    return MockRequest(
        HOST,
        request.method.lower(),
        request.url.raw_path.decode().partition("?")[0].removeprefix(mount),
        args=dict(request.url.params),
        headers=dict(request.headers),
        data=request.content or None,
        content_type=request.headers.get("content-type", "application/json").partition(";")[0],
    )


def check_requests(
    api: OpenAPI,
    requests: Iterable[httpx.Request],
    mount: str,
    not_described: Collection[tuple[str, str]] = (),
) -> set[tuple[str, str]]:
    """Raises for the first request that is not as described; gives what was looked at."""
    seen: set[tuple[str, str]] = set()
    for request in requests:
        call = (request.method, request.url.path.removeprefix(mount))
        if call not in not_described:
            api.validate_request(as_described(request, mount))
            seen.add(call)
    return seen


def answer_as_described(answer: httpx.Response) -> MockResponse:
    return MockResponse(answer.content, answer.status_code, content_type="application/json")


def _mend(part: Any) -> None:
    """`nullable` beside an `enum` without null means what it says, as every vendor answers.

    Headers of answers go: the copies have lost those whose name begins with `x-`.
    """
    if isinstance(part, dict):
        if "description" in part and isinstance(part.get("headers"), dict):
            del part["headers"]
        if part.get("nullable") is True and isinstance(part.get("enum"), list):
            part["enum"] = [*part["enum"], None]
        for inner in part.values():
            _mend(inner)
    elif isinstance(part, list):
        for inner in part:
            _mend(inner)
