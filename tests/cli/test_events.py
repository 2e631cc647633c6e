"""`bridge events` and `bridge migrate`: what is stored, read and put back from the command line."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.cli.tail import Printer
from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.event import EventState, NewEvent
from bridge.store.database import open_database
from bridge.store.events import as_stored, get_event, insert_events
from bridge.store.transaction import Database, Transaction
from tests.cli.conftest import Run

NOW = 1_795_000_000_000


def event(number: int, type_: str) -> NewEvent:
    body = b'{"scanId": "s1", "targetDomain": "x\\u001b[2J"}'
    return NewEvent(
        f"evt_{number}", "default", "qtangl", f"key-{number}", 0, type_, "s1", NOW, NOW,
        '{"content-type": "application/json"}', body,
    )  # fmt: skip


async def _fill(url: str) -> None:
    database = await open_database(url, wall_clock)

    async def work(tx: Transaction) -> None:
        await insert_events(tx, [[event(1, "scan.finished")], [event(2, "ping")]])
        await tx.run("UPDATE events SET state = 'failed', reason = 'made up' WHERE id = 'evt_2'")

    await database.write(work)
    await database.close()


async def _add(url: str, new: NewEvent) -> None:
    database = await open_database(url, wall_clock)
    await database.write(lambda tx: insert_events(tx, [[new]]))
    await database.close()


@pytest.fixture
def stored(folder: Path) -> str:
    """A store with a received and a failed event; its address."""
    url = load_settings(folder / "bridge.yaml", {}).store.url
    asyncio.run(_fill(url))
    return url


def state_of(url: str, event_id: str) -> EventState:
    async def read(database: Database) -> EventState:
        found = await database.read(lambda tx: get_event(tx, event_id))
        return found.state

    async def run() -> EventState:
        database = await open_database(url, wall_clock)
        try:
            return await read(database)
        finally:
            await database.close()

    return asyncio.run(run())


@pytest.mark.usefixtures("stored")
def test_events_are_listed_newest_first(run: Run) -> None:
    lines = run("events", "list").stdout.splitlines()
    assert lines[0].split() == ["RECEIVED", "ID", "SOURCE", "TYPE", "SUBJECT", "STATE", "REASON"]
    assert [line.split()[1] for line in lines[1:]] == ["evt_2", "evt_1"]
    listed = json.loads(run("events", "list", "--json").stdout)
    assert [(one["id"], one["state"]) for one in listed] == [
        ("evt_2", "failed"),
        ("evt_1", "received"),
    ]


@pytest.mark.usefixtures("stored")
def test_list_narrows_by_what_is_asked(run: Run) -> None:
    def ids(*words: str) -> list[str]:
        return [one["id"] for one in json.loads(run("events", "list", "--json", *words).stdout)]

    assert ids("--type", "ping") == ["evt_2"]
    assert ids("--state", "received") == ["evt_1"]
    assert ids("--limit", "1") == ["evt_2"]
    assert ids("--type", "scan.*") == ids("--type", "sc?n.finished") == ["evt_1"]
    assert ids("--source", "q*") == ["evt_2", "evt_1"]
    assert ids("--type", "%") == ids("--type", "scan_*") == []
    assert ids("--source", "nobody") == []


@pytest.mark.usefixtures("stored")
def test_list_of_nothing_says_so_on_stderr(run: Run) -> None:
    done = run("events", "list", "--subject", "none")
    assert done.exit_code == 0
    assert "no event fits" in done.stderr


@pytest.mark.usefixtures("stored")
def test_event_is_shown_with_its_body_and_without_control_characters(run: Run) -> None:
    shown = run("events", "show", "evt_1").stdout
    assert "scan.finished" in shown
    assert '"scanId": "s1"' in shown
    assert "\x1b" not in shown
    assert '"scan_id": "s1"' in shown  # what rules see
    trail = json.loads(run("events", "show", "evt_1", "--json").stdout)
    assert (trail["data"]["target"], trail["data"]["counts"]["total"]) == ("x\x1b[2J", 0)
    assert trail["body"]["scanId"] == "s1"
    assert trail["actions"] == []


@pytest.mark.usefixtures("stored")
def test_event_of_a_source_that_is_gone_is_shown_and_says_so(run: Run, folder: Path) -> None:
    (folder / "bridge.yaml").write_text("sources: []\n", encoding="utf-8")
    shown = run("events", "show", "evt_1").stdout
    assert "the source qtangl is no longer configured" in shown
    assert '"scanId": "s1"' in shown


@pytest.mark.usefixtures("stored")
def test_unknown_event_is_a_failure(run: Run) -> None:
    done = run("events", "show", "evt_9")
    assert done.exit_code == 1
    assert done.stderr == "error: no event has the id evt_9\n"


def test_replay_puts_failed_events_back_before_the_rules(run: Run, stored: str) -> None:
    done = run("events", "replay", "--failed", "--json")
    assert json.loads(done.stdout) == [{"id": "evt_2", "revived": 0}]
    assert state_of(stored, "evt_2") is EventState.RECEIVED


def test_replay_of_a_source_takes_what_is_settled_and_leaves_the_rest(
    run: Run, stored: str
) -> None:
    done = run("events", "replay", "--source", "qtangl", "--json")
    assert [one["id"] for one in json.loads(done.stdout)] == ["evt_2"]
    assert state_of(stored, "evt_2") is EventState.RECEIVED


def test_replay_options_narrow_each_other(run: Run, stored: str) -> None:
    done = run("events", "replay", "--source", "qtangl", "--type", "scan.finished")
    assert (done.exit_code, done.stdout) == (0, "")
    assert "no event fits" in done.stderr
    assert state_of(stored, "evt_2") is EventState.FAILED


def test_replay_that_says_nothing_is_wrong_usage(run: Run, stored: str) -> None:
    assert run("events", "replay").exit_code == 2


def test_replay_of_an_event_under_way_is_refused(run: Run, stored: str) -> None:
    done = run("events", "replay", "evt_1")
    assert done.exit_code == 1
    assert "still on its way" in done.stderr
    assert state_of(stored, "evt_1") is EventState.RECEIVED


@pytest.mark.usefixtures("stored")
def test_tail_shows_the_last_events_oldest_first_and_ends_when_its_time_is_over(run: Run) -> None:
    done = run("events", "tail", "--seconds", "0")
    assert done.exit_code == 0
    assert [line.split()[1] for line in done.stdout.splitlines()] == ["evt_1", "evt_2"]
    told = run("events", "tail", "--seconds", "0", "--last", "1", "--json").stdout
    assert json.loads(told)["id"] == "evt_2"
    assert run("events", "tail", "--seconds", "0", "--last", "0").stdout == ""


@pytest.mark.usefixtures("stored")
def test_list_that_is_cut_says_so(run: Run) -> None:
    assert (
        "these are the newest 1; --limit shows more" in run("events", "list", "--limit", "1").stderr
    )
    assert run("events", "list", "--limit", "2").stderr == ""


@pytest.mark.usefixtures("stored")
def test_tail_shows_what_comes_into_one_state_alone(run: Run) -> None:
    told = run("events", "tail", "--seconds", "0", "--state", "failed").stdout
    assert [line.split()[1] for line in told.splitlines()] == ["evt_2"]
    assert run("events", "tail", "--seconds", "0", "--type", "none.*").stdout == ""


def test_tail_prints_nothing_that_moves_the_cursor(run: Run, stored: str) -> None:
    asyncio.run(_add(stored, event(3, "scan.\x1b[2J")._replace(subject="a\x1b[2Jb")))
    told = run("events", "tail", "--seconds", "0").stdout
    assert "evt_3" in told
    assert "\x1b" not in told


def test_tail_shows_each_change_of_a_state_once_and_watches_only_so_many(
    capsys: pytest.CaptureFixture[str],
) -> None:
    many = [as_stored(number, event(number, "scan.finished")) for number in range(600)]
    printer = Printer(False, None)
    printer.take(many)
    printer.take(many[-3:])
    assert len(capsys.readouterr().out.splitlines()) == 600
    assert len(printer.watched) == 500
    printer.take([replace(many[-1], state=EventState.DONE)])
    assert "done" in capsys.readouterr().out
    assert many[-1].id not in printer.watched


@pytest.mark.usefixtures("stored")
def test_tail_shows_an_event_that_comes_while_it_runs(folder: Path, stored: str) -> None:
    command = [sys.executable, "-P", "-m", "bridge", "events", "tail", "--json"]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as tail:
        assert tail.stdout is not None
        seen = [json.loads(tail.stdout.readline())["id"] for _ in range(2)]
        asyncio.run(_add(stored, event(3, "scan.finished")))
        seen.append(json.loads(tail.stdout.readline())["id"])
        tail.terminate()
    assert seen == ["evt_1", "evt_2", "evt_3"]


def test_explain_reads_a_stored_event(run: Run, stored: str) -> None:
    del stored
    done = run("rules", "explain", "--event", "evt_1")
    assert done.exit_code == 0
    assert "say-it: no match" in done.stdout
    assert "no such field: data.score" in done.stdout


def test_migrate_makes_the_store_and_repeats_itself(run: Run, folder: Path) -> None:
    first = json.loads(run("migrate", "--json").stdout)
    assert first["schema"] >= 1
    assert (folder / "var" / "bridge.db").exists()
    assert run("migrate").stdout == f"the store is at schema {first['schema']}\n"
