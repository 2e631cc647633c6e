"""The files of a ticket: uploaded to its issue, and passed on from there, never whole in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from bridge.connectors.filename import file_name
from bridge.connectors.jira.client import Jira
from bridge.connectors.jira.files import (
    AttachedFile,
    Content,
    download_attachment,
    upload_attachment,
)
from bridge.connectors.jira.tickets import get_issue
from bridge.errors import GiveUp, NotOfKind
from bridge.file_kinds import check_kind, media_type_of
from bridge.principal import Principal
from bridge.store import tickets
from bridge.store.audit import add_change
from bridge.store.tickets import PartKind, Ticket
from bridge.store.transaction import Transaction
from bridge.ticket_parts import ShownFile, TicketParts, found, shown_file
from bridge.tickets import issue_of, until_told


@dataclass(slots=True)
class TicketFiles:
    """Files of tickets. Raises as TicketParts does."""

    parts: TicketParts

    async def attach(
        self, who: Principal, ticket: Ticket, filename: str, file: BinaryIO, request_id: str = ""
    ) -> ShownFile:
        """Attaches a file whose content was checked. media type: by `check_file`.

        Files carry no mark: after a lost answer a new one of this name and size is taken for ours,
        while nobody else uploads to this ticket from here.
        """
        name, media_type = bare_name(filename), media_type_of(filename) or ""
        tenant = ticket.tenant
        async with self.parts.tickets.direct.alone((tenant, "api:files", str(ticket.id))):
            before = {one.id for one in await self._files(ticket)}

            async def call(doubt: bool) -> AttachedFile:
                if doubt:
                    size = file.seek(0, 2)
                    for one in await self._files(ticket):
                        if one.id not in before and (one.filename, one.size) == (name, size):
                            return one
                return await self.parts.tickets.ask(
                    ticket,
                    "attach",
                    lambda jira: upload_attachment(jira, issue_of(ticket), name, file, media_type),
                    writes=True,
                )

            made = await until_told(call)
        now = self.parts.tickets.clock()

        async def work(tx: Transaction) -> None:
            await tickets.insert_part(
                tx, ticket, PartKind.FILE, who.user_id, who.role.value, now, outside_id=made.id
            )
            await add_change(
                tx, who.change(now, "ticket.attach", str(ticket.id), request_id, file=made.id)
            )

        await self.parts.tickets.database.write(work)
        return shown_file(made, (await self.parts.authors(ticket))[1])

    async def _files(self, ticket: Ticket) -> tuple[AttachedFile, ...]:
        issue = await self.parts.tickets.ask(
            ticket, "get_issue", lambda jira: get_issue(jira, issue_of(ticket))
        )
        return issue.attachments

    @asynccontextmanager
    async def open(self, ticket: Ticket, attachment_id: str) -> AsyncIterator[Content]:
        """A file of the ticket while it comes in; the request to Jira ends with the block."""
        async with AsyncExitStack() as stack:

            async def begin(jira: Jira) -> Content:
                return await stack.enter_async_context(
                    download_attachment(jira, attachment_id, issue_of(ticket))
                )

            yield await found(
                self.parts.tickets.ask(ticket, "download", begin), "Attachment not found"
            )


def check_file(filename: str, file: BinaryIO) -> None:
    """Raises NotOfKind unless the file is of an allowed kind and what its name says."""
    check_kind(bare_name(filename), file)


def bare_name(filename: str) -> str:
    """The name as Jira gets it. Raises NotOfKind for what is none."""
    try:
        return file_name(filename)
    except GiveUp as error:
        raise NotOfKind("the file has no name") from error
