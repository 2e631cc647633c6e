"""Every field of every operation, given what no caller should send: made from the description.

The description is the judge: what its schemas forbid has to be refused with the field's name, and
whatever is answered has to be among the answers it tells of, in their shape.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import quote

import httpx
import jsonschema_rs
import pytest

from bridge.web.api.operation import Operation
from bridge.web.api.progress import JOB_EXAMPLE
from tests.api.conftest import World
from tests.api.test_remediation import SCAN

Way: TypeAlias = "tuple[str | int, ...]"
"""Where a field is: names, and 0 for the first element of a list."""

MISSING = object()
TEXTS = (
    "", " ", "\t\n", "x" * 40_000, "a\u0000b", "\ud83d", "\udc00\ud800", "\u202egnp.exe",
    "e" + "\u0301" * 300, "\U0001f600" * 256, "\ufeff\u200b", "\r\nset-cookie: a=b",
    "' OR 1=1 --", "${{ now }}", "{{7*7}}", "%s%n%00", "../../etc/passwd",
    "<script>alert(1)</script>",
)  # fmt: skip
OTHERS: tuple[Any, ...] = (
    MISSING, None, True, 0, 7, -1, 1.5, 2**63, -(2**64), 10**400, 1e308, [], ["x"], [None],
    [[[]]], {}, {"x": 1}, {"": None}, {"__proto__": {"x": 1}},
)  # fmt: skip
IN_PATHS = (
    "%00", "%20", "%0A", "%0D%0Ax", "%E2%80%AE", "%F0%9F%98%80", "%ED%A0%80", "%FF%FE", "..%5C..",
    "-1", "0", "1e3", "9" * 40, "%D9%A3", "x" * 3000, "'%20OR%201=1", "%25s", "%7B%7D", "null",
)  # fmt: skip
SLOW = {"backtest_rules"}
"""Starts processes; it is only asked what it has to refuse."""
UNENDING = "/api/v1/stream"


@dataclass
class Asker:
    """Asks operations of a whole bridge, and judges their answers by its description."""

    world: World
    key: str
    described: dict[str, Any]
    there: dict[str, str]
    wrong: list[str] = field(default_factory=list)
    asked: int = 0
    validators: dict[str, jsonschema_rs.Draft202012Validator] = field(default_factory=dict)

    def schema(self, part: Any) -> jsonschema_rs.Draft202012Validator:
        """A part of the description, its references followed."""
        known = json.dumps(part)
        if known not in self.validators:
            whole = {**part, "components": self.described["components"]}
            self.validators[known] = jsonschema_rs.Draft202012Validator(whole)
        return self.validators[known]

    def path(self, one: Operation, **instead: str) -> str:
        """The operation's path, with things that are there."""
        values = {**self.there, **instead}
        return re.sub(r"\{(\w+)\}", lambda found: values[found.group(1)], one.path)

    async def ask(
        self, one: Operation, path: str, *, body: Any = MISSING, query: str = ""
    ) -> httpx.Response:
        self.asked += 1
        headers = {"x-api-key": self.key, "kbn-xsrf": "true"}
        content = None
        if body is not MISSING:
            content = json.dumps(body).encode()
            headers["content-type"] = "application/json"
        request = self.world.client.build_request(
            one.method, "http://bridge", headers=headers, content=content
        )
        target = f"{path}?{query}" if query else path
        request.url = httpx.URL(scheme="http", host="bridge", raw_path=target.encode())
        return await self.world.client.send(request)

    def judge(self, one: Operation, answer: httpx.Response, what: str) -> bool:
        """Whether an answer is one that the description tells of."""
        told = self.described["paths"][one.path][one.method.lower()]["responses"]
        where = f"{one.name}: {what[:120]}: {answer.status_code} {answer.text[:200]}"
        status = str(answer.status_code)
        if status not in told or answer.status_code == 500:
            self.wrong.append(where)
            return False
        content = told[status].get("content", {}).get("application/json", {})
        if "schema" in content:
            problems = list(self.schema(content["schema"]).iter_errors(answer.json()))
            self.wrong += [f"{where}: {problem.message[:200]}" for problem in problems[:1]]
        if answer.status_code >= 400:
            assert answer.json()["requestId"] == answer.headers["x-request-id"]
        return True


@pytest.fixture
async def asker(world: World) -> Asker:
    """With an event, a scan and a job that are there."""
    world.parts.closing.set()  # or the stream would not end
    key = await world.ask(
        "POST", "/api/v1/keys", json={"name": "x", "role": "admin", "per_minute": 1_000_000}
    )
    event = await world.event("scan.finished", SCAN)
    await world.ask("PUT", "/api/jobs/job_1", json=JOB_EXAMPLE)
    described = (await world.client.get("/openapi.json")).json()
    there = {
        "id": "999999",  # writes to one issue are paced; tests/api/test_tickets.py writes to some
        "commentId": "1",
        "attachmentId": "1",
        "scan_id": "scan_1",
        "job_id": "job_1",
        "event_id": event,
        "action_id": "act_1",
        "name": "tell.yaml",
        "key_id": "key_1",
        "integration_id": "int_1",
        "case_id": "case_1",
        "connector_id": "jira",
        "space_id": "default",
    }
    return Asker(world, key.json()["key"], described, there)


async def test_no_value_of_any_field_of_a_body_is_taken_wrongly_or_breaks_anything(
    asker: Asker,
) -> None:

    seen: set[Any] = set()
    for one in asker.world.parts.api.operations:
        if one.body is None or one.body in seen:
            continue
        seen.add(one.body)
        assert one.examples, f"{one.name} has a body and no example"
        schema = asker.described["paths"][one.path][one.method.lower()]["requestBody"]["content"]
        model = schema["application/json"]["schema"]
        allowed = asker.schema(model)
        example = max(one.examples.values(), key=lambda each: len(json.dumps(each)))
        for way in ways_of(model, asker.described, example):
            for value in (*OTHERS, *TEXTS):
                body = changed(example, way, value)
                fits = body is not MISSING and allowed.is_valid(as_text(body))
                if fits and one.name in SLOW:
                    continue
                answer = await asker.ask(one, asker.path(one), body=body)
                what = f"{way} = {value!r}"
                if not asker.judge(one, answer, what) or fits:
                    continue
                if answer.status_code != 422 and not (body is MISSING and one.body_optional):
                    asker.wrong.append(f"{one.name}: {what[:120]}: {answer.status_code}")
                elif way and value is not MISSING and str(way[-1]) not in answer.text:
                    asker.wrong.append(f"{one.name}: {what[:120]}: {answer.text[:200]}")
    assert not asker.wrong, f"{len(asker.wrong)}:\n" + "\n".join(asker.wrong[:40])
    assert len(seen) > 10
    assert asker.asked > 1000


def as_text(body: Any) -> Any:
    """Half surrogate pairs are no text; the judge takes none."""
    return json.loads(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))


def ways_of(
    model: Any, described: Any, example: Any, way: Way = (), deep: int = 0
) -> Iterator[Way]:
    """Every field of a model; those within lists and objects where the example has some."""
    yield way
    for schema in kinds_of(model, described):
        for name, inner in schema.get("properties", {}).items():
            value = example.get(name) if isinstance(example, dict) else None
            yield from ways_of(inner, described, value, (*way, name))
        if isinstance(schema.get("items"), dict) and isinstance(example, list) and example:
            yield from ways_of(schema["items"], described, example[0], (*way, 0))
        more = schema.get("additionalProperties")
        if isinstance(more, dict) and isinstance(example, dict) and example:
            name = next(iter(example))
            yield from ways_of(more, described, example[name], (*way, name))


def kinds_of(schema: Any, described: Any) -> Iterator[Any]:
    """A schema with its references followed and its alternatives apart."""
    if "$ref" in schema:
        schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    yield schema
    for word in ("anyOf", "oneOf", "allOf"):
        for inner in schema.get(word, ()):
            yield from kinds_of(inner, described)


def changed(example: Any, way: Way, value: Any) -> Any:
    """A copy of an example in which one field is the value, or is not there."""
    if not way:
        return value
    body = copy.deepcopy(example)
    place = body
    for step in way[:-1]:
        if isinstance(place, dict) and not isinstance(place.get(step), dict | list):
            place[step] = {}
        place = place[step]
    if value is not MISSING:
        place[way[-1]] = value
    elif isinstance(place, dict):
        place.pop(way[-1], None)
    else:
        del place[way[-1]]
    return body


async def test_no_value_in_a_path_breaks_anything(asker: Asker) -> None:
    for one in asker.world.parts.api.operations:
        body = next(iter(one.examples.values())) if one.examples else MISSING
        for name in one.parameters:
            for text in IN_PATHS:
                path = asker.path(one, **{name: text})
                answer = await asker.ask(one, path, body=body)
                asker.judge(one, answer, path)
    assert not asker.wrong, f"{len(asker.wrong)}:\n" + "\n".join(asker.wrong[:40])


async def test_no_value_in_a_query_breaks_anything(asker: Asker) -> None:
    for one in asker.world.parts.api.operations:
        if one.path == UNENDING:
            continue
        for parameter in asker.described["paths"][one.path][one.method.lower()]["parameters"]:
            if parameter["in"] != "query":
                continue
            allowed = asker.schema(parameter["schema"])
            for text in (*TEXTS, "-1", "0", "1.5", "9" * 30, "null", "true", "[]"):
                sent = quote(text[:3000].encode("utf-8", "surrogatepass"))
                query = f"{parameter['name']}={sent}"
                answer = await asker.ask(one, asker.path(one), query=query)
                if not asker.judge(one, answer, query) or answer.status_code != 200:
                    continue
                read = as_text(text[:3000])
                kinds = (read, [read], json.loads(text) if text in ("true", "0", "-1") else read)
                if not any(allowed.is_valid(value) for value in kinds):
                    asker.wrong.append(f"{one.name}: {query[:120]} was taken")
        answer = await asker.ask(one, asker.path(one), query="no_such_parameter=1")
        if asker.judge(one, answer, "an unknown parameter"):
            assert answer.status_code == 422, one.name
    assert not asker.wrong, f"{len(asker.wrong)}:\n" + "\n".join(asker.wrong[:40])
