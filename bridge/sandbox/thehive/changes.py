"""Cases and alerts made, changed, commented and given files, and what the audit tells of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer, as_list
from bridge.sandbox.stand_in import Call
from bridge.sandbox.thehive import show
from bridge.sandbox.thehive.state import (
    ALERT_STATUSES,
    BRIDGE,
    CASE_STATUSES,
    ORGANISATION,
    ORGANISATION_ID,
    PEOPLE,
    Comment,
    Entity,
    File,
    HiveState,
)

HiveCall = Call[HiveState]
TEXT_LIMIT = 1_048_576


def actor(call: HiveCall) -> str:
    """The name of basic authentication; of a key, the bridge's own account, unless it is `as-anna`
    or `as-ben`."""
    name = call.token.removeprefix("as-").partition(":")[0]
    full = name if "@" in name else f"{name}@sandbox.example"
    return full if full in PEOPLE else BRIDGE


# --- what is refused ----------------------------------------------------------------------


def _text(most: int, least: int = 1) -> Callable[[JSON], bool]:
    return lambda value: isinstance(value, str) and least <= len(value) <= most


def _number(*known: int) -> Callable[[JSON], bool]:
    return lambda value: value in known and not isinstance(value, bool)


def _tags(value: JSON) -> bool:
    return isinstance(value, list) and all(map(_text(128), value))


def _whole(value: JSON) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


SHARED: Mapping[str, Callable[[JSON], bool]] = {
    "title": _text(512),
    "description": _text(TEXT_LIMIT, 0),
    "severity": _number(1, 2, 3, 4),
    "tags": _tags,
    "addTags": _tags,
    "removeTags": _tags,
    "tlp": _number(0, 1, 2, 3, 4),
    "pap": _number(0, 1, 2, 3),
    "summary": _text(TEXT_LIMIT, 0),
    "assignee": lambda value: value in PEOPLE,
    "customFields": lambda value: isinstance(value, dict),
    "caseTemplate": _text(128),
}
OF_CASE: Mapping[str, Callable[[JSON], bool]] = {
    **SHARED,
    "status": lambda value: value in CASE_STATUSES,
    "startDate": _whole,
    "endDate": _whole,
    "flag": lambda value: isinstance(value, bool),
    "impactStatus": _text(128),
}
OF_ALERT: Mapping[str, Callable[[JSON], bool]] = {
    **SHARED,
    "status": lambda value: value in ALERT_STATUSES,
    "type": _text(32),
    "source": _text(32),
    "sourceRef": _text(128),
    "externalLink": _text(4096),
}
NEEDED = {
    "Case": ("title", "description"),
    "Alert": ("type", "source", "sourceRef", "title", "description"),
}


def checked(kind: str, body: Mapping[str, JSON], needed: tuple[str, ...] = ()) -> dict[str, JSON]:
    """Raises Declined (400) for a field that is missing, that there is not, or that is wrong."""
    for name in needed:
        if name not in body:
            raise Declined(400, f"Attribute {name} is missing")
    checks = OF_CASE if kind == "Case" else OF_ALERT
    for name, value in body.items():
        check = checks.get(name)
        if check is None or not check(value):
            raise Declined(400, f"Invalid format for {name}: {str(value)[:80]}")
    return dict(body)


def find(call: HiveCall, kind: str) -> Entity:
    found = call.state.find(kind, call.arguments[0])
    if found is None:
        raise Declined(404, f"{kind} not found")
    return found


def kind_of(call: HiveCall) -> str:
    return "Case" if "/case" in call.request.path else "Alert"


# --- made, read, changed ------------------------------------------------------------------


def create(call: HiveCall) -> Answer:
    kind, state = kind_of(call), call.state
    values = checked(kind, call.request.object(), NEEDED[kind])
    given: dict[str, JSON] = {"severity": 2, "tags": [], "tlp": 2, "pap": 2, "status": "New"}
    entity = Entity(state.next_id(), kind, given | values, actor(call), call.now)
    reference = ";".join(str(values.get(name)) for name in ("type", "source", "sourceRef"))
    if kind == "Alert" and state.find(kind, reference):
        raise Declined(400, "Alert already exists")
    if kind == "Case":
        state.cases += 1
        entity.number = state.cases
    state.entities[entity.id] = entity
    tell(call, "create", entity, entity, dict(values))
    return answer(show.entity(entity), 201)


def read(call: HiveCall) -> Answer:
    return answer(show.entity(find(call, kind_of(call))))


def update(call: HiveCall) -> Answer:
    """204 whatever was changed; nothing is told where nothing was."""
    entity = find(call, kind_of(call))
    wanted = checked(entity.kind, call.request.object())
    added, removed = as_list(wanted.pop("addTags", [])), as_list(wanted.pop("removeTags", []))
    if added or removed:
        tags = as_list(wanted.get("tags", entity.values["tags"]))
        new = [tag for tag in added if tag not in tags]
        wanted["tags"] = [tag for tag in [*tags, *new] if tag not in removed]
    if "customFields" in wanted:
        before = entity.values.get("customFields")
        given = wanted["customFields"]
        wanted["customFields"] = {
            **(before if isinstance(before, dict) else {}),
            **(given if isinstance(given, dict) else {}),
        }
    changed = {name: value for name, value in wanted.items() if entity.values.get(name) != value}
    if changed:
        stage = entity.stage
        entity.values |= changed
        entity.updated, entity.updated_by = call.now, actor(call)
        if entity.stage != stage:
            changed["stage"] = entity.stage
            _date(call, entity)
        tell(call, "update", entity, entity, changed)
    return NO_CONTENT


def _date(call: HiveCall, entity: Entity) -> None:
    if entity.stage == "Closed":
        entity.dates["closedDate"] = call.now
    else:
        entity.dates.pop("closedDate", None)
    if entity.stage == "InProgress":
        entity.dates.setdefault("inProgressDate", call.now)


def delete(call: HiveCall) -> Answer:
    entity = find(call, kind_of(call))
    del call.state.entities[entity.id]
    tell(call, "delete", entity, entity, {})
    return NO_CONTENT


def add_comment(call: HiveCall) -> Answer:
    entity, message = find(call, kind_of(call)), _message(call)
    made = Comment(call.state.next_id(), message, actor(call), call.now)
    entity.comments.append(made)
    tell(call, "create", entity, made, {"message": message})
    return answer(show.comment(made), 201)


def _message(call: HiveCall) -> str:
    message = call.request.object().get("message")
    if not isinstance(message, str) or len(message) > TEXT_LIMIT:
        raise Declined(400, "Attribute message is missing")
    return message


def edit_comment(call: HiveCall) -> Answer:
    """By its own id, of whichever case or alert; 204."""
    message = _message(call)
    for entity in call.state.entities.values():
        for one in entity.comments:
            if one.id == call.arguments[0]:
                if one.message != message:
                    one.message, one.edited = message, call.now
                    tell(call, "update", entity, one, {"message": message})
                return NO_CONTENT
    raise Declined(404, "Comment not found")


def add_files(call: HiveCall) -> Answer:
    entity = find(call, "Case")
    if not call.request.files:
        raise Declined(400, "Attribute attachments is missing")
    made = [
        File(
            call.state.next_id(), one.filename, one.content_type, one.content, actor(call), call.now
        )
        for one in call.request.files
    ]
    entity.files += made
    shown: list[JSON] = [show.attachment(one) for one in made]
    return answer({"attachments": shown}, 201)


# --- what the audit tells -----------------------------------------------------------------


def tell(
    call: HiveCall,
    action: str,
    root: Entity,
    about: Entity | Comment,
    details: dict[str, JSON],
) -> None:
    """An entry of the audit, as webhooks of version 1 carry it. context: the case or alert."""
    if not call.around.outbox.wanted:
        return
    kind = about.kind if isinstance(about, Entity) else "Comment"
    shown = show.entity(about) if isinstance(about, Entity) else show.comment(about)
    number = call.state.next_id()
    body: dict[str, JSON] = {
        "_id": number,
        "_type": "Audit",
        "_createdBy": actor(call),
        "_createdAt": call.now,
        "action": action,
        "mainAction": True,
        "requestId": f"sandbox:{number[1:]}",
        "rootId": root.id,
        "details": details,
        "objectId": about.id,
        "objectType": kind,
        "object": shown,
        "context": show.entity(root),
        "organisation": {"organisationId": ORGANISATION_ID, "organisation": ORGANISATION},
    }
    call.around.outbox.send(root.id, f"{kind}.{action}", body)
