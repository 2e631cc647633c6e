"""What each clause of a query asks of one issue, and what is refused rather than guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, datetime

from bridge.event import JSON
from bridge.sandbox.exchange import Declined
from bridge.sandbox.jira import text
from bridge.sandbox.jira.jql import Clause, Either, Node, fail
from bridge.sandbox.jira.site import Call
from bridge.sandbox.jira.state import Issue
from bridge.sandbox.jira.world import (
    FIELDS,
    ISSUE_TYPES,
    PRIORITIES,
    RESOLUTIONS,
    STATUSES,
    IssueType,
    Named,
    Status,
)

Test = Callable[[Issue], bool]

WORD = re.compile(r"\w+")

KEYS = ("key", "issuekey", "id", "issue")
TEXTS = {
    "summary": "summary",
    "description": "description",
    "environment": "environment",
    "finding id": "customfield_10051",
    "cf[10051]": "customfield_10051",
    "root cause": "customfield_10050",
    "cf[10050]": "customfield_10050",
    "epic name": "customfield_10011",
    "cf[10011]": "customfield_10011",
}
CHOICES: dict[str, tuple[str, Iterable[Named | IssueType | Status]]] = {
    "status": ("status", STATUSES),
    "issuetype": ("issuetype", ISSUE_TYPES),
    "type": ("issuetype", ISSUE_TYPES),
    "priority": ("priority", PRIORITIES),
    "resolution": ("resolution", RESOLUTIONS),
}
PEOPLE = ("assignee", "reporter", "creator")
TIMES = ("created", "updated")
PARENTS = {
    "parent": "parent",
    "epic link": "customfield_10014",
    "cf[10014]": "customfield_10014",
}
EQUALS = ("=", "!=", "in", "not in")


def project_key(call: Call, word: str) -> str | None:
    for project in call.state.projects.values():
        if word.lower() in (project.key.lower(), project.name.lower(), project.id):
            return project.key
    return None


class Compiler:
    """Turns a tree into one test, refusing what Jira or the sandbox cannot do."""

    def __init__(self, call: Call) -> None:
        self.call = call

    def node(self, node: Node) -> Test:
        if isinstance(node, Clause):
            return self.clause(node)
        tests = [self.node(part) for part in node.parts]
        if isinstance(node, Either):
            return lambda issue: any(test(issue) for test in tests)
        return lambda issue: all(test(issue) for test in tests)

    def clause(self, clause: Clause) -> Test:
        field = clause.field
        if field in KEYS:
            return self.keys(clause)
        if field == "project":
            return self.project(clause)
        if field == "labels":
            return self.labels(clause)
        if field in TEXTS or field in ("text", "comment"):
            return self.words(clause)
        if field in CHOICES:
            return self.choice(clause)
        if field == "statuscategory":
            return self.category(clause)
        if field in PEOPLE:
            return self.person(clause)
        if field in TIMES:
            return self.time(clause)
        if field in PARENTS:
            return self.parent(clause)
        if field in (known.id.lower() for known in FIELDS.values()):
            fail(f"the sandbox does not search in the field '{field}'.")
        raise Declined(
            400, f"Field '{field}' does not exist or you do not have permission to view it."
        )

    def allow(self, clause: Clause, *operators: str) -> None:
        if clause.operator not in operators:
            raise Declined(
                400,
                f"The operator '{clause.operator}' is not supported by the '{clause.field}' field.",
            )

    def unknown(self, clause: Clause, word: str) -> Declined:
        return Declined(400, f"The value '{word}' does not exist for the field '{clause.field}'.")

    def among(self, clause: Clause, wanted: Iterable[str], value: Callable[[Issue], JSON]) -> Test:
        """`!=` and `not in` find only issues that have a value, as in Jira."""
        some = frozenset(wanted)
        if clause.operator == "is":
            return lambda issue: not value(issue)
        if clause.operator == "is not":
            return lambda issue: bool(value(issue))
        if clause.operator in ("=", "in"):
            return lambda issue: value(issue) in some
        return lambda issue: bool(value(issue)) and value(issue) not in some

    def keys(self, clause: Clause) -> Test:
        self.allow(clause, *EQUALS)
        wanted: list[str] = []
        for word in clause.operands:
            issue = self.call.state.issue(word)
            if issue is None:
                raise Declined(
                    400, f"An issue with key '{word}' does not exist for field '{clause.field}'."
                )
            wanted.append(issue.key)
        return self.among(clause, wanted, lambda issue: issue.key)

    def project(self, clause: Clause) -> Test:
        self.allow(clause, *EQUALS)
        wanted: list[str] = []
        for word in clause.operands:
            key = project_key(self.call, word)
            if key is None:
                raise self.unknown(clause, word)
            wanted.append(key)
        return self.among(clause, wanted, lambda issue: issue.project.key)

    def labels(self, clause: Clause) -> Test:
        self.allow(clause, *EQUALS, "is", "is not")
        wanted = frozenset(clause.operands)
        if clause.operator in ("=", "in"):
            return lambda issue: not wanted.isdisjoint(issue.labels)
        if clause.operator in ("!=", "not in"):
            return lambda issue: bool(issue.labels) and wanted.isdisjoint(issue.labels)
        return self.among(clause, (), lambda issue: issue.values.get("labels"))

    def words(self, clause: Clause) -> Test:
        self.allow(clause, "~", "!~", "is", "is not")
        name = TEXTS.get(clause.field, "")
        if clause.operator in ("is", "is not"):
            if not name:
                self.allow(clause, "~", "!~")
            return self.among(clause, (), lambda issue: issue.values.get(name))
        matches = _word_test(clause.operands[0])
        if name:
            names: tuple[str, ...] = (name,)
        else:
            names = ("summary", "description", "environment") if clause.field == "text" else ()

        def found(issue: Issue) -> bool:
            texts = [text.plain(issue.values.get(one) or "") for one in names]
            if clause.field in ("text", "comment"):
                texts += [text.plain(comment.body) for comment in issue.comments.values()]
            return any(matches(one) for one in texts)

        return found if clause.operator == "~" else lambda issue: not found(issue)

    def choice(self, clause: Clause) -> Test:
        self.allow(clause, *EQUALS, "is", "is not")
        name, known = CHOICES[clause.field]
        if clause.field == "resolution" and [w.lower() for w in clause.operands] == ["unresolved"]:
            positive = clause.operator in ("=", "in")
            clause = Clause(clause.field, "is" if positive else "is not", ())
        wanted: list[str] = []
        for word in clause.operands:
            found = [entry.id for entry in known if word.lower() in (entry.id, entry.name.lower())]
            if not found:
                raise self.unknown(clause, word)
            wanted += found
        return self.among(clause, wanted, lambda issue: issue.values.get(name))

    def category(self, clause: Clause) -> Test:
        self.allow(clause, *EQUALS)
        names = {"to do": "new", "in progress": "indeterminate"}
        wanted: set[str] = set()
        for word in clause.operands:
            category = names.get(word.lower(), word.lower())
            found = {status.id for status in STATUSES if status.category == category}
            if not found:
                raise self.unknown(clause, word)
            wanted |= found
        return self.among(clause, wanted, lambda issue: issue.values.get("status"))

    def person(self, clause: Clause) -> Test:
        self.allow(clause, *EQUALS, "is", "is not")
        wanted: list[str] = []
        for word in clause.operands:
            user = self.call.user
            if word != "currentuser()":
                known = self.call.state.users.get(word)
                if known is None:
                    raise self.unknown(clause, word)
                user = known
            wanted.append(user.account_id)
        if clause.field == "creator":
            return self.among(clause, wanted, lambda issue: issue.creator.account_id)
        return self.among(clause, wanted, lambda issue: issue.values.get(clause.field))

    def time(self, clause: Clause) -> Test:
        self.allow(clause, ">", ">=", "<", "<=")
        limit = _moment(clause, self.call.now)
        newer, older = clause.operator.startswith(">"), clause.operator.startswith("<")
        equal = clause.operator.endswith("=")

        def compare(issue: Issue) -> bool:
            at = issue.created if clause.field == "created" else issue.updated
            return (newer and at > limit) or (older and at < limit) or (equal and at == limit)

        return compare

    def parent(self, clause: Clause) -> Test:
        self.allow(clause, *EQUALS, "is", "is not")
        name = PARENTS[clause.field]
        for word in clause.operands:
            if self.call.state.issue(word) is None:
                raise self.unknown(clause, word)
        wanted = [word.upper() for word in clause.operands]
        return self.among(clause, wanted, lambda issue: issue.values.get(name))


def _spaced(value: str) -> str:
    """The words with one space around each, so that a phrase is a part of it."""
    return f" {' '.join(re.findall(WORD, value.lower()))} "


def _word_test(query: str) -> Callable[[str], bool]:
    """All words, in any order; a quoted phrase in its order; `word*` by its start.

    Plainer than Jira: no stems, no fuzzy search, no boolean words inside.
    """
    query = query.strip()
    if not query:
        fail("the text to search for is empty.")
    if len(query) > 1 and query[0] == query[-1] == '"':
        phrase = _spaced(query)
        return lambda value: phrase in _spaced(value)
    starts = [word[:-1] for word in re.findall(r"\w+\*", query.lower())]
    whole = frozenset(re.findall(r"\w+(?![\w*])", query.lower()))

    def test(value: str) -> bool:
        words = set(re.findall(r"\w+", value.lower()))
        return whole <= words and all(any(w.startswith(s) for w in words) for s in starts)

    return test


def _moment(clause: Clause, now: int) -> int:
    """`-15m`, `-2h`, `-1d`, `-1w`, `now()`, a day, or a day and a minute (UTC)."""
    word = clause.operands[0]
    if word == "now()":
        return now
    relative = re.fullmatch(r"([+-]?)(\d{1,6})([mhdw])", word)
    if relative:
        units = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}
        sign = 1 if relative[1] == "+" else -1
        return now + sign * int(relative[2]) * units[relative[3]]
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M"):
        try:
            return int(datetime.strptime(word, form).replace(tzinfo=UTC).timestamp() * 1000)
        except ValueError:
            continue
    raise Declined(
        400,
        f"Date value '{word}' for field '{clause.field}' is invalid. Valid formats include: "
        "'yyyy/MM/dd HH:mm', 'yyyy-MM-dd HH:mm', 'yyyy/MM/dd', 'yyyy-MM-dd', or a period format "
        "e.g. '-5d', '4w 2d'.",
    )
