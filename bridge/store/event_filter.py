"""Which events a list shows, as conditions in SQL."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events a list shows; an empty field does not narrow.

    source, type: plain, or with `*` and `?`. ticket: the key of a ticket that the event led to,
    or that stood in for one of its own by `once_per`. rule: one that planned something for it.
    before_seq: the cursor: events older than this one.
    """

    tenant: str = ""
    source: str = ""
    type: str = ""
    state: str = ""
    subject: str = ""
    ticket: str = ""
    since: int = 0
    until: int = 0
    before_seq: int = 0
    after_seq: int = 0
    rule: str = ""


def conditions(chosen: EventFilter) -> tuple[list[str], list[object]]:
    """What a filter asks of the columns of an event, and the values.

    An id begins with the time at which its event was received, and is in most indexes.
    """
    terms: list[str] = []
    values: list[object] = []
    for column in ("tenant", "state", "subject"):
        wanted = getattr(chosen, column)
        if wanted:
            terms.append(f"e.{column} = ?")
            values.append(wanted)
    for column in ("source", "type"):
        pattern = getattr(chosen, column)
        if "*" in pattern or "?" in pattern:
            terms.append(f"e.{column} LIKE ? ESCAPE '!'")
            values.append(like(pattern))
        elif pattern:
            terms.append(f"e.{column} = ?")
            values.append(pattern)
    bounds = (("e.id >= ?", chosen.since), ("e.id < ?", chosen.until))
    for term, bound in bounds:
        if bound:
            terms.append(term)
            values.append(f"evt_{bound:012x}")
    return terms, values


def where(chosen: EventFilter, engine: str = "sqlite") -> tuple[str, list[object]]:
    """The conditions of a filter, and their values."""
    terms, values = conditions(replace(chosen, since=0, until=0))
    bounds = (
        ("e.received_at >= ?", chosen.since),
        ("e.received_at < ?", chosen.until),
        ("e.seq < ?", chosen.before_seq),
        ("e.seq > ?", chosen.after_seq),
    )
    for term, bound in bounds:
        if bound:
            terms.append(term)
            values.append(bound)
    if chosen.ticket:
        sql, key = led_to(engine, chosen.tenant, chosen.ticket)
        terms.append(f"e.id IN ({sql})")
        values += key
    if chosen.rule:
        terms.append("e.id IN (SELECT r.event_id FROM runs r WHERE r.rule = ?)")
        values.append(chosen.rule)
    return " AND ".join(["1 = 1", *terms]), values


GROUPED = {
    "sqlite": "JOIN json_each(r.grouped) g",
    "postgres": "CROSS JOIN LATERAL jsonb_array_elements_text(r.grouped::jsonb) g(value)",
}


def led_to(engine: str, tenant: str, ticket: str) -> tuple[str, list[object]]:
    """The ids of events that led to a ticket, and the values of the statement: of the one that made
    it, of those that did not because of `once_per`, and of those that a throttled run took in
    before it made the ticket."""
    which = "l.ticket = ? AND l.ticket <> ''" + (" AND l.tenant = ?" if tenant else "")
    # Crossed, because SQLite takes the tables of such a join in the order in which they stand.
    once = "r.tenant = l.tenant AND r.rule = l.rule AND r.once = l.once"
    sql = (
        f"SELECT l.event_id FROM links l WHERE {which}"
        f" UNION SELECT r.event_id FROM links l CROSS JOIN runs r WHERE {which} AND {once}"
        f" UNION SELECT g.value FROM links l JOIN runs r ON r.id = l.run_id {GROUPED[engine]}"
        f" WHERE {which}"
    )
    return sql, [ticket, *([tenant] if tenant else [])] * 3


def like(pattern: str) -> str:
    """A glob, in which `*` and `?` mean something, as a pattern of LIKE with `!` as its escape."""
    for special in "!%_":
        pattern = pattern.replace(special, f"!{special}")
    return pattern.replace("*", "%").replace("?", "_")
