"""What `/api/v2/tickets` takes and gives, as document 001 has it."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from bridge.store.tickets import Ticket
from bridge.ticket_parts import ShownComment, ShownFile, Whole
from bridge.web.api.operation import ApiModel

MOST_TEXT = 32_767
"""What Jira takes for a description or a comment."""

TO_DO = "TO DO"


class IssueType(StrEnum):
    """What a ticket is in Jira."""

    BUG = "Bug"
    TASK = "Task"
    STORY = "Story"


def _has_words(text: str) -> str:
    if not text.strip():
        raise ValueError("must hold more than blanks")
    return text


class NewTicketBody(ApiModel):
    """A ticket to be made. The priority is Medium and cannot be selected."""

    summary: Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_has_words)]
    description: Annotated[str | None, Field(max_length=MOST_TEXT)] = None
    """Plain text: what looks like markup is shown as it was written."""
    issue_type: IssueType = IssueType.BUG


class CommentBody(ApiModel):
    """The words of a comment."""

    comment: Annotated[str, Field(min_length=1, max_length=MOST_TEXT), AfterValidator(_has_words)]
    """Plain text: what looks like markup is shown as it was written."""


class ShownTicket(ApiModel):
    """A ticket as it was last heard of. Times are UTC."""

    id: int
    jira_issue_key: str
    jira_issue_id: str
    user_id: int
    summary: str
    description: str | None
    issue_type: str
    priority: str
    status: str
    """As Jira spells it; `TO DO` for what nobody has begun with."""
    assigned_to: str | None
    created_at: str
    updated_at: str


class CommentAnswer(ApiModel):
    """A comment. Its id is Jira's."""

    id: str
    author: Literal["You", "Admin", "User"]
    """For the viewer: You; Admin for admins and for whoever writes in Jira; else User."""
    body: str
    created: str
    updated: str


class FileAnswer(ApiModel):
    """An attachment. Its id is Jira's."""

    id: str
    filename: str
    mime_type: str
    size: int
    author: str
    created: str


class WholeTicket(ShownTicket):
    """A ticket with its reporter, its comments and its attachments."""

    user_email: str | None
    username: str
    comments: tuple[CommentAnswer, ...]
    attachments: tuple[FileAnswer, ...]


class Said(ApiModel):
    """What was done."""

    message: str


class Done(ApiModel):
    """The envelope of every success."""

    success: Literal[True] = True


class TicketDone(Done):
    """One ticket."""

    data: ShownTicket


class WholeDone(Done):
    """One ticket with all that hangs on it."""

    data: WholeTicket


class CommentDone(Done):
    """One comment."""

    data: CommentAnswer


class FileDone(Done):
    """One attachment."""

    data: FileAnswer


class SaidDone(Done):
    """What was done."""

    data: Said


class Pages(ApiModel):
    """Where in the list a page is."""

    page: int
    per_page: int
    total: int
    total_pages: int


class ListDone(Done):
    """A page of tickets, the newest first."""

    data: tuple[ShownTicket, ...]
    pagination: Pages


class PageQuery(ApiModel):
    """Which page of tickets."""

    page: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    per_page: Annotated[int, Field(ge=1, le=100)] = 20


def moment(milliseconds: int) -> str:
    """`2026-02-18 09:14:02`, UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def status_of(ticket: Ticket) -> str:
    """The status for clients of the document: it shows `TO DO` for a new ticket, where Jira has
    `To Do` or, in old projects, `TO DO`; and `In Progress` and `Done` as Jira has them.

    A ticket of which nothing could be read yet is as new as one can be.
    """
    return TO_DO if ticket.status.upper() in ("", TO_DO) else ticket.status


def shown(ticket: Ticket) -> ShownTicket:
    return ShownTicket(
        id=ticket.id,
        jira_issue_key=ticket.jira_key,
        jira_issue_id=ticket.jira_id,
        user_id=ticket.user_id,
        summary=ticket.summary,
        description=ticket.description,
        issue_type=ticket.issue_type,
        priority=ticket.priority,
        status=status_of(ticket),
        assigned_to=ticket.assigned_to,
        created_at=moment(ticket.created_at),
        updated_at=moment(ticket.updated_at),
    )


def shown_whole(whole: Whole) -> WholeTicket:
    return WholeTicket(
        **shown(whole.ticket).model_dump(),
        user_email=whole.ticket.email or None,
        username=whole.ticket.username,
        comments=tuple(shown_comment(one) for one in whole.comments),
        attachments=tuple(shown_file(one) for one in whole.files),
    )


def shown_comment(comment: ShownComment) -> CommentAnswer:
    return CommentAnswer.model_validate(
        {
            "id": comment.id,
            "author": comment.author,
            "body": comment.body,
            "created": moment(comment.created),
            "updated": moment(comment.updated),
        }
    )


def shown_file(file: ShownFile) -> FileAnswer:
    return FileAnswer(
        id=file.id,
        filename=file.filename,
        mime_type=file.mime_type,
        size=file.size,
        author=file.author,
        created=moment(file.created),
    )
