"""The queries: a list, and what is done with it, step by step."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer, as_list, as_object
from bridge.sandbox.thehive import show
from bridge.sandbox.thehive.changes import HiveCall
from bridge.sandbox.thehive.state import Entity

Row = dict[str, JSON]


def query(call: HiveCall) -> Answer:
    """Raises Declined (400) for a step that the sandbox does not know, rather than guess."""
    body = call.request.object()
    steps = [as_object(one) for one in as_list(body.get("query"))]
    if not steps:
        raise Declined(400, "Attribute query is missing")
    rows, rest = _start(call, steps)
    for step in rest:
        name = step.get("_name")
        if name == "count":
            return answer(len(rows))
        rows = _step(str(name), step, rows)
    hidden = {str(name) for name in as_list(body.get("excludeFields"))}
    return answer([{key: value for key, value in row.items() if key not in hidden} for row in rows])


def _start(call: HiveCall, steps: list[dict[str, JSON]]) -> tuple[list[Row], list[dict[str, JSON]]]:
    """What the first steps choose, and the steps behind them."""
    name = str(steps[0].get("_name"))
    kind = "Case" if name.endswith("Case") else "Alert"
    if name in ("listCase", "listAlert"):
        lag_ms = int(call.around.conditions.faults.index_lag_seconds * 1000)
        known = [one for one in call.state.of(kind) if call.now - one.created >= lag_ms]
        return [show.entity(one) for one in known], steps[1:]
    if name not in ("getCase", "getAlert"):
        raise Declined(400, f"Query {name} is not known to the sandbox")
    found = call.state.find(kind, str(steps[0].get("idOrName")))
    if found is None:
        return [], [step for step in steps[1:] if step.get("_name") not in PARTS]
    part = str(steps[1].get("_name")) if len(steps) > 1 else ""
    if part in PARTS:
        return PARTS[part](found), steps[2:]
    return [show.entity(found)], steps[1:]


PARTS: Mapping[str, Callable[[Entity], list[Row]]] = {
    "comments": lambda one: [show.comment(each) for each in one.comments],
    "attachments": lambda one: [show.attachment(each) for each in one.files],
}


def _step(name: str, step: dict[str, JSON], rows: list[Row]) -> list[Row]:
    if name == "filter":
        wanted: dict[str, JSON] = {key: value for key, value in step.items() if key != "_name"}
        return [row for row in rows if fits(row, wanted)]
    if name == "sort":
        for one in reversed(as_list(step.get("_fields"))):
            for field, direction in as_object(one).items():
                rows = sorted(rows, key=_order(field), reverse=direction == "desc")
        return rows
    if name == "page":
        start, end = step.get("from"), step.get("to")
        if not isinstance(start, int) or not isinstance(end, int):
            raise Declined(400, "Attribute from is missing")
        return rows[start:end]
    raise Declined(400, f"Query {name} is not known to the sandbox")


def _order(field: str) -> Callable[[Row], tuple[bool, float, str]]:
    def key(row: Row) -> tuple[bool, float, str]:
        value = row.get(field)
        number = float(value) if isinstance(value, int | float) else 0.0
        return (value is None, number, str(value))

    return key


def fits(row: Row, wanted: Mapping[str, JSON]) -> bool:
    """Whether a row fits a filter; of a list, one of its elements does."""
    for operator, condition in wanted.items():
        given = as_object(condition)
        there = row.get(str(given.get("_field")))
        values = there if isinstance(there, list) else [there]
        if operator in ("_and", "_or"):
            found = [fits(row, as_object(one)) for one in as_list(condition)]
            good = all(found) if operator == "_and" else any(found)
        elif operator == "_not":
            good = not fits(row, given)
        elif operator == "_any":
            good = True
        elif operator == "_id":
            good = row["_id"] == condition
        elif operator in ("_eq", "_is"):
            good = given.get("_value") in values
        elif operator == "_ne":
            good = given.get("_value") not in values
        elif operator == "_in":
            good = any(one in values for one in as_list(given.get("_values")))
        elif operator in ("_gt", "_gte", "_lt", "_lte"):
            good = _compares(operator, values[0] if values else None, given.get("_value"))
        elif operator == "_like":
            words = str(given.get("_value")).casefold()
            good = any(words in str(one).casefold() for one in values)
        else:
            raise Declined(400, f"Filter {operator} is not known to the sandbox")
        if not good:
            return False
    return True


def _compares(operator: str, there: JSON, wanted: JSON) -> bool:
    if not isinstance(there, int | float) or not isinstance(wanted, int | float):
        return False
    return {
        "_gt": there > wanted, "_gte": there >= wanted,
        "_lt": there < wanted, "_lte": there <= wanted,
    }[operator]  # fmt: skip
