"""Kills a process at a named step: after the Nth time it comes there.

The steps are found by wrapping functions of the product from outside, before it starts.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import bridge.lane_turns
import bridge.matching
import bridge.store.intake
from bridge.connectors.ask import Ask, Reply
from bridge.connectors.http import HttpClient
from bridge.store.postgres import PostgresDatabase
from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Transaction

STEPS = {
    "intake": (bridge.store.intake, "store_deliveries"),
    "match": (bridge.matching, "record_matched"),
    "match-in-lane": (bridge.matching, "record_matched_in_lane"),
    "record": (bridge.lane_turns, "record_ended"),
}
"""What a transaction is called, and the function that marks it as such."""

REQUESTS = {
    "create": ("POST", re.compile(r"/issue$")),
    "comment": ("POST", re.compile(r"/comment$")),
    "move": ("POST", re.compile(r"/transitions$")),
    "attach": ("POST", re.compile(r"/attachments$")),
    "edit": ("PUT", re.compile(r"/issue/[A-Z]+-[0-9]+$")),
}
"""What a request to Jira that changes something is called, and how it is known."""

POINTS = tuple(
    [f"{step}.{when}" for step in STEPS for when in ("before-commit", "after-commit")]
    + [f"{kind}.{when}" for kind in REQUESTS for when in ("before-request", "after-answer")]
)

_inside: ContextVar[list[str] | None] = ContextVar("inside", default=None)


class Trigger:
    """Kills this very process when a point is reached for the Nth time."""

    def __init__(self, point: str, nth: int) -> None:
        self.point = point
        self.left = nth

    def reached(self, point: str) -> None:
        if point == self.point:
            self.left -= 1
            if self.left == 0:
                os.kill(os.getpid(), signal.SIGKILL)


BeforeWork = Callable[[Transaction], Awaitable[None]]


def arm(trigger: Trigger, before_work: BeforeWork) -> None:
    """Lets every step of the product report to the trigger.

    before_work: called at the start of each writing transaction.
    """
    for name, (module, function) in STEPS.items():
        setattr(module, function, _naming(name, getattr(module, function)))
    for database in (SqliteDatabase, PostgresDatabase):
        database.write = _reporting(database.write, trigger, before_work)  # type: ignore[method-assign]
    HttpClient._transfer = _asking(HttpClient._transfer, trigger)  # type: ignore[method-assign]


def _naming(name: str, original: Any) -> Any:
    async def named(*values: Any) -> Any:
        seen = _inside.get()
        if seen is not None:
            seen.append(name)
        return await original(*values)

    return named


def _reporting(original: Any, trigger: Trigger, before_work: BeforeWork) -> Any:
    async def write(
        self: Any, work: Callable[[Transaction], Awaitable[Any]], **options: Any
    ) -> Any:
        seen: list[str] = []

        async def noted(tx: Transaction) -> Any:
            token = _inside.set(seen)
            try:
                await before_work(tx)
                result = await work(tx)
            finally:
                _inside.reset(token)
            for name in dict.fromkeys(seen):
                trigger.reached(f"{name}.before-commit")
            return result

        result = await original(self, noted, **options)
        for name in dict.fromkeys(seen):
            trigger.reached(f"{name}.after-commit")
        return result

    return write


def _asking(original: Any, trigger: Trigger) -> Any:
    async def transfer(self: HttpClient, ask: Ask, url: str) -> Reply:
        name = request_name(ask.method, url)
        trigger.reached(f"{name}.before-request")
        reply: Reply = await original(self, ask, url)
        trigger.reached(f"{name}.after-answer")
        return reply

    return transfer


def request_name(method: str, url: str) -> str:
    """Which of REQUESTS a request is; empty when it changes nothing."""
    path = url.partition("?")[0]
    fits = (name for name, (verb, tail) in REQUESTS.items() if verb == method and tail.search(path))
    return next(fits, "")
