"""Comments of tickets: written to Jira, by Jira's ids, and relabelled for whoever looks."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from tests.api.conftest import World
from tests.api.test_tickets import BASE, MOMENT, create, data, in_jira, key_for
from tests.connectors.conftest import set_faults

TEXT = "Confirmed on staging — escalating to high."


async def comment(
    world: World, ticket: Any, text: Any = TEXT, role: str = "operator", **more: Any
) -> Any:
    path = f"{BASE}/{ticket['id']}/comments"
    return await world.ask("POST", path, role, json={"comment": text}, **more)


def path_of(ticket: Any, comment_id: Any) -> str:
    return f"{BASE}/{ticket['id']}/comments/{comment_id}"


async def test_documented_comment_is_written_edited_and_deleted(world: World) -> None:
    ticket = await create(world)
    answer = await comment(world, ticket)
    assert answer.status_code == 201
    made = answer.json()["data"]
    assert set(made) == {"id", "author", "body", "created", "updated"}
    assert (made["author"], made["body"]) == ("You", TEXT)
    assert MOMENT.fullmatch(made["created"])
    in_issue = world.sandbox.state.issues[ticket["jira_issue_key"]].comments
    assert [(one.id, one.body) for one in in_issue.values()] == [(made["id"], TEXT)]
    path = path_of(ticket, made["id"])
    edited = await world.ask("PUT", path, "operator", json={"comment": "Seen again"})
    assert edited.status_code == 200
    value = edited.json()["data"]
    assert (value["id"], value["author"], value["body"]) == (made["id"], "You", "Seen again")
    assert value["updated"] >= value["created"] == made["created"]
    gone = await world.ask("DELETE", path, "operator")
    assert gone.json() == {"success": True, "data": {"message": "Comment deleted successfully"}}
    assert in_issue == {}
    assert (await world.ask("DELETE", path, "operator")).status_code == 404


@pytest.mark.parametrize(
    "text",
    [
        "{code} [~admin] *b* _i_ -s- \\ back || a | b !x.png! h1. x",
        "h1. line\n* item\n# number\nbq. quote\n----\n\nparagraph",
        "&amp; &#92; \\\\ :D (!) snake_case https://x.example/a_b?c=d",
        "\U0001f600 \u202e right to left",
    ],
)
async def test_comment_is_shown_as_it_was_written(world: World, text: str) -> None:
    ticket = await create(world)
    made = (await comment(world, ticket, text)).json()["data"]
    assert made["body"] == text
    assert (await data(world, f"/{ticket['id']}"))["comments"] == [made]


async def test_comments_written_in_jira_are_shown_as_their_words(world: World) -> None:
    ticket = await create(world)
    key = ticket["jira_issue_key"]
    await in_jira(world, "POST", f"/issue/{key}/comment", json={"body": "*Fixed* in \\_v2_"})
    (shown,) = (await data(world, f"/{ticket['id']}"))["comments"]
    assert (shown["author"], shown["body"]) == ("Admin", "Fixed in _v2_")


async def test_authors_are_relabelled_for_the_viewer(world: World) -> None:
    alice = await key_for(world, "alice", "operator")
    ticket = (await world.client.post(BASE, json={"summary": "x"}, headers=alice)).json()["data"]
    path = f"{BASE}/{ticket['id']}"
    for text, headers in (
        ("by alice", alice),
        ("by an admin", {"x-api-key": world.keys["default/admin"]}),
    ):
        await world.client.post(f"{path}/comments", json={"comment": text}, headers=headers)
    await in_jira(
        world, "POST", f"/issue/{ticket['jira_issue_key']}/comment", json={"body": "by support"}
    )

    async def authors(headers: dict[str, str]) -> list[str]:
        shown = (await world.client.get(path, headers=headers)).json()["data"]["comments"]
        return [one["author"] for one in shown]

    assert await authors(alice) == ["You", "Admin", "Admin"]
    assert await authors({"x-api-key": world.keys["default/admin"]}) == ["User", "You", "Admin"]
    other = await key_for(world, "root", "admin")
    assert await authors(other) == ["User", "Admin", "Admin"]
    second_key = await key_for(world, "alice", "viewer")
    assert await authors(second_key) == ["You", "Admin", "Admin"]


@pytest.mark.parametrize(
    "body",
    [
        {}, {"comment": ""}, {"comment": "  \n"}, {"comment": None}, {"comment": 7},
        {"comment": ["x"]}, {"comment": "x" * 32_768}, {"comment": "x", "author": "You"},
        {"body": "x"}, [], "x",
    ],
)  # fmt: skip
async def test_words_that_cannot_be_used_are_422(world: World, body: Any) -> None:
    ticket = await create(world)
    made = (await comment(world, ticket)).json()["data"]
    for method, path in (("POST", f"{BASE}/{ticket['id']}/comments"),
                         ("PUT", path_of(ticket, made["id"]))):  # fmt: skip
        answer = await world.ask(method, path, "operator", json=body)
        assert answer.status_code == 422
        assert answer.json()["details"]
    assert len((await data(world, f"/{ticket['id']}"))["comments"]) == 1


async def test_comments_of_other_tickets_are_not_there(world: World) -> None:
    one, two = await create(world), await create(world, {"summary": "two"})
    made = (await comment(world, one)).json()["data"]
    for id_ in (made["id"], "999999", "x", "-1", "1%2F..%2F2", "%D9%A3", "0"):
        for method in ("PUT", "DELETE"):
            body = {"comment": "mine"} if method == "PUT" else None
            answer = await world.ask(method, path_of(two, id_), "admin", json=body)
            assert answer.status_code == 404, (method, id_)
    assert (await data(world, f"/{one['id']}"))["comments"][0]["body"] == TEXT


async def test_others_comments_are_for_admins_to_change(world: World) -> None:
    ticket = await create(world)
    key = ticket["jira_issue_key"]
    by_admin = (await comment(world, ticket, role="admin")).json()["data"]["id"]
    in_issue = await in_jira(world, "POST", f"/issue/{key}/comment", json={"body": "support"})
    own = (await comment(world, ticket)).json()["data"]["id"]
    for id_ in (by_admin, in_issue["id"]):
        path = path_of(ticket, id_)
        refused = await world.ask("PUT", path, "operator", json={"comment": "mine"})
        assert refused.status_code == 403
        assert refused.json()["success"] is False
        assert (await world.ask("DELETE", path, "operator")).status_code == 403
    for id_ in (own, in_issue["id"]):
        changed = await world.ask("PUT", path_of(ticket, id_), json={"comment": "mended"})
        assert changed.status_code == 200
        assert (await world.ask("DELETE", path_of(ticket, id_))).status_code == 200


@pytest.mark.parametrize(
    "faults", [{"lost_answer": "next:1"}, {"5xx": "after:next:1"}, {"lost_answer": "next:2"}]
)
async def test_comment_whose_answer_was_lost_is_there_once(
    world: World, faults: dict[str, str]
) -> None:
    ticket = await create(world)
    set_faults(world.sandbox, **faults)
    assert (await comment(world, ticket)).status_code == 201
    assert len((await data(world, f"/{ticket['id']}"))["comments"]) == 1


async def test_author_is_known_though_the_answer_was_lost_for_good(world: World) -> None:
    ticket = await create(world)
    set_faults(world.sandbox, lost_answer="next:1", **{"5xx": "before:every:2"})
    assert (await comment(world, ticket)).status_code == 503
    set_faults(world.sandbox)
    (shown,) = (await data(world, f"/{ticket['id']}"))["comments"]
    assert (shown["author"], shown["body"]) == ("You", TEXT)
    edited = await world.ask(
        "PUT", path_of(ticket, shown["id"]), "operator", json={"comment": "mine"}
    )
    assert edited.json()["data"]["author"] == "You"


async def test_edit_and_delete_bear_lost_answers(world: World) -> None:
    ticket = await create(world)
    made = (await comment(world, ticket)).json()["data"]
    path = path_of(ticket, made["id"])
    set_faults(world.sandbox, lost_answer="next:1")
    edited = await world.ask("PUT", path, "operator", json={"comment": "new"})
    assert edited.json()["data"]["body"] == "new"
    set_faults(world.sandbox, lost_answer="next:1")
    assert (await world.ask("DELETE", path, "operator")).status_code == 200
    assert (await data(world, f"/{ticket['id']}"))["comments"] == []


async def test_many_comments_at_once_keep_the_pace_of_one_issue(world: World) -> None:
    """Jira takes 20 writes in 2 seconds to one issue and answers 429 beyond."""
    ticket = await create(world)
    set_faults(world.sandbox, per_issue_429="on")
    answers = await asyncio.gather(*(comment(world, ticket, f"c{n}") for n in range(12)))
    assert {one.status_code for one in answers} == {201}
    shown = (await data(world, f"/{ticket['id']}"))["comments"]
    assert {one["body"] for one in shown} == {f"c{n}" for n in range(12)}
