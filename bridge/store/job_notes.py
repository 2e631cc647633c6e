"""The table of notes on jobs, with the comments that were made of them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.store.transaction import Row, Transaction, insert_rows

Serials = tuple[str, ...] | int
"""Serial numbers, or only how many."""


@dataclass(frozen=True, slots=True)
class Note:
    """ticket, comment_id: where it stands in Jira; empty until it was pushed."""

    job_id: str
    id: str
    step_name: str
    serials: Serials
    text: str
    ticket: str = ""
    comment_id: str = ""


COLUMNS = "job_id, id, step_name, serials, text, ticket, comment_id"


def stored(row: Row) -> Note:
    job_id, id_, step_name, serials, text, ticket, comment_id = row
    value = json.loads(serials)
    told = tuple(value) if isinstance(value, list) else int(value)
    return Note(job_id, id_, step_name, told, text, ticket, comment_id)


async def list_notes(tx: Transaction, tenant: str, job_id: str) -> Sequence[Note]:
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM job_notes WHERE tenant = ? AND job_id = ? ORDER BY position",
        tenant,
        job_id,
    )
    return [stored(row) for row in rows]


async def notes_named(tx: Transaction, tenant: str, note_id: str) -> Sequence[Note]:
    """The notes of this id, of whatever job; ids are unique within a job only."""
    rows = await tx.rows(
        f"SELECT {COLUMNS} FROM job_notes WHERE tenant = ? AND id = ? ORDER BY job_id LIMIT 2",
        tenant,
        note_id,
    )
    return [stored(row) for row in rows]


async def replace_notes(tx: Transaction, tenant: str, job_id: str, notes: Sequence[Note]) -> None:
    """Puts these in place of all notes of a job; one that says the same as before stays pushed."""
    before = {one.id: one for one in await list_notes(tx, tenant, job_id)}
    await tx.run("DELETE FROM job_notes WHERE tenant = ? AND job_id = ?", tenant, job_id)
    rows = []
    for position, note in enumerate(notes):
        old = before.get(note.id)
        kept = old if old and _said(old) == _said(note) else note
        rows.append(
            (tenant, job_id, note.id, position, note.step_name, _written(note.serials), note.text,
             kept.ticket, kept.comment_id)
        )  # fmt: skip
    if rows:
        await insert_rows(
            tx,
            "INSERT INTO job_notes (tenant, job_id, id, position, step_name, serials, text,"
            " ticket, comment_id)",
            rows,
        )


async def note_pushed(tx: Transaction, tenant: str, note: Note) -> None:
    """Remembers where a note stands in Jira, unless it says something else by now."""
    await tx.run(
        "UPDATE job_notes SET ticket = ?, comment_id = ? WHERE tenant = ? AND job_id = ? AND id = ?"
        " AND text = ? AND step_name = ? AND serials = ?",
        note.ticket, note.comment_id, tenant, note.job_id, note.id, note.text, note.step_name,
        _written(note.serials),
    )  # fmt: skip


def _said(note: Note) -> tuple[object, ...]:
    return note.step_name, note.serials, note.text


def _written(serials: Serials) -> str:
    return json.dumps(serials)
