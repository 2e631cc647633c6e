"""Every operation, asked what its description allows and what it does not, by schemathesis."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import load_all_checks
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance

from bridge.access.role import Role
from bridge.app import Parts, build
from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.principal import Wanted, make_key
from bridge.sandbox.serve import running_sandbox
from tests.api.conftest import CONFIGURATION, SECRET

EXAMPLES = 12
"""For each operation. Enough to meet each field's kinds; the whole takes part of a minute."""

PATIENCE_SECONDS = 100
"""For one answer: a back-test plays events in a process of its own, and the machine may be busy."""

ROOM = "server: {body_limit_bytes: 16777216}\n"
"""A field that is too long is to be refused for that, not for the size of the whole."""

FEWER = {"/api/v1/rules/backtest": 1}
"""It starts two processes each time: twelve took two thirds of the whole."""

Message = dict[str, Any]


class Whole:
    """A bridge and a sandbox that live as long as the application they are asked through."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.key = ""
        self.parts: Parts | None = None
        self._starts = 0

    async def __call__(self, scope: Message, receive: Any, send: Any) -> None:
        if scope["type"] != "lifespan":
            assert self.parts is not None
            await self.parts.application(scope, receive, send)
            return
        await receive()
        over, ready = asyncio.Event(), asyncio.Event()
        task = asyncio.create_task(self._live(ready, over))
        waiting = asyncio.create_task(ready.wait())
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            await task  # it failed: told, not waited for
        await send({"type": "lifespan.startup.complete"})
        await receive()
        over.set()
        await task
        await send({"type": "lifespan.shutdown.complete"})

    async def _live(self, ready: asyncio.Event, over: asyncio.Event) -> None:
        """From one start of the application to its end; it may be started again."""
        self._starts += 1
        folder = self.folder / str(self._starts)
        async with running_sandbox() as sandbox:
            (folder / "rules").mkdir(parents=True)
            file = folder / "bridge.yaml"
            text = CONFIGURATION.format(folder=folder, secret=SECRET, jira=sandbox.jira_url)
            file.write_text(ROOM + text, "utf-8")
            self.parts = parts = await build(load_settings(file, {}))
            wanted = Wanted("default", "every", Role.ADMIN, per_minute=1_000_000)
            _, self.key = await parts.database.write(lambda tx: make_key(tx, wanted, wall_clock()))
            ready.set()
            await over.wait()
            await parts.stop()


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    return Whole(tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def described(whole: Whole) -> BaseSchema:
    return schemathesis.openapi.from_asgi("/openapi.json", whole)


ELSEWHERE: list[Any] = [ignored_auth, positive_data_acceptance]
"""Keys have tests of their own, which ask every operation; and documents say no to what a schema
cannot tell apart, such as a cursor that is none or "jobId is required" for an empty body."""

UNENDING = "/api/v1/stream"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_every_operation_answers_as_it_is_described(
    whole: Whole, described: BaseSchema, mode: GenerationMode
) -> None:
    """No 5xx, no undescribed answer, nothing taken that the description forbids."""
    load_all_checks()
    failures: list[str] = []
    for found in described.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        if operation.path != UNENDING:
            failures += failures_of(operation, whole, mode)
    assert not failures, "\n\n".join(failures)


def failures_of(operation: Any, whole: Whole, mode: GenerationMode) -> list[str]:
    """What went wrong with one operation, in words."""

    examples = FEWER.get(operation.path, EXAMPLES) if mode is GenerationMode.POSITIVE else EXAMPLES

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        headers = {"authorization": f"Bearer {whole.key}"}
        case.call_and_validate(headers=headers, excluded_checks=ELSEWHERE, timeout=PATIENCE_SECONDS)

    try:
        ask()
    except Unsatisfiable:
        return []  # an operation without input has nothing that could be wrong
    except (FailureGroup, Failure) as failure:
        return [f"{operation.label}\n{failure}"]
    return []
