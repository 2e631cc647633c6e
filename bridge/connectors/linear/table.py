"""append_table: adds tables below an issue's description and takes nothing away."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bridge.action import Call, Outcome
from bridge.connectors.answers import child
from bridge.connectors.linear.client import Linear, ticket_key
from bridge.connectors.linear.edit import set_fields
from bridge.connectors.linear.options import TEXT_LIMIT
from bridge.connectors.linear.texts import CALLS
from bridge.connectors.parameters import AppendTable
from bridge.errors import GiveUp, TryAgain
from bridge.text.characters import length, one_line, tidy
from bridge.text.gfm import escape_line, write_markdown_table
from bridge.text.ink import INK, LENGTH, ink
from bridge.text.quiet import quiet_text

TITLE_LIMIT = 255

OWN = re.compile(
    rf"(?:^\*\*[^\n]*\*\*\n\n)?^\|[^\n]*[{INK}]{{{LENGTH}}}[^\n]*\|\n(?:\|[^\n]*(?:\n|\Z))+",
    re.MULTILINE,
)

READ = """\
query DescriptionOfIssue($id: String!) {
  issue(id: $id) { id description }
}"""


async def append_table(linear: Linear, call: Call[AppendTable]) -> Outcome:
    """Reads the description, appends, writes it back, and reads it again to be sure.

    The caller holds the lock of the issue, so that no two of our own writes meet. A person may
    still save between our read and our write, since the API has no version check.
    """
    (outcome,) = await append_tables(linear, [call])
    return outcome


async def append_tables(linear: Linear, calls: Sequence[Call[AppendTable]]) -> list[Outcome]:
    """Several tables for one issue, in their order, with one write; see `append_table`."""
    key = ticket_key(calls[0].parameters.ticket)
    before = await _read(linear, key)
    blocks = [_block(call) for call in calls]
    new = [not is_there(before, *one) for one in zip(blocks, calls, strict=True)]
    if not any(new):
        return [Outcome({"moved": 0}, found=True) for _ in calls]
    added = [block for block, wanted in zip(blocks, new, strict=True) if wanted]
    text = "\n\n".join(filter(None, (before.rstrip(), *added)))
    if length(text) > TEXT_LIMIT:
        raise GiveUp(f"the description of {key} is full: it would exceed {TEXT_LIMIT} characters")
    await set_fields(linear, key, {"description": text})
    after = await _read(linear, key)
    if not all(_words(block) in _words(after) for block in added):
        raise TryAgain(
            f"the table is not in {key} after it was written: somebody else changed the "
            "description at the same moment",
            after_seconds=1.0,
            may_have_happened=True,
        )
    return [Outcome({"moved": 0}, found=not wanted) for wanted in new]


def is_there(text: str, block: str, call: Call[AppendTable]) -> bool:
    """By the ink; for a retry also by the words, should Linear have dropped the ink."""
    return ink(call.mark) in text or (call.may_exist and _words(block) in _words(text))


def own_tables(text: str) -> list[str]:
    """Our tables in a text, known by their ink; where Linear drops that, none is."""
    return [found[0].rstrip("\n") for found in OWN.finditer(text)]


def _block(call: Call[AppendTable]) -> str:
    """The title in bold and the table; the ink behind the first cell's words."""
    parameters = call.parameters
    header, *columns = [_cell(one) for one in parameters.columns]
    rows = [[_cell(one) for one in row] for row in parameters.all_rows()]
    table = write_markdown_table([header + ink(call.mark), *columns], rows)
    title = one_line(tidy(_cell(parameters.title or "")), TITLE_LIMIT)
    return f"**{escape_line(title)}**\n\n{table}" if title else table


def _cell(text: str) -> str:
    return quiet_text(text, CALLS)


def _words(text: str) -> str:
    """Letters and digits alone: Linear may space a table in its own way."""
    return re.sub(r"[\W_]+", "", text)


async def _read(linear: Linear, key: str) -> str:
    return str(child(await linear.ask(READ, id=key), "issue", "description") or "")
