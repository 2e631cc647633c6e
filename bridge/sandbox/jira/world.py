"""What every sandbox site has from the start: people, statuses, types, priorities, fields."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class User:
    """account_id is what Cloud shows, name and key what Data Center shows."""

    account_id: str
    name: str
    display_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Status:
    id: str
    name: str
    category: str
    description: str


@dataclass(frozen=True, slots=True)
class Category:
    id: int
    key: str
    name: str
    color: str


@dataclass(frozen=True, slots=True)
class IssueType:
    id: str
    name: str
    description: str
    level: int
    subtask: bool = False


@dataclass(frozen=True, slots=True)
class Named:
    """A priority or a resolution."""

    id: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class LinkType:
    id: str
    name: str
    inward: str
    outward: str


@dataclass(frozen=True, slots=True)
class Project:
    id: str
    key: str
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """One field. kind: how its value is read and shown, see `fields.py` and `show.py`.

    settable: by create and edit; the others follow from something else.
    """

    id: str
    name: str
    kind: str
    settable: bool = True
    custom: bool = False


BRIDGE = User("5b0000000000000000000001", "bridge", "Bridge (sandbox)", "bridge@sandbox.example")
USERS = (
    BRIDGE,
    User("5b0000000000000000000002", "anna", "Anna Example (sandbox)", "anna@sandbox.example"),
    User("5b0000000000000000000003", "ben", "Ben Example (sandbox)", "ben@sandbox.example"),
)

CATEGORIES = {
    "new": Category(2, "new", "To Do", "blue-gray"),
    "indeterminate": Category(4, "indeterminate", "In Progress", "yellow"),
    "done": Category(3, "done", "Done", "green"),
}

TO_DO = Status("10000", "To Do", "new", "Nobody has started.")
IN_PROGRESS = Status("3", "In Progress", "indeterminate", "Somebody works on it.")
REOPENED = Status("4", "Reopened", "new", "It was done and came back.")
DONE = Status("10001", "Done", "done", "Nothing is left to do.")
STATUSES = (TO_DO, IN_PROGRESS, REOPENED, DONE)

EPIC = IssueType("10000", "Epic", "A large piece of work.", 1)
ISSUE_TYPES = (
    EPIC,
    IssueType("10001", "Story", "Something a user wants.", 0),
    IssueType("10002", "Task", "Something to do.", 0),
    IssueType("10003", "Sub-task", "A part of another issue.", -1, subtask=True),
    IssueType("10004", "Bug", "Something that is wrong.", 0),
)

MEDIUM = Named("3", "Medium", "The ordinary one.")
PRIORITIES = (
    Named("1", "Highest", "Blocks everything."),
    Named("2", "High", "Serious."),
    MEDIUM,
    Named("4", "Low", "Minor."),
    Named("5", "Lowest", "Trivial."),
)

RESOLVED = Named("10000", "Done", "The work is finished.")
RESOLUTIONS = (
    RESOLVED,
    Named("10001", "Won't Do", "It will not be done."),
    Named("10002", "Duplicate", "Another issue says the same."),
)

LINK_TYPES = (
    LinkType("10000", "Blocks", "is blocked by", "blocks"),
    LinkType("10001", "Duplicate", "is duplicated by", "duplicates"),
    LinkType("10002", "Relates", "relates to", "relates to"),
)

FIELDS = {
    field.id: field
    for field in (
        Field("summary", "Summary", "summary"),
        Field("description", "Description", "text"),
        Field("project", "Project", "project"),
        Field("issuetype", "Issue Type", "issuetype"),
        Field("labels", "Labels", "labels"),
        Field("priority", "Priority", "priority"),
        Field("assignee", "Assignee", "user"),
        Field("reporter", "Reporter", "user"),
        Field("parent", "Parent", "parent"),
        Field("environment", "Environment", "text"),
        Field("duedate", "Due date", "date"),
        Field("components", "Components", "names"),
        Field("fixVersions", "Fix versions", "names"),
        Field("versions", "Affects versions", "names"),
        Field("customfield_10011", "Epic Name", "string", custom=True),
        Field("customfield_10014", "Epic Link", "string", custom=True),
        Field("customfield_10016", "Story point estimate", "number", custom=True),
        Field("customfield_10050", "Root cause", "text", custom=True),
        Field("customfield_10051", "Finding id", "string", custom=True),
        Field("customfield_10052", "Severity", "option", custom=True),
        Field("status", "Status", "status", settable=False),
        Field("resolution", "Resolution", "resolution", settable=False),
        Field("resolutiondate", "Resolved", "time", settable=False),
        Field("created", "Created", "time", settable=False),
        Field("updated", "Updated", "time", settable=False),
        Field("creator", "Creator", "user", settable=False),
        Field("attachment", "Attachment", "attachments", settable=False),
        Field("comment", "Comment", "comments", settable=False),
        Field("issuelinks", "Linked Issues", "links", settable=False),
        Field("subtasks", "Sub-tasks", "subtasks", settable=False),
        Field("watches", "Watchers", "watches", settable=False),
        Field("votes", "Votes", "votes", settable=False),
    )
}

OPTIONS = {"customfield_10052": ("Critical", "High", "Medium", "Low", "Info")}
"""The choices of the fields of kind `option`; ids count from 10100 in this order."""
