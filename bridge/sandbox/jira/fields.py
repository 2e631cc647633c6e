"""Reading the field values a caller sends, with Jira's own objections.

A value is read into what the state keeps (the id of a priority, the account of a person, text as
sent); an objection is a `Declined` with the field's name. The wording of the objections is
Jira's, from its answers as public client projects quote them, read 2026-11.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from bridge.event import JSON
from bridge.sandbox.exchange import Declined, as_object
from bridge.sandbox.jira import text
from bridge.sandbox.jira.show import option_id
from bridge.sandbox.jira.state import JiraState, Values
from bridge.sandbox.jira.world import (
    FIELDS,
    ISSUE_TYPES,
    MEDIUM,
    OPTIONS,
    PRIORITIES,
    RESOLUTIONS,
    TO_DO,
    Field,
    IssueType,
    Named,
    Project,
    User,
)

OFF_SCREEN = "Field '{}' cannot be set. It is not on the appropriate screen, or unknown."


class Objection(Exception):
    """What Jira says about one value."""


def project_of(state: JiraState, value: JSON) -> Project | None:
    sent = as_object(value)
    for word in (sent.get("key"), sent.get("id")):
        if word is not None:
            return state.projects.get(str(word))
    return None


def by_id_or_name(known: Iterable[Named | IssueType], value: JSON) -> str | None:
    sent = as_object(value)
    if sent.get("id") is not None:
        wanted = str(sent["id"])
        return wanted if any(entry.id == wanted for entry in known) else None
    name = str(sent.get("name", "")).lower()
    return next((entry.id for entry in known if entry.name.lower() == name), None)


def user_of(state: JiraState, value: JSON) -> User | None:
    """By accountId on Cloud, by name or key on Data Center; the sandbox takes any of them."""
    sent = as_object(value)
    for word in ("accountId", "id", "name", "key"):
        if sent.get(word):
            return state.users.get(str(sent[word]))
    return None


def _summary(value: JSON) -> JSON:
    if not isinstance(value, str) or not value.strip():
        raise Objection("You must specify a summary of the issue.")
    if "\n" in value or "\r" in value:
        raise Objection("The summary is invalid because it contains newline characters.")
    if len(value) > 255:
        raise Objection("Summary must be less than 255 characters.")
    return value


def _labels(value: JSON) -> JSON:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Objection("data was not an array")
    found: list[JSON] = []
    for label in value:
        if not isinstance(label, str):
            raise Objection("string expected at index 0")
        if re.search(r"\s", label):
            raise Objection(f"The label '{label}' contains spaces which is invalid.")
        if len(label) > 255:
            raise Objection(f"The label '{label[:40]}…' exceeds the maximum length of 255.")
        if label and label not in found:
            found.append(label)
    return found


def _date(value: JSON) -> JSON:
    if value is None or (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        return value
    raise Objection("Error parsing date string: must be of the form yyyy-MM-dd")


def _number(value: JSON) -> JSON:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise Objection("Specify a number, or leave the field blank.")


def _string(value: JSON) -> JSON:
    if value is None or isinstance(value, str):
        if value and len(value) > 255:
            raise Objection("The entered text is too long. The allowed limit is 255 characters.")
        return value
    raise Objection(text.NOT_TEXT)


def _names(value: JSON) -> JSON:
    if value is None:
        return []
    if not isinstance(value, list):
        raise Objection("data was not an array")
    return [entry for entry in value if isinstance(entry, dict)]


class Reader:
    """Reads values for one site and one version of the API."""

    def __init__(self, state: JiraState, api: int) -> None:
        self._state = state
        self._api = api
        self._kinds: dict[str, Callable[[Field, JSON], JSON]] = {
            "summary": lambda _field, value: _summary(value),
            "labels": lambda _field, value: _labels(value),
            "date": lambda _field, value: _date(value),
            "number": lambda _field, value: _number(value),
            "string": lambda _field, value: _string(value),
            "names": lambda _field, value: _names(value),
            "text": self._text,
            "priority": self._priority,
            "issuetype": self._issue_type,
            "user": self._user,
            "parent": self._parent,
            "option": self._option,
            "resolution": self._resolution,
        }

    def read(self, field: Field, value: JSON) -> JSON:
        """Raises Objection."""
        return self._kinds[field.kind](field, value)

    def read_all(self, sent: Mapping[str, JSON], screen: Iterable[str]) -> Values:
        """Every value, or Declined with an objection for each that is wrong."""
        found: Values = {}
        errors: dict[str, str] = {}
        for name, value in sent.items():
            if name not in screen or name not in FIELDS:
                errors[name] = OFF_SCREEN.format(name)
                continue
            try:
                found[name] = self.read(FIELDS[name], value)
            except Objection as objection:
                errors[name] = str(objection)
        if errors:
            raise Declined(400, errors=errors)
        return found

    def _text(self, _field: Field, value: JSON) -> JSON:
        # Only the two long system fields and text areas are documents in v3; both are this kind.
        problem = text.problem_of(value, self._api)
        if problem:
            raise Objection(problem)
        return value

    def _priority(self, _field: Field, value: JSON) -> JSON:
        if value is None:
            return MEDIUM.id
        found = by_id_or_name(PRIORITIES, value)
        if found is None:
            raise Objection("The priority selected is invalid.")
        return found

    def _resolution(self, _field: Field, value: JSON) -> JSON:
        found = by_id_or_name(RESOLUTIONS, value)
        if found is None:
            raise Objection("The resolution selected is invalid.")
        return found

    def _issue_type(self, _field: Field, value: JSON) -> JSON:
        found = by_id_or_name(ISSUE_TYPES, value)
        if found is None:
            raise Objection("Specify a valid issue type")
        return found

    def _user(self, field: Field, value: JSON) -> JSON:
        sent = as_object(value)
        if value is None or (sent and all(word is None for word in sent.values())):
            return None
        user = user_of(self._state, value)
        if user is None:
            raise Objection(f"Specify a valid value for {field.id}")
        return user.account_id

    def _parent(self, _field: Field, value: JSON) -> JSON:
        if value is None:
            return None
        sent = as_object(value)
        issue = self._state.issue(str(sent.get("key") or sent.get("id") or ""))
        if issue is None:
            raise Objection("Could not find issue by id or key.")
        return issue.key

    def _option(self, field: Field, value: JSON) -> JSON:
        if value is None:
            return None
        sent = as_object(value)
        for known in OPTIONS[field.id]:
            if sent.get("value") == known or str(sent.get("id", "")) == option_id(field, known):
                return known
        raise Objection(f"Option value '{sent.get('value')}' is not valid")


def screen() -> frozenset[str]:
    """What create and edit may set."""
    return frozenset(field.id for field in FIELDS.values() if field.settable)


def read_new(
    state: JiraState, api: int, sent: Mapping[str, JSON], creator: User
) -> tuple[Project, Values]:
    """The project and values of an issue to create. Raises Declined with every objection."""
    errors: dict[str, str] = {}
    project = project_of(state, sent.get("project"))
    if project is None:
        errors["project"] = "Specify a valid project ID or key"
    if "issuetype" not in sent:
        errors["issuetype"] = "Specify an issue type"
    if "summary" not in sent:
        errors["summary"] = "You must specify a summary of the issue."
    values: Values = {}
    try:
        rest = {name: value for name, value in sent.items() if name != "project"}
        values = Reader(state, api).read_all(rest, SCREEN)
    except Declined as refusal:
        errors.update(refusal.errors)
    kind = next((kind for kind in ISSUE_TYPES if kind.id == values.get("issuetype")), None)
    if kind is not None and kind.subtask and not values.get("parent"):
        errors["parent"] = "Issue type is a sub-task but parent issue key or id not specified."
    if errors or project is None:
        raise Declined(400, errors=errors)
    defaults: Values = {
        "status": TO_DO.id,
        "priority": MEDIUM.id,
        "reporter": creator.account_id,
        "labels": [],
    }
    return project, {**defaults, **values}


SCREEN = screen()
