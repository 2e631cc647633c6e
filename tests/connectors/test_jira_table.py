"""append_table against the sandbox: appended once, never replacing, human text to the byte."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.serve import RunningSandbox
from tests.connectors.conftest import Moment, Opened, Remote, open_connector, set_faults, until_done

HUMAN = "Written by hand \r\n* one  \r\n\r\n|| mine || too ||\r\n| a | b |\t"
BLOCK = (
    "{anchor:scanbridge-mark-0000000001}\n"
    "*line 1*\n"
    "|| Date || Cut || Completed ||\n"
    "| 2026-11-21 | 3 | 1 |"
)


def table(**change: JSON) -> dict[str, JSON]:
    return {
        "ticket": "SEC-1",
        "title": "line 1",
        "columns": ["Date", "Cut", "Completed"],
        "row": ["2026-11-21", 3, 1.0],
        **change,
    }


def description(state: JiraState) -> str:
    return str(state.issues["SEC-1"].values["description"])


async def write(jira: Opened, text: str | None) -> None:
    await jira.client.edit("SEC-1", {"description": text})


async def test_table_is_appended_below_what_a_person_wrote(jira: Opened, state: JiraState) -> None:
    await write(jira, HUMAN)
    outcome = await jira.run("append_table", table())
    assert description(state) == f"{HUMAN}\n\n{BLOCK}"
    assert (outcome.found, outcome.outputs, outcome.lost) == (False, {"moved": 0}, ())


async def test_table_in_an_empty_description_stands_alone(jira: Opened, state: JiraState) -> None:
    await write(jira, None)
    await jira.run("append_table", table())
    assert description(state) == BLOCK


async def test_next_push_appends_another_table(jira: Opened, state: JiraState) -> None:
    await write(jira, HUMAN)
    await jira.run("append_table", table())
    second = table(row=["2026-11-22", 2, 2])
    await jira.run("append_table", second, mark="mark-0000000002")
    assert description(state).startswith(f"{HUMAN}\n\n{BLOCK}\n\n{{anchor:")
    assert description(state).endswith("| 2026-11-22 | 2 | 2 |")


async def test_cells_are_literal(jira: Opened, state: JiraState) -> None:
    await write(jira, None)
    await jira.run("append_table", table(title=None, columns=["A", "B"], row=["x|y\n{code}", None]))
    assert description(state).endswith("|| A || B ||\n| x\\|y \\\\ \\{code\\} |   |")


@pytest.mark.parametrize(
    ("fault", "value"),
    [("lost_answer", "next:2"), ("5xx", "after:every:2")],  # aiohttp repeats a PUT once by itself
)
async def test_lost_answer_adds_nothing_twice(
    fault: str, value: str, jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    await write(jira, HUMAN)
    set_faults(sandbox, **{fault: value})
    outcome = await until_done(jira, "append_table", table())
    assert outcome.found
    assert description(state) == f"{HUMAN}\n\n{BLOCK}"


async def test_table_is_written_again_where_somebody_saved_over_it_at_the_same_moment(
    remote: Remote, clock: Moment
) -> None:
    texts = ["old", "a person's own save"]
    properties: JSON = {}

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal properties
        if request.method == "PUT":
            properties = {"scanbridge-tables": {"marks": ["mark-0000000001"]}}
            return httpx.Response(204)
        text = texts.pop(0)
        return httpx.Response(200, json={"fields": {"description": text}, "properties": properties})

    remote.answer = answer
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    with pytest.raises(TryAgain, match="at the same moment"):
        await jira.run("append_table", table())
    texts += ["a person's own save", f"a person's own save\n\n{BLOCK}"]
    remote.requests.clear()

    def second(request: httpx.Request) -> httpx.Response:
        if "/comment" in request.url.path:
            return httpx.Response(200, json={"comments": [], "total": 0})
        return answer(request)

    remote.answer = second
    again = await jira.run("append_table", table(), may_exist=True)
    assert not again.found
    (put,) = [one for one in remote.requests if one.method == "PUT"]
    assert b"a person's own save" in put.content


async def test_table_is_known_again_where_jira_reworded_the_text_without_the_anchor(
    remote: Remote, clock: Moment
) -> None:
    """Cloud stores another form than wiki markup; what it gives back may differ in its signs."""
    reworded = "text\n\n*line 1*\n||*Date*||*Cut*||*Completed*||\n|2026-11-21|3|1|"
    marked: JSON = {"scanbridge-tables": {"marks": ["mark-0000000001"]}}
    remote.answer = lambda _: httpx.Response(
        200, json={"fields": {"description": reworded}, "properties": marked}
    )
    jira = open_connector("jira", httpx.MockTransport(remote), clock)
    outcome = await jira.run("append_table", table(), may_exist=True)
    assert outcome.found
    assert {one.method for one in remote.requests} == {"GET"}


async def fill(jira: Opened, human: str, count: int) -> list[str]:
    """A description that our tables fill nearly to its limit; their marks."""
    await write(jira, human)
    marks = [f"fill-{number:010}" for number in range(count)]
    for mark in marks:
        rows: list[JSON] = [["2026-11-21", "x" * 90, number] for number in range(60)]
        await jira.run("append_table", table(row=None, rows=rows), mark=mark)
        jira.clock.pass_seconds(60)
    return marks


async def test_oldest_tables_move_into_a_comment_when_the_description_is_full(
    jira: Opened, state: JiraState
) -> None:
    marks = await fill(jira, HUMAN, 4)
    assert len(description(state)) > 26_000
    rows: list[JSON] = [["2026-11-22", "y" * 90, number] for number in range(100)]
    outcome = await jira.run("append_table", table(row=None, rows=rows))
    assert outcome.outputs["moved"] == 3
    text = description(state)
    assert text.startswith(f"{HUMAN}\n\n{{anchor:scanbridge-{marks[3]}}}")
    assert len(text) <= 32_767 * 3 // 4  # room for further tables without another comment
    (comment,) = state.issues["SEC-1"].comments.values()
    assert str(comment.body).startswith(f"{{anchor:scanbridge-{marks[0]}}}\n*line 1*\n|| Date")
    assert str(comment.body).count("\n| 2026-11-21 |") == 180


async def test_move_is_not_repeated_when_its_answers_are_lost(
    jira: Opened, state: JiraState, sandbox: RunningSandbox
) -> None:
    marks = await fill(jira, HUMAN, 4)
    set_faults(sandbox, lost_answer="next:2")
    rows: list[JSON] = [["2026-11-22", "y" * 90, number] for number in range(100)]
    await until_done(jira, "append_table", table(row=None, rows=rows))
    assert len(state.issues["SEC-1"].comments) == 1
    text = description(state)
    assert text.startswith(f"{HUMAN}\n\n{{anchor:scanbridge-{marks[3]}}}")
    assert text.count("{anchor:scanbridge-mark-0000000001}") == 1


async def test_table_that_has_been_moved_since_is_found_in_the_comment(
    jira: Opened, state: JiraState, clock: Moment
) -> None:
    start = clock.now
    marks = await fill(jira, HUMAN, 4)
    rows: list[JSON] = [["2026-11-22", "y" * 90, number] for number in range(100)]
    await jira.run("append_table", table(row=None, rows=rows))
    before = description(state)
    outcome = await jira.run(
        "append_table", table(), mark=marks[0], may_exist=True, intended_at=start
    )
    assert outcome.found
    assert description(state) == before


async def test_description_filled_by_a_person_gives_up_and_stays(
    jira: Opened, state: JiraState
) -> None:
    await write(jira, "x" * 32_700)
    with pytest.raises(GiveUp, match="is full"):
        await jira.run("append_table", table())
    assert description(state) == "x" * 32_700


async def test_tables_of_one_ticket_written_one_after_the_other_are_all_there(
    jira: Opened, state: JiraState
) -> None:
    await write(jira, HUMAN)
    alone = asyncio.Lock()  # as act.py holds it for the object

    async def push(number: int) -> None:
        async with alone:
            await jira.run("append_table", table(), mark=f"mark-{number:010}")

    await asyncio.gather(*(push(number) for number in range(8)))
    assert description(state).startswith(HUMAN)
    assert description(state).count("{anchor:scanbridge-mark-") == 8


def test_object_of_a_table_is_the_ticket_in_one_spelling(jira: Opened) -> None:
    action = jira.connector.action("append_table")
    assert action is not None
    parameters = action.shape.parameters.model_validate(table(ticket=" sec-1 "))
    assert action.object_of(parameters) == "SEC-1"


@pytest.mark.parametrize("ticket", ["../../admin", "SEC-1/comment", "SEC 1", "SEC-1?x=1", "-1"])
async def test_what_is_no_ticket_never_reaches_jira(
    ticket: str, jira: Opened, sandbox: RunningSandbox
) -> None:
    with pytest.raises(GiveUp, match="is no ticket"):
        await jira.run("append_table", table(ticket=ticket))
    assert not sandbox.app.journal.entries


@pytest.mark.parametrize(
    "change",
    [
        {"row": None},
        {"rows": [["a", "b", "c"]]},
        {"row": ["only one"]},
        {"row": None, "rows": []},
        {"columns": []},
    ],
)
def test_rows_that_do_not_fit_are_refused(change: dict[str, JSON], jira: Opened) -> None:
    action = jira.connector.action("append_table")
    assert action is not None
    with pytest.raises(ValueError, match=r"row|columns"):
        action.shape.parameters.model_validate(table(**change))
