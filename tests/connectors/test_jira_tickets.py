"""What the tickets API does with a ticket: reads it, edits its comments, moves files, ends it."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator

import httpx
import pytest

from bridge.action import Call
from bridge.connectors.ask import BODY_LIMIT_BYTES, Incoming
from bridge.connectors.jira.closing import Closed, close_issue
from bridge.connectors.jira.files import (
    download_attachment,
    get_attachment,
    upload_attachment,
)
from bridge.connectors.jira.tickets import (
    add_comment,
    delete_comment,
    edit_comment,
    get_comment,
    get_issue,
    list_comments,
    myself,
)
from bridge.connectors.parameters import Comment
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.jira.attachments import LIMIT
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import (
    NOON,
    Moment,
    Opened,
    Recorder,
    Remote,
    open_connector,
    set_faults,
)

MARK = "mark-0000000001"


class Pieces(io.BytesIO):
    """A file that remembers how much of it was asked for at once."""

    most = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.most = max(self.most, len(piece))
        return piece


def comment_call(body: str, *, may_exist: bool = False) -> Call[Comment]:
    parameters = Comment.model_validate({"ticket": "SEC-1", "body": body})
    return Call("comment", parameters, MARK, may_exist, 1, NOON, NOON, "", "api")


async def joined(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def test_issue_is_read_with_its_state_comments_and_files(
    jira: Opened, sandbox: RunningSandbox
) -> None:
    await jira.run("update_ticket", {"ticket": "SEC-1", "assignee": "anna@sandbox.example"})
    await jira.run("comment", {"ticket": "SEC-1", "body": "first"})
    await jira.run("comment", {"ticket": "SEC-1", "body": "second"}, mark="mark-0000000002")
    await upload_attachment(jira.client, "SEC-1", "a.png", io.BytesIO(b"\x89PNG"), "image/png")
    issue = await get_issue(jira.client, "sec-1", comments=True)
    assert (issue.key, issue.status, issue.status_category, issue.done) == (
        "SEC-1",
        "To Do",
        "new",
        False,
    )
    assert issue.assignee is not None
    assert issue.assignee.name.startswith("Anna")
    assert issue.url.endswith("/browse/SEC-1")
    assert issue.created <= issue.updated == jira.clock.now
    assert [(one.body, one.mark) for one in issue.comments] == [
        ("first", MARK),
        ("second", "mark-0000000002"),
    ]
    (file,) = issue.attachments
    assert (file.filename, file.mime_type, file.size) == ("a.png", "image/png", 4)
    assert file.author == await myself(jira.client)


async def test_issue_without_comments_asked_for_costs_one_request_less(jira: Opened) -> None:
    await jira.client.facts()
    recorder = jira.http._transport
    assert isinstance(recorder, Recorder)
    recorder.requests.clear()
    assert (await get_issue(jira.client, "SEC-1")).comments == ()
    assert len(recorder.requests) == 1


async def test_missing_issue_gives_up_with_404(jira: Opened) -> None:
    with pytest.raises(GiveUp) as caught:
        await get_issue(jira.client, "SEC-9999")
    assert caught.value.status == 404


async def test_comment_is_added_edited_and_deleted(jira: Opened, state: JiraState) -> None:
    made, outcome = await add_comment(jira.client, comment_call("Seen"))
    assert (made.body, made.mark, outcome.found) == ("Seen", MARK, False)
    jira.clock.pass_seconds(60)
    edited, lost = await edit_comment(jira.client, "SEC-1", made.id, "Seen *twice* {code}")
    assert state.issues["SEC-1"].comments[made.id].body == "Seen _twice_ \\{code\\}"
    assert (edited.id, edited.mark, lost) == (made.id, MARK, ())
    assert edited.updated - edited.created == 60_000
    assert await get_comment(jira.client, "SEC-1", made.id) == edited
    assert await delete_comment(jira.client, "SEC-1", made.id)
    assert not await delete_comment(jira.client, "SEC-1", made.id)
    assert await list_comments(jira.client, "SEC-1") == ()


async def test_comment_whose_answer_was_lost_is_found_by_its_mark(jira: Opened) -> None:
    made, _ = await add_comment(jira.client, comment_call("Seen"))
    again, outcome = await add_comment(jira.client, comment_call("Seen", may_exist=True))
    assert outcome.found
    assert again == made


async def test_comment_of_another_ticket_is_not_there(jira: Opened) -> None:
    made, _ = await add_comment(jira.client, comment_call("Seen"))
    await jira.run("create_ticket")
    with pytest.raises(GiveUp) as caught:
        await edit_comment(jira.client, "SEC-2", made.id, "mine")
    assert caught.value.status == 404
    assert not await delete_comment(jira.client, "SEC-2", made.id)


@pytest.mark.parametrize("wrong", ["", "x", "1/../../2", "1?x=1", "٣"])
async def test_what_is_no_number_is_asked_of_nobody(wrong: str, jira: Opened) -> None:
    for asked in (
        edit_comment(jira.client, "SEC-1", wrong, "x"),
        delete_comment(jira.client, "SEC-1", wrong),
        get_comment(jira.client, "SEC-1", wrong),
        get_attachment(jira.client, wrong),
    ):
        with pytest.raises(GiveUp, match="expected a number") as caught:
            await asked
        assert caught.value.status == 404


async def test_comment_is_not_edited_to_nothing(jira: Opened) -> None:
    made, _ = await add_comment(jira.client, comment_call("Seen"))
    with pytest.raises(GiveUp, match="empty"):
        await edit_comment(jira.client, "SEC-1", made.id, " \n ")


async def test_file_goes_up_and_comes_down_in_pieces(jira: Opened, state: JiraState) -> None:
    data = bytes(range(256)) * 4096 * 9  # 9 MB
    file = Pieces(data)
    file.seek(100)
    made = await upload_attachment(jira.client, "SEC-1", "../x/y.pdf", file, "application/pdf")
    assert (made.filename, made.mime_type, made.size) == ("y.pdf", "application/pdf", len(data))
    assert state.attachments[made.id].content == data
    assert file.most <= 64 * 1024
    sizes: list[int] = []
    taken = bytearray()
    async with download_attachment(jira.client, made.id, "SEC-1") as content:
        assert content.file.filename == "y.pdf"
        async for piece in content.pieces:
            sizes.append(len(piece))
            taken += piece
    assert taken == data
    assert max(sizes) <= 64 * 1024


async def test_file_is_announced_with_its_length(jira: Opened) -> None:
    """Proxies before a Data Center refuse chunked uploads."""
    await upload_attachment(jira.client, "SEC-1", "a.txt", io.BytesIO(b"abc"), "text/plain")
    recorder = jira.http._transport
    assert isinstance(recorder, Recorder)
    sent = recorder.requests[-1]
    assert int(sent.headers["content-length"]) > 3
    assert "transfer-encoding" not in sent.headers


async def test_file_of_another_ticket_is_not_shown(jira: Opened) -> None:
    await jira.run("create_ticket")
    made = await upload_attachment(jira.client, "SEC-2", "a.txt", io.BytesIO(b"abc"))
    with pytest.raises(GiveUp) as caught:
        async with download_attachment(jira.client, made.id, "SEC-1"):
            pass
    assert caught.value.status == 404
    async with download_attachment(jira.client, made.id) as content:
        assert await joined(content.pieces) == b"abc"


async def test_file_that_is_too_large_is_refused_by_jira(jira: Opened) -> None:
    with pytest.raises(GiveUp) as caught:
        await upload_attachment(jira.client, "SEC-1", "a", io.BytesIO(b"x" * (LIMIT + 1)))
    assert caught.value.status == 413


async def test_lost_answer_to_an_upload_leaves_doubt(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, lost_answer="next:1")
    with pytest.raises(TryAgain) as caught:
        await upload_attachment(jira.client, "SEC-1", "a.txt", io.BytesIO(b"abc"))
    assert caught.value.may_have_happened
    assert len(state.issues["SEC-1"].attachments) == 1


async def test_download_that_breaks_off_is_to_be_tried_again(remote: Remote, clock: Moment) -> None:
    class Broken(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"first"
            raise httpx.ReadError("cut")

    def answer(request: httpx.Request) -> httpx.Response:
        if "/content/" in request.url.path:
            return httpx.Response(200, stream=Broken())
        if request.url.path.endswith("/serverInfo"):
            return httpx.Response(200, json={"deploymentType": "Cloud"})
        return httpx.Response(200, json={"id": 5, "filename": "a", "size": 10})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    with jira.http.trail() as trail:
        async with download_attachment(jira.client, "5") as content:
            assert await anext(content.pieces) == b"first"
            with pytest.raises(TryAgain, match="cut"):
                await anext(content.pieces)
    assert trail[-1].response == "(a file)"


async def test_download_may_be_larger_than_an_answer(remote: Remote, clock: Moment) -> None:
    size = BODY_LIMIT_BYTES + 1
    remote.answer = lambda _: httpx.Response(200, content=b"x" * size)
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    async with jira.client.site.stream("/x") as incoming:
        assert isinstance(incoming, Incoming)
        assert len(await joined(incoming.pieces)) == size


async def test_download_goes_to_no_other_host(remote: Remote, clock: Moment) -> None:
    headers = {"location": "https://elsewhere.example/a"}
    remote.answer = lambda _: httpx.Response(303, headers=headers)
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    with pytest.raises(GiveUp, match="another host"):
        async with jira.client.site.stream("/x"):
            pass
    assert len(remote.requests) == 1


async def test_refused_download_says_why(remote: Remote, clock: Moment) -> None:
    refusal: JSON = {"errorMessages": ["not for you"]}
    remote.answer = lambda _: httpx.Response(403, json=refusal)
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    with pytest.raises(GiveUp, match="answered 403: not for you"):
        async with jira.client.site.stream("/x"):
            pass


async def test_closing_goes_to_a_status_of_the_category_done(jira: Opened) -> None:
    assert await close_issue(jira.client, "SEC-1", MARK) == Closed("Done", found=False)
    assert (await get_issue(jira.client, "SEC-1")).done
    assert await close_issue(jira.client, "SEC-1", MARK) == Closed("Done", found=True)


async def test_closing_fills_in_the_resolution_that_the_screen_demands(
    jira: Opened, sandbox: RunningSandbox
) -> None:
    await jira.run("create_ticket")
    set_faults(sandbox, required_transition_field="resolution")
    await close_issue(jira.client, "SEC-1", MARK)
    assert (await get_issue(jira.client, "SEC-1")).resolution == "Done"
    await close_issue(jira.client, "SEC-2", MARK, resolution="won't do")
    assert (await get_issue(jira.client, "SEC-2")).resolution == "Won't Do"


async def test_closing_names_the_resolutions_that_there_are(jira: Opened) -> None:
    with pytest.raises(GiveUp, match="'Gone' is not allowed; allowed are: Done"):
        await close_issue(jira.client, "SEC-1", MARK, resolution="Gone")


async def test_closing_takes_the_way_whose_screen_asks_for_nothing(
    remote: Remote, clock: Moment
) -> None:
    asks = {"customfield_1": {"required": True, "name": "Cause"}}
    done = {"name": "Closed", "statusCategory": {"key": "done"}}
    ways = [
        {"id": "1", "name": "Close", "to": done, "fields": asks},
        {"id": "2", "name": "Reject", "to": {**done, "name": "Rejected"}, "fields": {}},
    ]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(204)
        if request.url.path.endswith("/transitions"):
            return httpx.Response(200, json={"transitions": ways})
        return httpx.Response(200, json={"fields": {"status": {"name": "Open"}}})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    assert (await close_issue(jira.client, "SEC-1", MARK)).status == "Rejected"
    assert b'{"id": "2"}' in remote.requests[-1].content
    ways.pop()
    with pytest.raises(GiveUp, match=r"customfield_1 \(Cause\)"):
        await close_issue(jira.client, "SEC-1", MARK)
    ways.clear()
    with pytest.raises(GiveUp, match="cannot be closed from 'Open'"):
        await close_issue(jira.client, "SEC-1", MARK)
