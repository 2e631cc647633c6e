"""Document 003: the progress of a job is pushed to the ticket it is tied to."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from bridge.clock import day
from bridge.sandbox.jira.state import Issue
from tests.api.conftest import World
from tests.connectors.conftest import set_faults

HUMAN = "Written by hand \r\n* one  \r\n\r\n|| mine || too ||\r\n| a | b |\t"
LINKED = {"success": False, "error": "Job is not linked to a Jira ticket"}
PATHS = [
    {
        "name": "Main line",
        "steps": [{"name": "Cut", "count": 3}, {"name": "Weld", "count": 2}],
        "completed": 5,
    },
    {"name": "Rework", "steps": [{"name": "Inspect", "count": 1}], "completed": 0},
]
JOB = {"name": "Valve bodies", "jiraTicketKey": "SEC-1", "paths": PATHS}
ANCHOR = r"\{anchor:scanbridge-[0-9a-f]{24}\}\n"


def issue(world: World, key: str = "SEC-1") -> Issue:
    return world.sandbox.app.states["jira"].issues[key]


def description(world: World) -> str:
    return str(issue(world).values["description"])


def tables(world: World) -> list[str]:
    """Our tables in the ticket, without their anchors."""
    return re.split(ANCHOR, description(world))[1:]


async def put_job(world: World, job_id: str = "job_abc123", **change: Any) -> dict[str, Any]:
    answer = await world.ask("PUT", f"/api/jobs/{job_id}", "operator", json={**JOB, **change})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def push(world: World, job_id: str = "job_abc123") -> dict[str, Any]:
    answer = await world.ask("POST", "/api/jira/push", "operator", json={"jobId": job_id})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_push_appends_a_dated_table_for_each_path(world: World) -> None:
    issue(world).values["description"] = HUMAN
    await put_job(world)
    assert await push(world) == {"success": True}
    today = day(world.clock.now)
    assert description(world).startswith(HUMAN + "\n\n{anchor:")
    assert [one.strip() for one in tables(world)] == [
        f"*Main line*\n|| Date || Cut || Weld || Completed ||\n| {today} | 3 | 2 | 5 |",
        f"*Rework*\n|| Date || Inspect || Completed ||\n| {today} | 1 | 0 |",
    ]


async def test_push_reads_then_writes_the_ticket_once(world: World) -> None:
    await put_job(world)
    world.sandbox.app.journal.clear()
    await push(world)
    asked = [
        (one.method, one.path) for one in world.sandbox.app.journal.entries if "/SEC-1" in one.path
    ]
    assert asked[0] == ("GET", "/rest/api/2/issue/SEC-1")
    assert [method for method, _ in asked].count("PUT") == 1


async def test_each_push_adds_a_row_and_replaces_nothing(world: World) -> None:
    await put_job(world, paths=PATHS[:1])
    await push(world)
    first = description(world)
    world.clock.advance(86_400_000)
    await put_job(world, paths=[{**PATHS[0], "completed": 6}])
    await push(world)
    await push(world)
    assert description(world).startswith(first)
    rows = re.findall(r"(?m)^\| (\S+) \| 3 \| 2 \| (\d) \|$", description(world))
    today = day(world.clock.now)
    assert rows == [(day(world.clock.now - 86_400_000), "5"), (today, "6"), (today, "6")]


async def test_job_of_an_event_is_pushed(world: World) -> None:
    data = {"job_id": "job_e", "name": "From afar", "ticket": "SEC-1", "paths": PATHS}
    await world.event("job.progressed", data)
    shown = (await world.ask("GET", "/api/jobs/job_e", "viewer")).json()
    assert (shown["jiraTicketKey"], shown["paths"]) == ("SEC-1", PATHS)
    assert await push(world, "job_e") == {"success": True}
    assert len(tables(world)) == 2


async def test_an_event_moves_a_job_on_that_a_caller_made(world: World) -> None:
    notes = [{"id": "n", "stepName": "Cut", "serials": ["A"], "text": "Seen"}]
    await put_job(world, notes=notes)
    world.clock.advance(1000)
    paths = [{**PATHS[0], "completed": 9}]
    await world.event("job.progressed", {"job_id": "job_abc123", "name": "N", "paths": paths})
    shown = (await world.ask("GET", "/api/jobs/job_abc123")).json()
    assert (shown["name"], shown["jiraTicketKey"]) == ("N", "SEC-1")
    assert (shown["paths"], len(shown["notes"])) == (paths, 1)


async def test_a_caller_counts_more_than_an_event_from_the_future(world: World) -> None:
    later = "2199-01-01T00:00:00Z"
    body = {
        "specversion": "1.0", "id": "1", "source": "t", "type": "job.progressed", "time": later,
        "data": {"job_id": "job_abc123", "name": "Future", "paths": []},
    }  # fmt: skip
    headers = {"content-type": "application/cloudevents+json"}
    sent = await world.client.post("/hooks/events", json=body, headers=headers)
    assert sent.status_code == 202
    await world.parts.worker.drain()
    assert (await put_job(world))["name"] == JOB["name"]


async def test_not_linked_and_no_paths_are_told_with_200(world: World) -> None:
    await put_job(world, "loose", jiraTicketKey=None)
    await put_job(world, "bare", paths=[])
    await put_job(world, "both", jiraTicketKey=None, paths=[])
    assert await push(world, "loose") == LINKED
    assert await push(world, "bare") == {"success": False, "error": "Job has no paths"}
    assert await push(world, "both") == LINKED


async def test_two_pushes_at_once_lose_nothing(world: World) -> None:
    issue(world).values["description"] = HUMAN
    for number in range(6):
        await put_job(world, f"job_{number}", paths=[{**PATHS[0], "completed": number}])
    jobs = [f"job_{number}" for number in range(6)] * 2
    told = await asyncio.gather(*(push(world, job) for job in jobs))
    assert told == [{"success": True}] * 12
    assert description(world).startswith(HUMAN)
    rows = re.findall(r"(?m)^\| \S+ \| 3 \| 2 \| (\d) \|$", description(world))
    assert sorted(rows) == sorted([str(number) for number in range(6)] * 2)


@pytest.mark.parametrize("fault", [{"lost_answer": "next:2"}, {"5xx": "after:every:2"}])
async def test_a_lost_answer_writes_nothing_twice(world: World, fault: dict[str, str]) -> None:
    await put_job(world)
    set_faults(world.sandbox, **fault)
    told = await push(world)
    set_faults(world.sandbox)
    if not told["success"]:  # what is repeated on the same day with the same numbers is found
        assert await push(world) == {"success": True}
    assert len(tables(world)) == 2


async def test_two_lost_answers_are_got_over_inside_the_request(world: World) -> None:
    await put_job(world)
    set_faults(world.sandbox, lost_answer="next:2")
    assert await push(world) == {"success": True}
    assert len(tables(world)) == 2


async def test_slow_answers_are_waited_for(world: World) -> None:
    await put_job(world)
    set_faults(world.sandbox, slow="0.05")
    told = await asyncio.gather(*(push(world) for _ in range(2)))
    assert told == [{"success": True}] * 2
    assert len(tables(world)) == 4


async def test_thirty_pushes_at_once_keep_within_the_issues_limit(world: World) -> None:
    """Jira takes twenty writes to one issue in two seconds; pushes that wait become one write."""
    await put_job(world)
    set_faults(world.sandbox, per_issue_429="on")
    told = await asyncio.gather(*(push(world) for _ in range(30)))
    assert told == [{"success": True}] * 30
    assert len(tables(world)) == 60


async def test_a_failure_of_jira_is_told_with_200_and_its_status(world: World) -> None:
    await put_job(world)
    before = description(world)
    set_faults(world.sandbox, **{"5xx": "before:on"})
    told = await push(world)
    assert told["success"] is False
    assert re.fullmatch(r"Jira API error: 50\d [A-Z][A-Za-z ]+", told["error"])
    set_faults(world.sandbox)
    assert description(world) == before
    assert await push(world) == {"success": True}


async def test_a_ticket_that_is_not_there_is_told(world: World) -> None:
    await put_job(world, jiraTicketKey="SEC-99999")
    assert await push(world) == {"success": False, "error": "Jira API error: 404 Not Found"}


async def test_a_ticket_that_had_its_writes_is_told(world: World) -> None:
    await put_job(world)
    set_faults(world.sandbox, burst_429="on")
    told = await push(world)
    assert told == {"success": False, "error": "Jira API error: 429 Too Many Requests"}


async def test_a_site_that_answers_with_a_page_is_told(world: World) -> None:
    await put_job(world)
    set_faults(world.sandbox, html="on")
    told = await push(world)
    assert told["success"] is False
    assert told["error"].startswith("Jira API error: GET ")
    assert "made-up" not in told["error"]


async def test_pushes_jobs_and_ties_are_in_the_trail(world: World) -> None:
    await put_job(world)
    await world.ask("POST", "/api/jira/link", json={"jobId": "job_abc123", "ticketKey": "SEC-1"})
    answer = await world.ask("POST", "/api/jira/push", json={"jobId": "job_abc123"})
    changes = (await world.ask("GET", "/api/v1/audit")).json()["changes"]
    assert [one["what"] for one in changes[:3]] == ["job.push", "job.link", "job.put"]
    assert changes[0]["detail"] == {"ticket": "SEC-1", "kind": "table"}
    assert changes[0]["request_id"] == answer.headers["x-request-id"]
    assert changes[2]["name"] == "operator of default"


async def test_hostile_names_stay_words_in_the_table(world: World) -> None:
    path = {
        "name": "a*b|c\n{code}\u202e",
        "steps": [{"name": "x|y||z\r\n{noformat}", "count": 1}, {"name": "!i.png! 𝒳", "count": 2}],
        "completed": 3,
    }
    await put_job(world, paths=[path])
    assert await push(world) == {"success": True}
    (table,) = tables(world)
    header, row = table.strip().split("\n")[-2:]
    assert "{code" not in table.replace("\\{", "")
    assert len(re.findall(r"(?<!\\)\|\|", header)) == 5
    assert row.endswith("| 1 | 2 | 3 |")
    again = (await world.ask("GET", "/api/jobs/job_abc123")).json()
    assert again["paths"] == [path]


async def test_mode_is_taken_and_not_used(world: World) -> None:
    await put_job(world)
    body = {"jobId": "job_abc123", "mode": "comment_summary"}
    answer = await world.ask("POST", "/api/jira/push", json=body)
    assert answer.json() == {"success": True}
    assert len(tables(world)) == 2
    assert not issue(world).comments


# --- ties -------------------------------------------------------------------------------------


async def test_link_ties_and_unties_against_what_events_say(world: World) -> None:
    data = {"job_id": "j", "name": "J", "ticket": "SEC-2", "paths": PATHS}
    await world.event("job.progressed", data)
    body = {"jobId": "j", "ticketKey": " sec-1 "}
    answer = await world.ask("POST", "/api/jira/link", "operator", json=body)
    assert answer.json() == {"success": True, "jobId": "j", "jiraTicketKey": "SEC-1"}
    await world.event("job.progressed", data)
    assert await push(world, "j") == {"success": True}
    assert len(tables(world)) == 2
    answer = await world.ask("POST", "/api/jira/link", json={"jobId": "j", "ticketKey": None})
    assert answer.json() == {"success": True, "jobId": "j", "jiraTicketKey": None}
    assert await push(world, "j") == LINKED


async def test_a_put_without_ticket_and_notes_leaves_them(world: World) -> None:
    await put_job(world, notes=[{"id": "n", "stepName": "", "serials": 4, "text": "Seen"}])
    bare = {"name": "Other", "paths": []}
    answer = await world.ask("PUT", "/api/jobs/job_abc123", "operator", json=bare)
    assert answer.json()["jiraTicketKey"] == "SEC-1"
    assert [one["id"] for one in answer.json()["notes"]] == ["n"]
    cleared = {**bare, "notes": [], "jiraTicketKey": None}
    answer = await world.ask("PUT", "/api/jobs/job_abc123", "operator", json=cleared)
    assert (answer.json()["jiraTicketKey"], answer.json()["notes"]) == (None, [])


# --- comments ---------------------------------------------------------------------------------


async def comment(world: World, **body: Any) -> dict[str, Any]:
    answer = await world.ask("POST", "/api/jira/comment", "operator", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_summary_becomes_a_comment_each_time(world: World) -> None:
    await put_job(world)
    before = description(world)
    assert await comment(world, jobId="job_abc123") == {"success": True}
    assert await comment(world, jobId="job_abc123") == {"success": True}
    bodies = [str(one.body) for one in issue(world).comments.values()]
    assert bodies[0] == (
        f"*Valve bodies, {day(world.clock.now)}*\n\n"
        "* *Main line*: Cut: 3, Weld: 2, Completed: 5\n"
        "* *Rework*: Inspect: 1, Completed: 0"
    )
    assert bodies[1] == bodies[0]
    assert description(world) == before


NOTE = {"id": "note_1", "stepName": "Weld", "serials": ["SN-1", "SN|2"], "text": "Seam\nredone {x}"}


async def test_a_note_becomes_one_comment_however_often_it_is_pushed(world: World) -> None:
    await put_job(world, notes=[NOTE])
    told = await asyncio.gather(
        *(comment(world, jobId="job_abc123", noteId="note_1") for _ in range(4))
    )
    assert told == [{"success": True}] * 4
    (made,) = issue(world).comments.values()
    assert made.body == "*Step: Weld, Serials: SN-1, SN\\|2*\n\nSeam\nredone \\{x\\}"
    shown = (await world.ask("GET", "/api/jobs/job_abc123")).json()["notes"]
    assert shown == [{**NOTE, "pushedToJira": True, "jiraCommentId": made.id}]
    assert await comment(world, noteId="note_1") == {"success": True}
    await put_job(world, notes=[{**NOTE, "text": "Other"}])
    assert await comment(world, noteId="note_1") == {"success": True}
    assert len(issue(world).comments) == 2


@pytest.mark.parametrize("body", [{"jobId": "job_abc123"}, {"noteId": "note_1"}])
async def test_a_lost_answer_adds_no_second_comment(world: World, body: dict[str, str]) -> None:
    await put_job(world, notes=[NOTE])
    set_faults(world.sandbox, lost_answer="next:1")
    told = await comment(world, **body)
    if not told["success"]:
        assert await comment(world, **body) == {"success": True}
    assert len(issue(world).comments) == 1


async def test_what_cannot_be_commented_is_told(world: World) -> None:
    await put_job(world, "loose", jiraTicketKey=None, notes=[NOTE])
    await put_job(world, "bare", paths=[])
    await put_job(world, "other", notes=[NOTE])
    assert await comment(world, jobId="loose") == LINKED
    assert await comment(world, jobId="loose", noteId="note_1") == LINKED
    assert (await comment(world, jobId="bare"))["error"] == "Job has no paths"
    answer = await world.ask("POST", "/api/jira/comment", json={"jobId": "bare", "noteId": "no"})
    assert (answer.status_code, answer.json()["message"]) == (404, "Note not found: no")
    answer = await world.ask("POST", "/api/jira/comment", json={"noteId": "no"})
    assert (answer.status_code, answer.json()["message"]) == (404, "Note not found: no")
    answer = await world.ask("POST", "/api/jira/comment", json={"noteId": "note_1"})
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("jobId is required")
