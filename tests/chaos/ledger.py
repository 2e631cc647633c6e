"""The ledger: what was accepted, against what the store says and what the sandbox really holds."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bridge.store.transaction import Transaction
from tests.chaos.sender import Sent
from tests.chaos.story import Deed
from tests.chaos.world import HUMAN_TEXT, SandboxClient

ROW = re.compile(r"^\| (L\d\d) \| (L\d\d/\d{4}) \|\s*$", re.MULTILINE)
SAID = re.compile(r"^(note|told|opened) (\S+)$")
FOUND = re.compile(r"^\[(V\d{4})\] found$")
SETTLED = ("done", "ignored", "failed", "echo")


@dataclass(slots=True)
class Books:
    """What the store says. by_key: an event's state and reason; dead: keys of those with a try
    that gave up, which a redelivery has put behind its successors."""

    by_key: dict[str, tuple[str, str]] = field(default_factory=dict)
    unfinished: int = 0
    dead: dict[str, str] = field(default_factory=dict)
    found: int = 0
    tries: int = 0

    @property
    def states(self) -> Counter[str]:
        return Counter(state for state, _ in self.by_key.values())

    @property
    def settled(self) -> bool:
        return not self.unfinished and all(state in SETTLED for state in self.states)


async def read_books(tx: Transaction) -> Books:
    events = await tx.rows("SELECT key, state, reason FROM events")
    waiting = await tx.row(
        "SELECT count(*) FROM actions WHERE state IN ('pending', 'running', 'waiting')"
    )
    dead = await tx.rows(
        "SELECT e.key, t.reason FROM attempts t JOIN actions a ON a.id = t.action_id"
        " JOIN events e ON e.id = a.event_id WHERE t.outcome = 'dead'"
    )
    tries: dict[str, int] = dict(
        await tx.rows("SELECT outcome, count(*) FROM attempts GROUP BY outcome")
    )
    return Books(
        {key: (state, reason) for key, state, reason in events},
        int(waiting[0]) if waiting else 0,
        dict(dead),
        tries.get("found", 0),
        sum(tries.values()),
    )


@dataclass(slots=True)
class Things:
    """What Jira holds, each as a list of serials (or values) in the order of their making.

    rows, notes, files: by issue. moves: of each issue the statuses it went to.
    """

    tickets: list[str] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    rows: dict[str, list[str]] = field(default_factory=dict)
    notes: dict[str, list[str]] = field(default_factory=dict)
    files: dict[str, list[str]] = field(default_factory=dict)
    moves: dict[str, list[str]] = field(default_factory=dict)
    moved_tables: int = 0
    wrong: list[str] = field(default_factory=list)


async def read_things(sandbox: SandboxClient) -> Things:
    things = Things()
    for issue in await sandbox.issues():
        fields: dict[str, Any] = issue["fields"]  # type: ignore[assignment]
        key = str(issue["key"])
        found = FOUND.match(str(fields["summary"]))
        if found:
            things.tickets.append(found[1])
        read_texts(things, key, fields)
        history: list[dict[str, Any]] = issue["changelog"]  # type: ignore[assignment]
        things.moves[key] = [
            str(item["toString"])
            for change in history
            for item in change["items"]
            if item["field"] == "status"
        ]
        files = sorted(fields.get("attachment") or [], key=lambda one: int(one["id"]))
        things.files[key] = [await sandbox.content(str(one["id"])) for one in files]
    return things


def read_texts(things: Things, key: str, fields: Mapping[str, Any]) -> None:
    """Comments and the description of one issue."""
    comments = fields["comment"]["comments"]
    notes = things.notes.setdefault(key, [])
    rows = things.rows.setdefault(key, [])
    for comment in sorted(comments, key=lambda one: int(one["id"])):
        body = str(comment["body"])
        said = SAID.match(body)
        in_comment = [serial for _, serial in ROW.findall(body)]
        things.moved_tables += len(in_comment)
        rows += in_comment
        if said and said[1] == "note":
            notes.append(said[2])
        elif said:
            (things.told if said[1] == "told" else things.opened).append(said[2])
        elif not in_comment:
            things.wrong.append(f"{key}: a comment that nobody asked for: {body[:80]!r}")
    description = str(fields.get("description") or "")
    rows += [serial for _, serial in ROW.findall(description)]
    if str(fields["summary"]).startswith(("shared", "own")) and not description.startswith(
        HUMAN_TEXT
    ):
        things.wrong.append(f"{key}: a person's words are gone: {description[:80]!r}")


@dataclass(slots=True)
class Ledger:
    """The comparison. Every list names what is wrong, one line each."""

    doubles: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    disorder: list[str] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def balanced(self) -> bool:
        return not (self.doubles or self.lost or self.disorder or self.strange)

    def compare(self, what: str, wanted: Iterable[str], there: Iterable[str]) -> None:
        """Each wanted thing exactly once, and no other."""
        expected, real = Counter(wanted), Counter(there)
        self.counts[what] = sum(real.values())
        for name in sorted(expected | real):
            if real[name] > expected[name]:
                self.doubles.append(f"{what} {name}: {real[name]} times, wanted {expected[name]}")
            elif real[name] < expected[name]:
                self.lost.append(f"{what} {name}: {real[name]} times, wanted {expected[name]}")


def balance(deeds: Sequence[Deed], sent: Sent, books: Books, things: Things) -> Ledger:
    """Compares everything with everything."""
    ledger = Ledger(strange=[*sent.wrong, *things.wrong])
    ledger.lost += [f"{one.key}: not accepted" for one in deeds if one.key not in sent.accepted]
    ledger.lost += [f"{key}: not in the store" for key in sent.accepted if key not in books.by_key]
    for deed in deeds:
        state, reason = books.by_key.get(deed.key, ("absent", ""))
        if state != "done" and not (deed.kind == "tell" and state == "ignored"):
            ledger.lost.append(f"{deed.key} ({deed.kind}) is {state}: {reason}")
    by_kind: dict[str, list[Deed]] = defaultdict(list)
    for deed in deeds:
        by_kind[deed.kind].append(deed)
    values = {deed.value for deed in by_kind["find"]}
    ledger.compare("tickets", values, things.tickets)
    ledger.compare("opening comments", values, things.opened)
    told = [d.serial for d in by_kind["tell"] if books.by_key.get(d.key, ("",))[0] == "done"]
    ledger.compare("told comments", told, things.told)
    for what, kind, held in (
        ("comments", "note", things.notes),
        ("table rows", "row", things.rows),
        ("attachments", "file", things.files),
    ):
        wanted = [f"{deed.ticket} {deed.serial}" for deed in by_kind[kind]]
        there = [f"{ticket} {serial}" for ticket, serials in held.items() for serial in serials]
        ledger.compare(what, wanted, there)
        check_order(ledger, what, held, deeds, books)
    compare_moves(ledger, by_kind["move"], things, books)
    return ledger


def check_order(
    ledger: Ledger,
    what: str,
    held: Mapping[str, Sequence[str]],
    deeds: Sequence[Deed],
    books: Books,
) -> None:
    """Within an issue, what one lane wrote stands in the order of the lane."""
    excused = {deed.serial for deed in deeds if deed.key in books.dead}
    for ticket, serials in held.items():
        last: dict[str, str] = {}
        for serial in serials:
            lane = serial.partition("/")[0]
            if serial in excused:
                continue
            if serial < last.get(lane, ""):
                ledger.disorder.append(f"{what} of {ticket}: {serial} stands after {last[lane]}")
            last[lane] = serial


def compare_moves(ledger: Ledger, deeds: Sequence[Deed], things: Things, books: Books) -> None:
    """Each lane's own issue went where its events said, once for each, in their order."""
    wanted: dict[str, list[str]] = defaultdict(list)
    excused = {deed.ticket for deed in deeds if deed.key in books.dead}
    for deed in deeds:
        wanted[deed.ticket].append(deed.status)
    ledger.counts["transitions"] = sum(len(moves) for moves in things.moves.values())
    for ticket, moves in things.moves.items():
        expected = wanted.get(ticket, [])
        if ticket in excused or moves == expected:
            continue
        if len(moves) > len(expected):
            ledger.doubles.append(f"transitions of {ticket}: {len(moves)}, wanted {len(expected)}")
        elif len(moves) < len(expected):
            ledger.lost.append(f"transitions of {ticket}: {len(moves)}, wanted {len(expected)}")
        else:
            ledger.disorder.append(f"transitions of {ticket}: {moves}")
