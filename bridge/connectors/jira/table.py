"""append_table: a dated table below what stands in the description."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.jira.bodies import Body, is_there, read_body
from bridge.connectors.jira.client import Jira, as_list, as_object
from bridge.connectors.jira.comments import add_comment, newest_comments
from bridge.connectors.jira.marks import TABLES_KEPT, TABLES_PROPERTY, marks_of
from bridge.connectors.parameters import AppendTable
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON


async def append_table(jira: Jira, call: Call[AppendTable]) -> Outcome:
    """Reads the description, appends, writes it back, and reads again to be sure.

    The caller holds the lock of the issue, so that no two of our own writes meet. A person may
    still save between our read and our write, since Jira has no version check; when it happens
    after our write, the second read notices that our table is gone and the try is repeated.

    The table is known again by its mark, in the description or in the comment it was moved to;
    where Jira dropped the mark, by its words and a property that the same edit wrote.
    """
    (outcome,) = await append_tables(jira, [call])
    return outcome


@dataclass(frozen=True, slots=True)
class Wanted:
    """One table on its way. lost: what did not fit into it."""

    call: Call[AppendTable]
    block: JSON
    lost: tuple[str, ...]


async def append_tables(jira: Jira, calls: Sequence[Call[AppendTable]]) -> list[Outcome]:
    """Several tables for one issue, in their order, with one write; see `append_table`."""
    ticket = calls[0].parameters.ticket
    limit = jira.settings.description_limit
    before, marks = await _read(jira, ticket)
    wanted = [_wanted(before, call, limit) for call in calls]
    new = [one for one in wanted if not await _is_done(jira, one, before, marks)]
    if not new:
        return [Outcome({"moved": 0}, found=True) for _ in calls]
    text = before
    for one in new:
        text = text.with_block(one.block)
    moved = text.to_move([one.call.mark for one in new], limit)
    if moved is None and before.size() > limit and not before.is_judged_here:
        moved = []  # Jira took what is there, so it counts otherwise than we do; let it judge
    if moved is None and len(calls) > 1:  # together they are too much; perhaps the first fits
        return [await append_table(jira, call) for call in calls]
    if moved is None:
        raise GiveUp(
            f"the description of {ticket} is full: with this table it would exceed "
            f"{limit} characters, and no older table of ours is left to move into a comment"
        )
    if moved:
        blocks = text.blocks()
        await _move_to_comments(jira, ticket, text, {mark: blocks[mark] for mark in moved}, limit)
        text = text.without(moved)
    known = [*marks, *(one.call.mark for one in new)]
    remembered: JSON = {"marks": known[-TABLES_KEPT:]}
    await jira.edit(ticket, {"description": text.value}, {TABLES_PROPERTY: remembered})
    changed = await _confirm(jira, ticket, text, new)
    return [
        Outcome({"moved": len(moved)}, lost=one.lost + changed)
        if one in new
        else Outcome({"moved": 0}, found=True)
        for one in wanted
    ]


def _wanted(body: Body, call: Call[AppendTable], limit: int) -> Wanted:
    parameters = call.parameters
    block, lost = body.block(
        call.mark, parameters.title or "", parameters.columns, parameters.all_rows(), limit // 2
    )
    return Wanted(call, block, lost)


async def _is_done(jira: Jira, one: Wanted, before: Body, marks: list[JSON]) -> bool:
    """Whether an earlier try wrote this table, here or in a comment it was moved to since."""
    if is_there(before, marks, one.call.mark, one.block):
        return True
    # Several tables written one by one fail together: of the first the property alone knows.
    doubtful = one.call.may_exist or one.call.mark in marks
    return doubtful and await _is_in_comment(jira, one.call)


async def _read(jira: Jira, ticket: str) -> tuple[Body, list[JSON]]:
    """The description as it is, and the marks of the tables appended so far."""
    issue = await jira.issue(ticket, "description", TABLES_PROPERTY)
    value = as_object(issue.get("fields", {})).get("description")
    body = read_body(value, jira.settings.api, f"the description of {ticket}")
    return body, marks_of(issue, TABLES_PROPERTY)


async def _is_in_comment(jira: Jira, call: Call[AppendTable]) -> bool:
    """Whether this table was written and has been moved since."""
    async for one in newest_comments(jira, call.parameters.ticket):
        if call.mark in _tables_of(jira, one, [call.mark]):
            return True
    return False


def _tables_of(jira: Jira, comment: dict[str, JSON], marks: Iterable[str]) -> set[str]:
    """Those of the marks whose tables stand in a comment: the comment says so, or holds them."""
    named = next(
        (
            marks_of(
                {"properties": {TABLES_PROPERTY: as_object(one).get("value")}}, TABLES_PROPERTY
            )
            for one in as_list(comment.get("properties"))
            if as_object(one).get("key") == TABLES_PROPERTY
        ),
        [],
    )
    body = read_body(comment.get("body"), jira.settings.api, "a comment")
    return {mark for mark in marks if mark in named or body.holds(mark)}


async def _move_to_comments(
    jira: Jira, ticket: str, body: Body, blocks: Mapping[str, JSON], limit: int
) -> None:
    """Puts into comments what is not in one yet; only then may it leave the description."""
    missing = dict(blocks)
    async for one in newest_comments(jira, ticket):
        for mark in _tables_of(jira, one, missing):
            del missing[mark]
        if not missing:
            return
    for marks, text in body.packed(missing, limit):
        known: JSON = {"marks": list(marks)}
        await add_comment(jira, ticket, text, marks[0], {TABLES_PROPERTY: known})


async def _confirm(
    jira: Jira, ticket: str, sent: Body, written: Sequence[Wanted]
) -> tuple[str, ...]:
    """Reads back. Raises TryAgain when a table is not there: somebody wrote at the same time."""
    after, marks = await _read(jira, ticket)
    if not all(is_there(after, marks, one.call.mark, one.block) for one in written):
        raise TryAgain(
            f"the table is not in {ticket} after it was written: somebody else "
            "changed the description at the same moment",
            after_seconds=1.0,
            may_have_happened=True,
        )
    same = after.reads_as(sent)
    return () if same else ("the description reads differently from what was written",)
