"""Attachments of tickets: checked, streamed up, and passed on so that nothing in them runs."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.api.conftest import World
from tests.api.files import GOOD, HTML, OF_NO_KIND, PNG, SPOOFED, SVG_WITH_SCRIPT
from tests.api.test_tickets import BASE, MOMENT, create, data, key_for
from tests.connectors.conftest import set_faults

LIMIT = 10 * 1024 * 1024


async def upload(
    world: World, ticket: Any, name: str = "xss-poc.png", content: bytes = PNG, **more: Any
) -> httpx.Response:
    path = f"{BASE}/{ticket['id']}/attachments"
    files = more.pop("files", {"file": (name, content)})
    return await world.ask("POST", path, more.pop("role", "operator"), files=files, **more)


async def preview(world: World, ticket: Any, id_: Any, role: str = "viewer") -> httpx.Response:
    return await world.ask("GET", f"{BASE}/{ticket['id']}/attachments/{id_}/preview", role)


def in_issue(world: World, ticket: Any) -> list[Any]:
    return list(world.sandbox.state.issues[ticket["jira_issue_key"]].attachments.values())


async def test_documented_upload_is_attached_to_the_issue(world: World) -> None:
    alice = await key_for(world, "alice", "operator")
    ticket = (await world.client.post(BASE, json={"summary": "x"}, headers=alice)).json()["data"]
    answer = await world.client.post(
        f"{BASE}/{ticket['id']}/attachments", headers=alice, files={"file": ("xss-poc.png", PNG)}
    )
    assert answer.status_code == 201
    made = answer.json()["data"]
    (file,) = in_issue(world, ticket)
    assert file.content == PNG
    assert MOMENT.fullmatch(made["created"])
    assert made == {
        "id": file.id,
        "filename": "xss-poc.png",
        "mime_type": "image/png",
        "size": len(PNG),
        "author": "alice",
        "created": made["created"],
    }
    shown = (await world.client.get(f"{BASE}/{ticket['id']}", headers=alice)).json()["data"]
    assert shown["attachments"] == [made]


@pytest.mark.parametrize("name", GOOD)
async def test_each_kind_is_taken_and_passed_on_inline(world: World, name: str) -> None:
    content, media_type = GOOD[name]
    ticket = await create(world)
    answer = await upload(world, ticket, name, content)
    assert answer.status_code == 201, answer.text
    shown = await preview(world, ticket, answer.json()["data"]["id"], "operator")
    assert shown.status_code == 200
    assert shown.content == content
    assert shown.headers["content-type"] == media_type
    assert shown.headers["content-disposition"].startswith("inline; filename=")
    assert "x-request-id" in shown.headers


@pytest.mark.parametrize("name", [*SPOOFED, *OF_NO_KIND])
async def test_spoofed_or_unknown_file_is_400(world: World, name: str) -> None:
    ticket = await create(world)
    answer = await upload(world, ticket, name, {**SPOOFED, **OF_NO_KIND}[name])
    assert answer.status_code == 400
    assert answer.json()["success"] is False
    assert answer.json()["requestId"]
    assert in_issue(world, ticket) == []


@pytest.mark.parametrize(
    "files",
    [
        {"attachment": ("a.png", PNG)},
        {"file": (None, PNG)},
        [("file", ("a.png", PNG)), ("file", ("b.png", PNG))],
        [("file", ("a.png", PNG)), ("other", (None, b"x"))],
        {"file\x00": ("a.png", PNG)},
    ],
)
async def test_form_that_is_no_single_file_is_422(world: World, files: Any) -> None:
    ticket = await create(world)
    answer = await upload(world, ticket, files=files)
    assert answer.status_code == 422
    assert answer.json()["details"][0]["loc"] == ["body", "file"]
    assert in_issue(world, ticket) == []


@pytest.mark.parametrize(
    ("kind", "content", "status"),
    [
        ("application/json", b"{}", 415),
        ("image/png", PNG, 415),
        ("", PNG, 415),
        ("multipart/form-data", b"x", 422),
        ("multipart/form-data; boundary=b", b"", 422),
        ("multipart/form-data; boundary=b", b"--b\r\nno header", 422),
        ("multipart/form-data; boundary=" + "b" * 500, b"--b", 422),
        ("multipart/form-data; boundary=b; charset=no-such", b"--b--\r\n", 422),
        ("multipart/form-data; boundary=b",
         b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n' + PNG,
         422),
    ],
)  # fmt: skip
async def test_body_that_is_no_form_is_told_so(
    world: World, kind: str, content: bytes, status: int
) -> None:
    ticket = await create(world)
    path = f"{BASE}/{ticket['id']}/attachments"
    answer = await world.ask(
        "POST", path, "operator", content=content, headers={"content-type": kind}
    )
    assert answer.status_code == status, answer.text
    assert in_issue(world, ticket) == []


async def test_ten_megabytes_are_taken_and_one_byte_more_is_413(world: World) -> None:
    ticket = await create(world)
    whole = PNG + b"\0" * (LIMIT - len(PNG))
    assert (await upload(world, ticket, "a.png", whole)).status_code == 201
    answer = await upload(world, ticket, "a.png", whole + b"\0")
    assert answer.status_code == 413
    assert "10 MB" in answer.json()["error"]
    assert len(in_issue(world, ticket)) == 1


async def test_too_much_is_refused_before_it_has_come(world: World) -> None:
    ticket = await create(world)
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        yield b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
        for _ in range(1000):
            sent += 1
            yield b"\0" * 1024 * 1024

    path = f"{BASE}/{ticket['id']}/attachments"
    headers = {"content-type": "multipart/form-data; boundary=b"}
    answer = await world.ask("POST", path, "operator", content=endless(), headers=headers)
    assert answer.status_code == 413
    assert sent <= 1000  # httpx's own transport reads it all; the server test sees it refused


async def test_announced_length_is_refused_at_once(world: World) -> None:
    ticket = await create(world)
    path = f"{BASE}/{ticket['id']}/attachments"
    headers = {"content-type": "multipart/form-data; boundary=b", "content-length": "99999999"}
    answer = await world.ask("POST", path, "operator", content=b"--b", headers=headers)
    assert answer.status_code == 413


@pytest.mark.parametrize("name", ["b.svg", "a.pdf", "a.png"])
async def test_nothing_in_a_preview_can_run(world: World, name: str) -> None:
    ticket = await create(world)
    made = (await upload(world, ticket, name, GOOD[name][0])).json()["data"]
    shown = await preview(world, ticket, made["id"], "operator")
    policy = shown.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert policy.rstrip().endswith("sandbox")
    assert "script" not in policy
    assert "allow" not in policy
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert shown.headers["cache-control"] == "no-store"


async def test_file_of_another_kind_from_jira_is_offered_for_download(world: World) -> None:
    ticket = await create(world)
    async with httpx.AsyncClient(auth=("anna@sandbox.example", "x")) as client:
        for name, content in (("evil.html", HTML), ("b.svg", SVG_WITH_SCRIPT)):
            sent = await client.post(
                f"{world.sandbox.jira_url}/rest/api/2/issue/{ticket['jira_issue_key']}/attachments",
                files={"file": (name, content, "text/html")},
                headers={"x-atlassian-token": "no-check"},
            )
            assert sent.status_code == 200
    page, picture = (await data(world, f"/{ticket['id']}"))["attachments"]
    assert page["author"] == "Anna Example (sandbox)"
    shown = await preview(world, ticket, page["id"], "operator")
    assert shown.headers["content-type"] == "application/octet-stream"
    assert shown.headers["content-disposition"].startswith("attachment;")
    shown = await preview(world, ticket, picture["id"], "operator")
    assert shown.headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ('a".png', "a_22.png"),
        ("../../etc/a.png", "a.png"),
        ("C:\\x\\a.png", "a.png"),
        ("a\r\nset-cookie: x.png", None),
        ("påse 日本.png", "påse 日本.png"),
        ("x" * 300 + ".png", None),
    ],
)
async def test_odd_names_do_no_harm(world: World, name: str, kept: str | None) -> None:
    ticket = await create(world)
    answer = await upload(world, ticket, name)
    if answer.status_code == 400:
        assert kept is None
        return
    made = answer.json()["data"]
    assert kept in (None, made["filename"])
    assert "/" not in made["filename"]
    shown = await preview(world, ticket, made["id"], "operator")
    assert shown.status_code == 200
    header = shown.headers["content-disposition"]
    assert header.isascii()
    assert header.count('"') == 2
    assert "set-cookie" not in shown.headers


async def test_files_of_other_tickets_are_not_there(world: World) -> None:
    one, two = await create(world), await create(world, {"summary": "two"})
    made = (await upload(world, one)).json()["data"]
    for id_ in (made["id"], "999999", "x", "-1", "%D9%A3", "0"):
        answer = await preview(world, two, id_, "admin")
        assert answer.status_code == 404, id_
        assert answer.json()["success"] is False
    assert (await preview(world, one, made["id"], "admin")).status_code == 200
    assert (await preview(world, one, made["id"], "viewer")).status_code == 404  # not its user's


@pytest.mark.parametrize("faults", [{"lost_answer": "next:1"}, {"5xx": "after:next:1"}])
async def test_upload_whose_answer_was_lost_is_there_once(
    world: World, faults: dict[str, str]
) -> None:
    ticket = await create(world)
    assert (await upload(world, ticket)).status_code == 201
    if "5xx" in faults:
        faults = {"5xx": "after:every:2"}  # the first request reads what is there already
    set_faults(world.sandbox, **faults)
    answer = await upload(world, ticket)
    set_faults(world.sandbox)
    assert answer.status_code == 201
    assert len(in_issue(world, ticket)) == 2
    assert answer.json()["data"]["id"] == in_issue(world, ticket)[1].id


async def test_preview_that_jira_does_not_give_is_503(world: World) -> None:
    ticket = await create(world)
    made = (await upload(world, ticket)).json()["data"]
    set_faults(world.sandbox, **{"5xx": "on"})
    answer = await preview(world, ticket, made["id"], "operator")
    assert answer.status_code == 503
    assert answer.json()["success"] is False
