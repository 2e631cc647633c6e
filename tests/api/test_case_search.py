"""`GET /api/cases/_find`: filters, order, pages and counts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.conftest import World
from tests.api.test_cases import CASE, check_described, note, pushed

CASES: list[dict[str, Any]] = [
    {"id": "a", "title": "Weak cipher", "severity": "high", "tags": ["tls", "web"],
     "status": "open"},
    {"id": "b", "title": "Old cipher", "severity": "low", "tags": ["tls"], "status": "in-progress",
     "owner": "observability", "assignees": [{"uid": "u_1"}], "category": "network"},
    {"id": "c", "title": "Phishing", "severity": "critical", "tags": [], "status": "closed",
     "description": "A mail with a cipher in it", "created_by": {"username": "ann"},
     "closed_at": "2022-08-01T00:00:00Z"},
    {"id": "d", "title": "Open port", "status": "open", "created_at": "2026-11-17T00:00:00Z"},
]  # fmt: skip


async def tell_all(world: World) -> None:
    for place, case in enumerate(CASES):
        made = {"created_at": f"2022-07-0{place + 1}T00:00:00.000Z", "owner": "cases", **case}
        await world.event("case.created", made)


async def ids(world: World, **query: Any) -> list[str]:
    answer = await world.ask("GET", "/api/cases/_find", "viewer", params=query)
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["cases"]]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, "dcba"),
        ({"sortOrder": "asc"}, "abcd"),
        ({"status": "open"}, "da"),
        ({"severity": "low"}, "db"),
        ({"owner": "observability"}, "b"),
        ({"owner": ["cases", "observability"]}, "dcba"),
        ({"tags": "tls"}, "ba"),
        ({"tags": ["web", "none"]}, "a"),
        ({"reporters": "ann"}, "c"),
        ({"assignees": "u_1"}, "b"),
        ({"assignees": "none"}, "dca"),
        ({"category": "network"}, "b"),
        ({"search": "CIPHER"}, "cba"),
        ({"search": "old cipher", "defaultSearchOperator": "AND"}, "b"),
        ({"search": "cipher*", "searchFields": "title"}, "ba"),
        ({"search": "cipher", "searchFields": "description"}, "c"),
        ({"from": "2022-07-02", "to": "2022-07-03T00:00:00Z"}, "cb"),
        ({"from": "now-2d"}, "d"),
        ({"to": "now-30d/d"}, "cba"),
        ({"sortField": "title", "sortOrder": "asc"}, "bdca"),
        ({"sortField": "severity", "sortOrder": "asc"}, "bdac"),
        ({"sortField": "status", "sortOrder": "asc"}, "adbc"),
        ({"sortField": "closedAt"}, "cdba"),
        ({"sortField": "category"}, "bdca"),
        ({"sortField": "updatedAt", "sortOrder": "asc"}, "abcd"),
        ({"perPage": 2}, "dc"),
        ({"perPage": 2, "page": 2}, "ba"),
        ({"page": 9}, ""),
        ({"search": "nothing"}, ""),
    ],
)
async def test_cases_are_found(world: World, query: dict[str, Any], expected: str) -> None:
    await tell_all(world)
    assert "".join(await ids(world, **query)) == expected


async def test_counts_leave_the_status_that_was_asked_for_aside(world: World) -> None:
    await tell_all(world)
    answer = await world.ask("GET", "/api/cases/_find", params={"status": "open", "perPage": 1})
    found = answer.json()
    assert len(found.pop("cases")) == 1
    assert found == {
        "page": 1,
        "per_page": 1,
        "total": 2,
        "count_open_cases": 2,
        "count_in_progress_cases": 1,
        "count_closed_cases": 1,
    }


async def test_found_cases_come_without_comments_and_with_their_push(world: World) -> None:
    await world.event("case.created", {**CASE, "comments": [note(1), note(2)]})
    case = await pushed(world)
    answer = await world.ask("GET", "/api/cases/_find")
    check_described(answer, "GET", "/api/cases/_find")
    assert answer.json()["cases"] == [{**case, "comments": []}]
    answer = await world.ask("GET", f"/api/cases/{CASE['id']}?includeComments=false")
    assert answer.json() == {**case, "comments": []}


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"status": "shut"}, "status"),
        ({"severity": "worst"}, "severity"),
        ({"page": 0}, "page"),
        ({"page": "x"}, "page"),
        ({"perPage": 101}, "perPage"),
        ({"sortField": "id"}, "sortField"),
        ({"sortOrder": "down"}, "sortOrder"),
        ({"from": "yesterday"}, "from"),
        ({"to": "now+999999y"}, "to"),
        ({"searchFields": "tags"}, "searchFields"),
        ({"defaultSearchOperator": "XOR"}, "defaultSearchOperator"),
        ({"tags": ["t"] * 101}, "tags"),
        ({"search": "x" * 1025}, "search"),
        ({"search": "\0"}, "search"),
        ({"severty": "low"}, "severty"),
    ],
)
async def test_each_parameter_that_cannot_be_used_is_named(
    world: World, query: dict[str, Any], field: str
) -> None:
    answer = await world.ask("GET", "/api/cases/_find", params=query)
    assert (answer.status_code, answer.json()["statusCode"]) == (422, 422)
    assert field in answer.json()["message"]


@pytest.mark.parametrize("text", ["'; DROP TABLE cases", "%", "_", "\\", "𝒳\u202e", '"q z"', "()"])
async def test_hostile_words_are_words(world: World, text: str) -> None:
    await tell_all(world)
    for name in ("search", "tags", "reporters", "category"):
        found = await ids(world, **{name: text})
        assert found == ([] if name != "search" or text not in ("()",) else list("dcba"))
