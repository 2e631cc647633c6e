"""The documents' examples: told word for word, and answered in their shape when they are sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bridge.web.api import documented
from tests.api.conftest import World
from tests.api.files import PNG
from tests.api.test_remediation import SCAN
from tests.api.test_tickets import BASE, MOMENT, key_for, move

SEEDS = Path(__file__).resolve().parents[2] / "../shared/seeds"


def objects_in(text: str) -> Iterator[Any]:
    """Every JSON object of a text, the outer ones."""
    decoder, at = json.JSONDecoder(), 0
    while (at := text.find("{", at)) >= 0:
        try:
            found, at = decoder.raw_decode(text, at)
        except ValueError:
            at += 1
        else:
            yield found


def values_of(examples: Any) -> Iterator[Any]:
    """What is told as an example anywhere in the description."""
    if isinstance(examples, dict):
        for name, inner in examples.items():
            if name == "examples" and isinstance(inner, dict):
                yield from (one["value"] for one in inner.values())
            else:
                yield from values_of(inner)


HOW_MANY = {"000": 1, "001": 7, "002": 2, "003": 4, "004": 2}
"""The JSON objects in each document."""


@pytest.mark.parametrize("seed", HOW_MANY)
async def test_every_example_of_the_documents_is_told(world: World, seed: str) -> None:
    found = sorted(SEEDS.glob(f"{seed}_*.txt"))
    if not found:
        pytest.skip(f"document {seed} is not beside this checkout")
    wanted = list(objects_in(found[0].read_text("utf-8")))
    assert len(wanted) == HOW_MANY[seed]
    told = list(values_of((await world.client.get("/openapi.json")).json()["paths"]))
    for one in wanted:
        assert one in told, one


async def test_documented_push_is_answered_as_documented(world: World) -> None:
    await world.event("scan.finished", SCAN)
    path = "/tenant/scans/scan_1/integrations/push"
    answer = await world.ask("POST", path, "operator", json=documented.PUSH)
    assert answer.status_code == 200
    assert set(answer.json()) == {"ticketId", "provider"}


async def test_documented_ticket_calls_are_answered_as_documented(world: World) -> None:
    mine = await key_for(world, "alice", "operator", "alice@example.com")
    client = world.client
    client.headers.update(mine)
    made = await client.post(BASE, json=documented.TICKET_WANTED)
    assert made.status_code == 201
    assert differences(documented.TICKET_MADE, made.json()) == []
    path = f"{BASE}/{made.json()['data']['id']}"
    comment = await client.post(f"{path}/comments", json=documented.COMMENT)
    file = await client.post(f"{path}/attachments", files={"file": ("xss-poc.png", PNG)})
    assert (comment.status_code, file.status_code) == (201, 201)
    await move(world, made.json()["data"]["jira_issue_key"])
    read = await client.get(path)
    assert read.status_code == 200
    assert differences(documented.TICKET_READ, read.json()) == []
    assert read.json()["data"]["comments"] == [comment.json()["data"]]
    assert read.json()["data"]["attachments"] == [file.json()["data"]]
    synced = await client.post(f"{path}/sync")
    assert synced.status_code == 200
    (difference,) = differences(documented.TICKET_SYNCED, synced.json())
    assert difference == ".data.status: 'In Progress'"  # there is nobody who would end it
    comment_path = f"{path}/comments/{comment.json()['data']['id']}"
    changed = await client.put(comment_path, json=documented.COMMENT)
    assert (changed.status_code, set(changed.json()["data"])) == (200, set(comment.json()["data"]))
    assert (await client.delete(comment_path)).json() == documented.COMMENT_DELETED
    assert (await client.delete(path)).json() == documented.TICKET_DELETED


def differences(documented: Any, answered: Any, where: str = "") -> list[str]:
    """What an answer lacks, or has of another kind, against the document's."""
    if isinstance(documented, dict):
        if not isinstance(answered, dict):
            return [where]
        return [
            line
            for name, inner in documented.items()
            for line in differences(inner, answered.get(name, differences), f"{where}.{name}")
        ]
    if isinstance(documented, list):
        if not isinstance(answered, list) or len(answered) != len(documented):
            return [where]
        return [
            line
            for inner, other in zip(documented, answered, strict=True)
            for line in differences(inner, other, f"{where}[]")
        ]
    same = type(documented) is type(answered)
    if same and isinstance(documented, str):
        if MOMENT.fullmatch(documented):
            same = bool(MOMENT.fullmatch(answered))
        elif where.rpartition(".")[2] not in FREE:
            same = documented == answered
    return [] if same else [f"{where}: {answered!r}"]


FREE = {"id", "jira_issue_key", "jira_issue_id", "assigned_to", "body"}
"""Texts that are others in each installation."""
