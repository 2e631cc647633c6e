"""Pushes to GitHub and Linear: one ticket for each finding and provider, whatever goes wrong."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from markdown_it import MarkdownIt

from bridge.sandbox.github.state import GitHubState
from bridge.sandbox.linear.state import LinearState
from tests.api.conftest import World
from tests.api.test_remediation import PUSH, SCAN, made
from tests.connectors.conftest import set_faults

PROVIDERS = ("github", "linear")
OTHERS = """
  - name: github
    type: github
    base_url: "{base}/github"
    auth: {{token: made-up-github-token-0001}}
    repository: sandbox/shop
  - name: linear
    type: linear
    base_url: "{base}/linear"
    auth: {{api_key: lin_api_made_up_key_0001}}
    team: ENG
"""


@pytest.fixture
def more_integrations() -> str:
    return OTHERS


@pytest.fixture
async def scanned(world: World) -> World:
    await world.event("scan.finished", SCAN)
    return world


async def push(world: World, provider: str, item: str = "rem_001") -> httpx.Response:
    body = {"remediationId": item, "provider": provider}
    return await world.ask("POST", PUSH, "operator", json=body)


def tickets(world: World, provider: str) -> list[tuple[str, str]]:
    """Key and title of all that there are."""
    state: Any = world.sandbox.app.neighbours[provider].state
    if provider == "github":
        assert isinstance(state, GitHubState)
        return [(f"sandbox/shop#{one.number}", one.title) for one in state.issues.values()]
    assert isinstance(state, LinearState)
    return [(one.identifier, one.title) for one in state.issues.values()]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_push_makes_one_ticket_and_gives_it_again(scanned: World, provider: str) -> None:
    first = await push(scanned, provider)
    assert first.status_code == 200
    ((key, title),) = tickets(scanned, provider)
    assert first.json() == {"ticketId": key, "provider": provider}
    assert title == "[high] RSA-1024 certificate {code}"
    assert (await push(scanned, provider)).json() == first.json()
    assert len(tickets(scanned, provider)) == 1
    assert made(scanned) == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_pushes_at_once_make_one_ticket_though_answers_are_lost(
    world: World, provider: str
) -> None:
    findings = [{"id": f"f{number}", "title": f"t{number}"} for number in range(len(FAULTS))]
    await world.event("scan.finished", {**SCAN, "findings": findings})
    for number, faults in enumerate(FAULTS):
        set_faults(world.sandbox, **faults)
        answers = await asyncio.gather(*(push(world, provider, f"f{number}") for _ in range(6)))
        assert {one.status_code for one in answers} <= {200, 503}
        set_faults(world.sandbox)
        last = await push(world, provider, f"f{number}")
        (key,) = (key for key, title in tickets(world, provider) if title.endswith(f"t{number}"))
        assert last.json()["ticketId"] == key, faults
        assert {one.json()["ticketId"] for one in answers if one.status_code == 200} <= {key}


FAULTS: tuple[dict[str, str], ...] = (
    {},
    {"lost_answer": "next:1"},
    {"lost_answer": "next:2", "index_lag": "600"},
    {"5xx": "after:next:2"},
    {"5xx": "before:next:1", "lost_answer": "next:1"},
)


async def test_each_provider_has_a_ticket_of_its_own_and_all_are_shown(scanned: World) -> None:
    keys = [(await push(scanned, one)).json()["ticketId"] for one in ("jira", *PROVIDERS)]
    items = (await scanned.ask("GET", "/tenant/scans/scan_1/remediation")).json()["items"]
    shown = [(one["provider"], one["ticketId"]) for one in items[0]["tickets"]]
    assert shown == list(zip(("jira", *PROVIDERS), keys, strict=True))
    assert items[1]["tickets"] == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_scanner_s_words_are_no_markup_in_the_ticket(scanned: World, provider: str) -> None:
    hostile = "@everyone <img src=x onerror=alert(1)> [x](javascript:alert(1)) #1 \u202e"
    finding = {"id": "f", "title": hostile, "severity": "low", "description": hostile}
    await scanned.event("scan.finished", {**SCAN, "findings": [finding]})
    assert (await push(scanned, provider, "f")).status_code == 200
    state: Any = scanned.sandbox.app.neighbours[provider].state
    (issue,) = state.issues.values()
    written = issue.body if provider == "github" else issue.description
    read = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(written)
    pieces = [inner for block in read for inner in (block, *(block.children or ()))]
    markup = [one.content for one in pieces if one.type in ACTING]
    assert [one for one in markup if not one.startswith("<!-- scanbridge:")] == []
    words = "".join(one.content for one in pieces if one.type == "text")
    assert hostile[:-2] in words.replace("\u2060", "")  # between @ or # and what they would name


ACTING = {"html_block", "html_inline", "image", "link_open"}
