"""`/api/jobs`, `/api/jira`, `/api/settings`: the progress of jobs, pushed to their tickets.

After document 003. What a push comes to is a 200 with `success`, also where Jira says no; a
request that cannot be carried out at all is told so with a 400 or 404, in the document's words.
"""

from __future__ import annotations

from bridge.access.role import Role
from bridge.clock import iso
from bridge.errors import FieldProblem, FieldsRefused, RequestRefused
from bridge.event import JSON
from bridge.jobs import Given, Job, Path, Step, ticket_key
from bridge.progress import Progress
from bridge.store.job_notes import Note
from bridge.switches import Toggles
from bridge.web.api.documented import JOB, JOB_PUSHED
from bridge.web.api.operation import Asked, Nothing, Operation
from bridge.web.api.progress_models import (
    LONGEST_ID,
    CommentBody,
    JiraToggles,
    JobBody,
    LinkBody,
    LinkResult,
    PushBody,
    PushResult,
    SettingsAnswer,
    SettingsBody,
    ShownJob,
    ShownNote,
    ShownPath,
    ShownStep,
)
from bridge.web.api.shapes import PROGRESS

TAG = "Progress"
PUSH_ALSO = {
    400: "Switched off, or `jobId` is missing: in the document's words.",
    404: "There is no such job, or it is another tenant's.",
}
NO_JOB = {400: "`jobId` is blank: in the document's words."}
JOB_EXAMPLE: JSON = {
    "name": "Valve bodies",
    "jiraTicketKey": "SEC-12",
    "paths": [
        {
            "name": "Main",
            "steps": [{"name": "Cut", "count": 3}, {"name": "Weld", "count": 2}],
            "completed": 5,
        }
    ],
    "notes": [{"id": "note_1", "stepName": "Weld", "serials": ["SN-00001"], "text": "Seam redone"}],
}


class ProgressApi:
    """Jobs, their pushes, and the two toggles."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def operations(self) -> tuple[Operation, ...]:
        shape = PROGRESS
        return (
            Operation(
                "GET", "/api/settings", "get_settings", "Tell what is switched on.", TAG,
                Role.VIEWER, self.settings, SettingsAnswer, shape=shape,
            ),
            Operation(
                "PUT", "/api/settings", "put_settings", "Switch the Jira push on or off.", TAG,
                Role.ADMIN, self.put_settings, SettingsAnswer, body=SettingsBody, shape=shape,
                examples={"on": {"jira": {"enabled": True, "pushEnabled": True}}},
            ),
            Operation(
                "GET", "/api/jobs/{job_id}", "get_job", "Get a job.", TAG, Role.VIEWER,
                self.get_job, ShownJob, shape=shape, also=NO_JOB,
            ),
            Operation(
                "PUT", "/api/jobs/{job_id}", "put_job", "Say how far a job is.", TAG,
                Role.OPERATOR, self.put_job, ShownJob, body=JobBody, shape=shape, also=NO_JOB,
                examples={"job": JOB_EXAMPLE},
            ),
            Operation(
                "POST", "/api/jira/link", "link_job", "Tie a job to a ticket, or untie it.", TAG,
                Role.OPERATOR, self.link, LinkResult, body=LinkBody, body_optional=True,
                shape=shape, also=PUSH_ALSO,
                examples={"link": {**JOB, "ticketKey": "SEC-12"}},
            ),
            Operation(
                "POST", "/api/jira/push", "push_job",
                "Append today's numbers of a job to its ticket's description.", TAG,
                Role.OPERATOR, self.push, PushResult, body=PushBody, body_optional=True,
                shape=shape, also=PUSH_ALSO, examples={"push": JOB}, shows=JOB_PUSHED,
            ),
            Operation(
                "POST", "/api/jira/comment", "comment_job",
                "Comment a job's ticket with a summary, or with one note.", TAG, Role.OPERATOR,
                self.comment, PushResult, body=CommentBody, body_optional=True, shape=shape,
                also=PUSH_ALSO,
                examples={"summary": JOB, "note": {**JOB, "noteId": "note_1"}},
            ),
        )  # fmt: skip

    async def settings(self, asked: Asked[None, Nothing]) -> SettingsAnswer:
        return _settings(await self._progress.switches.read(asked.who.tenant))

    async def put_settings(self, asked: Asked[SettingsBody, Nothing]) -> SettingsAnswer:
        jira = asked.body.jira
        toggles = await self._progress.switches.switch(
            asked.who, jira.enabled, jira.push_enabled, asked.request_id
        )
        return _settings(toggles)

    async def get_job(self, asked: Asked[None, Nothing]) -> ShownJob:
        return _shown(await self._progress.get(asked.who.tenant, asked.path["job_id"]))

    async def put_job(self, asked: Asked[JobBody, Nothing]) -> ShownJob:
        given = _given(asked.path["job_id"], asked.body)
        return _shown(await self._progress.put(asked.who, given, asked.request_id))

    async def link(self, asked: Asked[LinkBody, Nothing]) -> LinkResult:
        body = asked.body
        await self._progress.switches.check(asked.who.tenant, push=False)
        if not (body.job_id or "").strip():
            raise RequestRefused("jobId is required")
        ticket = ""
        if body.ticket_key is not None or "ticket_key" not in body.model_fields_set:
            if not (body.ticket_key or "").strip():
                raise RequestRefused("ticketKey is required")
            ticket = _ticket(body.ticket_key or "", "ticketKey")
        job = await self._progress.link(asked.who, body.job_id or "", ticket, asked.request_id)
        return LinkResult(success=True, job_id=job.id, jira_ticket_key=job.ticket or None)

    async def push(self, asked: Asked[PushBody, Nothing]) -> PushResult:
        job_id, request_id = asked.body.job_id or "", asked.request_id
        return _result(await self._progress.push_table(asked.who, job_id, request_id))

    async def comment(self, asked: Asked[CommentBody, Nothing]) -> PushResult:
        job_id, note_id = asked.body.job_id or "", asked.body.note_id or ""
        request_id = asked.request_id
        if note_id:
            return _result(await self._progress.push_note(asked.who, job_id, note_id, request_id))
        return _result(await self._progress.push_summary(asked.who, job_id, request_id))


def _settings(toggles: Toggles) -> SettingsAnswer:
    return SettingsAnswer(
        jira=JiraToggles(enabled=toggles.enabled, push_enabled=toggles.push_enabled)
    )


def _result(why_not: str) -> PushResult:
    return PushResult(success=False, error=why_not) if why_not else PushResult(success=True)


def _ticket(text: str, field: str) -> str:
    """Raises FieldsRefused."""
    key = ticket_key(text)
    if not key:
        words = f"{text[:100]!r} is no ticket: expected a key such as SEC-12"
        raise FieldsRefused([FieldProblem(("body", field), words, "ticket_key")])
    return key


def _given(job_id: str, body: JobBody) -> Given:
    """Raises FieldsRefused."""
    if len(job_id) > LONGEST_ID or not job_id.strip():
        words = f"a job's id has 1 to {LONGEST_ID} characters"
        raise FieldsRefused([FieldProblem(("path", "job_id"), words, "string_too_long")])
    ticket = None
    if "jira_ticket_key" in body.model_fields_set:
        key = (body.jira_ticket_key or "").strip()
        ticket = _ticket(key, "jiraTicketKey") if key else ""
    notes = None
    if body.notes is not None:
        notes = [Note(job_id, one.id, one.step_name, one.serials, one.text) for one in body.notes]
        _check_apart(notes)
    paths = tuple(
        Path(one.name, tuple(Step(step.name, step.count) for step in one.steps), one.completed)
        for one in body.paths
    )
    return Given(job_id, body.name, paths, ticket, notes)


def _check_apart(notes: list[Note]) -> None:
    """Raises FieldsRefused where two notes have one id."""
    seen: set[str] = set()
    for place, note in enumerate(notes):
        if note.id in seen:
            where = ("body", "notes", place, "id")
            raise FieldsRefused([FieldProblem(where, "another note has this id", "repeated")])
        seen.add(note.id)


def _shown(job: Job) -> ShownJob:
    return ShownJob(
        job_id=job.id,
        name=job.name,
        jira_ticket_key=job.ticket or None,
        paths=tuple(
            ShownPath(
                name=path.name,
                steps=tuple(ShownStep(name=step.name, count=step.count) for step in path.steps),
                completed=path.completed,
            )
            for path in job.paths
        ),
        notes=tuple(
            ShownNote(
                id=note.id,
                step_name=note.step_name,
                serials=note.serials,
                text=note.text,
                pushed_to_jira=bool(note.comment_id),
                jira_comment_id=note.comment_id or None,
            )
            for note in job.notes
        ),
        updated_at=iso(job.updated_at),
    )
