"""An installation with stored events, as an operator has it before a change of the rules."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from bridge.clock import new_id
from bridge.configuration import load_settings
from bridge.configured import Configured, configure
from bridge.event import NewEvent
from bridge.store.database import open_database
from bridge.store.events import insert_events
from bridge.store.transaction import Database

START = 1_795_000_000_000
HOUR = 3_600_000

CONFIGURATION = """\
store: {url: sqlite:///bridge.db}
sources: [{name: events, preset: cloudevents, proof: none}]
integrations:
  - name: jira
    type: jira
    base_url: http://127.0.0.1:9
    auth: {email: a@example.com, api_token: made-up-jira-token}
    project: SEC
    deployment: cloud
  - {name: hook, type: webhook, secret: whsec_bWFkZS11cC1mb3ItdGhlc2UtdGVzdHMh}
"""


@dataclass
class Installation:
    """A folder with a configuration and a store, and the events put into it."""

    folder: Path
    ids: list[str] = field(default_factory=list)

    @property
    def configured(self) -> Configured:
        return configure(load_settings(self.folder / "bridge.yaml", {}))

    async def open(self) -> Database:
        return await open_database(self.configured.settings.store.url, lambda: START)

    async def store(self, *events: dict[str, Any]) -> list[str]:
        """Stores events as receive would; each with what `event` says."""
        new = [self._event(**one) for one in events]
        database = await self.open()
        await database.write(lambda tx: insert_events(tx, [[one] for one in new]))
        await database.close()
        self.ids += [one.id for one in new]
        return [one.id for one in new]

    def fill(self, *events: dict[str, Any]) -> list[str]:
        return asyncio.run(self.store(*events))

    def _event(
        self,
        data: Any,
        at: int = 0,
        kind: str = "scan.finished",
        subject: str = "scan-1",
        raw: bytes | None = None,
    ) -> NewEvent:
        key = f"k{len(self.ids)}-{new_id('x', START)}"
        body = {"specversion": "1.0", "id": key, "source": "test", "type": kind,
                "subject": subject, "data": data}  # fmt: skip
        return NewEvent(
            new_id("evt", START + at), "default", "events", key, 0, kind, subject, START + at,
            START + at, '{"content-type": "application/cloudevents+json"}',
            json.dumps(body).encode() if raw is None else raw,
        )  # fmt: skip


Rules = Callable[..., dict[str, str]]


@pytest.fixture
def installation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Installation:
    (tmp_path / "bridge.yaml").write_text(CONFIGURATION, encoding="utf-8")
    (tmp_path / "rules").mkdir()
    monkeypatch.chdir(tmp_path)
    return Installation(tmp_path)


def rules(*each: str) -> dict[str, str]:
    """A rule file with these rules."""
    listed = "".join(f"  - {rule.strip()}\n" for rule in each)
    return {"rules/one.yaml": f"version: 1\nrules:\n{listed}"}


def scan(score: int, *findings: str, at: int = 0, subject: str = "scan-1") -> dict[str, Any]:
    """A finished scan with findings of these ids."""
    found: Sequence[dict[str, str]] = [
        {"id": one, "title": f"Finding {one}", "severity": "high"} for one in findings
    ]
    data = {"scan_id": subject, "scanner": "s", "target": "www", "score": score, "findings": found}
    return {"data": data, "at": at, "subject": subject}
