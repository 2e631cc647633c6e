"""transition: to a status by its name, with what the transition's screen asks for."""

from __future__ import annotations

from dataclasses import dataclass

from bridge.action import Call, Outcome
from bridge.connectors.jira.client import Jira, as_list, as_object, as_properties, issue_path
from bridge.connectors.jira.comments import add_comment, find_comment
from bridge.connectors.jira.long_fields import as_long, is_long
from bridge.connectors.jira.marks import MOVES_KEPT, MOVES_PROPERTY, marks_of
from bridge.connectors.jira.texts import long_text
from bridge.connectors.mirror import Moved, NoWay, check_expected
from bridge.connectors.parameters import Transition
from bridge.errors import GiveUp
from bridge.event import JSON

CATEGORIES = {"to do": "new", "in progress": "indeterminate", "done": "done"}
"""Names of the three status categories and their keys. Done is the category `done`, not a
resolution that is set (DefectDojo/django-DefectDojo#14347, read 2026-11)."""

COMMENT = "comment"


@dataclass(frozen=True, slots=True)
class Way:
    """A transition that can be taken now. screen: what its screen says of each field, by id."""

    id: str
    name: str
    to: str
    category: str
    screen: dict[str, JSON]


async def transition(jira: Jira, call: Call[Transition]) -> Outcome:
    """Nothing to do where the ticket is there already, or was: a property written by the same
    request tells a retry that the transition was made, whoever has moved the ticket on since.

    The comment goes with the transition where its screen demands one, else right behind it; with
    the mark, so that a retry adds no second one.
    """
    parameters = call.parameters
    path = issue_path(parameters.ticket)
    status, category, marks = await status_of(jira, parameters.ticket)
    check_expected(call.expected, parameters.ticket, {"status": status})
    ways = await ways_from(jira, path)
    lost: list[str] = []
    there = _is_there(parameters.to, status, category, ways)
    if call.expected is not None:  # a name that sync has read somewhere, not a usual one
        there = status.casefold() == parameters.to.strip().casefold()
    if call.mark in marks or there:
        if parameters.comment and call.may_exist:
            await _comment(jira, call, lost)
        return Outcome({"status": status}, found=True, lost=tuple(lost))
    way = _choose(parameters.to, status, ways, exact=call.expected is not None)
    known: JSON = {"marks": [*marks[1 - MOVES_KEPT :], call.mark]}
    body: dict[str, JSON] = {
        "transition": {"id": way.id},
        "properties": as_properties({MOVES_PROPERTY: known}),
    }
    fields = _fill(jira, way, parameters.fields or {}, lost)
    if fields:
        body["fields"] = fields
    with_comment = parameters.comment is not None and is_required(way, COMMENT)
    if with_comment:
        words = long_text(parameters.comment or "", parameters.format, jira.settings)
        body["update"] = {COMMENT: [{"add": {"body": words.value}}]}
        lost += words.lost
    demand(way, {*fields, *([COMMENT] if with_comment else [])})
    try:
        await jira.post(f"{path}/transitions", body)
    except GiveUp as error:
        # A way that was there a moment ago is refused where somebody has moved the issue since.
        if error.status == 400 and (await status_of(jira, parameters.ticket))[0] != status:
            raise Moved(f"status of {parameters.ticket}") from error
        raise
    if parameters.comment and not with_comment:
        await _comment(jira, call, lost)
    return Outcome({"status": way.to}, lost=tuple(lost))


async def status_of(jira: Jira, ticket: str) -> tuple[str, str, list[JSON]]:
    """Name and category of the status, and the marks of the transitions made by us."""
    issue = await jira.issue(ticket, "status", MOVES_PROPERTY)
    status = as_object(as_object(issue.get("fields", {})).get("status", {}))
    return str(status.get("name", "")), _category(status), marks_of(issue, MOVES_PROPERTY)


async def ways_from(jira: Jira, path: str) -> list[Way]:
    found = await jira.get(f"{path}/transitions", {"expand": "transitions.fields"})
    ways: list[Way] = []
    for one in map(as_object, as_list(as_object(found).get("transitions"))):
        to = as_object(one.get("to", {}))
        screen = as_object(one.get("fields") or {})
        name, target = str(one.get("name", "")), str(to.get("name", ""))
        ways.append(Way(str(one.get("id")), name, target, _category(to), screen))
    return ways


def _category(status: dict[str, JSON]) -> str:
    category = status.get("statusCategory")
    return str(category.get("key", "")) if isinstance(category, dict) else ""


def _is_there(wanted: str, status: str, category: str, ways: list[Way]) -> bool:
    """By name; by category only where no status of that name can be reached."""
    name = wanted.strip().casefold()
    if status.casefold() == name:
        return True
    reachable = any(name in (way.to.casefold(), way.name.casefold()) for way in ways)
    return not reachable and CATEGORIES.get(name) == category != ""


def _choose(wanted: str, status: str, ways: list[Way], *, exact: bool) -> Way:
    """By the target's name, else by the transition's, else by the category of that name.

    exact: only by the target's name.
    """
    name = wanted.strip().casefold()
    category = CATEGORIES.get(name, "")
    known = ways
    if exact:
        ways = [way for way in ways if way.to.casefold() == name]
    for fits in (
        [way for way in ways if way.to.casefold() == name],
        [way for way in ways if way.name.casefold() == name],
        [way for way in ways if category and way.category == category],
    ):
        if fits:
            return fits[0]
    targets = ", ".join(sorted({way.to for way in known})) or "nowhere"
    raise NoWay(f"no way from {status!r} to {wanted!r}; from there it goes to: {targets}")


def _fill(jira: Jira, way: Way, given: dict[str, JSON], lost: list[str]) -> dict[str, JSON]:
    """The given fields, by id or by shown name, as far as they are on the screen."""
    by_name = {
        str(as_object(one).get("name", "")).casefold(): key for key, one in way.screen.items()
    }
    filled: dict[str, JSON] = {}
    for name, value in given.items():
        field_id = name if name in way.screen else by_name.get(name.casefold())
        if field_id is None:
            lost.append(f"{name} is not on the screen of {way.name!r} and was left out")
            continue
        meta = as_object(way.screen[field_id])
        if is_long(meta.get("schema")):
            filled[field_id] = as_long(jira, name, value, lost)
        else:
            filled[field_id] = _allowed(name, value, meta)
    return filled


def _allowed(name: str, value: JSON, meta: dict[str, JSON]) -> JSON:
    """The value as the field takes it: one word becomes the choice of that name."""
    choices = [as_object(one) for one in as_list(meta.get("allowedValues"))]
    if not choices or isinstance(value, list):
        return value
    key = "value" if "value" in choices[0] else "name"
    given: JSON = value
    if isinstance(value, dict):
        if "id" in value:
            return value
        given = value.get(key)
    for choice in choices:
        if str(choice.get(key, "")).casefold() == str(given).casefold():
            return {key: choice.get(key)}
    known = ", ".join(str(choice.get(key)) for choice in choices[:20])
    raise GiveUp(f"{name}: {given!r} is not allowed; allowed are: {known}")


def is_required(way: Way, field_id: str) -> bool:
    meta = way.screen.get(field_id)
    return isinstance(meta, dict) and bool(meta.get("required")) and not meta.get("hasDefaultValue")


def demand(way: Way, filled: set[str]) -> None:
    """Raises GiveUp naming every required field of the screen that has no value."""
    missing: list[str] = []
    for field_id, meta in way.screen.items():
        if field_id in filled or not is_required(way, field_id):
            continue
        one = as_object(meta)
        choices = [as_object(each) for each in as_list(one.get("allowedValues"))][:10]
        words = ", ".join(str(each.get("name") or each.get("value")) for each in choices)
        missing.append(
            f"{field_id} ({one.get('name', field_id)})" + (f": {words}" if words else "")
        )
    if missing:
        raise GiveUp(
            f"{way.name!r} requires fields that the rule does not name: " + "; ".join(missing)
        )


async def _comment(jira: Jira, call: Call[Transition], lost: list[str]) -> None:
    parameters = call.parameters
    if call.may_exist and await find_comment(jira, parameters.ticket, call.mark):
        return
    words = long_text(parameters.comment or "", parameters.format, jira.settings)
    lost += words.lost
    if not words.empty:
        await add_comment(jira, parameters.ticket, words.value, call.mark)
