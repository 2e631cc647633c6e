"""A whole bridge with a sandbox on a real socket, whose webhooks a test hands over as it likes."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bridge.app import Parts, build
from bridge.configuration import load_settings
from bridge.event import JSON
from bridge.sandbox.faults import NONE, Faults, read_faults
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from bridge.sandbox.webhooks import Target
from bridge.store.links import Link, LinkState, tie
from bridge.store.transaction import Transaction
from tests.store.conftest import MovableClock

CONFIGURATION = """
store: {{url: "sqlite:///{folder}/bridge.db"}}
rules: {{path: "{folder}/rules"}}
worker: {{max_attempts: 400, backoff_base_seconds: 1, backoff_cap_seconds: 30}}
sync: {{ping_pong_writes: {ping_pong}, quiet_minutes: 15}}
sources:
  - {{name: jira, preset: jira-cloud, secrets: [made-up], integration: jira}}
  - {{name: kibana, preset: kibana-webhook, secrets: [made-up], integration: kibana}}
  - {{name: github, preset: github, secrets: [made-up], integration: github}}
  - {{name: linear, preset: linear, secrets: [made-up], integration: linear}}
  - {{name: thehive, preset: thehive, secrets: [made-up], integration: thehive}}
  - {{name: sentry, preset: sentry, secrets: [made-up], integration: sentry}}
integrations:
  - {{name: sentry, type: sentry, base_url: "{base}/sentry", auth: {{auth_token: made-up}},
      organization: sandbox}}
  - {{name: thehive, type: thehive, base_url: "{base}/thehive", auth: {{api_key: made-up}}}}
  - {{name: jira, type: jira, base_url: "{base}/jira", project: SEC,
      auth: {{email: b@x.example, api_token: made-up}}}}
  - {{name: kibana, type: kibana, base_url: "{base}/kibana", auth: {{api_key: made-up}}}}
  - {{name: github, type: github, base_url: "{base}/github", auth: {{token: made-up}},
      repository: sandbox/shop}}
  - {{name: linear, type: linear, base_url: "{base}/linear", auth: {{api_key: made-up}}, team: ENG}}
"""

RULES = """
version: 1
sync:
  - name: issue-and-case
    left: {in: jira, kind: issue}
    right: {in: kibana, kind: case}
    fields:
      status:
        to_right: {To Do: open, Reopened: open, In Progress: in-progress, Done: closed}
        to_left: {open: [To Do, Reopened], in-progress: In Progress, closed: Done}
        through: [Reopened, In Progress]
      priority:
        to_right: {Lowest: low, Low: low, Medium: medium, High: high, Highest: critical}
        to_left: {low: Low, medium: Medium, high: High, critical: Highest}
      summary: {}
      comments: {}
"""

PERSON = {"authorization": "Basic " + base64.b64encode(b"anna:made-up").decode()}
HEADERS = {
    "kibana": PERSON | {"kbn-xsrf": "tests"}, "github": {"authorization": "Bearer as-anna"},
    "linear": {"authorization": "as-anna"}, "thehive": {"authorization": "Bearer as-anna"},
    "sentry": {"authorization": "Bearer as-anna"},
}  # fmt: skip


@dataclass
class Mail:
    """One webhook that a stand-in has sent and nobody has got yet."""

    path: str
    headers: Sequence[tuple[str, str]]
    body: bytes


@dataclass
class World:
    parts: Parts
    sandbox: RunningSandbox
    clock: MovableClock
    bridge: httpx.AsyncClient
    outside: httpx.AsyncClient
    mail: list[Mail] = field(default_factory=list)
    faults: Faults = NONE

    # --- webhooks -------------------------------------------------------------------------

    async def take(self, url: str, headers: Sequence[tuple[str, str]], body: bytes) -> int:
        self.mail.append(Mail(urlsplit(url).path, headers, body))
        return 200

    async def post(self, mail: Mail) -> None:
        answer = await self.bridge.post(mail.path, content=mail.body, headers=list(mail.headers))
        assert answer.status_code in (200, 202), answer.text

    async def deliver(self, order: Callable[[list[Mail]], list[Mail]] = lambda mail: mail) -> int:
        """Hands over what was sent meanwhile and has all that is due done; gives how many."""
        await self.sandbox.app.webhooks.settled()
        mail, self.mail = order(self.mail), []
        for one in mail:
            await self.post(one)
        await self.parts.worker.drain()
        await self.sandbox.app.webhooks.settled()
        return len(mail)

    async def settle(self, most: int = 60) -> None:
        """Until nothing is sent and nothing is left to do."""
        for _ in range(most):
            count = await self.deliver()
            if not count and not self.mail and not await self.unfinished():
                return
            self.clock.advance(20_000)
        raise AssertionError(f"not settled: {await self.unfinished()}")

    async def unfinished(self) -> list[Any]:
        async def work(tx: Transaction) -> list[Any]:
            return list(
                await tx.rows(
                    "SELECT state, reason FROM actions"
                    " WHERE state IN ('pending', 'running', 'waiting')"
                )
            )

        return await self.parts.database.read(work)

    async def rows(self, sql: str, *values: object) -> list[Any]:
        return list(await self.parts.database.read(lambda tx: tx.rows(sql, *values)))

    # --- people ---------------------------------------------------------------------------

    async def person(self, method: str, path: str, body: JSON = None) -> Any:
        """A request of a person's, which no fault meets."""
        conditions = self.sandbox.app.conditions
        kept, conditions.faults = conditions.faults, NONE
        headers = HEADERS.get(path.split("/")[1], PERSON)
        try:
            answer = await self.outside.request(method, path, json=body, headers=headers)
        finally:
            conditions.faults = kept
        assert answer.is_success, (path, answer.status_code, answer.text)
        return answer.json() if answer.content else None

    def fault(self, **faults: str) -> None:
        written: dict[str, JSON] = {
            name.lstrip("_").replace("_", "-"): value for name, value in faults.items()
        }
        self.sandbox.app.conditions.faults = read_faults(written)

    async def issue(self, summary: str = "Weak key") -> str:
        fields: JSON = {
            "project": {"key": "SEC"}, "issuetype": {"name": "Bug"}, "summary": summary,
            "priority": {"name": "Low"},
        }  # fmt: skip
        made = await self.person("POST", "/jira/rest/api/2/issue", {"fields": fields})
        return str(made["key"])

    async def case(self, title: str = "Weak key") -> str:
        body: JSON = {
            "title": title, "description": "d", "tags": [], "owner": "cases",
            "settings": {"syncAlerts": False},
            "connector": {"id": "none", "name": "none", "type": ".none", "fields": None},
        }  # fmt: skip
        return str((await self.person("POST", "/kibana/api/cases", body))["id"])

    async def pair(self) -> tuple[str, str]:
        """An issue and a case that a link ties, as `push_case` leaves them."""
        key, case_id = await self.issue(), await self.case()
        await self.tie("case", case_id, f"kibana/case/{case_id}", "jira", key)
        return key, case_id

    async def tie(self, kind: str, record: str, subject: str, integration: str, key: str) -> None:
        link = Link(
            "default", "made", None, subject, kind, record, "", "", LinkState.DONE, integration,
            key, "", "",
        )  # fmt: skip
        await self.parts.database.write(lambda tx: tie(tx, link, self.clock()))

    async def move(self, key: str, status: str) -> bool:
        """Moves an issue; false where the workflow has no such way."""
        path = f"/jira/rest/api/2/issue/{key}/transitions"
        ways = (await self.person("GET", path))["transitions"]
        fits = [one["id"] for one in ways if one["to"]["name"] == status]
        if fits:
            await self.person("POST", path, {"transition": {"id": fits[0]}})
        return bool(fits)

    async def edit(self, key: str, fields: JSON) -> None:
        await self.person("PUT", f"/jira/rest/api/2/issue/{key}", {"fields": fields})

    async def remark(self, key: str, text: str) -> str:
        path = f"/jira/rest/api/2/issue/{key}/comment"
        return str((await self.person("POST", path, {"body": text}))["id"])

    async def edit_remark(self, key: str, comment_id: str, text: str) -> None:
        path = f"/jira/rest/api/2/issue/{key}/comment/{comment_id}"
        await self.person("PUT", path, {"body": text})

    async def change(self, case_id: str, fields: dict[str, JSON]) -> None:
        case = await self.person("GET", f"/kibana/api/cases/{case_id}")
        one: JSON = {"id": case_id, "version": case["version"], **fields}
        await self.person("PATCH", "/kibana/api/cases", {"cases": [one]})

    async def note(self, case_id: str, text: str) -> str:
        body: JSON = {"type": "user", "comment": text, "owner": "cases"}
        case = await self.person("POST", f"/kibana/api/cases/{case_id}/comments", body)
        return str(case["comments"][-1]["id"])

    async def edit_note(self, case_id: str, comment_id: str, text: str) -> None:
        path = f"/kibana/api/cases/{case_id}/comments"
        old = await self.person("GET", f"{path}/{comment_id}")
        kept = {name: old[name] for name in ("id", "version", "type", "owner")}
        await self.person("PATCH", path, {**kept, "comment": text})

    async def jira(self, key: str) -> dict[str, str]:
        fields = (await self.person("GET", f"/jira/rest/api/2/issue/{key}"))["fields"]
        return {
            "status": fields["status"]["name"],
            "priority": fields["priority"]["name"],
            "summary": fields["summary"],
        }

    async def kibana(self, case_id: str) -> dict[str, str]:
        case = await self.person("GET", f"/kibana/api/cases/{case_id}")
        return {
            "status": case["status"], "priority": case["severity"], "summary": case["title"],
        }  # fmt: skip

    async def remarks(self, key: str) -> list[str]:
        found = await self.person("GET", f"/jira/rest/api/2/issue/{key}/comment?maxResults=1000")
        return [one["body"] for one in found["comments"]]

    async def notes(self, case_id: str) -> list[str]:
        case = await self.person("GET", f"/kibana/api/cases/{case_id}")
        return [one["comment"] for one in case["comments"]]


@asynccontextmanager
async def open_world(
    folder: Path,
    *,
    rules: str = RULES,
    ping_pong: int = 90,
    sleep: Callable[[float], Any] | None = None,
) -> AsyncIterator[World]:
    clock = MovableClock()
    (folder / "rules").mkdir()
    (folder / "rules" / "rules.yaml").write_text(rules, encoding="utf-8")
    async with running_sandbox(clock=clock) as sandbox:
        if sleep is not None:
            sandbox.app.conditions.sleep = sleep
        file = folder / "bridge.yaml"
        text = CONFIGURATION.format(
            folder=folder, base=sandbox.base_url, ping_pong=ping_pong,
        )  # fmt: skip
        file.write_text(text, encoding="utf-8")
        parts = await build(load_settings(file, {}), clock)
        transport = httpx.ASGITransport(parts.front.hooks)
        async with (
            httpx.AsyncClient(transport=transport, base_url="http://bridge.test") as bridge,
            httpx.AsyncClient(base_url=sandbox.base_url) as outside,
        ):
            world = World(parts, sandbox, clock, bridge, outside)
            webhooks = sandbox.app.webhooks
            webhooks._sender = world.take
            webhooks.targets = tuple(
                Target(f"http://bridge.test/hooks/{name}", "made-up", (), (name,))
                for name in ("jira", "kibana", "github", "linear", "thehive", "sentry")
            )
            try:
                yield world
            finally:
                await parts.stop()
