"""A page's progress table and comments, against the sandbox over real HTTP."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from bridge.action import Call
from bridge.connectors.confluence.own_tables import anchor, table_name, with_rows
from bridge.connectors.confluence.table import update_pages
from bridge.connectors.parameters import UpdatePage
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.confluence.state import ConfluenceState, Page, check_body
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import (
    Moment,
    Opened,
    Recorder,
    Remote,
    open_connector,
    set_faults,
    until_done,
)
from tests.connectors.described import check_requests, openapi

KINDS: dict[str, dict[str, JSON]] = {
    "cloud-v2": {"deployment": "cloud"},
    "cloud-v1": {"deployment": "cloud", "api": "v1"},
    "data-center": {"deployment": "data-center"},
}
ID = "98305"
ROW: dict[str, JSON] = {
    "page": ID, "title": "a.example", "columns": ["Date", "High"], "row": ["2026-11-21", 3],
}  # fmt: skip


@pytest.fixture(params=KINDS)
async def confluence(
    request: pytest.FixtureRequest, sandbox: RunningSandbox, clock: Moment
) -> AsyncIterator[Opened]:
    options = {"base_url": f"{sandbox.base_url}/confluence", **KINDS[request.param]}
    opened = open_connector("confluence", Recorder(), clock, options)
    yield opened
    await opened.http.aclose()


@pytest.fixture
def page(sandbox: RunningSandbox) -> Page:
    state = sandbox.app.neighbours["confluence"].state
    assert isinstance(state, ConfluenceState)
    return state.pages[ID]


def cells(body: str) -> list[list[str]]:
    """What people read in the tables, row by row."""
    rows = re.findall(r"<tr>(.*?)</tr>", body)
    text = [re.findall(r"<t[dh]>(.*?)</t[dh]>", row) for row in rows]
    bare = r"<ac:structured-macro.*?</ac:structured-macro>|</?p>"
    return [[re.sub(bare, "", cell) for cell in row] for row in text]


async def test_first_row_makes_the_table_and_later_ones_join_it(
    confluence: Opened, page: Page
) -> None:
    before = page.body
    outcome = await confluence.run("update_page", ROW)
    assert page.body.startswith(before)
    assert "<strong>a.example</strong>" in page.body
    assert outcome.outputs["version"] == page.version == 2
    assert str(outcome.outputs["url"]).endswith(f"/pages/viewpage.action?pageId={ID}")
    later: dict[str, JSON] = {**ROW, "row": ["2026-11-22", 1]}
    await confluence.run("update_page", later, mark="mark-0000000002")
    assert cells(page.body) == [["Date", "High"], ["2026-11-21", "3"], ["2026-11-22", "1"]]
    assert page.body.count("<table>") == 1


async def test_another_title_is_another_table(confluence: Opened, page: Page) -> None:
    await confluence.run("update_page", ROW)
    await confluence.run("update_page", {**ROW, "title": "b.example"}, mark="mark-0000000002")
    assert page.body.count("<table>") == 2


async def test_row_that_is_there_is_not_added_again(confluence: Opened, page: Page) -> None:
    await confluence.run("update_page", ROW)
    again = await confluence.run("update_page", ROW)
    assert again.found
    assert page.version == 2


@pytest.mark.parametrize("fault", ["lost_answer", "5xx"])
@pytest.mark.parametrize("action", ["update_page", "comment"])
async def test_once_whatever_happens_to_the_answers(
    action: str, fault: str, confluence: Opened, page: Page, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, **{fault: "after:next:2" if fault == "5xx" else "next:2"})
    given: dict[str, JSON] = ROW if action == "update_page" else {"ticket": ID, "body": "**Seen**"}
    await until_done(confluence, action, given)
    if action == "comment":
        assert [one.body for one in page.comments] == [
            f"<p><strong>Seen</strong></p><p>{anchor('mark-0000000001')}</p>"
        ]
    else:
        assert len(cells(page.body)) == 2


@pytest.mark.parametrize(
    ("text_format", "body"),
    [
        ("wiki", "h2. Seen\n\n*twice* <b>"),
        ("adf", json.dumps({"version": 1, "type": "doc", "content": [
            {"type": "heading", "attrs": {"level": 2},
             "content": [{"type": "text", "text": "Seen"}]},
            {"type": "paragraph", "content": [
                {"type": "text", "text": "twice", "marks": [{"type": "strong"}]},
                {"type": "text", "text": " <b>"}]},
        ]})),
        ("markdown", "## Seen\n\n**twice** \\<b>"),
    ],
)  # fmt: skip
async def test_comment_may_be_written_in_any_markup(
    text_format: str, body: str, confluence: Opened, page: Page
) -> None:
    await confluence.run("comment", {"ticket": ID, "body": body, "format": text_format})
    (made,) = page.comments
    assert made.body.startswith("<h2>Seen</h2><p><strong>twice</strong> &lt;b&gt;</p>")


async def test_rows_of_several_calls_are_saved_as_one_version(
    confluence: Opened, page: Page
) -> None:
    def call(number: int) -> Call[UpdatePage]:
        given = UpdatePage.model_validate({**ROW, "row": [f"day {number}", number]})
        return Call("update_page", given, f"mark-000000001{number}", False, 1, 0, 0, "evt_1", "r")

    outcomes = await update_pages(confluence.client, [call(number) for number in range(3)])
    assert page.version == 2
    assert [row[0] for row in cells(page.body)] == ["Date", "day 0", "day 1", "day 2"]
    assert not any(one.found for one in outcomes)


class Racing(Recorder):
    """A person saves between our read and our write, so many times."""

    def __init__(self, page: Page, times: int) -> None:
        super().__init__()
        self.page, self.times = page, times

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.method == "PUT" and self.times:
            self.times -= 1
            self.page.bodies.append(f"{self.page.body}<p>by hand {self.times}</p>")
        return await super().handle_async_request(request)


@pytest.mark.parametrize("kind", KINDS)
async def test_conflict_is_read_again_and_what_people_wrote_stays(
    kind: str, sandbox: RunningSandbox, clock: Moment, page: Page
) -> None:
    options = {"base_url": f"{sandbox.base_url}/confluence", **KINDS[kind]}
    confluence = open_connector("confluence", Racing(page, 2), clock, options)
    await confluence.run("update_page", ROW)
    assert "<p>by hand 1</p><p>by hand 0</p>" in page.body
    assert len(cells(page.body)) == 2
    confluence.http._transport.times = 99  # type: ignore[union-attr]
    with pytest.raises(TryAgain, match="somebody else keeps saving this page"):
        await confluence.run("update_page", ROW, mark="mark-0000000002")
    await confluence.http.aclose()


async def test_two_at_the_same_moment_both_arrive(confluence: Opened, page: Page) -> None:
    await asyncio.gather(
        *(
            confluence.run("update_page", {**ROW, "row": [str(n), n]}, mark=f"mark-00000000{n:02}")
            for n in range(3)
        )
    )
    assert sorted(row[0] for row in cells(page.body)) == ["0", "1", "2", "Date"]


@pytest.mark.parametrize(
    "called",
    [
        "SEC:Scan results",
        "Scan results",
        f"https://x.atlassian.net/wiki/spaces/SEC/pages/{ID}/Scan+results",
        f"https://wiki.example.com/pages/viewpage.action?pageId={ID}",
    ],
)
async def test_page_is_found_by_title_and_address(
    called: str, confluence: Opened, page: Page
) -> None:
    outcome = await confluence.run("update_page", {**ROW, "page": called})
    assert outcome.outputs["page"] == ID
    assert page.version == 2


@pytest.mark.parametrize(
    ("called", "words"),
    [("SEC:Nothing", "there is no page 'Nothing'"), ("NO:x", "NO"), ("1", "404")],
)
async def test_page_that_is_not_there_is_told(called: str, words: str, confluence: Opened) -> None:
    with pytest.raises(GiveUp, match=words):
        await confluence.run("update_page", {**ROW, "page": called})


async def test_hostile_cells_never_break_the_page(confluence: Opened, page: Page) -> None:
    hostile = '</td></tr></table><ac:structured-macro ac:name="html">\n]]>&nbsp;"\x00|'
    given: dict[str, JSON] = {"page": ID, "title": hostile, "columns": [hostile], "row": [hostile]}
    await confluence.run("update_page", given)
    await confluence.run("update_page", given, mark="mark-0000000002")
    await confluence.run("comment", {"ticket": ID, "body": f"```\n{hostile}\n```"})
    check_body(page.body)
    assert page.body.count("<table>") == 1
    assert 'ac:name="html"' not in page.body
    assert len(cells(page.body)) == 3


async def test_check_of_a_sound_integration_finds_nothing_wrong(confluence: Opened) -> None:
    findings = await confluence.connector.check(confluence.client)
    assert all(one.ok for one in findings)
    assert findings[0].what == "credentials"


async def test_check_names_what_is_wrong(remote: Remote, clock: Moment) -> None:
    remote.answer = lambda _: httpx.Response(404, json={"message": "no such thing"})
    confluence = open_connector("confluence", httpx.MockTransport(remote), clock)
    (finding,) = await confluence.connector.check(confluence.client)
    assert (finding.ok, finding.hint) == (False, "check base_url, deployment and api")


REPORT: dict[str, JSON] = {"ticket": ID, "filename": "report.txt", "content": "one"}


@pytest.mark.parametrize("fault", ["lost_answer", "5xx"])
async def test_file_is_attached_once(
    fault: str, confluence: Opened, page: Page, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, **{fault: "after:next:2" if fault == "5xx" else "next:2"})
    await until_done(confluence, "attach", REPORT)
    (file,) = page.files
    assert (file.name, file.contents) == ("report.txt", [b"one"])


async def test_file_of_the_same_name_gets_a_new_version(confluence: Opened, page: Page) -> None:
    first = await confluence.run("attach", REPORT)
    second = await confluence.run("attach", {**REPORT, "content": "two"}, mark="mark-0000000002")
    (file,) = page.files
    assert file.contents == [b"one", b"two"]
    assert first.outputs == second.outputs == {"id": file.id}


async def test_every_request_is_one_that_confluence_describes(confluence: Opened) -> None:
    settings = confluence.client.settings
    await confluence.run("update_page", {**ROW, "page": "SEC:Scan results"})
    await confluence.run("comment", {"ticket": ID, "body": "b"}, may_exist=True)
    await confluence.connector.check(confluence.client)
    recorder = confluence.http._transport
    assert isinstance(recorder, Recorder)
    if settings.second:
        api, mount = openapi("confluence-cloud-v2.json"), "/confluence/wiki/api/v2"
    else:
        name = "confluence-cloud-v1.json" if settings.cloud else "confluence-dc-10.0.3.json"
        api, mount = openapi(name, without_security), "/confluence"
    root = "/wiki/rest/api" if settings.cloud else "/rest/api"
    missing = {("GET", f"{root}/content/{ID}/child/comment")}
    if not settings.cloud:  # the cut description of Data Center has no update at all
        missing.add(("PUT", f"{root}/content/{ID}"))
    assert len(check_requests(api, recorder.requests, mount, missing)) >= 3


def without_security(document: Any) -> None:
    """OAuth 2.0 stands there beside Basic, and the checker knows only the latter."""
    document.pop("security", None)
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)


# --- the table inside a page, without a site ----------------------------------------------

COLUMNS = ["Date", "High"]


def rewritten_by_the_editor(body: str) -> str:
    """As the editor of Cloud saves it: more attributes, columns, the anchor kept."""
    body = body.replace(
        'ac:name="anchor">', 'ac:name="anchor" ac:schema-version="1" ac:macro-id="5">'
    )
    body = body.replace("<table><tbody>", '<table data-layout="default" ac:local-id="7"><colgroup>'
                        '<col style="width: 340.0px;" /></colgroup><tbody>')  # fmt: skip
    return body.replace("<td><p>", '<td data-highlight-colour="#fff"><p local-id="x">')


def test_table_is_found_again_after_the_editor_rewrote_it() -> None:
    body = rewritten_by_the_editor(with_rows("<p>x</p>", "m-1", "t", COLUMNS, [["1", "2"]]))
    grown = with_rows(body, "m-2", "t", COLUMNS, [["3", "4"]])
    assert grown.count("<table") == 1
    assert grown.startswith(body[: body.rindex("</tbody>")])


def test_table_with_a_table_inside_a_cell_gets_its_row_at_its_own_end() -> None:
    body = with_rows("", "m-1", "t", COLUMNS, [["1", "NEST"]])
    body = body.replace("NEST", "<table><tbody><tr><td>a</td><td>b</td></tr></tbody></table>")
    grown = with_rows(body + "<p>after</p>", "m-2", "t", COLUMNS, [["3", "4"]])
    assert grown.endswith("</tr></tbody></table><p>after</p>")
    check_body(grown)


@pytest.mark.parametrize(
    "change",
    [
        lambda body: body.replace("scanbridge-table", "gone"),
        lambda body: body.replace("<th><p>High</p></th>", ""),
        lambda body: body[: body.index("<table>")] + "<h2>Other</h2><table><tbody></tbody></table>",
        lambda body: body[: body.index("<table>")],
    ],
    ids=["anchor deleted", "column deleted", "another's table", "table deleted"],
)
def test_what_is_no_longer_our_table_is_left_alone(change: Any) -> None:
    body = change(with_rows("<p>x</p>", "m-1", "t", COLUMNS, [["1", "2"]]))
    grown = with_rows(body, "m-2", "t", COLUMNS, [["3", "4"]])
    assert grown.startswith(body)
    assert grown.count(f"scanbridge-{table_name('t', COLUMNS)}<") >= 1
    assert json.dumps(grown).count("m-2") == 1
