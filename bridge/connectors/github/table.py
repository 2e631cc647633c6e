"""append_table: adds tables below an issue's text and takes nothing away.

Once the body is full, the oldest of our own tables move into comments: first they are written
there, then they leave the body, so that a crash in between shows them twice rather than never.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.github.client import GitHub, Ticket
from bridge.connectors.github.comments import add_comment, newest_comments
from bridge.connectors.github.options import BODY_LIMIT
from bridge.connectors.github.own_tables import (
    OwnTable,
    append,
    holds_table,
    own_block,
    packed,
    to_move,
    without,
)
from bridge.connectors.github.texts import cell_text
from bridge.connectors.parameters import AppendTable
from bridge.errors import GiveUp, TryAgain

COMMENT_LIMIT = BODY_LIMIT - 100


async def append_table(github: GitHub, call: Call[AppendTable]) -> Outcome:
    """Reads the body, appends, writes it back, and reads the answer to be sure.

    The caller holds the lock of the issue, so that no two of our own writes meet. A person may
    still save between our read and our write, since the API has no version check.
    """
    (outcome,) = await append_tables(github, [call])
    return outcome


@dataclass(frozen=True, slots=True)
class Wanted:
    """One table on its way. lost: what did not fit into it."""

    call: Call[AppendTable]
    block: str
    lost: tuple[str, ...]


async def append_tables(github: GitHub, calls: Sequence[Call[AppendTable]]) -> list[Outcome]:
    """Several tables for one issue, in their order, with one write; see `append_table`."""
    ticket = github.ticket(calls[0].parameters.ticket)
    if any(github.ticket(call.parameters.ticket) != ticket for call in calls):
        # The same number in several repositories: they share a lock and nothing else.
        return [await append_table(github, call) for call in calls]
    before = await _read(github, ticket)
    wanted = [_wanted(github, call) for call in calls]
    new = [one for one in wanted if not await _is_done(github, ticket, one, before)]
    if not new:
        return [Outcome({"moved": 0}, found=True) for _ in calls]
    text = append(before, [one.block for one in new])
    moved = to_move(text, [one.call.mark for one in new], BODY_LIMIT)
    if moved is None and len(calls) > 1:  # together they are too much; perhaps the first fits
        return [await append_table(github, call) for call in calls]
    if moved is None:
        raise GiveUp(
            f"the text of {ticket.key} is full: with this table it would exceed {BODY_LIMIT} "
            "characters, and no older table of ours is left to move into a comment"
        )
    if moved:
        await move_to_comments(github, ticket, moved)
        text = without(text, moved)
    await github.write("PATCH", ticket.path, {"body": text})
    after = await _read(github, ticket)
    if not all(holds_table(after, one.call.mark) for one in new):
        raise TryAgain(
            f"the table is not in {ticket.key} after it was written: somebody else changed the "
            "text at the same moment",
            after_seconds=1.0,
            may_have_happened=True,
        )
    return [
        Outcome({"moved": len(moved)}, lost=one.lost)
        if one in new
        else Outcome({"moved": 0}, found=True)
        for one in wanted
    ]


def _wanted(github: GitHub, call: Call[AppendTable]) -> Wanted:
    parameters = call.parameters
    block, lost = own_block(
        call.mark,
        cell_text(github, parameters.title or ""),
        [cell_text(github, one) for one in parameters.columns],
        [[cell_text(github, one) for one in row] for row in parameters.all_rows()],
        BODY_LIMIT // 2,
    )
    return Wanted(call, block, lost)


async def _is_done(github: GitHub, ticket: Ticket, one: Wanted, before: str) -> bool:
    """Whether an earlier try wrote this table, here or in a comment it was moved to since.

    Calls written one by one fail together, so that of the first the body alone knows.
    """
    if holds_table(before, one.call.mark):
        return True
    if not one.call.may_exist:
        return False
    async for comment in newest_comments(github, ticket):
        if holds_table(comment.get("body"), one.call.mark):
            return True
    return False


async def _read(github: GitHub, ticket: Ticket) -> str:
    return str((await github.issue(ticket)).get("body") or "")


async def move_to_comments(github: GitHub, ticket: Ticket, tables: Sequence[OwnTable]) -> None:
    """Puts into comments what is not in one yet; only then may it leave the body."""
    missing = {table.mark: table for table in tables}
    async for comment in newest_comments(github, ticket):
        body = comment.get("body")
        missing = {mark: one for mark, one in missing.items() if not holds_table(body, mark)}
        if not missing:
            return
    for group in packed(list(missing.values()), COMMENT_LIMIT):
        text = "\n\n".join(table.text for table in group)
        await add_comment(github, ticket, text, group[0].mark)
