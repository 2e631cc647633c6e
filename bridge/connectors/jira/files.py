"""Attachments of a ticket, streamed both ways: no file is ever held whole."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from bridge.connectors.filename import file_name
from bridge.connectors.jira.client import Jira, as_list, as_object, issue_path
from bridge.connectors.jira.people import Person, moment, person
from bridge.connectors.site import part
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

NO_CHECK = {"x-atlassian-token": "no-check"}
"""Without it Jira takes an upload for a forged form and answers 403."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """An attachment. size: bytes. created: milliseconds UTC.

    page: where a person downloads it; the only address of its bytes on Data Center.
    """

    id: str
    filename: str
    mime_type: str
    size: int
    author: Person | None
    created: int
    page: str


@dataclass(frozen=True, slots=True)
class Content:
    """An attachment's bytes on their way. pieces: raise TryAgain where they break off."""

    file: AttachedFile
    pieces: AsyncIterator[bytes] = field(repr=False)


async def get_attachment(jira: Jira, attachment_id: str) -> AttachedFile:
    """What is known of an attachment; GiveUp with the status 404 where there is none."""
    return attached_file(as_object(await jira.get(f"/attachment/{_number(attachment_id)}")))


async def upload_attachment(
    jira: Jira,
    ticket: str,
    filename: str,
    file: bytes | BinaryIO,
    content_type: str = "application/octet-stream",
) -> AttachedFile:
    """The new attachment. An open file is read from its start while it is sent.

    A lost answer leaves doubt (`TryAgain.may_have_happened`): attachments carry no mark. The same
    file may then be there already; `get_issue` shows it.
    """
    path, name = f"{jira.api}{issue_path(ticket)}/attachments", file_name(filename)
    answer = await jira.site.upload(path, name, file, NO_CHECK, content_type)
    made = as_list(answer)
    if not made or not as_object(made[0]).get("id"):
        raise TryAgain("Jira's answer to the upload names no attachment", may_have_happened=True)
    return attached_file(as_object(made[0]))


@asynccontextmanager
async def download_attachment(
    jira: Jira, attachment_id: str, ticket: str | None = None
) -> AsyncIterator[Content]:
    """An attachment's content while it comes in.

    ticket: where given, the attachment has to be one of this ticket; else GiveUp with status 404,
    so that nobody reads the files of other tickets through one that they may see.
    """
    if ticket is None:
        known = await get_attachment(jira, attachment_id)
    else:
        known = await _of_ticket(jira, _number(attachment_id), ticket)
    if (await jira.facts()).cloud:
        path = f"{jira.api}/attachment/content/{_number(attachment_id)}"
        coming = jira.site.stream(path, {"redirect": "false"})
    else:
        coming = jira.site.stream(_path_of(jira, known))
    async with coming as incoming:
        yield Content(known, incoming.pieces)


async def _of_ticket(jira: Jira, attachment_id: str, ticket: str) -> AttachedFile:
    issue = await jira.issue(ticket, "attachment")
    files = as_list(as_object(issue.get("fields", {})).get("attachment"))
    for one in map(as_object, files):
        if str(one.get("id")) == attachment_id:
            return attached_file(one)
    raise GiveUp(f"{ticket} has no attachment {attachment_id}", status=404)


def _path_of(jira: Jira, file: AttachedFile) -> str:
    """Where Data Center gives the bytes: below our own address, however it calls itself.

    Behind a proxy it may name another host than the one we reach it by; nothing is sent there.
    """
    start = file.page.find("/secure/attachment/")
    if start < 0:
        raise GiveUp(f"Jira names no page for attachment {file.id}")
    return file.page[start:]


def attached_file(found: dict[str, JSON]) -> AttachedFile:
    size = found.get("size")
    return AttachedFile(
        id=str(found.get("id", "")),
        filename=str(found.get("filename", "")),
        mime_type=str(found.get("mimeType") or "application/octet-stream"),
        size=size if isinstance(size, int) else 0,
        author=person(found.get("author")),
        created=moment(found.get("created")),
        page=str(found.get("content", "")),
    )


def _number(attachment_id: str) -> str:
    if not attachment_id.isascii() or not attachment_id.isdecimal():
        raise GiveUp(f"{attachment_id[:100]!r} is no attachment: expected a number", status=404)
    return part(attachment_id)
