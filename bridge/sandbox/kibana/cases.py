"""Cases: created, read, changed by version, found."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import NO_CONTENT, Answer, Declined, answer, as_list
from bridge.sandbox.kibana.checks import OPTIONAL, check_complete, check_fields
from bridge.sandbox.kibana.state import Case, Comment, KibanaState, UserAction, version_text
from bridge.sandbox.stand_in import Call as AnyCall

Call = AnyCall[KibanaState]

DEFAULT = "default"
IN_AND_OUT = ("tags", "assignees")
"""Lists, of which the activity tells what came and what went, in two rows."""
NOTED = ("status", "severity", "title", "description", "tags", "assignees", "connector", "settings")
"""Fields whose changes a case's activity tells."""
SORTED_BY = {
    "createdAt": "created", "updatedAt": "updated", "closedAt": "closed", "title": "title",
    "category": "category", "status": "status", "severity": "severity",
}  # fmt: skip


def who(call: Call) -> str:
    """The user's name with basic authentication; else the bridge's key."""
    return call.token.partition(":")[0] if ":" in call.token else "bridge"


def space_of(call: Call) -> tuple[str, tuple[str, ...]]:
    """The space, and the open segments behind it."""
    if call.request.path.strip("/").startswith("s/"):
        return call.arguments[0], call.arguments[1:]
    return DEFAULT, call.arguments


def find_case(call: Call, case_id: str) -> Case:
    case = call.state.cases.get(case_id)
    if case is None or case.space != space_of(call)[0]:
        raise Declined(404, f"Saved object [cases/{case_id}] not found")
    return case


def tell(call: Call, case: Case, event: str) -> None:
    """Reports a change of a case."""
    if call.around.outbox.wanted:
        call.around.outbox.send(case.id, event, {"event": event, **case.show()})


def create(call: Call) -> Answer:
    body = call.request.object()
    check_complete(body)
    check_fields(body)
    if "status" in body:
        raise Declined(400, 'invalid keys "status"')
    state, now = call.state, call.now
    values = {**OPTIONAL, **body, "status": "open"}
    number = state.next_version()
    case = Case(state.new_id(), space_of(call)[0], values, who(call), now, number)
    state.cases[case.id] = case
    note(call, case, "create_case", "create", dict(values))
    tell(call, case, "case.created")
    return answer(case.show())


def read(call: Call) -> Answer:
    case = find_case(call, space_of(call)[1][0])
    return answer(case.show(comments=call.request.option("includeComments") != "false"))


def update(call: Call) -> Answer:
    """All of them or none: 409 when one has another version, 406 when nothing would change."""
    asked = [one for one in as_list(call.request.object().get("cases")) if isinstance(one, dict)]
    if not asked:
        raise Declined(400, 'Invalid value "undefined" supplied to "cases"')
    found: list[tuple[Case, dict[str, JSON]]] = []
    for one in asked:
        fields = {name: value for name, value in one.items() if name not in ("id", "version")}
        check_fields(fields)
        case = find_case(call, str(one.get("id")))
        if "owner" in fields:
            raise Declined(400, 'invalid keys "owner"')
        found.append((case, fields))
    stale = [
        case.id
        for (case, _), one in zip(found, asked, strict=True)
        if one.get("version") != version_text(case.version)
    ]
    if stale:
        words = ", ".join(stale)
        raise Declined(409, f"These cases {words} has been updated. Please refresh before saving "
                            "additional updates.")  # fmt: skip
    changes = [(case, _different(case, fields)) for case, fields in found]
    if not any(fields for _, fields in changes):
        raise Declined(406, "All update fields are identical to current version.")
    for case, fields in changes:
        if fields:
            _change(call, case, fields)
    return answer([case.show(comments=False) for case, fields in changes if fields])


def _different(case: Case, fields: dict[str, JSON]) -> dict[str, JSON]:
    return {name: value for name, value in fields.items() if case.values.get(name) != value}


def _change(call: Call, case: Case, fields: dict[str, JSON]) -> None:
    """Closing is told as such; reopening takes the time of closing away."""
    now = call.now
    before = case.values
    case.values = before | fields
    touch(call, case)
    for name, value in fields.items():
        if name in IN_AND_OUT:
            _note_each(call, case, name, as_list(before.get(name)), as_list(value))
        elif name in NOTED:
            note(call, case, name, "update", {name: value})
    if "status" in fields:
        closed = fields["status"] == "closed"
        case.closed, case.closed_by = (now, who(call)) if closed else (0, "")
    tell(call, case, "case.closed" if fields.get("status") == "closed" else "case.updated")


def _note_each(call: Call, case: Case, name: str, before: list[JSON], after: list[JSON]) -> None:
    for action, new, old in (("add", after, before), ("delete", before, after)):
        differing = [one for one in new if one not in old]
        if differing:
            note(call, case, name, action, {name: differing})


def note(
    call: Call,
    case: Case,
    kind: str,
    action: str,
    payload: dict[str, JSON],
    comment_id: str | None = None,
) -> None:
    """Writes a row of the case's activity."""
    case.actions.append(
        UserAction(
            call.state.new_id(),
            kind,
            action,
            payload,
            who(call),
            call.now,
            case.version,
            comment_id,
        )
    )


def find_activity(call: Call) -> Answer:
    """The rows that the index knows; `types` narrows them."""
    case = find_case(call, space_of(call)[1][0])
    request = call.request
    lag_ms = int(call.around.conditions.faults.index_lag_seconds * 1000)
    kinds = request.query.get("types", [])
    known = [one for one in case.actions if call.now - one.at >= lag_ms]
    known = [one for one in known if not kinds or one.type in kinds]
    if request.option("sortOrder", "asc") == "desc":
        known.reverse()
    page, per_page = request.number("page", 1), request.number("perPage", 20)
    owner = str(case.values["owner"])
    shown: list[JSON] = [one.show(owner) for one in known[(page - 1) * per_page : page * per_page]]
    return answer({"page": page, "perPage": per_page, "total": len(known), "userActions": shown})


def touch(call: Call, case: Case) -> None:
    case.version = call.state.next_version()
    case.updated = call.now
    case.updated_by = who(call)


def delete(call: Call) -> Answer:
    for case_id in call.request.words("ids"):
        del call.state.cases[find_case(call, case_id.strip('[]"')).id]
    return NO_CONTENT


def find(call: Call) -> Answer:
    """What the index knows: a new case is missing from it as long as the fault `index-lag` says.
    Of one that changed it would show the older form; here it shows the new one."""
    request = call.request
    lag_ms = int(call.around.conditions.faults.index_lag_seconds * 1000)
    known = [
        one for one in call.state.of_space(space_of(call)[0]) if call.now - one.created >= lag_ms
    ]
    for name in ("owner", "status", "severity", "category"):
        wanted = request.query.get(name, [])
        known = [one for one in known if not wanted or one.values.get(name) in wanted]
    tags = request.query.get("tags", [])
    known = [
        one for one in known if not tags or set(tags) & set(map(str, as_list(one.values["tags"])))
    ]
    words = request.option("search").casefold().split()
    fields = request.query.get("searchFields") or ["title", "description"]
    known = [
        one
        for one in known
        if all(
            any(word in str(one.values.get(name, "")).casefold() for name in fields)
            for word in words
        )
    ]
    page, per_page = request.number("page", 1), request.number("perPage", 20)
    if not 0 <= per_page <= 100:
        raise Declined(400, "The provided perPage value is too high. The maximum is 100.")
    chosen = SORTED_BY.get(request.option("sortField", "createdAt"), "created")
    known.sort(
        key=lambda one: str(one.values.get(chosen, getattr(one, chosen, 0))).zfill(20),
        reverse=request.option("sortOrder", "desc") == "desc",
    )
    counts = {
        f"count_{status.replace('-', '_')}_cases": sum(
            one.values["status"] == status for one in call.state.of_space(space_of(call)[0])
        )
        for status in ("open", "in-progress", "closed")
    }
    shown: list[JSON] = [
        one.show(comments=False) for one in known[(page - 1) * per_page : page * per_page]
    ]
    return answer(
        {"page": page, "per_page": per_page, "total": len(known), "cases": shown, **counts}
    )


# --- comments -----------------------------------------------------------------------------


def add_comment(call: Call) -> Answer:
    case = find_case(call, space_of(call)[1][0])
    body = call.request.object()
    kind, owner = body.get("type"), str(body.get("owner", ""))
    needed = {"user": ("comment",), "alert": ("alertId", "index", "rule")}.get(str(kind))
    if needed is None or any(name not in body for name in needed):
        raise Declined(400, f'Invalid value "{kind}" supplied to "type"')
    if kind == "user":
        _check_text(body["comment"])
    if owner != case.values["owner"]:
        raise Declined(400, "The owner field of the case and the comment must be equal")
    values: dict[str, JSON] = {"type": kind, **{name: body[name] for name in needed}}
    state = call.state
    made = Comment(state.new_id(), owner, values, who(call), call.now, state.next_version())
    case.comments.append(made)
    touch(call, case)
    note(call, case, "comment", "create", {"comment": dict(values), "owner": owner}, made.id)
    tell(call, case, "case.commented" if kind == "user" else "case.updated")
    return answer(case.show())


def _check_text(text: JSON) -> None:
    if not isinstance(text, str) or not text.strip():
        raise Declined(400, "The comment field cannot be an empty string.")
    if len(text) > 30_000:
        words = "The length of the comment is too long. The maximum length is 30000."
        raise Declined(400, words)


def _comment(case: Case, comment_id: str) -> Comment:
    for one in case.comments:
        if one.id == comment_id:
            return one
    raise Declined(404, f"Saved object [cases-comments/{comment_id}] not found")


def read_comment(call: Call) -> Answer:
    case_id, comment_id = space_of(call)[1]
    return answer(_comment(find_case(call, case_id), comment_id).show())


def edit_comment(call: Call) -> Answer:
    """409 when the comment has another version; neither its type nor its owner can be changed."""
    case = find_case(call, space_of(call)[1][0])
    body = call.request.object()
    one = _comment(case, str(body.get("id")))
    if body.get("type") != one.body["type"] or body.get("owner") != one.owner:
        raise Declined(400, "You cannot change the type or the owner of the comment.")
    _check_text(body.get("comment"))
    if body.get("version") != version_text(one.version):
        words = "This case comment has been updated. Please refresh before saving additional "
        raise Declined(409, f"{words}updates.")
    one.body = {**one.body, "comment": body["comment"]}
    one.version, one.updated, one.updated_by = call.state.next_version(), call.now, who(call)
    touch(call, case)
    payload: dict[str, JSON] = {"comment": dict(one.body), "owner": one.owner}
    note(call, case, "comment", "update", payload, one.id)
    tell(call, case, "case.updated")
    return answer(case.show())


def find_comments(call: Call) -> Answer:
    """The comments the index knows, a page of them."""
    case = find_case(call, space_of(call)[1][0])
    request = call.request
    lag_ms = int(call.around.conditions.faults.index_lag_seconds * 1000)
    known = [one for one in case.comments if call.now - one.created >= lag_ms]
    if request.option("sortOrder", "desc") == "desc":
        known.reverse()
    page, per_page = request.number("page", 1), request.number("perPage", 20)
    shown: list[JSON] = [one.show() for one in known[(page - 1) * per_page : page * per_page]]
    return answer({"comments": shown, "page": page, "per_page": per_page, "total": len(known)})


def all_comments(call: Call) -> Answer:
    case = find_case(call, space_of(call)[1][0])
    return answer([one.show() for one in case.comments])
