"""create_ticket: exactly one issue, whatever happens to the answers."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list
from bridge.connectors.github.client import GitHub, Ticket
from bridge.connectors.github.fields import Fields, dropped, priority_label, shared_fields
from bridge.connectors.github.find import find_made
from bridge.connectors.github.marks import with_mark
from bridge.connectors.github.options import REPOSITORY
from bridge.connectors.github.texts import body_text, labels_of
from bridge.connectors.parameters import CreateTicket
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON


async def create_ticket(github: GitHub, call: Call[CreateTicket]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then creates.

    The mark travels in the create itself: there is no moment in which the issue exists without it.
    """
    repository = repository_of(github, call.parameters.project)
    if call.may_exist:
        found = await find_made(github, repository, call.mark, call.intended_at)
        if found:
            return _outcome(found, repository, (), found=True)
    text = call.parameters.description or ""
    body = body_text(github, text, call.parameters.format)
    made, lost = await create(github, repository, call.parameters, body.text, call.mark)
    return _outcome(made, repository, (*body.lost, *lost), found=False)


def repository_of(github: GitHub, project: str | None) -> str:
    """Where an issue goes. Raises GiveUp."""
    repository = project or github.settings.repository
    if not REPOSITORY.fullmatch(repository):
        raise GiveUp(f"project {repository[:100]!r} is no repository: expected owner/name")
    return repository


async def create(
    github: GitHub, repository: str, parameters: CreateTicket, body: str, mark: str
) -> tuple[dict[str, JSON], list[str]]:
    """The new issue, and what of the parameters is not in it. body: as GitHub takes it."""
    fields = _fields(github, parameters, body, mark)
    made = await github.write("POST", f"/repos/{repository}/issues", fields.values)
    if not isinstance(made.get("number"), int):
        raise TryAgain("GitHub's answer to the create names no issue", may_have_happened=True)
    return made, [*fields.lost, *dropped(fields, made)]


def _fields(github: GitHub, parameters: CreateTicket, body: str, mark: str) -> Fields:
    fields = shared_fields(parameters)
    words = body
    if parameters.parent:
        parent = github.ticket(parameters.parent)
        words = f"{words}\n\nPart of {parent.key}".lstrip()
    kind = parameters.issue_type or github.settings.issue_type
    if kind:
        fields.values["type"] = kind
    fields.values |= parameters.fields or {}
    labels = (parameters.labels or []) + [str(one) for one in as_list(fields.values.get("labels"))]
    labels = labels_of(labels) + priority_label(github, parameters.priority, fields.lost)
    if labels:
        fields.values["labels"] = [*dict.fromkeys(labels)]
    fields.values["body"] = with_mark(words, mark)
    return fields


def _outcome(
    issue: dict[str, JSON], repository: str, lost: tuple[str, ...], *, found: bool
) -> Outcome:
    outputs: dict[str, JSON] = {
        "key": Ticket(repository, int(str(issue["number"]))).key,
        "id": str(issue.get("id", "")),
        "url": str(issue.get("html_url", "")),
    }
    return Outcome(outputs, found=found, lost=lost)
