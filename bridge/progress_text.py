"""What is written about a job: its tables, a summary of it, and its notes. Pure."""

from __future__ import annotations

from bridge.connectors.parameters import AppendTable
from bridge.jobs import Job
from bridge.store.job_notes import Note
from bridge.text.characters import one_line, tidy
from bridge.text.plain import read_plain
from bridge.text.tree import Block, Document, Inline, ListBlock, Paragraph, Strong, Text
from bridge.text.wiki import write_wiki

DATE = "Date"
COMPLETED = "Completed"
MOST_SERIALS = 100
"""Serial numbers named in a comment; of more it is told how many there are."""

WORDS_LIMIT = 255


def tables_of(job: Job, today: str) -> list[AppendTable]:
    """One table for each path: the date, the count in each step in order, and what is done."""
    return [
        AppendTable(
            ticket=job.ticket,
            title=path.name,
            columns=[DATE, *(step.name for step in path.steps), COMPLETED],
            row=[today, *(str(step.count) for step in path.steps), str(path.completed)],
        )
        for path in job.paths
    ]


def summary_text(job: Job, today: str) -> str:
    """Where a job is, in wiki markup: a line for each path."""
    items: list[tuple[Block, ...]] = []
    for path in job.paths:
        counts = [f"{_line(step.name)}: {step.count}" for step in path.steps]
        words = ", ".join([*counts, f"{COMPLETED}: {path.completed}"])
        name = _line(path.name)
        told: list[Inline] = [Strong((Text(name),)), Text(": ")] if name else []
        items.append((Paragraph((*told, Text(words))),))
    title = Strong((Text(f"{_line(job.name) or job.id}, {today}"),))
    blocks: tuple[Block, ...] = (Paragraph((title,)), ListBlock(False, tuple(items)))
    return write_wiki(Document(blocks)).text


def note_text(note: Note) -> str:
    """A note in wiki markup: the step and the serial numbers it is about, then its words."""
    about = [f"Step: {_line(note.step_name)}"] if note.step_name.strip() else []
    if serials := _serials(note):
        about.append(f"Serials: {serials}")
    blocks: list[Block] = []
    if about:
        blocks.append(Paragraph((Strong((Text(", ".join(about)),)),)))
    blocks += read_plain(note.text).blocks
    return write_wiki(Document(tuple(blocks))).text


def _serials(note: Note) -> str:
    if isinstance(note.serials, int):
        return str(note.serials)
    named = ", ".join(_line(one) for one in note.serials[:MOST_SERIALS])
    more = len(note.serials) - MOST_SERIALS
    return f"{named} and {more} more" if more > 0 else named


def _line(text: str) -> str:
    return one_line(tidy(text), WORDS_LIMIT)
