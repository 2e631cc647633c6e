"""The table of runs: one rule applied to one event, or to one element of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from bridge.action import OnFailure
from bridge.errors import NotFound
from bridge.event import JSON
from bridge.store.transaction import Row, Transaction, insert_rows

COLUMNS = "id, event_id, tenant, rule, position, element, once, on_failure, variables, grouped"


@dataclass(frozen=True, slots=True)
class Run:
    """See the columns of the table. `grouped`: ids of the events a throttled run stands for."""

    id: str
    event_id: str
    tenant: str
    rule: str
    position: int
    element: JSON
    once: str | None
    on_failure: OnFailure
    variables: JSON
    grouped: tuple[str, ...] = ()


def stored(row: Row) -> Run:
    id_, event_id, tenant, rule, position, element, once, on_failure, variables, grouped = row
    return Run(
        id_, event_id, tenant, rule, position, json.loads(element), once, OnFailure(on_failure),
        json.loads(variables), tuple(json.loads(grouped)),
    )  # fmt: skip


async def insert_runs(tx: Transaction, runs: Iterable[Run], now: int) -> None:
    rows = [
        (
            run.id, run.event_id, run.tenant, run.rule, run.position, json.dumps(run.element),
            run.once, run.on_failure.value, json.dumps(run.variables), json.dumps(run.grouped), now,
        )
        for run in runs
    ]  # fmt: skip
    await insert_rows(tx, f"INSERT INTO runs ({COLUMNS}, planned_at)", rows)


@dataclass(frozen=True, slots=True)
class Before:
    """What an event has been planned for already, in an earlier life.

    elements: for each rule, by its position, the element that its run is for, as `ordered` text.
    """

    elements: Mapping[str, Mapping[int, str]]

    def has(self, rule: str, position: int, element: JSON, now: Collection[str] = ()) -> bool:
        """Whether an element has its run, wherever a changed rule lists it.

        now: all elements that the rule gives now. Where the one that stood at this position is not
        among them, this may be it, told otherwise: it is not done a second time.
        """
        held = self.elements.get(rule, {})
        return ordered(element) in held.values() or (position in held and held[position] not in now)


def ordered(element: JSON) -> str:
    """An element as text: a path and a filter give the keys of the same one in their own order."""
    return json.dumps(element, sort_keys=True)


async def planned_before(tx: Transaction, event_id: str) -> Before:
    rows = await tx.rows("SELECT rule, position, element FROM runs WHERE event_id = ?", event_id)
    elements: dict[str, dict[int, str]] = {}
    for rule, position, element in rows:
        elements.setdefault(rule, {})[position] = ordered(json.loads(element))
    return Before(elements)


async def positions_of(tx: Transaction, event_id: str) -> dict[str, int]:
    """For each run of an event, which element of `each` it is for."""
    rows = await tx.rows("SELECT id, position FROM runs WHERE event_id = ?", event_id)
    return {run_id: int(position) for run_id, position in rows}


async def get_run(tx: Transaction, run_id: str) -> Run:
    """One run. Raises NotFound."""
    row = await tx.row(f"SELECT {COLUMNS} FROM runs WHERE id = ?", run_id)
    if row is None:
        raise NotFound(f"no run has the id {run_id}")
    return stored(row)


async def add_to_group(tx: Transaction, run_id: str, event_id: str) -> None:
    """Lets a waiting run stand for one more event."""
    run = await get_run(tx, run_id)
    grouped = json.dumps([*run.grouped, event_id])
    await tx.run("UPDATE runs SET grouped = ? WHERE id = ?", grouped, run_id)


async def replan_run(tx: Transaction, run_id: str, variables: JSON, on_failure: OnFailure) -> None:
    """Writes what the rules in force give a run to read, and what they make of a failure."""
    await tx.run(
        "UPDATE runs SET variables = ?, on_failure = ? WHERE id = ?",
        json.dumps(variables),
        on_failure.value,
        run_id,
    )


async def delete_run(tx: Transaction, run_id: str) -> None:
    """Takes a run and its actions away, as if they had never been planned."""
    await tx.run("DELETE FROM actions WHERE run_id = ?", run_id)
    await tx.run("DELETE FROM runs WHERE id = ?", run_id)
