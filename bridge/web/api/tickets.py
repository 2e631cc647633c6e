"""`/api/v2/tickets`: Jira tickets made, read, commented on and closed, as document 001 has it.

Document: "Tickets API". Beyond it: an `Idempotency-Key` on the create, `requestId` in errors.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Any

from starlette.responses import Response

from bridge.access.role import Role
from bridge.errors import FieldProblem, FieldsRefused
from bridge.file_kinds import media_type_of
from bridge.store.tickets import Ticket
from bridge.ticket_files import TicketFiles, check_file
from bridge.ticket_making import NewTicket, TicketMaking
from bridge.ticket_parts import TicketParts
from bridge.tickets import Tickets
from bridge.web.api.documented import (
    COMMENT,
    COMMENT_DELETED,
    TICKET_DELETED,
    TICKET_MADE,
    TICKET_READ,
    TICKET_SYNCED,
    TICKET_WANTED,
)
from bridge.web.api.operation import Asked, Nothing, Operation, whole_number
from bridge.web.api.shapes import ENVELOPE
from bridge.web.api.ticket_models import (
    CommentBody,
    CommentDone,
    FileDone,
    ListDone,
    NewTicketBody,
    PageQuery,
    Pages,
    Said,
    SaidDone,
    TicketDone,
    WholeDone,
    shown,
    shown_comment,
    shown_file,
    shown_whole,
)
from bridge.web.api.upload import SAFE_HEADERS, PassedOn, disposition, one_file

TAG = "Tickets"
BASE = "/api/v2/tickets"
FILE_LIMIT_BYTES = 10 * 1024 * 1024

JIRA_SAYS: dict[int, str] = {
    500: "`Jira integration is not configured`, or a mistake of ours.",
    502: "Jira refused, and would again; its words are in the error.",
    503: "Jira or the store does not answer, or there is no API key yet.",
}
CREATES = {
    **JIRA_SAYS,
    409: "The ticket of this Idempotency-Key was deleted.",
}
UPLOADS = {
    **JIRA_SAYS,
    400: "The file is of no allowed type, or its content is not what its name says.",
    408: "The upload stalled.",
}


class TicketsApi:
    """Tickets, their comments and their attachments."""

    def __init__(self, tickets: Tickets, making: TicketMaking, parts: TicketParts) -> None:
        self._tickets = tickets
        self._making = making
        self._parts = parts
        self._files = TicketFiles(parts)

    def operations(self) -> tuple[Operation, ...]:
        read, act, one = Role.VIEWER, Role.OPERATOR, f"{BASE}/{{id}}"
        comments, files = f"{one}/comments", f"{one}/attachments"
        return (
            Operation(
                "GET", BASE, "list_tickets", "List your tickets, newest first.", TAG, read,
                self.list, ListDone, query=PageQuery, shape=ENVELOPE, description=WHOSE,
            ),
            Operation(
                "POST", BASE, "create_ticket", "Create a ticket, in Jira first.", TAG, act,
                self.create, TicketDone, 201, NewTicketBody, shape=ENVELOPE, also=CREATES,
                headers={"Idempotency-Key": REPEATS}, examples={"finding": TICKET_WANTED},
                shows={"made": TICKET_MADE},
            ),
            Operation(
                "GET", one, "get_ticket", "Show a ticket, synced from Jira.", TAG, read, self.get,
                WholeDone, shape=ENVELOPE, also=JIRA_SAYS, shows={"read": TICKET_READ},
            ),
            Operation(
                "DELETE", one, "delete_ticket", "Close the Jira issue and remove the ticket.", TAG,
                act, self.delete, SaidDone, shape=ENVELOPE, also=JIRA_SAYS,
                shows={"deleted": TICKET_DELETED},
            ),
            Operation(
                "POST", f"{one}/sync", "sync_ticket", "Pull status and assignee from Jira.", TAG,
                act, self.sync, TicketDone, shape=ENVELOPE, also=JIRA_SAYS,
                shows={"synced": TICKET_SYNCED},
            ),
            Operation(
                "POST", comments, "create_ticket_comment", "Comment on a ticket.", TAG, act,
                self.comment, CommentDone, 201, CommentBody, shape=ENVELOPE, also=JIRA_SAYS,
                examples={"comment": COMMENT},
            ),
            Operation(
                "PUT", f"{comments}/{{commentId}}", "update_ticket_comment", "Edit a comment.",
                TAG, act, self.edit_comment, CommentDone, body=CommentBody, shape=ENVELOPE,
                also=JIRA_SAYS, examples={"comment": COMMENT},
            ),
            Operation(
                "DELETE", f"{comments}/{{commentId}}", "delete_ticket_comment",
                "Delete a comment.", TAG, act, self.delete_comment, SaidDone, shape=ENVELOPE,
                also=JIRA_SAYS, shows={"deleted": COMMENT_DELETED},
            ),
            Operation(
                "POST", files, "upload_ticket_attachment", "Attach a file.", TAG, act,
                self.attach, FileDone, 201, shape=ENVELOPE, upload=True, also=UPLOADS,
                description=FILES,
            ),
            Operation(
                "GET", f"{files}/{{attachmentId}}/preview", "preview_ticket_attachment",
                "Pass an attachment on, for showing inline.", TAG, read, self.preview,
                shape=ENVELOPE, media="*/*", also=JIRA_SAYS, description=SAFE,
            ),
        )  # fmt: skip

    # --- tickets --------------------------------------------------------------------------

    async def list(self, asked: Asked[None, PageQuery]) -> ListDone:
        page, per_page = asked.query.page, asked.query.per_page
        found, total = await self._tickets.page(asked.who, page, per_page)
        pages = Pages(page=page, per_page=per_page, total=total, total_pages=-(-total // per_page))
        return ListDone(data=tuple(shown(one) for one in found), pagination=pages)

    async def create(self, asked: Asked[NewTicketBody, Nothing]) -> TicketDone:
        body = asked.body
        new = NewTicket(body.summary, body.description, body.issue_type.value, once_of(asked))
        made = await self._making.create(asked.who, new, asked.request_id)
        return TicketDone(data=shown(made))

    async def get(self, asked: Asked[None, Nothing]) -> WholeDone:
        ticket = await self._ticket(asked)
        return WholeDone(data=shown_whole(await self._parts.whole(asked.who, ticket)))

    async def delete(self, asked: Asked[None, Nothing]) -> SaidDone:
        await self._tickets.delete(asked.who, await self._ticket(asked), asked.request_id)
        return SaidDone(data=Said(message="Ticket deleted successfully"))

    async def sync(self, asked: Asked[None, Nothing]) -> TicketDone:
        ticket, _ = await self._tickets.sync(await self._ticket(asked))
        return TicketDone(data=shown(ticket))

    async def _ticket(self, asked: Asked[Any, Any]) -> Ticket:
        number = whole_number(asked.path["id"], "Ticket")
        return await self._tickets.find(asked.who, number)

    # --- comments -------------------------------------------------------------------------

    async def comment(self, asked: Asked[CommentBody, Nothing]) -> CommentDone:
        ticket = await self._ticket(asked)
        made = await self._parts.add(asked.who, ticket, asked.body.comment, asked.request_id)
        return CommentDone(data=shown_comment(made))

    async def edit_comment(self, asked: Asked[CommentBody, Nothing]) -> CommentDone:
        ticket, comment_id = await self._ticket(asked), asked.path["commentId"]
        changed = await self._parts.edit(asked.who, ticket, comment_id, asked.body.comment)
        return CommentDone(data=shown_comment(changed))

    async def delete_comment(self, asked: Asked[None, Nothing]) -> SaidDone:
        ticket = await self._ticket(asked)
        await self._parts.remove(asked.who, ticket, asked.path["commentId"])
        return SaidDone(data=Said(message="Comment deleted successfully"))

    # --- attachments ----------------------------------------------------------------------

    async def attach(self, asked: Asked[None, Nothing]) -> FileDone:
        ticket = await self._ticket(asked)
        self._tickets.integration_of(ticket)  # said before the file has come
        async with one_file(asked.request, FILE_LIMIT_BYTES) as upload:
            check_file(upload.filename, upload.file)
            made = await self._files.attach(
                asked.who, ticket, upload.filename, upload.file, asked.request_id
            )
        return FileDone(data=shown_file(made))

    async def preview(self, asked: Asked[None, Nothing]) -> Response:
        ticket = await self._ticket(asked)
        async with AsyncExitStack() as stack:
            content = await stack.enter_async_context(
                self._files.open(ticket, asked.path["attachmentId"])
            )
            name = content.file.filename
            media_type = media_type_of(name)
            how = "inline" if media_type else "attachment"  # of what was attached in Jira
            headers = {**SAFE_HEADERS, "content-disposition": disposition(how, name)}
            return PassedOn(
                content.pieces, stack.pop_all(), media_type or "application/octet-stream", headers
            )
        raise AssertionError("the block returns or raises")


WHOSE = "Yours are those of the key's user; an admin's are all of the tenant."
REPEATS = (
    "A word of the caller's own, 1 to 255 characters. A create that is repeated with it gives the "
    "ticket that the first one made; without it, each is a new ticket."
)
FILES = (
    "png, jpg, jpeg, gif, webp, svg, pdf or docx, up to 10 MB; the content has to be what the "
    "name says."
)
SAFE = (
    "With the type of the file's name, and headers under which nothing in it runs. Files of other "
    "types, attached in Jira, are offered for download."
)


def once_of(asked: Asked[Any, Any]) -> str | None:
    """The Idempotency-Key. Raises FieldsRefused."""
    key = asked.request.headers.get("idempotency-key")
    if key is not None and not (1 <= len(key) <= 255 and key.isprintable()):
        words = "must have 1 to 255 printable characters"
        raise FieldsRefused([FieldProblem(("header", "Idempotency-Key"), words)])
    return key
