"""A case on its way into another system: what `push_case` takes, shared by all that offer it.

Question: where does a connector get a case from, when connectors never see the store?
Options: a second model for the connectors' side of the action; the case as a parameter.
Choice: `case` is an id or the case itself. A rule may give either or neither; whoever calls the
connector (`bridge/cases.py`) has put the case itself there, and the ticket it is tied to.
Consequence: a rule can push what no source ever sent as a case, and tests need no store.

The call's mark belongs to the case and the integration, not to the event: whichever push comes
first makes the ticket, every other one finds it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import Field, JsonValue

from bridge.connectors.answers import as_list
from bridge.connectors.parameters import Parameters, Text
from bridge.errors import GiveUp
from bridge.event import JSON
from bridge.text.escape import escape_markdown

OURS = re.compile(r"(?m)^(?:\[scanbridge-[a-z0-9-]+\]: #|<!-- scanbridge:[a-z0-9-]+ -->)[ \t]*$")
"""A line by which the bridge knows a text of its own."""


class PushCase(Parameters):
    case: dict[str, JsonValue] | Text | None = Field(
        None, description="Id of a case, or a case as a mapping; else the one the event is about."
    )
    ticket: Text | None = Field(
        None, description="What it was pushed to before; else what the case is tied to."
    )
    project: Text | None = Field(None, description="Project key; else the integration's.")
    issue_type: Text | None = Field(None, description="Name, such as Bug; else the integration's.")
    priority: Text | None = Field(None, description="Name, such as High.")
    parent: Text | None = Field(None, description="Key of the epic or parent ticket.")
    fields: dict[str, JsonValue] | None = Field(
        None, description="Further fields for a ticket that is made, as the system names them."
    )
    memory: Text | None = Field(
        None, description="What the last push had to remember; the bridge itself puts it there."
    )


@dataclass(frozen=True, slots=True)
class CaseComment:
    """body: Markdown, as case systems have it."""

    id: str
    body: str
    author: str = ""


@dataclass(frozen=True, slots=True)
class CaseData:
    """A case as its system tells it. severity: of our vocabulary.

    description: Markdown. It and the tags are None where the case's system told nothing of them:
    what is not told has not changed.
    """

    id: str
    title: str
    description: str | None = None
    status: str = ""
    severity: str = ""
    tags: tuple[str, ...] | None = None
    comments: tuple[CaseComment, ...] = ()
    url: str = ""


def case_of(parameters: PushCase) -> CaseData:
    """The case itself. Raises GiveUp when it has no id or no title, or when there is only an id."""
    if not isinstance(parameters.case, dict):
        raise GiveUp("push_case: there is no case to push")
    return read_case(parameters.case)


def read_case(data: JSON) -> CaseData:
    """A case from the data of a `case.*` event, or as Kibana's API gives it. Raises GiveUp."""
    given = data if isinstance(data, dict) else {}
    case_id, title = _text(given.get("id")), _text(given.get("title"))
    if not case_id or not title:
        raise GiveUp(f"push_case: the case has no {'title' if case_id else 'id'}")
    description, tags = given.get("description"), given.get("tags")
    comments = [*as_list(given.get("comments")), given.get("comment")]
    return CaseData(
        case_id,
        title,
        description if isinstance(description, str) else None,
        _text(given.get("status")),
        _text(given.get("severity")),
        tuple(_text(tag) for tag in tags if _text(tag)) if isinstance(tags, list) else None,
        tuple(_comments(comments)),
        _text(given.get("url")),
    )


def _comments(given: Iterable[JSON]) -> Iterable[CaseComment]:
    """Those with words in them, each id once; attached alerts have none. What carries a mark of
    ours came from another system through the bridge, and is not brought back to it."""
    known: set[str] = set()
    for one in given:
        if not isinstance(one, dict):
            continue
        comment_id = _text(one.get("id"))
        body = _text(one.get("body")) or _text(one.get("comment"))
        if comment_id and body.strip() and comment_id not in known and not OURS.search(body):
            known.add(comment_id)
            yield CaseComment(comment_id, body, _author(one))


def _author(comment: dict[str, JSON]) -> str:
    by = comment.get("author") or comment.get("created_by")
    if isinstance(by, dict):
        return _text(by.get("full_name")) or _text(by.get("username"))
    return _text(by)


def _text(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def comment_mark(mark: str, comment_id: str) -> str:
    """The mark of one comment of a case, from the case's: 24 hex digits."""
    return hashlib.sha256(f"{mark}\x1f{comment_id}".encode()).hexdigest()[:24]


def comment_text(case: CaseData, comment: CaseComment) -> str:
    """The comment as Markdown, saying where it comes from."""
    who = f" by {escape_markdown(comment.author)}" if comment.author else ""
    return f"{comment.body}\n\n*Added{who} to the case {escape_markdown(case.title)}.*"


def digest(value: JSON) -> str:
    """Tells whether a text is still the one that was pushed last; 16 hex digits."""
    return hashlib.sha256(str(value).encode("utf-8", "surrogatepass")).hexdigest()[:16]


def case_object(parameters: PushCase) -> str | None:
    """What a push writes to: the ticket where it is known, else the case, so that two pushes of
    one case never make two tickets."""
    if parameters.ticket:
        return parameters.ticket.strip().upper()
    case = parameters.case
    return f"case {case.get('id')}" if isinstance(case, dict) else None
