"""What goes in and out of `/api/jobs`, `/api/jira` and `/api/settings`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AliasChoices, ConfigDict, Field, StrictBool, StrictInt
from pydantic.alias_generators import to_camel

from bridge.web.api.operation import ApiModel

MOST_COUNT = 10**12
LONGEST_ID = 200

Id = Annotated[str, Field(max_length=LONGEST_ID)]
Name = Annotated[str, Field(min_length=1, max_length=255)]
Count = Annotated[StrictInt, Field(ge=0, le=MOST_COUNT)]


class Body(ApiModel):
    """What comes in, in the document's spelling and no other."""

    model_config = ConfigDict(alias_generator=to_camel)


class Answer(ApiModel):
    """What goes out, in the document's spelling."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True)


class StepBody(Body):
    """One step of a path, with how many serials are in it."""

    name: Name
    count: Count


class PathBody(Body):
    """One way of a job through its steps."""

    name: Name
    steps: Annotated[tuple[StepBody, ...], Field(max_length=200)]
    """In their order."""
    completed: Count = 0
    """Serials that have passed all steps."""


class NoteBody(Body):
    """A note on a step."""

    id: Annotated[str, Field(min_length=1, max_length=LONGEST_ID)]
    step_name: Annotated[str, Field(max_length=255)] = ""
    serials: (
        Annotated[tuple[Annotated[str, Field(max_length=255)], ...], Field(max_length=1000)] | Count
    ) = ()
    """The serial numbers it is about, or how many they are."""
    text: Annotated[str, Field(min_length=1, max_length=30_000)]


class JobBody(Body):
    """How far a job is."""

    name: Name
    jira_ticket_key: Annotated[str, Field(max_length=255)] | None = None
    """The ticket it is tied to, such as SEC-12. Left out, its tie stays; null unties it."""
    paths: Annotated[tuple[PathBody, ...], Field(max_length=100)]
    notes: Annotated[tuple[NoteBody, ...], Field(max_length=1000)] | None = None
    """In place of all its notes. Left out or null, they stay."""


class ShownStep(Answer):
    """As StepBody."""

    name: str
    count: int


class ShownPath(Answer):
    """As PathBody."""

    name: str
    steps: tuple[ShownStep, ...]
    completed: int


class ShownNote(Answer):
    """A note, and where it was pushed to."""

    id: str
    step_name: str
    serials: tuple[str, ...] | int
    text: str
    pushed_to_jira: bool
    jira_comment_id: str | None


class ShownJob(Answer):
    """A job."""

    job_id: str
    name: str
    jira_ticket_key: str | None
    paths: tuple[ShownPath, ...]
    notes: tuple[ShownNote, ...]
    updated_at: str


class JiraToggles(Answer):
    """What is switched on."""

    enabled: bool
    """The Jira integration as a whole."""
    push_enabled: bool
    """Writing to tickets."""


class SettingsAnswer(Answer):
    """The settings of a tenant."""

    jira: JiraToggles


class TogglesBody(Body):
    """What is to be switched; what is left out stays."""

    enabled: StrictBool | None = None
    push_enabled: StrictBool | None = None


class SettingsBody(Body):
    """Settings to be changed."""

    jira: TogglesBody


class PushBody(Body):
    """Which job. The document's clients also send a `mode` that is not used, so that what is not
    named here is passed over."""

    model_config = ConfigDict(extra="ignore")

    job_id: Id | None = None


class CommentBody(PushBody):
    """A summary of the job, or one note of it."""

    note_id: Id | None = None
    """The note to make a comment of. `jobId` may then be left out where one job has it."""


class LinkBody(PushBody):
    """Which job, and the ticket it is to be tied to."""

    ticket_key: Annotated[str, Field(max_length=255)] | None = Field(
        None, validation_alias=AliasChoices("ticketKey", "jiraTicketKey")
    )
    """Such as SEC-12; null unties. `jiraTicketKey`, as jobs call it, is taken too."""


class PushResult(Answer):
    """Document 003's JiraPushResult."""

    success: bool
    error: str | None = Field(None, exclude_if=lambda value: value is None)
    """Why not; only where `success` is false."""


class LinkResult(PushResult):
    """A tie that was made."""

    job_id: str
    jira_ticket_key: str | None
