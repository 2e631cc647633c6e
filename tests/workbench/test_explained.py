"""Explaining an event: what each rule would send, and what its guards say; nothing is done."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bridge.action import OnFailure, PlannedAction, Throttle
from bridge.configured import rules_from
from bridge.errors import BridgeError, NotFound
from bridge.event import EventState
from bridge.sandbox.jira.state import JiraState
from bridge.sandbox.serve import running_sandbox
from bridge.store.actions import NewAction, insert_actions
from bridge.store.event_states import Settled, settle_all
from bridge.store.lanes import hold_lane, open_lanes
from bridge.store.links import Link, LinkState, intend
from bridge.store.outbound import Ours, Written, remember, use_up
from bridge.store.runs import Run, insert_runs
from bridge.store.throttles import take_slot
from bridge.store.transaction import Transaction
from bridge.workbench.explained import ExplainedEvent, ExplainedRun, Explainer, explained_json
from tests.workbench.conftest import CONFIGURATION, START, Installation, rules, scan

TICKET = """name: ticket
    on: scan.finished
    once_per: data.target
    then:
      - create_ticket: {id: made, in: jira, summary: "${{ data.target }}"}
      - comment: {in: jira, ticket: "${{ steps.made.key }}", body: "see ${{ steps.made.url }}"}"""
HOOK = """name: hook
    on: scan.finished
    throttle: {at_most: 1, per: 1h, over: OVER}
    then: [{send_webhook: {in: hook, url: "http://127.0.0.1:9/x?token=hidden1", body: {a: 1}}}]"""
CLOSE = """name: close
    on: scan.finished
    then: [{transition: {in: jira, ticket: "${{ link.ticket }}", to: Done}}]"""
SECRETS = ("made-up-jira-token", "bWFkZS11cC1mb3ItdGhlc2UtdGVzdHMh", "hidden1")


async def explained(
    installation: Installation, event: str, *texts: str, ask: bool = False
) -> ExplainedEvent:
    database = await installation.open()
    configured = installation.configured
    explainer = Explainer(
        configured, rules_from(configured, rules(*texts)), lambda: START + 60_000, database, ask
    )
    try:
        return await explainer.explain_stored(event)
    finally:
        await database.close()


async def only_run(
    installation: Installation, event: str, text: str, *, ask: bool = False
) -> ExplainedRun:
    (rule,) = (await explained(installation, event, text, ask=ask)).rules
    (run,) = rule.runs
    return run


async def write(installation: Installation, *works: Any) -> None:
    async def work(tx: Transaction) -> None:
        for one in works:
            await one(tx)

    database = await installation.open()
    await database.write(work)
    await database.close()


async def test_request_is_shown_as_it_would_go_out_without_its_secrets(
    installation: Installation,
) -> None:
    (event,) = await installation.store(scan(41))
    found = await explained(installation, event, TICKET, HOOK.replace("OVER", "wait"))
    ticket, hook = found.rules
    (_, create), (_, comment) = ticket.runs[0].steps
    (request,) = create.requests
    assert (request.method, request.url) == ("POST", "http://127.0.0.1:9/rest/api/2/issue")
    assert request.headers["authorization"] == "[redacted]"
    body: Any = request.body
    assert body["fields"]["summary"] == "www"
    assert body["fields"]["labels"][0].startswith("scanbridge-")
    (said,) = comment.requests
    assert said.url == "http://127.0.0.1:9/rest/api/2/issue/NEW-1/comment"
    assert comment.note == "NEW-1 stands for what made will give"
    ((_, sent),) = hook.runs[0].steps
    assert sent.requests[0].body == {"a": 1}
    assert sent.requests[0].headers["webhook-signature"] == "[redacted]"
    shown = json.dumps(explained_json(found, every=True))
    assert [one for one in SECRETS if one in shown] == []


async def test_what_depends_on_an_answer_is_said_and_asked_only_when_wanted(
    installation: Installation,
) -> None:
    table = """name: table
    on: scan.finished
    then: [{append_table: {in: jira, ticket: SEC-1, columns: [A], row: [x]}}]"""
    (event,) = await installation.store(scan(41))
    async with running_sandbox() as sandbox:
        state = sandbox.app.states["jira"]
        assert isinstance(state, JiraState)
        text = CONFIGURATION.replace("http://127.0.0.1:9", sandbox.jira_url)
        (installation.folder / "bridge.yaml").write_text(text, encoding="utf-8")
        before = await only_run(installation, event, table)
        after = await only_run(installation, event, table, ask=True)
        changed = "|| A ||" in str(state.issues["SEC-1"])
    ((_, preview),) = before.steps
    assert [one.method for one in preview.requests] == ["GET"]
    assert preview.note == "what follows depends on what jira answers; --ask asks it"
    ((_, preview),) = after.steps
    assert [one.method for one in preview.requests] == ["GET", "PUT"]
    assert "|| A ||" in json.dumps(preview.requests[1].body)
    assert not changed


async def test_absent_field_of_the_link_is_named(installation: Installation) -> None:
    (event,) = await installation.store(scan(41))
    run = await only_run(installation, event, CLOSE)
    ((_, preview),) = run.steps
    assert preview.note.startswith("it would be given up: ticket: link.ticket")


def link(state: LinkState, ticket: str = "", event: str = "evt_1") -> Any:
    made = Link(
        "default", "ticket", "www", "scan-0", "scan", "s", "run_1", event, state, "jira", ticket,
        "1", "",
    )  # fmt: skip
    return lambda tx: intend(tx, made, START)


@pytest.mark.parametrize(
    ("state", "ticket", "verdict", "words"),
    [
        (None, "", "runs", "'www' was not done by this rule before"),
        (LinkState.DONE, "SEC-12", "skipped", "'www' was done by evt_1, SEC-12"),
        (LinkState.INTENT, "", "waits", "'www' is under way in evt_1"),
        (LinkState.PLANNED, "", "waits", "'www' is planned by evt_1: whose turn comes first"),
        (LinkState.FREE, "", "runs", "'www' was given up by evt_1: it is looked for, then done"),
    ],
)
async def test_once_per_says_what_it_would_decide_now(
    installation: Installation, state: LinkState | None, ticket: str, verdict: str, words: str
) -> None:
    (event,) = await installation.store(scan(41))
    if state is not None:
        await write(installation, link(state, ticket))
    (decision,) = (await only_run(installation, event, TICKET)).decisions
    assert (decision.guard, decision.verdict) == ("once_per", verdict)
    assert decision.words.startswith(words)


@pytest.mark.parametrize(
    ("over", "verdict", "words"),
    [
        ("wait", "waits", "1 runs in 3600 s are used up, until 2026-11-18T12:06:40.000Z"),
        ("drop", "skipped", "1 runs in 3600 s are used up"),
        ("group", "grouped", "run_2 waits, and takes this event in"),
    ],
)
async def test_throttle_says_what_it_would_decide_now(
    installation: Installation, over: str, verdict: str, words: str
) -> None:
    (event,) = await installation.store(scan(41))
    text = HOOK.replace("OVER", over)
    (free,) = (await only_run(installation, event, text)).decisions
    assert (free.verdict, free.words) == ("runs", "its window is not full")
    full = Throttle(1, 3_600_000, "", over)
    takes = [
        lambda tx, name=name: take_slot(tx, "default", "hook", full, name, START)
        for name in (("run_1", "run_2") if over == "group" else ("run_1",))
    ]
    await write(installation, *takes)
    (decision,) = (await only_run(installation, event, text)).decisions
    assert (decision.verdict, decision.words) == (verdict, words)


def planned(event: str, lane: str = "scan-1") -> tuple[Any, Any]:
    run = Run("run_1", event, "default", "ticket", 0, None, "www", OnFailure.HOLD, None)
    action = NewAction(
        "act_1", run.id, event, 1, "default", lane, "ticket",
        PlannedAction(0, "create_ticket", "", "jira", {}), "mark", "", False, START, START,
    )  # fmt: skip
    return lambda tx: insert_runs(tx, [run], START), lambda tx: insert_actions(tx, [action])


async def test_run_that_the_event_had_already_is_not_planned_again(
    installation: Installation,
) -> None:
    (event,) = await installation.store(scan(41))
    await write(installation, *planned(event))
    (decision,) = (await only_run(installation, event, TICKET)).decisions
    assert decision.guard == "replay"
    assert "had this run already (create_ticket pending)" in decision.words


async def test_lane_that_is_held_or_busy_is_named(installation: Installation) -> None:
    first, second = await installation.store(scan(41), scan(41))
    lane = ("default", "scan-1")
    await write(installation, *planned(first), lambda tx: open_lanes(tx, {lane: START}))
    _, busy = (await only_run(installation, second, TICKET)).decisions
    assert busy.words == f"behind create_ticket of {first} (pending), in the same lane"
    await write(installation, lambda tx: hold_lane(tx, lane, "act_1"))
    _, held = (await only_run(installation, second, TICKET)).decisions
    assert "the lane is held by act_1" in held.words


async def test_echo_and_version_that_was_met_are_told(installation: Installation) -> None:
    (event,) = await installation.store(scan(41))
    await write(
        installation, lambda tx: settle_all(tx, [Settled(event, 0, "v1", EventState.ECHO, "")])
    )
    found = await explained(installation, event, TICKET)
    assert "no rule is asked" in found.echo
    assert found.met_version == "v1"
    assert len(found.rules_version) == 16


async def test_change_that_the_bridge_made_itself_is_left_out_and_named(
    installation: Installation,
) -> None:
    changed = {"status": {"from": "Open", "to": "Done"}, "priority": {"from": "Low", "to": "High"}}
    data = {"key": "SEC-1", "id": "1", "summary": "s", "status": "Done", "changed": changed}
    asked = {"data": data, "kind": "issue.updated", "subject": "SEC-1"}
    (event,) = await installation.store(asked)
    written = Written("default", "jira", "SEC-1", "status", "d", "'Done'", "close", START)

    async def recognised(tx: Transaction) -> None:
        (kept,) = await remember(tx, [written])
        await use_up(tx, event, Ours(False, ("status",), ((kept.seq, ""),)))

    await write(installation, recognised)
    text = """name: follow
    on: issue.updated
    when: has(data.changed.status) || has(data.changed.priority)
    then: [{log: {message: x}}]"""
    found = await explained(installation, event, text)
    assert found.ours == ("status",)
    (rule,) = found.rules
    told: Any = explained_json(found, every=True)
    assert told["ours"] == ["status"]
    parts = [one["value"] for one in told["rules"][0]["parts"]["when"]["inside"]]
    assert parts == [False, True]
    assert rule.runs


def dumped(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as connection:
        return list(connection.iterdump())


async def test_sync_rule_says_what_the_bridge_does_at_its_turn(installation: Installation) -> None:
    kibana = "  - {name: kibana, type: kibana, base_url: http://127.0.0.1:9, auth: {api_key: x}}\n"
    (installation.folder / "bridge.yaml").write_text(CONFIGURATION + kibana, "utf-8")
    asked = {"data": {}, "kind": "sync.asked", "subject": "SEC-1"}
    (stored,) = await installation.store(asked)
    text = """version: 1
rules: []
sync:
  - name: both
    left: {in: jira, kind: issue}
    right: {in: kibana, kind: case}
    fields: {summary: {}}
"""
    configured, database = installation.configured, await installation.open()
    rule_set = rules_from(configured, {"rules/one.yaml": text})
    explainer = Explainer(configured, rule_set, lambda: START, database)
    found = await explainer.explain_stored(stored)
    await database.close()
    (rule,) = found.rules
    (run,) = rule.runs
    ((action, preview),) = run.steps
    assert action.name == "sync"
    assert "both sides are read" in preview.note
    assert explained_json(found, every=True)


async def test_explaining_writes_nothing(installation: Installation, tmp_path: Path) -> None:
    (event,) = await installation.store(scan(41))
    before = dumped(tmp_path / "bridge.db")
    await explained(installation, event, TICKET, HOOK.replace("OVER", "wait"), CLOSE)
    assert dumped(tmp_path / "bridge.db") == before


async def test_event_of_a_source_that_is_gone_cannot_be_explained(
    installation: Installation,
) -> None:
    (event,) = await installation.store(scan(41))
    text = CONFIGURATION.replace("name: events", "name: others")
    (installation.folder / "bridge.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BridgeError, match="events is no longer configured"):
        await explained(installation, event, TICKET)
    with pytest.raises(NotFound):
        await explained(installation, "evt_0", TICKET)
