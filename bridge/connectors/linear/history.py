"""When an issue's fields were changed, by its history.

A row holds what one account changed within a short while, one property or several, so that its
times are bounds; how long that is Linear does not say. The published schema, read 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.mirror import Seen, moment, text_of
from bridge.event import JSON

ROWS = """\
history(first: 100) {
  nodes {
    id createdAt updatedAt actorId fromTitle toTitle fromPriority toPriority
    fromState { name } toState { name } fromAssignee { id email } toAssignee { id email }
  }
  pageInfo { hasNextPage }
}"""
PRIORITIES = ("No priority", "Urgent", "High", "Medium", "Low")


@dataclass(frozen=True, slots=True)
class Row:
    """What one row says of one field. begun, ended: milliseconds. who: empty for no user."""

    begun: int
    ended: int
    who: str
    before: str
    after: str


def seen_in(history: JSON, values: Mapping[str, str], updated: int, own: str) -> dict[str, Seen]:
    """The values as they are, with what the history says of each.

    updated: when the issue was changed at all. own: our account's id.
    """
    nodes = [as_object(one) for one in as_list(child(history, "nodes"))]
    whole = not child(history, "pageInfo", "hasNextPage")
    oldest = min((moment(one.get("createdAt")) for one in nodes), default=0)
    found: dict[str, Seen] = {}
    for name, value in values.items():
        rows = sorted(_rows(nodes, name), key=lambda one: (one.ended, one.begun))
        if not rows:  # never changed; or before the oldest row that was asked for
            found[name] = Seen(value, 1) if whole else Seen(value, oldest, exact=False)
        elif rows[-1].after.casefold() != value.casefold():  # it lags
            found[name] = Seen(value, updated, exact=False, since=rows[-1].ended)
        else:
            found[name] = _last(value, rows, own)
    return found


def _last(value: str, rows: Sequence[Row], own: str) -> Seen:
    last, earlier = rows[-1], rows[:-1]
    whole = last.begun == last.ended
    # Another's row may lie within the time of one that was added to: that was replaced then.
    within = [one for one in earlier if one.ended > last.begun]
    before = within[-1].after if within else last.before if whole else None
    return Seen(
        value,
        last.ended,
        before,
        earlier[-1].ended if earlier else 0,
        exact=whole,
        since=last.begun,
        ours=last.who == own if last.who and own else None,
    )


def _rows(nodes: Sequence[dict[str, JSON]], field: str) -> list[Row]:
    found = []
    for one in nodes:
        ends = _ends(one, field)
        if ends is not None:
            begun, ended = moment(one.get("createdAt")), moment(one.get("updatedAt"))
            who = text_of(one.get("actorId"))
            found.append(Row(begun, max(begun, ended), who, *ends))
    return found


def _ends(row: dict[str, JSON], field: str) -> tuple[str, str] | None:
    """What a field was and is by a row; None where the row is not about it."""
    match field:
        case "status":
            before, after = (child(row, end, "name") for end in ("fromState", "toState"))
            known = after is not None
        case "assignee":
            known = row.get("fromAssignee") is not None or row.get("toAssignee") is not None
            before, after = (child(row, end, "email") for end in ("fromAssignee", "toAssignee"))
        case "priority":
            before, after = _priority(row.get("fromPriority")), _priority(row.get("toPriority"))
            known = row.get("toPriority") is not None
        case _:
            before, after = row.get("fromTitle"), row.get("toTitle")
            known = after is not None
    return (text_of(before), text_of(after)) if known else None


def _priority(number: JSON) -> str:
    if isinstance(number, int | float) and 0 <= int(number) < len(PRIORITIES):
        return PRIORITIES[int(number)]
    return ""
