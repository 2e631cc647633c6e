"""append_table: a dated table below what stands in the description."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.jira.client import Jira, as_object
from bridge.connectors.jira.comments import add_comment, newest_comments
from bridge.connectors.jira.marks import TABLES_KEPT, TABLES_PROPERTY, marks_of
from bridge.connectors.jira.own_tables import (
    OwnTable,
    append,
    holds_anchor,
    is_there,
    own_block,
    packed,
    to_move,
    without,
)
from bridge.connectors.parameters import AppendTable
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON


async def append_table(jira: Jira, call: Call[AppendTable]) -> Outcome:
    """Reads the description, appends, writes it back, and reads again to be sure.

    The caller holds the lock of the issue, so that no two of our own writes meet. A person may
    still save between our read and our write, since Jira has no version check; when it happens
    after our write, the second read notices that our table is gone and the try is repeated.

    The table is known again by its anchor, in the description or in the comment it was moved to;
    where Jira dropped the anchor, by its words and a property that the same edit wrote.
    """
    (outcome,) = await append_tables(jira, [call])
    return outcome


@dataclass(frozen=True, slots=True)
class Wanted:
    """One table on its way. lost: what did not fit into it."""

    call: Call[AppendTable]
    block: str
    lost: tuple[str, ...]


async def append_tables(jira: Jira, calls: Sequence[Call[AppendTable]]) -> list[Outcome]:
    """Several tables for one issue, in their order, with one write; see `append_table`."""
    ticket = calls[0].parameters.ticket
    limit = jira.settings.description_limit
    before, marks = await _read(jira, ticket)
    wanted = [_wanted(call, limit) for call in calls]
    new = [one for one in wanted if not await _is_done(jira, one, before, marks)]
    if not new:
        return [Outcome({"moved": 0}, found=True) for _ in calls]
    text = before
    for one in new:
        text = append(text, one.block)
    moved = to_move(text, [one.call.mark for one in new], limit)
    if moved is None and len(calls) > 1:  # together they are too much; perhaps the first fits
        return [await append_table(jira, call) for call in calls]
    if moved is None:
        raise GiveUp(
            f"the description of {ticket} is full: with this table it would exceed "
            f"{limit} characters, and no older table of ours is left to move into a comment"
        )
    if moved:
        await _move_to_comments(jira, ticket, moved, limit)
        text = without(text, moved)
    known = [*marks, *(one.call.mark for one in new)]
    remembered: JSON = {"marks": known[-TABLES_KEPT:]}
    await jira.edit(ticket, {"description": text}, {TABLES_PROPERTY: remembered})
    changed = await _confirm(jira, ticket, text, new)
    return [
        Outcome({"moved": len(moved)}, lost=one.lost + changed)
        if one in new
        else Outcome({"moved": 0}, found=True)
        for one in wanted
    ]


def _wanted(call: Call[AppendTable], limit: int) -> Wanted:
    parameters = call.parameters
    block, lost = own_block(
        call.mark, parameters.title or "", parameters.columns, parameters.all_rows(), limit // 2
    )
    return Wanted(call, block, lost)


async def _is_done(jira: Jira, one: Wanted, before: str, marks: list[JSON]) -> bool:
    """Whether an earlier try wrote this table, here or in a comment it was moved to since."""
    if is_there(before, marks, one.call.mark, one.block):
        return True
    # Several tables written one by one fail together: of the first the property alone knows.
    doubtful = one.call.may_exist or one.call.mark in marks
    return doubtful and await _is_in_comment(jira, one.call)


async def _read(jira: Jira, ticket: str) -> tuple[str, list[JSON]]:
    """The description to the byte, and the marks of the tables appended so far."""
    issue = await jira.issue(ticket, "description", TABLES_PROPERTY)
    description = as_object(issue.get("fields", {})).get("description") or ""
    if not isinstance(description, str):
        raise GiveUp(f"the description of {ticket} is no text")
    return description, marks_of(issue, TABLES_PROPERTY)


async def _is_in_comment(jira: Jira, call: Call[AppendTable]) -> bool:
    """Whether this table was written and has been moved since."""
    async for one in newest_comments(jira, call.parameters.ticket):
        if holds_anchor(str(one.get("body")), call.mark):
            return True
    return False


async def _move_to_comments(jira: Jira, ticket: str, tables: list[OwnTable], limit: int) -> None:
    """Puts into comments what is not in one yet; only then may it leave the description."""
    missing = {table.mark: table for table in tables}
    async for one in newest_comments(jira, ticket):
        body = str(one.get("body"))
        missing = {mark: table for mark, table in missing.items() if not holds_anchor(body, mark)}
        if not missing:
            return
    for group in packed(list(missing.values()), limit):
        text = "\n\n".join(table.text for table in group)
        await add_comment(jira, ticket, text, group[0].mark)


async def _confirm(
    jira: Jira, ticket: str, sent: str, written: Sequence[Wanted]
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
    changed = after.replace("\r\n", "\n").rstrip() != sent.replace("\r\n", "\n").rstrip()
    return ("the description reads differently from what was written",) if changed else ()
