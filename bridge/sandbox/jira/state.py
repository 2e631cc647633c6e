"""All that one Jira site remembers, with the indexes that keep look-ups and search cheap."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from bridge.event import JSON
from bridge.sandbox.jira.world import (
    BRIDGE,
    EPIC,
    MEDIUM,
    TO_DO,
    USERS,
    LinkType,
    Project,
    User,
)

Values = dict[str, JSON]
"""Field id to value as kept: the id of a priority, type, status, user; text and lists as sent."""


@dataclass(slots=True, eq=False)
class Comment:
    id: str
    issue: Issue = field(repr=False)
    author: User
    update_author: User
    body: JSON
    created: int
    updated: int
    visibility: JSON = None
    properties: dict[str, JSON] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Attachment:
    id: str
    issue: Issue = field(repr=False)
    filename: str
    content_type: str
    content: bytes
    author: User
    created: int


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an issue's history. items: as a changelog shows them."""

    id: str
    author: User
    created: int
    items: tuple[dict[str, JSON], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """`inward` is blocked by `outward`, in the words of its type."""

    id: str
    type: LinkType
    inward: Issue
    outward: Issue


@dataclass(slots=True, eq=False)
class Issue:
    """One issue. number: its place among all of the site, so that a later one is larger.

    changed: when the search index last had something to learn about it.
    """

    id: str
    key: str
    number: int
    project: Project
    values: Values
    created: int
    updated: int
    changed: int
    creator: User
    properties: dict[str, JSON] = field(default_factory=dict)
    comments: dict[str, Comment] = field(default_factory=dict)
    attachments: dict[str, Attachment] = field(default_factory=dict)
    remote_links: dict[int, dict[str, JSON]] = field(default_factory=dict)
    links: dict[str, Link] = field(default_factory=dict)
    children: dict[str, Issue] = field(default_factory=dict)
    watchers: dict[str, User] = field(default_factory=dict)
    history: list[Change] = field(default_factory=list)
    writes: deque[int] = field(default_factory=deque)

    @property
    def labels(self) -> list[str]:
        found = self.values.get("labels")
        return (
            [label for label in found if isinstance(label, str)] if isinstance(found, list) else []
        )


@dataclass(slots=True)
class AdminWebhook:
    """A webhook that an administrator registered. secret: empty sends unsigned."""

    number: int
    name: str
    url: str
    events: list[JSON]
    jql: str
    enabled: bool = True
    secret: str = field(default="", repr=False)


class JiraState:
    """Issues and what hangs on them. Every id is given out in order, so that runs repeat."""

    def __init__(self, projects: Sequence[tuple[str, str]], now: int) -> None:
        self.projects: dict[str, Project] = {}
        self.users: dict[str, User] = {}
        self.issues: dict[str, Issue] = {}
        self.issues_by_id: dict[str, Issue] = {}
        self.by_label: dict[str, dict[str, Issue]] = {}
        self.by_project: dict[str, dict[str, Issue]] = {}
        self.comments: dict[str, Comment] = {}
        self.attachments: dict[str, Attachment] = {}
        self.links: dict[str, Link] = {}
        self.registrations: dict[int, dict[str, JSON]] = {}
        self.admin_webhooks: dict[int, AdminWebhook] = {}
        self._last: dict[str, int] = {}
        for user in USERS:
            for name in (user.account_id, user.name, user.email):
                self.users[name] = user
        for key, name in projects:
            project = Project(self.next_id("project"), key, name)
            self.projects[key] = self.projects[project.id] = project
            self.by_project[key] = {}
        if projects:
            self._first_epic(self.projects[projects[0][0]], now)

    def _first_epic(self, project: Project, now: int) -> None:
        values: Values = {
            "summary": "Sandbox epic: everything the bridge writes about one target",
            "description": "A ready-made epic of the sandbox. Progress tables are appended below.",
            "issuetype": EPIC.id,
            "status": TO_DO.id,
            "priority": MEDIUM.id,
            "reporter": BRIDGE.account_id,
            "labels": [],
        }
        # Old enough for the search index to know it, whatever lag is switched on.
        self.add_issue(project, values, BRIDGE, now).changed = 0

    def next_id(self, kind: str, start: int = 10000) -> str:
        number = self._last.get(kind, start - 1) + 1
        self._last[kind] = number
        return str(number)

    def issue(self, id_or_key: str) -> Issue | None:
        return (
            self.issues.get(id_or_key)
            or self.issues_by_id.get(id_or_key)
            or self.issues.get(id_or_key.upper())
        )

    def all_issues(self) -> Iterable[Issue]:
        return self.issues.values()

    def add_issue(self, project: Project, values: Values, creator: User, now: int) -> Issue:
        number = self.next_id("issue")
        key = f"{project.key}-{self.next_id('key ' + project.key, 1)}"
        issue = Issue(number, key, int(number), project, values, now, now, now, creator)
        self.issues[key] = self.issues_by_id[number] = self.by_project[project.key][key] = issue
        for label in issue.labels:
            self.by_label.setdefault(label, {})[key] = issue
        parent = self.parent_of(issue)
        if parent is not None:
            parent.children[key] = issue
        return issue

    def parent_of(self, issue: Issue) -> Issue | None:
        parent = issue.values.get("parent")
        return self.issues.get(parent) if isinstance(parent, str) else None

    def change_issue(self, issue: Issue, changes: Values, now: int) -> None:
        """Set values and keep the indexes true."""
        if "labels" in changes:
            for label in issue.labels:
                self.by_label[label].pop(issue.key, None)
        if "parent" in changes and (old := self.parent_of(issue)) is not None:
            old.children.pop(issue.key, None)
        issue.values.update(changes)
        if "labels" in changes:
            for label in issue.labels:
                self.by_label.setdefault(label, {})[issue.key] = issue
        if "parent" in changes and (new := self.parent_of(issue)) is not None:
            new.children[issue.key] = issue
        self.touch(issue, now)

    def touch(self, issue: Issue, now: int) -> None:
        issue.updated = issue.changed = now

    def delete_issue(self, issue: Issue) -> None:
        self.change_issue(issue, {"labels": [], "parent": None}, issue.updated)
        for link in list(issue.links.values()):
            self.delete_link(link)
        for comment in issue.comments:
            del self.comments[comment]
        for attachment in issue.attachments:
            del self.attachments[attachment]
        del self.issues[issue.key], self.issues_by_id[issue.id]
        del self.by_project[issue.project.key][issue.key]

    def add_link(self, kind: LinkType, inward: Issue, outward: Issue) -> Link:
        link = Link(self.next_id("link"), kind, inward, outward)
        self.links[link.id] = inward.links[link.id] = outward.links[link.id] = link
        return link

    def delete_link(self, link: Link) -> None:
        del self.links[link.id]
        link.inward.links.pop(link.id, None)
        link.outward.links.pop(link.id, None)
