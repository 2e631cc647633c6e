"""Pushes the progress of jobs to their tickets: a dated table, a summary, or one note.

Each push of a table adds a row for today; a push whose answer was lost is found again when it is
repeated with the same numbers on the same day. A note becomes one comment, however often it is
pushed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from http import HTTPStatus

import structlog

from bridge.action import Outcome
from bridge.again import until_sure
from bridge.calling import Integration
from bridge.clock import Clock, day, new_id
from bridge.connectors.parameters import AppendTable, Comment
from bridge.direct import Direct
from bridge.errors import ConnectorError, NotFound, RequestRefused, TryAgain
from bridge.jobs import Given, Job, get_job, put_job, tie
from bridge.marks import mark
from bridge.principal import Principal
from bridge.progress_text import note_text, summary_text, tables_of
from bridge.registry import Registry
from bridge.store import job_notes, pushes
from bridge.store.audit import Change, add_change
from bridge.store.job_notes import Note
from bridge.store.pushes import Push, PushState
from bridge.store.transaction import Database, Transaction
from bridge.switches import JIRA, JiraSwitches, jira_of

RULE = "api:progress"
"""Stands in the marks of what is written, where a rule's name would."""

NOT_LINKED = "Job is not linked to a Jira ticket"
NO_PATHS = "Job has no paths"
NOT_CONFIGURED = "Jira integration is not configured"

PHRASES = {int(status): status.phrase for status in HTTPStatus}

log = structlog.get_logger("bridge.progress")


@dataclass(slots=True)
class Progress:
    """Everything that the progress APIs do."""

    database: Database
    clock: Clock
    registry: Registry
    direct: Direct
    switches: JiraSwitches

    # --- jobs -------------------------------------------------------------------------------

    async def put(self, who: Principal, given: Given, request_id: str) -> Job:
        """Keeps a job as a caller gives it."""
        now = self.clock()

        async def work(tx: Transaction) -> Job:
            job = await put_job(tx, who.tenant, given, now)
            await add_change(tx, who.change(now, "job.put", given.id, request_id))
            return job

        return await self.database.write(work)

    async def get(self, tenant: str, job_id: str) -> Job:
        """Raises NotFound."""
        return await self._job(tenant, job_id)

    async def link(self, who: Principal, job_id: str, ticket: str, request_id: str) -> Job:
        """Ties a job to a ticket; an empty one unties. Raises RequestRefused, NotFound."""
        await self.switches.check(who.tenant, push=False)
        await self._job(who.tenant, job_id)
        now, jira = self.clock(), jira_of(self.registry, who.tenant)

        async def work(tx: Transaction) -> None:
            name = jira.name if jira and ticket else ""
            await tie(tx, who.tenant, job_id, ticket, name, now)
            await add_change(tx, who.change(now, "job.link", job_id, request_id, ticket=ticket))

        await self.database.write(work)
        return await self._job(who.tenant, job_id)

    # --- pushing ----------------------------------------------------------------------------

    async def push_table(self, who: Principal, job_id: str, request_id: str) -> str:
        """Appends today's numbers to the ticket's description.

        Gives why it was not done; empty when it was. Raises RequestRefused, NotFound.
        """
        await self.switches.check(who.tenant, push=True)
        job = await self._job(who.tenant, job_id)
        if why := _unfit(job):
            return why
        tables = tables_of(job, day(self.clock()))

        async def send(jira: Integration, push: Push) -> Sequence[Outcome]:
            marked = [(table, _mark(push, place)) for place, table in enumerate(tables)]
            return await self.direct.call_all(
                jira, "append_table", marked, may_exist=push.may_exist
            )

        says: list[AppendTable | Comment] = [*tables]
        return await self._send(who, job, "table", says, send, request_id)

    async def push_summary(self, who: Principal, job_id: str, request_id: str) -> str:
        """Adds a comment that sums up where the job is. As `push_table`."""
        await self.switches.check(who.tenant, push=True)
        job = await self._job(who.tenant, job_id)
        if why := _unfit(job):
            return why
        body = summary_text(job, day(self.clock()))
        comment = Comment(ticket=job.ticket, body=body, format="wiki")

        async def send(jira: Integration, push: Push) -> Sequence[Outcome]:
            made = await self.direct.call(
                jira, "comment", comment, _mark(push, 0), may_exist=push.may_exist
            )
            return [made]

        return await self._send(who, job, "summary", [comment], send, request_id)

    async def push_note(self, who: Principal, job_id: str, note_id: str, request_id: str) -> str:
        """Makes a comment of a note, unless it is one already. As `push_table`.

        job_id: may be empty where only one job has a note of this id.
        """
        await self.switches.check(who.tenant, push=True)
        if not job_id:
            job_id = await self._job_of_note(who.tenant, note_id)
        job = await self._job(who.tenant, job_id)
        async with self.direct.alone((who.tenant, RULE, f"note:{job.id}/{note_id}")):
            job = await self._job(who.tenant, job_id)
            note = next((one for one in job.notes if one.id == note_id), None)
            if note is None:
                raise NotFound(f"Note not found: {note_id}")
            if not job.ticket:
                return NOT_LINKED
            if note.ticket == job.ticket:
                return ""
            return await self._send_note(who, job, note, request_id)

    async def _send_note(self, who: Principal, job: Job, note: Note, request_id: str) -> str:
        comment = Comment(ticket=job.ticket, body=note_text(note), format="wiki")
        # Of what it says and not of the push: whoever pushes it again finds what was made.
        own = mark(who.tenant, RULE, f"{job.id}\x1f{note.id}\x1f{_digest([comment])}", "", 0, 0)

        async def send(jira: Integration, push: Push) -> Sequence[Outcome]:
            # Always looked for: an earlier push may have ended between Jira and our own store.
            made = await self.direct.call(jira, "comment", comment, own, may_exist=True)
            comment_id = str(made.outputs.get("id", ""))
            pushed = replace(note, ticket=job.ticket, comment_id=comment_id)
            await self.database.write(lambda tx: job_notes.note_pushed(tx, who.tenant, pushed))
            return [made]

        return await self._send(who, job, f"note:{note.id}", [comment], send, request_id)

    async def _send(
        self,
        who: Principal,
        job: Job,
        what: str,
        says: Sequence[AppendTable | Comment],
        send: Callable[[Integration, Push], Awaitable[Sequence[Outcome]]],
        request_id: str,
    ) -> str:
        """Writes the intent, sends, and writes how it ended."""
        if why := self.registry.trouble((who.tenant, job.integration)):
            return f"Jira API error: {job.integration} cannot be used: {why}"
        jira = jira_of(self.registry, who.tenant, job.integration)
        if jira is None:
            why = self.registry.trouble_with(who.tenant, JIRA)
            return f"Jira API error: {why}" if why else NOT_CONFIGURED
        now = self.clock()
        wanted = Push(
            new_id("psh", now), who.tenant, job.id, what, job.ticket, _digest(says), who.key_id
        )
        push = await self.database.write(lambda tx: pushes.begin_push(tx, wanted, now))
        tried: list[bool] = []

        async def sending(doubt: bool) -> Sequence[Outcome]:
            tried.append(doubt)
            return await send(jira, replace(push, may_exist=push.may_exist or doubt))

        try:
            await until_sure(sending)
        except ConnectorError as error:
            doubt = any(tried) or (isinstance(error, TryAgain) and error.may_have_happened)
            await self._end(push, PushState.DOUBT if doubt else PushState.FAILED, error.reason)
            log.warning("push failed", job=job.id, ticket=job.ticket, reason=error.reason)
            return told(error)
        change = who.change(
            self.clock(), "job.push", job.id, request_id, ticket=job.ticket, kind=what
        )
        await self._end(push, PushState.DONE, "", change)
        log.info("pushed", job=job.id, ticket=job.ticket, what=what, found=push.may_exist)
        return ""

    async def _end(
        self, push: Push, state: PushState, reason: str, change: Change | None = None
    ) -> None:
        now = self.clock()

        async def work(tx: Transaction) -> None:
            await pushes.end_push(tx, push.id, state, reason, now)
            if change is not None:
                await add_change(tx, change)

        await self.database.write(work)

    # --- looking up -------------------------------------------------------------------------

    async def _job(self, tenant: str, job_id: str) -> Job:
        """Raises RequestRefused, NotFound, in the words of the document."""
        if not job_id.strip():
            raise RequestRefused("jobId is required")
        job = await self.database.read(lambda tx: get_job(tx, tenant, job_id))
        if job is None:
            raise NotFound(f"Job not found: {job_id}")
        return job

    async def _job_of_note(self, tenant: str, note_id: str) -> str:
        found = await self.database.read(lambda tx: job_notes.notes_named(tx, tenant, note_id))
        if not found:
            raise NotFound(f"Note not found: {note_id}")
        if len(found) > 1:
            raise RequestRefused(f"jobId is required: several jobs have a note {note_id}")
        return found[0].job_id


def told(error: ConnectorError) -> str:
    """A failure in the words of the document: `Jira API error: 503 Service Unavailable`."""
    if error.status >= 400:
        words = PHRASES.get(error.status, "")
        return f"Jira API error: {error.status} {words}".rstrip()
    return f"Jira API error: {error.reason}"


def _unfit(job: Job) -> str:
    """Why there is nothing to push; empty when there is."""
    if not job.ticket:
        return NOT_LINKED
    return "" if job.paths else NO_PATHS


def _mark(push: Push, place: int) -> str:
    return mark(push.tenant, RULE, push.id, "", 0, place)


def _digest(says: Sequence[AppendTable | Comment]) -> str:
    text = json.dumps([one.model_dump() for one in says])
    return hashlib.sha256(text.encode()).hexdigest()
