"""The vocabulary: the event types of ours, and what `data` holds for each.

Modelled once. Rules are checked against these models, the presets' tests validate with them, and
the documentation is generated from them. A type that is not here is the sender's own; its `data`
may be anything.

A field that a sender did not give is absent, whatever the model says of it: a rule that reads it
then does not match, and `explain` names it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

Severity: TypeAlias = Literal["critical", "high", "medium", "low", "info"]
SEVERITIES: tuple[Severity, ...] = ("critical", "high", "medium", "low", "info")
"""From worst to least."""


class Data(BaseModel):
    """What `data` holds. Senders may give more than is named; it is kept."""

    model_config = ConfigDict(extra="allow", frozen=True, use_attribute_docstrings=True)


class Finding(Data):
    """Something a scanner found."""

    id: str
    """The same in every scan that finds it again; made from target, title and place where the
    scanner gives none."""
    title: str
    severity: Severity
    description: str = ""
    status: str = "open"
    url: str | None = None
    location: str | None = None
    """A file, a host, a package: where it was found."""
    scan_id: str | None = None
    target: str | None = None


class Counts(Data):
    """How many findings there are of each severity."""

    critical: int = 0
    high: int = 0
    medium: int = 0
    low: int = 0
    info: int = 0
    total: int = 0


class ScanAlert(Data):
    """Something a scanner says about the scan as a whole."""

    severity: Severity
    message: str


class Scan(Data):
    """`scan.finished`: a scan is over."""

    scan_id: str
    scanner: str
    target: str
    """What was scanned: a domain, an image, a repository."""
    score: float | None = None
    band: str | None = None
    """The score in the scanner's words."""
    message: str | None = None
    url: str | None = None
    findings: list[Finding] = Field(default_factory=list)
    counts: Counts = Counts()
    alerts: list[ScanAlert] = Field(default_factory=list)
    diff: object = None
    """What changed since the scan before, in the scanner's own form."""


class Change(Data):
    """One field's change, in words. Absent or null where there was nothing."""

    model_config = ConfigDict(populate_by_name=True, serialize_by_alias=True)

    from_: str | None = Field(None, alias="from")
    to: str | None = None
    to_id: str | None = None
    """Of a person, where the system's id tells more than the name."""


class Comment(Data):
    """A comment on an issue or a case."""

    id: str
    body: str = ""
    author: str | None = None


class Issue(Data):
    """`issue.*`: a ticket in a tracker."""

    key: str
    """What people call it: `SEC-12`, `owner/repo#12`."""
    id: str
    project: str
    summary: str
    status: str
    status_category: str | None = None
    """`new`, `indeterminate` or `done`."""
    priority: str | None = None
    assignee: str | None = None
    labels: list[str] = Field(default_factory=list)
    url: str | None = None
    actor: str | None = None
    """Who did it, by name."""
    actor_id: str | None = None
    """The account that did it: what the bridge's own account is compared with."""
    description: str | None = None
    changed: dict[str, Change] = Field(default_factory=dict)
    """By the field's name in small letters with `_` for spaces: `changed.status.to`."""
    comment: Comment | None = None


class Case(Data):
    """`case.*`: a case in a case system."""

    id: str
    title: str
    status: str
    severity: Severity | None = None
    tags: list[str] = Field(default_factory=list)
    owner: str | None = None
    connector: object = None
    """The connector a Kibana case names."""
    version: str | None = None
    changed: dict[str, Change] = Field(default_factory=dict)
    comment: Comment | None = None
    comments: list[Comment] = Field(default_factory=list)
    """All of them, from senders that tell a whole case."""


class Step(Data):
    """One step of a path, with how many things are in it."""

    name: str
    count: int


class Progress(Data):
    """One path of a job."""

    name: str
    steps: list[Step] = Field(default_factory=list)
    completed: int = 0


class Job(Data):
    """`job.progressed`: a job moved on."""

    job_id: str
    name: str
    ticket: str | None = None
    """The key of the ticket the job is tied to."""
    paths: list[Progress] = Field(default_factory=list)


class Alert(Data):
    """`alert.*`: something that needs somebody, until it is resolved."""

    id: str
    title: str
    severity: Severity
    status: str
    url: str | None = None
    service: str | None = None
    """What it is about: a repository, a service."""
    description: str | None = None
    location: str | None = None
    rule: str | None = None
    """What raised it: a rule's id, a CVE."""
    tool: str | None = None
    package: str | None = None
    number: int | None = None
    """What `update_alert` and people call it, where that is a number."""
    reason: str | None = None
    """Why it was resolved."""
    actor: str | None = None


class Ping(Data):
    """`ping`: a sender tries whether the address works."""


VOCABULARY: Mapping[str, type[Data]] = {
    "scan.finished": Scan,
    "finding.opened": Finding,
    "finding.updated": Finding,
    "finding.resolved": Finding,
    "issue.created": Issue,
    "issue.updated": Issue,
    "issue.deleted": Issue,
    "issue.commented": Issue,
    "case.created": Case,
    "case.updated": Case,
    "case.closed": Case,
    "case.commented": Case,
    "job.progressed": Job,
    "alert.raised": Alert,
    "alert.resolved": Alert,
    "ping": Ping,
}
"""Every type of ours with the model of its `data`."""
