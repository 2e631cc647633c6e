"""Version 3 of Jira's API: texts are ADF documents, human nodes stay as they are."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError

from bridge.connectors.jira.adf_body import AdfBody
from bridge.connectors.jira.bodies import read_body
from bridge.connectors.jira.options import JiraSettings
from bridge.connectors.jira.texts import long_text, read_text
from bridge.connectors.jira.tickets import edit_comment, get_issue
from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.serve import RunningSandbox
from bridge.text.adf import adf_text
from bridge.text.adf_reader import words_of
from bridge.text.characters import length
from bridge.text.escape import ESCAPES
from tests.connectors.conftest import (
    Moment,
    Opened,
    Recorder,
    open_connector,
    set_faults,
    until_done,
)
from tests.connectors.given.jira import GIVEN


def paragraph(*texts: str, **attributes: JSON) -> JSON:
    inner: list[JSON] = [{"type": "text", "text": text} for text in texts]
    node: dict[str, JSON] = {"type": "paragraph", "content": inner}
    return {**node, "attrs": dict(attributes)} if attributes else node


def doc(*nodes: JSON) -> dict[str, JSON]:
    return {"version": 1, "type": "doc", "content": list(nodes)}


HUMAN = doc(
    paragraph("Written by hand", localId="abc"),
    {"type": "panel", "attrs": {"panelType": "info"}, "content": [paragraph("Mind this")]},
    {
        "type": "table",
        "attrs": {"layout": "wide", "localId": "f0e1"},
        "content": [
            {"type": "tableRow", "content": [{"type": "tableCell", "content": [paragraph("mine")]}]}
        ],
    },
    {
        "type": "paragraph",
        "content": [{"type": "mention", "attrs": {"id": "5b00", "text": "@Anna"}}],
    },
)


@pytest.fixture
async def jira3(sandbox: RunningSandbox, clock: Moment) -> AsyncIterator[Opened]:
    options: dict[str, JSON] = {"base_url": sandbox.jira_url, "deployment": "auto", "api": 3}
    opened = open_connector("jira", Recorder(), clock, options)
    yield opened
    await opened.http.aclose()


@pytest.fixture
def cloud(sandbox: RunningSandbox) -> JiraState:
    return sandbox.app.states["jira"]


def settings(api: int, **options: JSON) -> JiraSettings:
    return JiraSettings.model_validate({**GIVEN.options, "api": api, **options})


def table(**change: JSON) -> dict[str, JSON]:
    row: list[JSON] = ["2026-11-21", 3]
    given: dict[str, JSON] = {"ticket": "SEC-1", "title": "line 1", "columns": ["Date", "Cut"]}
    return {**given, "row": row, **change}


def nodes(state: JiraState) -> list[JSON]:
    value = state.issues["SEC-1"].values["description"]
    assert isinstance(value, dict)
    content = value["content"]
    assert isinstance(content, list)
    return content


async def write(jira: Opened, document: JSON) -> None:
    await jira.client.edit("SEC-1", {"description": document})


def own_marks(value: JSON) -> list[str]:
    body = AdfBody.read(value)
    assert body is not None
    return list(body.blocks())


async def test_ticket_and_comment_are_documents(jira3: Opened, cloud: JiraState) -> None:
    made = await jira3.run("create_ticket", {"summary": "s", "description": "Found *twice*."})
    issue = cloud.issues[str(made.outputs["key"])]
    em: list[JSON] = [{"type": "em"}]
    assert issue.values["description"] == doc(
        {
            "type": "paragraph",
            "content": [
                {"type": "text", "text": "Found "},
                {"type": "text", "text": "twice", "marks": em},
                {"type": "text", "text": "."},
            ],
        }
    )
    await jira3.run("comment", {"ticket": issue.key, "body": "# Title"}, mark="mark-0000000002")
    (comment,) = issue.comments.values()
    assert isinstance(comment.body, dict)
    assert words_of(comment.body) == "Title"
    recorder = jira3.http._transport
    assert isinstance(recorder, Recorder)
    assert {one.url.path.split("/")[4] for one in recorder.requests} == {"3"}


async def test_words_of_description_and_comments_are_read_back(
    jira3: Opened, cloud: JiraState
) -> None:
    await write(jira3, HUMAN)
    text = "one\n\ntwo {code} | three"
    made = await jira3.run("comment", {"ticket": "SEC-1", "body": text, "format": "plain"})
    issue = await get_issue(jira3.client, "SEC-1", comments=True)
    assert issue.description == "Written by hand\n\n> Mind this\n\nmine\n\n@Anna"
    assert [one.body for one in issue.comments] == [text]
    changed, _ = await edit_comment(jira3.client, "SEC-1", str(made.outputs["id"]), "**again**")
    assert changed.body == "again"


@pytest.mark.parametrize(
    ("wiki", "words"),
    [
        ("*bold* and {{code}}", "bold and code"),
        ("|| a || b ||\n| 1 | 2 |", "a | b\n1 | 2"),
        ("a\\{code\\}b", "a{code}b"),
        ("{quote}\nx\n{quote}", "> x"),
    ],
)
def test_wiki_markup_is_read_back_as_words(wiki: str, words: str) -> None:
    assert read_text(wiki) == words


async def test_transition_brings_its_comment_as_a_document(jira3: Opened, cloud: JiraState) -> None:
    await jira3.run("transition", {"ticket": "SEC-1", "to": "In Progress", "comment": "moved"})
    (comment,) = cloud.issues["SEC-1"].comments.values()
    assert comment.body == doc(paragraph("moved"))


async def test_table_stands_below_human_nodes_that_stay_as_they_were(
    jira3: Opened, cloud: JiraState
) -> None:
    await write(jira3, HUMAN)
    outcome = await jira3.run("append_table", table())
    found = nodes(cloud)
    assert found[:-2] == HUMAN["content"]
    assert words_of(doc(*found[-2:])) == "line 1\nDate\nCut\n2026-11-21\n3"
    assert own_marks(doc(*found)) == ["mark-0000000001"]
    assert (outcome.found, outcome.outputs, outcome.lost) == (False, {"moved": 0}, ())


async def test_tables_of_several_calls_stand_in_their_order(
    jira3: Opened, cloud: JiraState
) -> None:
    await write(jira3, None)
    for number in (1, 2):
        await jira3.run("append_table", table(title=None), mark=f"mark-000000000{number}")
    assert own_marks(doc(*nodes(cloud))) == ["mark-0000000001", "mark-0000000002"]


@pytest.mark.parametrize(("fault", "value"), [("lost_answer", "next:2"), ("5xx", "after:every:2")])
async def test_lost_answer_adds_no_second_table(
    fault: str, value: str, jira3: Opened, cloud: JiraState, sandbox: RunningSandbox
) -> None:
    await write(jira3, HUMAN)
    set_faults(sandbox, **{fault: value})
    outcome = await until_done(jira3, "append_table", table())
    assert outcome.found
    assert own_marks(doc(*nodes(cloud))) == ["mark-0000000001"]


async def test_table_is_known_again_where_the_editor_gave_it_another_id(
    jira3: Opened, cloud: JiraState
) -> None:
    await jira3.run("append_table", table())
    renamed = json.loads(json.dumps(nodes(cloud)).replace("scanbridge-", "other-"))
    await write(jira3, doc(*renamed))
    outcome = await jira3.run("append_table", table(), may_exist=True)
    assert outcome.found
    assert nodes(cloud) == renamed


async def fill(jira: Opened, count: int) -> None:
    for number in range(count):
        rows: list[JSON] = [["2026-11-21", "x" * 90] for _ in range(20)]
        given = table(row=None, rows=rows, title=f"part {number}")
        await jira.run("append_table", given, mark=f"fill-{number:010}")


async def test_oldest_tables_move_into_a_comment_with_their_titles(
    jira3: Opened, cloud: JiraState
) -> None:
    await write(jira3, HUMAN)
    await fill(jira3, 4)
    before = doc(*nodes(cloud))
    assert length(adf_text(before)) > 26_000
    rows: list[JSON] = [["2026-11-22", "y" * 90] for _ in range(40)]
    outcome = await jira3.run("append_table", table(row=None, rows=rows))
    moved = int(str(outcome.outputs["moved"]))
    assert moved >= 1
    after = doc(*nodes(cloud))
    assert nodes(cloud)[: len(HUMAN["content"])] == HUMAN["content"]  # type: ignore[arg-type]
    assert length(adf_text(after)) <= 32_767
    comments = list(cloud.issues["SEC-1"].comments.values())
    there = [mark for one in comments for mark in own_marks(one.body)]
    assert there == own_marks(before)[:moved]
    assert "part 0" not in words_of(after)
    assert "part 0" in words_of(comments[0].body)
    # A late try of a table that has been moved since finds it there.
    late = await jira3.run("append_table", table(), mark=there[0], may_exist=True)
    assert late.found
    assert doc(*nodes(cloud)) == after


async def test_moved_table_is_known_by_the_comments_property_where_its_id_is_gone(
    jira3: Opened, cloud: JiraState
) -> None:
    await fill(jira3, 4)
    rows: list[JSON] = [["2026-11-22", "y" * 90] for _ in range(60)]
    await jira3.run("append_table", table(row=None, rows=rows))
    for comment in cloud.issues["SEC-1"].comments.values():
        comment.body = json.loads(json.dumps(comment.body).replace("scanbridge-", "other-"))
    late = await jira3.run("append_table", table(), mark="fill-0000000000", may_exist=True)
    assert late.found


async def test_description_filled_by_a_person_gives_up_and_stays(
    jira3: Opened, cloud: JiraState
) -> None:
    human = doc(paragraph("x" * 32_600))
    await write(jira3, human)
    with pytest.raises(GiveUp, match="is full"):
        await jira3.run("append_table", table())
    assert doc(*nodes(cloud)) == human


async def test_case_keeps_its_tables_when_its_description_changes(
    jira3: Opened, cloud: JiraState
) -> None:
    case: dict[str, JSON] = {"id": "c-1", "title": "t", "description": "old words"}
    made = await jira3.run("push_case", {"case": case}, mark="mark-0000000009")
    key = str(made.outputs["key"])
    await jira3.run("append_table", table(ticket=key))
    changed: dict[str, JSON] = {**case, "description": "new words"}
    await jira3.run("push_case", {"case": changed, "ticket": key}, mark="mark-0000000009")
    description = cloud.issues[key].values["description"]
    assert words_of(description).startswith("new words\nline 1\nDate")
    assert own_marks(description) == ["mark-0000000001"]


def test_line_above_our_table_that_is_no_title_of_ours_is_a_persons() -> None:
    empty = read_body(None, 3, "x")
    titled, _ = empty.block("m-1", "line 1", ["A"], [["1"]], 9_000)
    untitled, _ = empty.block("m-2", "", ["A"], [["1"]], 9_000)
    assert isinstance(titled, list)
    own = doc(titled[0], paragraph("a person's"), titled[1])
    body = read_body(own, 3, "x")
    assert body.without(["m-1"]).value == doc(titled[0], paragraph("a person's"))
    bold = doc(titled[0])
    assert read_body(bold, 3, "x").with_block(untitled).without(["m-2"]).value == bold


def test_rows_beyond_the_limit_are_left_out_and_reported() -> None:
    rows = [[f"row {number}"] for number in range(1_000)]
    block, lost = read_body(None, 3, "x").block("m-1", "t", ["A"], rows, 4_000)
    assert length(adf_text(block)) <= 4_000
    assert lost[0].endswith("of 1000 rows were left out")


@pytest.mark.parametrize("value", ["text", {"type": "x"}, [], 3])
def test_what_is_no_document_is_refused(value: JSON) -> None:
    with pytest.raises(GiveUp, match="the description is no ADF document"):
        read_body(value, 3, "the description")


# --- formats --------------------------------------------------------------------------------


def test_authors_own_document_goes_as_it_is_into_version_3() -> None:
    own = doc({"type": "panel", "attrs": {"panelType": "note"}, "content": [paragraph("x")]})
    assert long_text(json.dumps(own), "adf", settings(3)).value == own


def test_authors_own_document_is_translated_for_version_2_and_its_losses_are_said() -> None:
    own = doc({"type": "panel", "attrs": {"panelType": "note"}, "content": [paragraph("x")]})
    written = long_text(json.dumps(own), "adf", settings(2))
    assert written.value == "{quote}\nx\n{quote}"
    assert "a panel became a quote" in written.lost


def test_authors_own_wiki_markup_is_translated_for_version_3_and_its_losses_are_said() -> None:
    written = long_text("{color:red}*x*{color}\n\n{{y}}", "wiki", settings(3))
    strong: JSON = {"type": "text", "text": "x", "marks": [{"type": "strong"}]}
    code: JSON = {"type": "text", "text": "y", "marks": [{"type": "code"}]}
    assert written.value == doc(
        {"type": "paragraph", "content": [strong]}, {"type": "paragraph", "content": [code]}
    )
    assert "colours were left out" in written.lost


def test_long_document_is_cut_between_its_nodes() -> None:
    own = doc(*(paragraph(f"line {number}") for number in range(100)))
    written = long_text(json.dumps(own), "adf", settings(3, description_limit=1_000))
    assert length(adf_text(written.value)) <= 1_000
    assert words_of(written.value).startswith("line 0\nline 1\n")
    assert words_of(written.value).endswith("… cut here.")
    assert "was cut from" in written.lost[0]


def test_event_text_cannot_leave_its_string_in_an_authors_document() -> None:
    hostile = '"}]},{"type":"mention","attrs":{"id":"1"}},{"type":"text","text":"\\\x00\n'
    node = {"type": "text", "text": "HERE"}
    text = json.dumps(doc({"type": "paragraph", "content": [node]}))  # type: ignore[list-item]
    filled = text.replace("HERE", ESCAPES["adf"](hostile))
    value = long_text(filled, "adf", settings(3)).value
    assert words_of(value) == hostile.replace("\x00", "\ufffd").replace("\n", " ")
    assert '"type":"mention"' not in adf_text(value)


def test_empty_and_numeric_texts_of_templates_are_mended() -> None:
    texts: list[JSON] = [{"type": "text", "text": one} for one in ("", None, 3.0, True)]
    own = doc({"type": "paragraph", "content": texts})
    value = long_text(json.dumps(own), "adf", settings(3)).value
    assert value == doc(paragraph("3", "true"))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no ADF document: "),
        ('{"type": "paragraph"}', "is no ADF document; expected"),
        ('{"type": "doc", "version": 2, "content": []}', "of version 1"),
        ('{"type": "doc", "version": 1, "content": [3]}', "every node is an object"),
        (
            '{"type": "doc", "version": 1, "content": [{"type": "text", "text": []}]}',
            "is no text",
        ),
        ("[" * 100_000, "is no ADF document: "),
    ],
)
@pytest.mark.parametrize("api", [2, 3])
def test_broken_document_is_refused_in_words(text: str, words: str, api: int) -> None:
    with pytest.raises(GiveUp, match=words):
        long_text(text, "adf", settings(api))


async def test_document_may_be_written_as_a_mapping(jira3: Opened, cloud: JiraState) -> None:
    own = doc(paragraph("x"))
    await jira3.run("comment", {"ticket": "SEC-1", "body": own, "format": "adf"})
    (comment,) = cloud.issues["SEC-1"].comments.values()
    assert comment.body == own


def test_mapping_without_the_format_is_refused() -> None:
    action = open_connector("jira", None, Moment()).connector.action("comment")
    assert action is not None
    with pytest.raises(ValidationError, match="only `format: adf` takes one"):
        action.shape.parameters.model_validate({"ticket": "SEC-1", "body": {"type": "doc"}})


def test_version_may_stand_in_a_variable_of_the_environment() -> None:
    assert JiraSettings.model_validate({**GIVEN.options, "api": "3"}).api == 3
    with pytest.raises(ValidationError, match="2 or 3"):
        JiraSettings.model_validate({**GIVEN.options, "api": "4"})


def test_version_3_is_refused_for_data_center() -> None:
    with pytest.raises(ValidationError, match="Cloud's alone"):
        settings(3, deployment="data-center")


async def test_empty_comment_is_refused(jira3: Opened) -> None:
    with pytest.raises(GiveUp, match="is empty"):
        await jira3.run("comment", {"ticket": "SEC-1", "body": "&nbsp;", "format": "markdown"})
