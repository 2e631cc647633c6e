"""`/healthz`, `/readyz` and `/metrics`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import structlog
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bridge.clock import iso
from bridge.errors import Problem, StoreError
from bridge.event import JSON
from bridge.store.probe import probe
from bridge.store.transaction import Database
from bridge.web.metrics import Gauges, Metrics, exposition

STORE_SECONDS = 5.0
"""How long the store may take for a write before it counts as not writable: as long as a write
waits for another process to finish its own."""

FRESH_SECONDS = 1.0
"""How long an answer of the store's is good for: whoever asks more often costs nothing more."""

SHOWN_PROBLEMS = 20
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"

log = structlog.get_logger("bridge.health")


class Rules(Protocol):
    """The rules in force, as far as health looks at them."""

    problems: tuple[Problem, ...]

    @property
    def version(self) -> str: ...

    @property
    def count(self) -> int: ...


class Running(Protocol):
    """The worker, as far as health looks at it."""

    @property
    def running(self) -> bool: ...


@dataclass(slots=True)
class StoreProbe:
    """Whether the store takes writes, asked at most once in FRESH_SECONDS."""

    database: Database
    _asked_at: float = -FRESH_SECONDS
    _trouble: str = ""

    async def trouble(self) -> str:
        """Why it does not; empty when it does. Strangers may read it."""
        if time.monotonic() - self._asked_at < FRESH_SECONDS:
            return self._trouble
        self._asked_at = time.monotonic()
        try:
            async with asyncio.timeout(STORE_SECONDS):
                await self.database.write(probe)
        except StoreError as error:
            log.warning("store not writable", error=str(error))
            self._trouble = "the store takes no writes; the log says why"
        except TimeoutError:
            self._trouble = f"the store did not finish a write within {STORE_SECONDS:g} s"
        else:
            self._trouble = ""
        return self._trouble


class Health:
    """What monitoring asks. None of the answers needs a key, so none of them holds a secret."""

    def __init__(
        self,
        database: Database,
        rules: Rules,
        worker: Running | None,
        metrics: Metrics,
        gauges: Callable[[], Gauges],
    ) -> None:
        self._store = StoreProbe(database)
        self._rules = rules
        self._worker = worker
        self._metrics = metrics
        self._gauges = gauges

    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self.alive),
            Route("/readyz", self.ready),
            Route("/metrics", self.show_metrics),
        ]

    async def alive(self, request: Request) -> Response:
        """The process answers; nothing else is said."""
        del request
        return JSONResponse({"status": "alive"})

    async def ready(self, request: Request) -> Response:
        """200 when deliveries are stored and acted on, else 503; either way, what is not as it
        should be. Rule files that were broken by an edit do not make it 503: the last good set
        works on, and taking the bridge out of service would lose more than it saves.
        """
        del request
        store = await self._store.trouble()
        worker = "" if self._worker is None or self._worker.running else "the worker has stopped"
        ready = not store and not worker
        checks: dict[str, JSON] = {
            "store": outcome(store),
            "worker": outcome(worker),
            "rules": self._rules_check(),
            "integrations": self._integrations_check(),
            "sync": self._sync_check(),
            "webhooks": self._webhooks_check(),
        }
        value = {"status": "ready" if ready else "not ready", "checks": checks}
        return JSONResponse(value, 200 if ready else 503)

    def _rules_check(self) -> dict[str, JSON]:
        problems = self._rules.problems
        words = "changed rule files have mistakes; the last good set is in force"
        check = outcome(words if problems else "")
        check |= {"version": self._rules.version, "count": self._rules.count}
        if problems:
            check["problems"] = texts(problems)
        return check

    def _integrations_check(self) -> dict[str, JSON]:
        """A system that is down is no reason to take no events for it: they wait."""
        breakers = self._gauges().breakers
        words = f"left alone for a while: {', '.join(sorted(breakers))}" if breakers else ""
        return outcome(words) | {"breakers": dict(breakers)}

    def _webhooks_check(self) -> dict[str, JSON]:
        """What Jira lets end: events would be missed, those that come are taken all the same."""
        webhooks = self._gauges().webhooks
        wrong = [name for name, (_, trouble) in webhooks.items() if trouble]
        names = ", ".join(wrong[:SHOWN_PROBLEMS])
        words = f"not refreshed, the log says why: {names}" if wrong else ""
        ends: dict[str, JSON] = {name: iso(at) for name, (at, _) in webhooks.items()}
        return outcome(words) | {"ends": ends}

    def _sync_check(self) -> dict[str, JSON]:
        """What runs in a circle with another system is left alone; everything else goes on."""
        alone = list(self._gauges().ping_pong)
        shown: list[JSON] = [*alone[:SHOWN_PROBLEMS]]
        words = f"left alone after a ping-pong: {', '.join(alone[:SHOWN_PROBLEMS])}"
        return outcome(words if alone else "") | ({"ping_pong": shown} if alone else {})

    async def show_metrics(self, request: Request) -> Response:
        del request
        text = exposition(self._metrics, self._gauges())
        return Response(text, headers={"content-type": METRICS_TYPE})


def outcome(trouble: str) -> dict[str, JSON]:
    return {"ok": False, "reason": trouble} if trouble else {"ok": True}


def texts(problems: Sequence[Problem]) -> list[JSON]:
    """The first problems, in words."""
    shown: list[JSON] = [str(problem) for problem in problems[:SHOWN_PROBLEMS]]
    if len(problems) > SHOWN_PROBLEMS:
        shown.append(f"and {len(problems) - SHOWN_PROBLEMS} more")
    return shown
