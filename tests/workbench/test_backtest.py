"""Back-testing: what another rule set would have made of the events that are stored."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from bridge.action import OnFailure, PlannedAction
from bridge.errors import BridgeError, Invalid
from bridge.event import EventState
from bridge.store.actions import NewAction, insert_actions
from bridge.store.event_filter import EventFilter
from bridge.store.event_states import Settled, settle_all
from bridge.store.links import Link, LinkState, intend
from bridge.store.runs import Run, insert_runs
from bridge.store.transaction import Transaction
from bridge.workbench.backtest import Asked, Report, backtest
from bridge.workbench.difference import Tally, counted_noun
from bridge.workbench.items import Fate
from bridge.workbench.play import Side, play
from bridge.workbench.report import report_lines, report_markdown
from tests.workbench.conftest import HOUR, START, Installation, rules, scan

TICKET = """name: ticket
    on: scan.finished
    each: data.findings
    once_per: each.id
    then: [{create_ticket: {in: jira, summary: "${{ each.title }}"}}]"""
SAY = """name: say
    on: scan.finished
    when: data.score < 70
    then: [{log: {message: "${{ data.score }}"}}]"""
HOOK = """name: hook
    on: scan.finished
    throttle: {at_most: 2, per: 1h, over: drop}
    then: [{send_webhook: {in: hook, url: "http://127.0.0.1:9", body: x}}]"""
EVERYTHING = EventFilter()


async def played(
    installation: Installation, files: dict[str, str] | None, events: EventFilter = EVERYTHING
) -> list[list[tuple[str, str]]]:
    """For each event the actions with what becomes of them."""
    database = await installation.open()
    side = Side(installation.configured.settings, files, events)
    found = [one async for _, batch in play(side, database) for one in batch]
    await database.close()
    return [[(item.action, item.fate.value) for item in one.items] for one in found]


async def compared(
    installation: Installation,
    before: dict[str, str] | None,
    after: dict[str, str],
    events: EventFilter = EVERYTHING,
) -> Tally:
    """Both sets in this process, one after the other."""
    database = await installation.open()
    settings = installation.configured.settings
    ours = [
        one async for _, batch in play(Side(settings, before, events), database) for one in batch
    ]
    theirs = [
        one async for _, batch in play(Side(settings, after, events), database) for one in batch
    ]
    await database.close()
    tally = Tally(100)
    for one, other in zip(ours, theirs, strict=True):
        tally.add(one, other)
    return tally


async def test_more_fewer_and_changed_actions_are_told_with_their_events(
    installation: Installation,
) -> None:
    ids = await installation.store(scan(41, "a", "b"), scan(90, "c"), scan(80))
    changed = rules(
        TICKET.replace("data.findings", "data.findings.filter(f, f.id != 'a')").replace(
            '"${{ each.title }}"', '"${{ each.id }}"'
        ),
        SAY.replace("70", "85"),
    )
    tally = await compared(installation, rules(TICKET, SAY), changed)
    assert tally.headline == "1 fewer ticket, 2 tickets changed, 1 more log line"
    first, second, third = tally.changes
    assert [one.event.id for one in tally.changes] == ids
    assert [item.place for item in first.fewer] == [("ticket", 1, 0, "create_ticket")]
    ((one, other),) = second.changed
    assert (one.parameters, other.parameters) == ('{"summary": "Finding c"}', '{"summary": "c"}')
    assert [item.rule for item in third.more] == ["say"]


async def test_rule_that_is_only_renamed_does_the_same(installation: Installation) -> None:
    await installation.store(scan(41), scan(41))
    tally = await compared(installation, rules(SAY), rules(SAY.replace("name: say", "name: tell")))
    assert tally.headline == "no difference"
    assert (tally.rules["say"].before, tally.rules["tell"].after) == (2, 2)


async def test_value_of_once_per_is_done_once_over_all_events(installation: Installation) -> None:
    await installation.store(scan(41, "a", "b"), scan(41, "b", "c"), scan(41, "a"))
    assert await played(installation, rules(TICKET)) == [
        [("create_ticket", "acts"), ("create_ticket", "acts")],
        [("create_ticket", "done before"), ("create_ticket", "acts")],
        [("create_ticket", "done before")],
    ]


async def link(installation: Installation, *links: tuple[Link, int]) -> None:
    async def work(tx: Transaction) -> None:
        for one, at in links:
            await intend(tx, one, at)

    database = await installation.open()
    await database.write(work)
    await database.close()


def made(once: str, ticket: str, rule: str = "ticket", subject: str = "scan-1") -> Link:
    return Link(
        "default", rule, once, subject, "finding", once, f"run_{once}", "evt_0", LinkState.DONE,
        "jira", ticket, "1", "",
    )  # fmt: skip


async def test_what_was_done_before_the_stretch_counts_and_what_was_done_in_it_does_not(
    installation: Installation,
) -> None:
    await installation.store(scan(41, "a", "b", at=HOUR))
    await link(installation, (made("a", "SEC-1"), START), (made("b", "SEC-2"), START + 2 * HOUR))
    stretch = EventFilter(since=START + HOUR)
    assert await played(installation, rules(TICKET), stretch) == [
        [("create_ticket", "done before"), ("create_ticket", "acts")]
    ]
    lane = TICKET.replace("once_per", 'when: link.ticket != "-"\n    once_per')
    lane = lane.replace("link.ticket", "link.?ticket.orValue('')")
    assert await played(installation, rules(lane), stretch) == [
        [("create_ticket", "done before"), ("create_ticket", "acts")]
    ]


async def test_throttle_drops_in_the_order_of_the_events(installation: Installation) -> None:
    await installation.store(*(scan(41, at=one * HOUR // 4) for one in range(6)))
    fates = [one[0][1] for one in await played(installation, rules(HOOK))]
    assert fates == ["acts", "acts", "throttled", "throttled", "acts", "acts"]


async def test_throttle_lets_wait_and_groups(installation: Installation) -> None:
    await installation.store(*(scan(41, at=one * HOUR // 4) for one in range(8)))
    wait = rules(HOOK.replace("drop", "wait"))
    assert [one[0][1] for one in await played(installation, wait)] == (["acts"] * 2 + ["waits"] * 6)
    group = rules(HOOK.replace("drop", "group").replace("at_most: 2", "at_most: 1"))
    assert [one[0][1] for one in await played(installation, group)] == [
        "acts", "waits", "grouped", "grouped", "waits", "grouped", "grouped", "grouped",
    ]  # fmt: skip


async def test_throttled_actions_are_told_once(installation: Installation) -> None:
    await installation.store(*(scan(41, at=one) for one in range(5)))
    free = rules(HOOK.replace("throttle: {at_most: 2, per: 1h, over: drop}", "description: free"))
    tally = await compared(installation, free, rules(HOOK))
    assert tally.headline == "3 fewer webhooks, 3 throttled"
    report = Report(EVERYTHING, "one", "two", tally)
    lines = [line for line in report_lines(report, 20) if line.startswith("  ")]
    assert lines == ["  ! hook: send_webhook throttled http://127.0.0.1:9 · x"] * 3


CLOSE = """name: close
    on: scan.finished
    when: link.kind == "scan" && data.score > 80
    then: [{transition: {in: jira, ticket: "${{ link.ticket }}", to: Done}}]"""
OPEN = """name: open
    on: scan.finished
    when: data.score < 70
    then: [{create_ticket: {in: jira, summary: x}}]"""


async def test_rule_that_reads_the_link_sees_what_the_same_set_would_have_made(
    installation: Installation,
) -> None:
    await installation.store(scan(90), scan(41), scan(90), scan(90, subject="scan-2"))
    assert await played(installation, rules(OPEN, CLOSE)) == [
        [],
        [("create_ticket", "acts")],
        [("transition", "acts")],
        [],
    ]


async def test_rule_that_reads_the_link_sees_what_was_made_before(
    installation: Installation,
) -> None:
    old = replace(made("x", "SEC-1", subject="scan-2"), kind="scan")
    await link(installation, (old, START))
    await installation.store(scan(90, at=HOUR, subject="scan-2"))
    stretch = EventFilter(since=START + HOUR)
    assert await played(installation, rules(CLOSE), stretch) == [[("transition", "acts")]]


async def test_what_was_really_done_can_be_held_against_a_set(installation: Installation) -> None:
    first, second = await installation.store(scan(41, "a"), scan(41, "a"))

    async def work(tx: Transaction) -> None:
        for number, (event, skip) in enumerate(((first, ""), (second, "once_per 'a' was done"))):
            run = Run(
                f"run_{number}", event, "default", "ticket", 0, None, "a", OnFailure.STOP, None
            )
            step = PlannedAction(0, "create_ticket", "", "jira", {"summary": "Finding a"})
            await insert_runs(tx, [run], START)
            action = NewAction(
                f"act_{number}", run.id, event, number + 1, "default", "scan-1", "ticket", step,
                f"mark{number}", skip, False, START, START,
            )  # fmt: skip
            await insert_actions(tx, [action])

    database = await installation.open()
    await database.write(work)
    await database.close()
    assert await played(installation, None) == await played(installation, rules(TICKET))
    tally = await compared(installation, None, rules(TICKET))
    assert tally.headline == "no difference"
    assert tally.held[Fate.DONE_BEFORE].before == 1


async def test_errors_and_unreadable_events_are_counted(installation: Installation) -> None:
    await installation.store(scan(0), scan(1), {"data": 1, "raw": b"{"})
    tally = await compared(installation, rules(SAY), rules(SAY.replace("< 70", "/ 0 == 1")))
    assert tally.errors["say"].after == 2
    assert "divide by zero" in tally.errors["say"].text
    (unreadable,) = (one for name, one in tally.errors.items() if name != "say")
    assert (unreadable.before, unreadable.after) == (1, 1)
    assert tally.headline == "2 fewer log lines, 2 more errors"


async def test_echoes_meet_no_rule(installation: Installation) -> None:
    (event,) = await installation.store(scan(41))
    database = await installation.open()
    await database.write(lambda tx: settle_all(tx, [Settled(event, 0, "v", EventState.ECHO, "")]))
    await database.close()
    assert await played(installation, rules(SAY)) == [[]]


def test_two_processes_play_both_sets_and_tell_how_far_they_are(
    installation: Installation,
) -> None:
    installation.fill(*(scan(score, at=score) for score in range(1_200)))
    asked = Asked(rules(SAY), rules(SAY.replace("70", "80")), EventFilter(since=START), keep=3)
    told: list[tuple[int, int]] = []
    report = backtest(installation.configured, asked, lambda *one: told.append(one))
    assert report.tally.headline == "10 more log lines"
    assert (report.tally.events, report.tally.differing) == (1_200, 10)
    assert len(report.tally.changes) == 3
    assert told[-1] == (1_200, 1_200)
    assert [total for _, total in told] == [1_200] * len(told)


def test_server_that_runs_beside_it_goes_on(installation: Installation) -> None:
    async def beside() -> Report:
        database = await installation.open()
        asked = Asked(None, rules(SAY), EVERYTHING)
        running = asyncio.create_task(asyncio.to_thread(backtest, installation.configured, asked))
        written = 0
        while not running.done():
            await database.write(lambda tx: tx.run("UPDATE events SET reason = 'seen'"))
            written += 1
            await asyncio.sleep(0)
        await database.close()
        assert written > 10
        return await running

    installation.fill(scan(41))
    assert asyncio.run(beside()).tally.headline == "1 more log line"


def test_set_with_mistakes_is_refused_before_anything_is_played(
    installation: Installation,
) -> None:
    installation.fill(scan(41))
    with pytest.raises(Invalid, match="when"):
        backtest(installation.configured, Asked(None, rules(SAY.replace("<", "!<")), EVERYTHING))


def test_process_that_cannot_read_the_store_says_so(
    installation: Installation, tmp_path: Path
) -> None:
    installation.fill(scan(41))
    configured = installation.configured
    (tmp_path / "bridge.db").write_bytes(b"this is no database, it was overwritten by somebody")
    for side in ("-wal", "-shm"):
        (tmp_path / f"bridge.db{side}").unlink(missing_ok=True)
    with pytest.raises(BridgeError, match="not a database"):
        backtest(configured, Asked(None, rules(SAY), EVERYTHING))


async def test_markdown_shows_what_an_event_says_as_it_is(installation: Installation) -> None:
    await installation.store(scan(41, "<img src=x>|`@all`"))
    tally = await compared(installation, rules(SAY), rules(SAY, TICKET))
    text = report_markdown(Report(EVERYTHING, "", "two", tally), 5)
    assert "### Back-test: 1 more ticket\n" in text
    assert "<img" not in text
    (row,) = (line for line in text.splitlines() if "create_ticket Finding" in line)
    assert row.count("|") == 5
    assert "<code>create_ticket Finding &#60;img src=x&#62;&#124;&#96;@all&#96;</code>" in row


@pytest.mark.parametrize(
    ("count", "action", "words"),
    [
        (1, "create_ticket", "1 ticket"),
        (1200, "push_case", "1,200 case pushes"),
        (2, "sync_status", "2 status syncs"),
        (3, "launch_rocket", "3 launch rockets"),
    ],
)
def test_actions_are_counted_in_words(count: int, action: str, words: str) -> None:
    assert counted_noun(count, action) == words
