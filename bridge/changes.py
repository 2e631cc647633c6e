"""One change of one field, in one form: what the bridge is about to write, and what events tell.

Both are brought to the same field names and to hashes that do not depend on how a system words a
value, so that a write is recognised when it comes back. Pure: nothing here reads or waits.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel

from bridge.connectors.cases import PushCase, comment_mark, comment_text, read_case
from bridge.connectors.own_ids import own_id
from bridge.connectors.parameters import (
    AppendTable,
    Comment,
    CreateTicket,
    EditComment,
    TextFormat,
    Transition,
    UpdateAlert,
    UpdateTicket,
)
from bridge.connectors.prose import document_of
from bridge.errors import GiveUp
from bridge.event import JSON, Event
from bridge.text.markdown import read_markdown
from bridge.text.plain import write_plain
from bridge.text.wiki_reader import read_wiki

COMMENT, CREATED = "comment", "created"

SAME_FIELD = {
    "title": "summary", "name": "summary", "severity": "priority", "prioritylabel": "priority",
    "tags": "labels", "body": "description", "state": "status", "assignees": "assignee",
    "owner": "assignee",
}  # fmt: skip
"""Names that systems have for a field, by the one that stands for all of them here."""

FOLLOWS_STATUS = frozenset(
    ("resolution", "resolutiondate", "reason", "state_reason", "closed_at", "completedat",
     "startedat", "canceledat", "sortorder", "rank", "triagedat", "snoozeduntilat",
     "stage", "enddate")
)  # fmt: skip
"""Fields that systems change by themselves when a status changes."""

TOLD_WHOLE = {
    "case": ("title", "status", "severity", "tags", "description"),
    "alert": ("status", "severity", "reason"),
    "finding": ("status", "severity"),
}
"""Fields that are compared with the last known state where an event tells all and no change."""

RAISED = ("alert.raised", "finding.opened")
"""Told of what is new, and of what is open again."""

MARK = re.compile(r"scanbridge[-:](?!case-|moves|tables)([a-z0-9-]{12,40})")
"""Our mark in a label, a tag, or a line of a text that nobody sees."""

SAID_CHARS = 80
DIGEST_CHARS = 32


@dataclass(frozen=True, slots=True)
class Change:
    """digests: of the value in each form it may have been written in; one is enough.

    said: the value in a few words. outside_id: of a comment.
    """

    field: str
    digests: frozenset[str]
    said: str
    outside_id: str = ""


# --- what is about to be written ------------------------------------------------------------


def changes_made(parameters: BaseModel, mark: str) -> list[Change]:
    """What an action will change, as far as that is known before it is done."""
    match parameters:
        case Transition():
            comment = _comment(parameters.comment, mark, parameters.format)
            return [plain("status", parameters.to), *comment]
        case UpdateAlert():
            return [plain("status", parameters.state), *_comment(parameters.comment, mark)]
        case Comment() | EditComment():
            return _comment(parameters.body, mark, parameters.format)
        case UpdateTicket():
            changes = [
                plain(name, value)
                for name in ("summary", "priority", "labels", "assignee")
                if (value := getattr(parameters, name)) is not None
            ]
            if parameters.description is not None:
                found = digest(_words_of(parameters.description, parameters.format))
                said = _few(parameters.description)
                changes.append(Change("description", frozenset({found}), said))
            return changes + [plain(name, one) for name, one in (parameters.fields or {}).items()]
        case AppendTable():
            return [Change("description", frozenset(_table(parameters, mark)), "a table")]
        case CreateTicket():
            return [_created(mark)]
        case PushCase():
            return _push(parameters, mark)
    return []


def _created(mark: str) -> Change:
    """digests: of the mark, and of the id that was chosen by it where the system lets us."""
    return Change(CREATED, frozenset({digest(mark), digest(own_id(mark))}), "the ticket")


def _comment(text: str | None, mark: str, text_format: TextFormat = "markdown") -> list[Change]:
    if not text:
        return []
    found = {digest(mark), digest(_words_of(text, text_format))}
    return [Change(COMMENT, frozenset(found), _few(text))]


def _words_of(text: str, text_format: TextFormat) -> str:
    """The words of a rule's text; none of a broken document, which is never written."""
    try:
        return words(write_plain(document_of(text, text_format)).text)
    except GiveUp:
        return ""


def _table(parameters: AppendTable, mark: str) -> set[str]:
    """By its mark, and by its words where the system tells the text without the mark, as Jira
    does of a table in an ADF document."""
    cells = [cell for row in parameters.all_rows() for cell in row]
    return {
        digest(mark),
        digest(words("".join((parameters.title or "", *parameters.columns, *cells)))),
    }


def _push(parameters: PushCase, mark: str) -> list[Change]:
    """A new ticket, or whatever of the case changed; only the connector finds out which."""
    try:
        case = read_case(parameters.case)
    except GiveUp:
        return []
    changes = [plain("summary", case.title)]
    if case.description is not None:
        changes.append(plain("description", case.description))
    if case.tags is not None:
        changes.append(plain("labels", list(case.tags)))
    for one in case.comments:
        changes += _comment(comment_text(case, one), comment_mark(mark, one.id))
    return [*changes, _created(mark)]


def object_written(parameters: BaseModel) -> str:
    """What an action writes to, in one spelling; empty for what is still to be made."""
    for name in ("ticket", "alert"):
        found = getattr(parameters, name, None)
        if isinstance(found, str) and found.strip():
            return object_name(found)
    return ""


def object_name(text: str) -> str:
    return text.strip().upper()


def object_names(record_id: str) -> tuple[str, ...]:
    """Every way an action may have named what an event is about: `OWNER/REPO#12`, `#12`, `12`."""
    whole = object_name(record_id)
    number = re.search(r"#(\d+)\Z", whole)
    return (whole,) if number is None else (whole, f"#{number[1]}", number[1])


# --- what an event tells --------------------------------------------------------------------


def changes_told(event: Event, known: JSON) -> list[Change]:
    """What an event says has changed; empty where that cannot be told.

    known: the data of the record that the event is about, from the event before.
    """
    data = event.data
    if not isinstance(data, dict):
        return []
    family, _, verb = event.type.partition(".")
    again = event.type in RAISED and isinstance(known, dict)  # what was there is open again
    if verb == CREATED or (event.type in RAISED and not again):
        known_by = {*marks_in(data), _text(data.get("id"))} - {""}
        return [Change(CREATED, frozenset(map(digest, known_by)), "the ticket")]
    if verb == "deleted":
        return []
    found = _told(data.get("changed"))
    edited = COMMENT in (one.field for one in found)
    if edited:  # told by its words alone: the comment with this id may be known from before
        found = [one for one in found if one.field != COMMENT]
        found += [replace(one, outside_id="") for one in _told_comment(data.get("comment"))]
    elif verb == "commented" or (family == "issue" and data.get("comment") is not None):
        found += _told_comment(data.get("comment"))
    elif not found and isinstance(known, dict):
        found = [
            plain(name, data[name])
            for name in TOLD_WHOLE.get(family, ())
            if name in data and data[name] != known.get(name)
        ]
    elif not found and family == "alert" and "status" in data:
        # Of one that was never heard of, an event still says that its status is another one now.
        found = [plain("status", data["status"])]
    status = [one for one in found if one.field == "status"]
    return [one for one in found if not (status and one.field in FOLLOWS_STATUS)]


def _told(changed: JSON) -> list[Change]:
    found = []
    for name, change in changed.items() if isinstance(changed, dict) else ():
        values = change if isinstance(change, dict) else {}
        told = plain(name, values.get("to"))
        if values.get("to_id") is not None:
            told = replace(told, digests=told.digests | plain(name, values["to_id"]).digests)
        if told.field == "description":
            marks = marks_of(values.get("to")) - marks_of(values.get("from"))
            known = set(map(digest, marks)) | _forms(_text(values.get("to") or ""))
            told = replace(told, digests=told.digests | known)
            before, after = (words(_text(values.get(end) or "")) for end in ("from", "to"))
            if after.startswith(before) and len(after) > len(before):
                added = _added(before, _text(values.get("to")))
                told = replace(told, digests=told.digests | added | {digest(after[len(before) :])})
        found.append(told)
    return found


def _added(before: str, after: str) -> set[str]:
    """What was put below a text, up to each of its lines: several tables of one write come in one
    piece, and the first of them is enough to know it by. before: its words alone."""
    found: set[str] = set()
    skipped, so_far = 0, hashlib.sha256()
    for line in map(words, after.splitlines()):
        if skipped < len(before):
            skipped += len(line)
        elif line:
            so_far.update(line.encode("utf-8", "surrogatepass"))
            found.add(so_far.copy().hexdigest()[:DIGEST_CHARS])
    return found if skipped == len(before) else set()


def _told_comment(comment: JSON) -> list[Change]:
    given = comment if isinstance(comment, dict) else {}
    body = given.get("body")
    text = body if isinstance(body, str) else ""
    found = _forms(text) | set(map(digest, marks_of(text)))
    return [Change(COMMENT, frozenset(found), _few(text), str(given.get("id") or ""))]


def _forms(text: str) -> set[str]:
    """Of a text's words, whichever markup it may be in; none of an empty one."""
    forms = {text, write_plain(read_markdown(text)).text, write_plain(read_wiki(text)).text}
    return {digest(words(one)) for one in forms if words(one)}


def without(event: Event, fields: Iterable[str]) -> Event:
    """The event with those changes left out: what goes on of a delivery that is ours in part."""
    ours = set(fields)
    data = event.data
    if not ours or not isinstance(data, dict):
        return event
    rest = dict(data)
    changed = data.get("changed")
    if isinstance(changed, dict):
        rest["changed"] = {
            name: change for name, change in changed.items() if field_name(name) not in ours
        }
    if COMMENT in ours:
        rest.pop("comment", None)
    return replace(event, data=rest)


# --- values ---------------------------------------------------------------------------------


def field_name(name: str) -> str:
    folded = name.strip().casefold()
    return SAME_FIELD.get(folded, folded)


def plain(name: str, value: JSON) -> Change:
    """The change of one field to a value."""
    field = field_name(name)
    return Change(field, frozenset({digest(canonical(field, value))}), _few(_text(value)))


def canonical(field: str, value: JSON) -> str:
    """A value without what systems word differently: case, blanks, the order of labels."""
    if field == "labels":
        parts = value if isinstance(value, list) else _text(value).replace(",", " ").split()
        names = {"-".join(_text(one).casefold().split()) for one in parts}
        return " ".join(sorted(one for one in names if not one.startswith("scanbridge-")))
    if field == "description":
        return words(write_plain(read_markdown(_text(value))).text)
    return " ".join(_text(value).casefold().split())


def words(text: str) -> str:
    """Letters and digits alone: systems space and escape a text in ways of their own."""
    return re.sub(r"[\W_]+", "", text).casefold()


def digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:DIGEST_CHARS]


def marks_of(text: JSON) -> set[str]:
    return set(MARK.findall(text)) if isinstance(text, str) else set()


def marks_in(data: Mapping[str, JSON]) -> set[str]:
    """Every mark of ours that something carries in its labels, its tags or its text."""
    found = marks_of(data.get("description"))
    for name in ("labels", "tags"):
        listed = data.get(name)
        for one in listed if isinstance(listed, list) else ():
            found |= marks_of(one)
    return found


def _text(value: JSON) -> str:
    if isinstance(value, dict):
        return next(
            (_text(value[key]) for key in ("name", "value", "uid", "id") if key in value), ""
        )
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return "" if value is None else str(value)


def _few(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SAID_CHARS else f"{line[: SAID_CHARS - 1]}…"
