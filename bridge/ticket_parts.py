"""What hangs on a ticket: its comments and its files, and who they are shown to be from.

In Jira the bridge's account wrote them all; who really did is remembered here. A comment that
nobody wrote through the API was written in Jira, by the people who work on the tickets there, so
it is Admin's; so is one by a user whose key had the role admin then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import uuid4

import structlog

from bridge.access.role import Role
from bridge.connectors.jira.files import (
    AttachedFile,
)
from bridge.connectors.jira.tickets import (
    Remark,
    delete_comment,
    edit_comment,
    get_comment,
)
from bridge.connectors.parameters import Comment
from bridge.errors import ConnectorError, GiveUp, NotFound, RoleRefused
from bridge.file_kinds import media_type_of
from bridge.principal import Principal
from bridge.store import tickets
from bridge.store.audit import add_change
from bridge.store.tickets import Part, PartKind, Ticket
from bridge.store.transaction import Transaction
from bridge.tickets import Tickets, issue_of, until_told

T = TypeVar("T")

GONE = 404

log = structlog.get_logger("bridge.tickets")


@dataclass(frozen=True, slots=True)
class ShownComment:
    """A comment for one viewer. author: You, Admin or User. Times in milliseconds UTC."""

    id: str
    author: str
    body: str
    created: int
    updated: int


@dataclass(frozen=True, slots=True)
class ShownFile:
    """A file. author: the user's name; of one that was attached in Jira, the name there."""

    id: str
    filename: str
    mime_type: str
    size: int
    author: str
    created: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A ticket with all that hangs on it."""

    ticket: Ticket
    comments: tuple[ShownComment, ...]
    files: tuple[ShownFile, ...]


class Authors:
    """Who wrote the comments, or uploaded the files, of one ticket."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._by_id = {part.outside_id: part for part in parts if part.outside_id}
        self._by_mark = {part.mark: part for part in parts if part.mark}

    def of(self, outside_id: str, mark: str = "") -> Part | None:
        """None for what was not done through the API."""
        return self._by_id.get(outside_id) or (self._by_mark.get(mark) if mark else None)


@dataclass(slots=True)
class TicketParts:
    """Comments and files. Raises as Tickets does; what is not there is NotFound."""

    tickets: Tickets

    async def whole(self, who: Principal, ticket: Ticket) -> Whole:
        """The ticket after a sync, with its comments, the oldest first, and its files."""
        ticket, issue = await self.tickets.sync(ticket, comments=True)
        writers, senders = await self.authors(ticket)
        return Whole(
            ticket,
            tuple(shown_comment(who, one, writers) for one in issue.comments),
            tuple(shown_file(one, senders) for one in issue.attachments),
        )

    async def authors(self, ticket: Ticket) -> tuple[Authors, Authors]:
        async def work(tx: Transaction) -> tuple[Authors, Authors]:
            return (
                Authors(await tickets.parts_of_ticket(tx, ticket, PartKind.COMMENT)),
                Authors(await tickets.parts_of_ticket(tx, ticket, PartKind.FILE)),
            )

        return await self.tickets.database.read(work)

    # --- comments -------------------------------------------------------------------------

    async def add(
        self, who: Principal, ticket: Ticket, text: str, request_id: str = ""
    ) -> ShownComment:
        """Writes a comment. Who does is written down before, by the mark that it will carry."""
        mark, now = uuid4().hex[:24], self.tickets.clock()
        integration = self.tickets.integration_of(ticket)

        async def intend(tx: Transaction) -> None:
            await tickets.insert_part(
                tx, ticket, PartKind.COMMENT, who.user_id, who.role.value, now, mark=mark
            )
            await add_change(
                tx, who.change(now, "ticket.comment", str(ticket.id), request_id, mark=mark)
            )

        await self.tickets.database.write(intend)
        parameters = Comment(ticket=ticket.jira_key, body=text, format="plain")
        outcome = await until_told(
            lambda doubt: self.tickets.direct.call(
                integration, "comment", parameters, mark, may_exist=doubt
            )
        )
        made_id = str(outcome.outputs["id"])
        await self.tickets.database.write(
            lambda tx: tickets.set_outside_id(tx, ticket, mark, made_id)
        )
        try:
            made = await self.tickets.ask(
                ticket, "comment", lambda jira: get_comment(jira, issue_of(ticket), made_id)
            )
        except ConnectorError as error:
            # It is written; an error here would have the caller write it again.
            log.warning("new comment not read", ticket=ticket.jira_key, error=error.reason)
            made = Remark(made_id, None, text, now, now, mark)
        return shown_comment(who, made, (await self.authors(ticket))[0])

    async def edit(
        self, who: Principal, ticket: Ticket, comment_id: str, text: str
    ) -> ShownComment:
        """Replaces the words of a comment of the ticket; one's own, or any as an admin."""
        writers = await self._check_writer(who, ticket, comment_id)

        async def call(doubt: bool) -> Remark:
            del doubt  # twice is once
            changed, _ = await self.tickets.ask(
                ticket,
                "comment",
                lambda jira: edit_comment(jira, issue_of(ticket), comment_id, text, "plain"),
                writes=True,
            )
            return changed

        with_id = await found(until_told(call), "Comment not found")
        return shown_comment(who, with_id, writers)

    async def remove(self, who: Principal, ticket: Ticket, comment_id: str) -> None:
        """Deletes a comment of the ticket; one's own, or any as an admin."""
        await self._check_writer(who, ticket, comment_id)

        async def call(doubt: bool) -> bool:
            del doubt  # what is gone already is gone
            return await self.tickets.ask(
                ticket,
                "comment",
                lambda jira: delete_comment(jira, issue_of(ticket), comment_id),
                writes=True,
            )

        await until_told(call)

    async def _check_writer(self, who: Principal, ticket: Ticket, comment_id: str) -> Authors:
        """Raises NotFound unless the comment is one of the ticket's, RoleRefused."""
        remark = await found(
            self.tickets.ask(
                ticket, "comment", lambda jira: get_comment(jira, issue_of(ticket), comment_id)
            ),
            "Comment not found",
        )
        writers, _ = await self.authors(ticket)
        part = writers.of(remark.id, remark.mark)
        own = part is not None and part.user_id == who.user_id
        if not own and who.role is not Role.ADMIN:
            raise RoleRefused("only its author or an admin may change this comment")
        return writers


async def found(asked: Awaitable[T], words: str) -> T:
    """The answer, or NotFound where Jira has no such thing on this ticket."""
    try:
        return await asked
    except GiveUp as error:
        if error.status == GONE:
            raise NotFound(words) from error
        raise


def shown_comment(who: Principal, remark: Remark, writers: Authors) -> ShownComment:
    return ShownComment(
        remark.id,
        relabelled(who, writers.of(remark.id, remark.mark)),
        remark.body,
        remark.created,
        remark.updated,
    )


def relabelled(who: Principal, part: Part | None) -> str:
    """Who wrote a comment, for a viewer."""
    if part is None:
        return "Admin"
    if part.user_id == who.user_id:
        return "You"
    return "Admin" if part.role == Role.ADMIN.value else "User"


def shown_file(file: AttachedFile, senders: Authors) -> ShownFile:
    part = senders.of(file.id)
    author = file.author.name if file.author else ""
    return ShownFile(
        file.id,
        file.filename,
        media_type_of(file.filename) or file.mime_type,
        file.size,
        part.username if part else author,
        file.created,
    )
