"""comment: below a page, once; recognised by its anchor."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.confluence.client import Confluence
from bridge.connectors.confluence.own_tables import anchor, holds_anchor
from bridge.connectors.parameters import Comment
from bridge.connectors.prose import document_of
from bridge.errors import GiveUp
from bridge.text.cut import fit
from bridge.text.storage import write_storage

LIMIT = 100_000
"""Arbitrary: a long page's worth. Confluence takes more, and nobody reads it."""


async def comment(confluence: Confluence, call: Call[Comment]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then adds."""
    given = call.parameters
    page_id = await confluence.page_id(given.ticket)
    if call.may_exist:
        async for one in confluence.comments(page_id):
            if holds_anchor(one.body, call.mark):
                return Outcome({"id": one.id}, found=True)
    words = fit(document_of(given.body, given.format, LIMIT), LIMIT, write_storage)
    if not words.text:
        raise GiveUp("the comment is empty")
    made = await confluence.add_comment(page_id, f"{words.text}<p>{anchor(call.mark)}</p>")
    return Outcome({"id": made}, lost=words.lost)
