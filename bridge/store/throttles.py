"""The table of throttles: when the runs of a throttled rule started, or will."""

from __future__ import annotations

import json
from dataclasses import dataclass

from bridge.action import Throttle
from bridge.store.shared_locks import lock_names
from bridge.store.transaction import Transaction


@dataclass(frozen=True, slots=True)
class Slot:
    """When a run may start.

    starts_at: now, or later when the window is full.
    group_run: the waiting run that takes this event in; empty when there is none.
    """

    starts_at: int
    group_run: str = ""


def next_slot(starts: list[int], throttle: Throttle, now: int) -> int:
    """The first moment with fewer than `at_most` starts in the window before it.

    starts: at most `at_most` moments, ascending, past or planned.
    """
    if len(starts) < throttle.at_most:
        return now
    return max(now, starts[-throttle.at_most] + throttle.per_ms)


@dataclass(frozen=True, slots=True)
class Window:
    """What is known of a throttled rule and one value of `by`.

    starts: when its runs started or will, the newest last; at most `at_most` of them.
    group_run: the waiting run that takes further events in; empty when there is none.
    """

    starts: tuple[int, ...] = ()
    group_run: str = ""


def place_run(window: Window, throttle: Throttle, run_id: str, now: int) -> tuple[Slot, Window]:
    """When a run may start, and the window with it.

    With `over: drop` a later place is not kept. With `over: group` the run that gets the later
    place takes in all that come before it starts; those keep none.
    """
    slot = next_slot(list(window.starts), throttle, now)
    if slot > now and throttle.over == "drop":
        return Slot(slot), window
    group_run = window.group_run
    if throttle.over == "group":
        if group_run:
            return Slot(slot, group_run), window
        group_run = run_id if slot > now else ""
    starts = (*window.starts, slot)[-throttle.at_most :]
    return Slot(slot), Window(starts, group_run)


async def read_window(tx: Transaction, tenant: str, rule: str, by: str) -> Window:
    """The window of a rule and a value of `by`; an empty one where nothing ran yet."""
    row = await tx.row(
        "SELECT starts, group_run FROM throttles WHERE tenant = ? AND rule = ? AND value = ?",
        tenant,
        rule,
        by,
    )
    return Window(tuple(json.loads(row[0])), row[1]) if row else Window()


def window_name(tenant: str, rule: str, by: str) -> tuple[str, ...]:
    """What the lock of a window is called."""
    return ("window", tenant, rule, by)


async def take_slot(
    tx: Transaction, tenant: str, rule: str, throttle: Throttle, run_id: str, now: int
) -> Slot:
    """Finds when a run may start, and keeps that place unless the run will not use it.

    After `lock_names` of `window_name`, where several nodes may take one.
    """
    window = await read_window(tx, tenant, rule, throttle.by)
    slot, taken = place_run(window, throttle, run_id, now)
    if taken != window:
        await tx.run(
            "INSERT INTO throttles (tenant, rule, value, starts, group_run)"
            " VALUES (?, ?, ?, ?, ?) ON CONFLICT (tenant, rule, value) DO UPDATE SET"
            " starts = excluded.starts, group_run = excluded.group_run",
            tenant,
            rule,
            throttle.by,
            json.dumps(taken.starts),
            taken.group_run,
        )
    return slot


async def close_group(tx: Transaction, run_id: str) -> bool:
    """The run starts now and takes no further event in; false when it is closed already.

    Waits for nodes that are adding an event to it.
    """
    window = await tx.row("SELECT tenant, rule, value FROM throttles WHERE group_run = ?", run_id)
    if window is None:
        return False
    await lock_names(tx, [window_name(*window)])
    return await tx.run("UPDATE throttles SET group_run = '' WHERE group_run = ?", run_id) == 1
