"""How the site's things look as JSON, for one address and one version of the API.

Cloud and Data Center differ in how a person looks; v2 and v3 in how long text looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

from bridge.event import JSON
from bridge.sandbox.jira import text
from bridge.sandbox.jira.state import Attachment, Change, Comment, Issue, JiraState, Link
from bridge.sandbox.jira.world import (
    CATEGORIES,
    FIELDS,
    ISSUE_TYPES,
    OPTIONS,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    Category,
    Field,
    IssueType,
    LinkType,
    Named,
    Project,
    Status,
    User,
)

Deployment = Literal["cloud", "data-center"]

SIZES = {"48x48": "", "24x24": "small", "16x16": "xsmall", "32x32": "medium"}


def field_time(milliseconds: int) -> str:
    """`2026-11-21T09:14:02.123+0000`, as Jira writes the times among an issue's fields."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}+0000"


def strict_time(milliseconds: int) -> str:
    """With a colon in the offset, where the vendor's description says `date-time`.

    Jira itself writes +0000 there too, which is no RFC 3339 and fails its own description; we
    satisfy the description, and readers that take both forms are right.
    """
    return field_time(milliseconds)[:-2] + ":00"


class View:
    """base: scheme, host and mount, without a slash at the end. api: 2 or 3."""

    def __init__(self, state: JiraState, deployment: Deployment, base: str, api: int) -> None:
        self.state = state
        self.cloud = deployment == "cloud"
        self.base = base
        self.api = api
        self.rest = f"{base}/rest/api/{api}"
        self._users = {user.account_id: self._user(user) for user in set(state.users.values())}
        self._projects = {p.key: self._project(p) for p in state.projects.values()}
        self._statuses = {status.id: self.status(status) for status in STATUSES}
        self._types = {kind.id: self.issue_type(kind) for kind in ISSUE_TYPES}
        self._priorities = {named.id: self.named(named, "priority") for named in PRIORITIES}
        self._resolutions = {named.id: self.named(named, "resolution") for named in RESOLUTIONS}
        self._shapes: dict[str, Callable[[Issue, Field, JSON], JSON]] = {
            "text": lambda _issue, _field, value: text.shown(value, self.api),
            "project": lambda issue, _field, _value: self._projects[issue.project.key],
            "issuetype": lambda _issue, _field, value: self._types[str(value)],
            "status": lambda _issue, _field, value: self._statuses[str(value)],
            "priority": lambda _issue, _field, value: value and self._priorities[str(value)],
            "resolution": lambda _issue, _field, value: value and self._resolutions[str(value)],
            "user": lambda _issue, _field, value: value and self._users[str(value)],
            "labels": lambda issue, _field, _value: list(issue.labels),
            "names": lambda _issue, _field, value: value or [],
            "option": lambda _issue, field, value: value and self.option(field, str(value)),
            "parent": lambda issue, _field, _value: self._parent(issue),
            "subtasks": lambda issue, _field, _value: self._subtasks(issue),
            "attachments": lambda issue, _field, _value: self._attachments(issue),
            "comments": lambda issue, _field, _value: self._comments(issue),
            "links": lambda issue, _field, _value: [
                self.link_on(link, issue) for link in issue.links.values()
            ],
            "watches": lambda issue, _field, _value: self.watches(issue, None),
            "votes": lambda issue, _field, _value: {
                "self": f"{self.rest}/issue/{issue.key}/votes",
                "votes": 0,
                "hasVoted": False,
            },
        }

    # People and the fixed lists

    def user(self, user: User) -> JSON:
        return self._users[user.account_id]

    def _user(self, user: User) -> JSON:
        pictures: dict[str, JSON] = {
            size: f"{self.base}/secure/useravatar?ownerId={user.name}&size={word}"
            for size, word in SIZES.items()
        }
        rest: dict[str, JSON] = {
            "emailAddress": user.email,
            "avatarUrls": pictures,
            "displayName": user.display_name,
            "active": True,
            "timeZone": "Etc/UTC",
        }
        if self.cloud:
            link = f"{self.rest}/user?accountId={user.account_id}"
            own: dict[str, JSON] = {"accountId": user.account_id, "accountType": "atlassian"}
        else:
            link = f"{self.rest}/user?username={user.name}"
            own = {"name": user.name, "key": user.name}
        return {"self": link, **own, **rest}

    def project(self, project: Project) -> dict[str, JSON]:
        shown = self._projects[project.key]
        assert isinstance(shown, dict)
        return shown

    def _project(self, project: Project) -> JSON:
        pictures: dict[str, JSON] = {
            size: f"{self.base}/secure/projectavatar?pid={project.id}&size={word}"
            for size, word in SIZES.items()
        }
        shown: dict[str, JSON] = {
            "self": f"{self.rest}/project/{project.id}",
            "id": project.id,
            "key": project.key,
            "name": project.name,
            "projectTypeKey": "software",
            "avatarUrls": pictures,
        }
        return {**shown, "simplified": False} if self.cloud else shown

    def category(self, category: Category) -> JSON:
        return {
            "self": f"{self.rest}/statuscategory/{category.id}",
            "id": category.id,
            "key": category.key,
            "colorName": category.color,
            "name": category.name,
        }

    def status(self, status: Status) -> JSON:
        return {
            "self": f"{self.rest}/status/{status.id}",
            "description": status.description,
            "iconUrl": f"{self.base}/images/icons/statuses/generic.png",
            "name": status.name,
            "id": status.id,
            "statusCategory": self.category(CATEGORIES[status.category]),
        }

    def issue_type(self, kind: IssueType) -> JSON:
        shown: dict[str, JSON] = {
            "self": f"{self.rest}/issuetype/{kind.id}",
            "id": kind.id,
            "description": kind.description,
            "iconUrl": f"{self.base}/secure/viewavatar?avatarType=issuetype&avatarId={kind.id}",
            "name": kind.name,
            "subtask": kind.subtask,
            "avatarId": int(kind.id),
        }
        return {**shown, "hierarchyLevel": kind.level} if self.cloud else shown

    def named(self, named: Named, kind: str) -> JSON:
        shown: dict[str, JSON] = {"self": f"{self.rest}/{kind}/{named.id}"}
        if kind == "priority":
            icon = named.name.lower()
            shown["iconUrl"] = f"{self.base}/images/icons/priorities/{icon}.svg"
        return {**shown, "description": named.description, "name": named.name, "id": named.id}

    def option(self, field: Field, value: str) -> JSON:
        number = option_id(field, value)
        return {
            "self": f"{self.rest}/customFieldOption/{number}",
            "value": value,
            "id": number,
        }

    def link_type(self, kind: LinkType) -> JSON:
        return {
            "id": kind.id,
            "name": kind.name,
            "inward": kind.inward,
            "outward": kind.outward,
            "self": f"{self.rest}/issueLinkType/{kind.id}",
        }

    # Issues

    def issue(self, issue: Issue, fields: frozenset[str] | None = None) -> dict[str, JSON]:
        """The issue with the chosen fields, or all of them."""
        return {
            "expand": "renderedFields,names,schema,operations,editmeta,changelog,transitions",
            "id": issue.id,
            "self": f"{self.rest}/issue/{issue.id}",
            "key": issue.key,
            "fields": self.fields(issue, FIELDS if fields is None else fields),
        }

    def fields(self, issue: Issue, names: Iterable[str]) -> dict[str, JSON]:
        return {name: self.field(issue, FIELDS[name]) for name in names if name in FIELDS}

    def field(self, issue: Issue, field: Field) -> JSON:
        if field.kind == "time":
            return self._time(issue, field.id)
        if field.id == "creator":
            return self.user(issue.creator)
        value = issue.values.get(field.id)
        shape = self._shapes.get(field.kind)
        return shape(issue, field, value) if shape else value

    def _time(self, issue: Issue, name: str) -> JSON:
        if name == "resolutiondate":
            at = issue.values.get("resolutiondate")
            return field_time(at) if isinstance(at, int) else None
        return field_time(issue.created if name == "created" else issue.updated)

    def reference(self, issue: Issue) -> JSON:
        """An issue as other issues point at it."""
        fields = self.fields(issue, ("summary", "status", "priority", "issuetype"))
        return {
            "id": issue.id,
            "key": issue.key,
            "self": f"{self.rest}/issue/{issue.id}",
            "fields": fields,
        }

    def _parent(self, issue: Issue) -> JSON:
        parent = self.state.parent_of(issue)
        return self.reference(parent) if parent else None

    def _subtasks(self, issue: Issue) -> JSON:
        subtask = {kind.id for kind in ISSUE_TYPES if kind.subtask}
        children = issue.children.values()
        return [self.reference(c) for c in children if c.values.get("issuetype") in subtask]

    def watches(self, issue: Issue, viewer: User | None) -> dict[str, JSON]:
        return {
            "self": f"{self.rest}/issue/{issue.key}/watchers",
            "watchCount": len(issue.watchers),
            "isWatching": viewer is not None and viewer.account_id in issue.watchers,
        }

    def link_on(self, link: Link, issue: Issue) -> JSON:
        """A link as one of its two issues shows it: only the other side."""
        side = "outwardIssue" if link.inward is issue else "inwardIssue"
        other = link.outward if link.inward is issue else link.inward
        return {
            "id": link.id,
            "self": f"{self.rest}/issueLink/{link.id}",
            "type": self.link_type(link.type),
            side: self.reference(other),
        }

    def link(self, link: Link) -> JSON:
        return {
            "id": link.id,
            "self": f"{self.rest}/issueLink/{link.id}",
            "type": self.link_type(link.type),
            "inwardIssue": self.reference(link.inward),
            "outwardIssue": self.reference(link.outward),
        }

    # What hangs on an issue

    def comment(self, comment: Comment, properties: bool = False) -> dict[str, JSON]:
        shown: dict[str, JSON] = {
            "self": f"{self.rest}/issue/{comment.issue.id}/comment/{comment.id}",
            "id": comment.id,
            "author": self.user(comment.author),
            "body": text.shown(comment.body, self.api),
            "updateAuthor": self.user(comment.update_author),
            "created": strict_time(comment.created),
            "updated": strict_time(comment.updated),
        }
        if comment.visibility is not None:
            shown["visibility"] = comment.visibility
        if self.cloud:
            shown["jsdPublic"] = True
        if properties:
            shown["properties"] = [{"key": k, "value": v} for k, v in comment.properties.items()]
        return shown

    def _comments(self, issue: Issue) -> JSON:
        comments: list[JSON] = [self.comment(comment) for comment in issue.comments.values()]
        total = len(comments)
        return {"comments": comments, "maxResults": total, "total": total, "startAt": 0}

    def attachment(self, attachment: Attachment) -> dict[str, JSON]:
        content = f"{self.base}/secure/attachment/{attachment.id}/{quoted(attachment.filename)}"
        return {
            "self": f"{self.rest}/attachment/{attachment.id}",
            "id": attachment.id,
            "filename": attachment.filename,
            "author": self.user(attachment.author),
            "created": strict_time(attachment.created),
            "size": len(attachment.content),
            "mimeType": attachment.content_type,
            "content": content,
        }

    def _attachments(self, issue: Issue) -> JSON:
        return [self.attachment(attachment) for attachment in issue.attachments.values()]

    def change(self, change: Change) -> JSON:
        """One entry of the history. What is null stays out: the description knows no null here."""
        return {
            "id": change.id,
            "author": self.user(change.author),
            "created": strict_time(change.created),
            "items": [self._item(item) for item in change.items],
        }

    def _item(self, item: dict[str, JSON]) -> JSON:
        return {
            name: value
            for name, value in item.items()
            if value is not None and (self.cloud or name != "fieldId")
        }


def option_id(field: Field, value: str) -> str:
    return str(10100 + OPTIONS[field.id].index(value))


def quoted(filename: str) -> str:

    return quote(filename, safe="")
