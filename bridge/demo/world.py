"""Where the demo happens: its folder, its configuration, and the hands that send and look."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.configured import configure
from bridge.demo.patience import ask_until
from bridge.errors import BridgeError, NotFound
from bridge.event import JSON, EventState, StoredEvent
from bridge.settings import Settings
from bridge.sources.sample import Sample, load_sample
from bridge.sources.sign import sign
from bridge.store.database import open_database
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from bridge.store.links import find_link
from bridge.store.records import get_record
from bridge.store.refusals import list_refusals
from bridge.store.transaction import Database
from bridge.trail import read_trail

WAIT_SECONDS = 30.0
"""How long one sample may take to be done; it takes less than one here."""
NOT_SENT = ("host", "content-length")
SETTLED = {EventState.DONE, EventState.FAILED, EventState.ECHO, EventState.IGNORED}

CONFIGURATION = """\
# Written by `bridge demo`. While the demo runs, every command works with it:
#   bridge events list --config {folder}/bridge.yaml
server: {{host: 127.0.0.1, port: {port}}}
store: {{url: "sqlite:///bridge.db"}}
rules: {{path: "{rules}"}}
sources:
  - {{name: qtangl, preset: qtangl, secrets: [demo-qtangl-secret]}}
  - {{name: github, preset: github, secrets: [demo-github-secret]}}
  - {{name: jira, preset: jira-cloud, secrets: [demo-jira-secret], integration: jira}}
  - {{name: cloudevents, preset: cloudevents, secrets: [demo-cloudevents-token]}}
  - {{name: kibana, preset: kibana-webhook, secrets: [demo-kibana-token], integration: kibana}}
integrations:
  - name: jira
    type: jira
    base_url: {sandbox}/jira
    auth: {{email: bridge@sandbox.example, api_token: demo-jira-token}}
    project: SEC
  - name: kibana
    type: kibana
    base_url: {sandbox}/kibana
    auth: {{api_key: demo-kibana-key}}
"""

JIRA_SECRET = "demo-jira-secret"  # noqa: S105 - made up, the same as in samples/README.md
KIBANA_TOKEN = "demo-kibana-token"  # noqa: S105 - made up
PERSON = ("anna", "demo")
"""Who moves issues and cases in the sandbox, as a person does."""

NEW_CASE: dict[str, JSON] = {
    "owner": "cases",
    "settings": {"syncAlerts": False},
    "connector": {"id": "none", "name": "none", "type": ".none", "fields": None},
}


def checkout() -> Path:
    """The folder with `rules/` and `samples/`: that of the program, else the present one."""
    for folder in (Path(__file__).parents[2], Path.cwd()):
        if (folder / "rules").is_dir() and (folder / "samples").is_dir():
            return folder
    raise NotFound("the demo needs the folders rules/ and samples/ of the project: run it there")


def write_configuration(folder: Path, port: int, sandbox: str) -> Path:
    """The demo's configuration in its folder."""
    text = CONFIGURATION.format(
        folder=folder, port=port, sandbox=sandbox, rules=checkout() / "rules"
    )
    file = folder / "bridge.yaml"
    file.write_text(text, encoding="utf-8")
    return file


@dataclass(frozen=True, slots=True)
class Sent:
    """What a delivery got: the HTTP status, and the ids of its events."""

    status: int
    ids: tuple[str, ...]


@dataclass(slots=True)
class World:
    """The running demo, seen from outside: addresses, samples, and the store to read."""

    settings: Settings
    bridge_url: str
    sandbox_url: str
    database: Database
    client: httpx.AsyncClient
    samples: Path

    def sample(self, name: str) -> Sample:
        return load_sample(self.samples / name)

    async def send(
        self,
        name: str,
        *,
        source: str = "",
        secret: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> Sent:
        """Sign a sample as its sender does and post it. headers: what differs from the recording.

        secret: another than the source's own, for a forgery.
        """
        sample = self.sample(name)
        configured = configure(self.settings).sources["default", source or sample.preset]
        known = configured.settings.secrets[0].get_secret_value()
        kept = {key: value for key, value in sample.headers if key not in NOT_SENT}
        carried = tuple({**kept, **(headers or {})}.items())
        signed = sign(configured.proofs, sample.body, secret or known, wall_clock(), carried)
        url = f"{self.bridge_url}/hooks/{configured.name}"
        answer = await self.client.post(url, content=sample.body, headers=list(signed.headers))
        told = answer.json() if answer.content else {}
        ids = told.get("ids") or ([told["id"]] if "id" in told else [])
        return Sent(answer.status_code, tuple(ids))

    async def settled(self, event_id: str) -> dict[str, JSON]:
        """The trail of an event once nothing of it is left to do, or as far as it came."""

        async def ask() -> dict[str, JSON]:
            return await self.database.read(lambda tx: read_trail(tx, event_id))

        return await ask_until(ask, lambda trail: trail["state"] in SETTLED, WAIT_SECONDS)

    async def event_about(self, subject: str, type_: str, after: int) -> str:
        """The id of the next event about a subject; empty when none comes in time."""
        chosen = EventFilter(subject=subject, type=type_, after_seq=after)

        async def ask() -> list[StoredEvent]:
            return await self.database.read(lambda tx: list_events(tx, chosen, 1, True))

        found = await ask_until(ask, bool, WAIT_SECONDS)
        return found[0].id if found else ""

    async def newest_seq(self) -> int:
        """The place of the last event in the store."""
        found = await self.database.read(lambda tx: list_events(tx, EventFilter(), 1))
        return found[0].seq if found else 0

    async def webhooks_of_jira(self) -> list[str]:
        """The states of all events that Jira sent, once they are settled."""
        chosen = EventFilter(source="jira")

        async def ask() -> list[StoredEvent]:
            return await self.database.read(lambda tx: list_events(tx, chosen, 1000))

        def settled(found: list[StoredEvent]) -> bool:
            return all(event.state in SETTLED for event in found)

        return [event.state.value for event in await ask_until(ask, settled, WAIT_SECONDS)]

    async def was_refused(self, source: str, reason: str) -> bool:
        """Whether a refusal shows in the store; it is written a moment after the answer."""

        async def ask() -> list[str]:
            found = await self.database.read(lambda tx: list_refusals(tx, "default", source))
            return [refusal.reason for refusal in found]

        return reason in await ask_until(ask, lambda reasons: reason in reasons, WAIT_SECONDS)

    async def record_status(self, kind: str, record_id: str) -> str:
        record = await self.database.read(lambda tx: get_record(tx, "default", kind, record_id))
        return record.status if record else ""

    async def issues(self) -> dict[str, dict[str, JSON]]:
        """Every issue of the sandbox by its key."""
        answer = await self.client.get(f"{self.sandbox_url}/sandbox/issues")
        listed = answer.raise_for_status().json()["issues"]
        return {issue["key"]: issue for issue in listed}

    async def move(self, key: str, status: str) -> None:
        """Move an issue in Jira, as a person does."""
        url = f"{self.sandbox_url}/jira/rest/api/2/issue/{key}/transitions"
        person = httpx.BasicAuth(*PERSON)
        offered = (await self.client.get(url, auth=person)).raise_for_status().json()
        fits = [one["id"] for one in offered["transitions"] if one["to"]["name"] == status]
        if not fits:
            raise BridgeError(f"{key} cannot be moved to {status}")
        body = {"transition": {"id": fits[0]}}
        (await self.client.post(url, json=body, auth=person)).raise_for_status()

    async def ticket_of_case(self, case_id: str) -> str:
        """The issue that a case is tied to; empty while there is none."""
        subject = f"kibana/case/{case_id}"
        link = await self.database.read(lambda tx: find_link(tx, "default", subject))
        return link.ticket if link else ""

    async def newest_case(self) -> tuple[str, str]:
        """The id of the case that was opened last, and its issue."""
        query = "cases/_find?perPage=1&sortField=createdAt&sortOrder=desc"
        found = (await self._kibana("GET", query))["cases"]
        case_id = str(found[0]["id"]) if found else ""
        return case_id, await self.ticket_of_case(case_id)

    # --- Kibana ---------------------------------------------------------------------------

    async def open_case(self, title: str, description: str) -> str:
        """Open a case in Kibana, as a person does; its id."""
        case: dict[str, JSON] = {**NEW_CASE, "title": title, "description": description}
        case |= {"tags": ["demo"], "severity": "high"}
        return str((await self._kibana("POST", "cases", case))["id"])

    async def comment_on_case(self, case_id: str, text: str) -> None:
        body: dict[str, JSON] = {"type": "user", "comment": text, "owner": "cases"}
        await self._kibana("POST", f"cases/{case_id}/comments", body)

    async def close_case(self, case_id: str) -> None:
        """Close a case in Kibana, as a person does."""
        case = await self._kibana("GET", f"cases/{case_id}")
        one: JSON = {"id": case_id, "version": case["version"], "status": "closed"}
        await self._kibana("PATCH", "cases", {"cases": [one]})

    async def case_status(self, case_id: str) -> str:
        return str((await self._kibana("GET", f"cases/{case_id}"))["status"])

    async def _kibana(self, method: str, path: str, body: JSON = None) -> Any:
        answer = await self.client.request(
            method,
            f"{self.sandbox_url}/kibana/api/{path}",
            json=body,
            headers={"kbn-xsrf": "demo"},
            auth=httpx.BasicAuth(*PERSON),
        )
        return answer.raise_for_status().json()


async def report_changes(client: httpx.AsyncClient, sandbox: str, port: int) -> None:
    """Has the sandbox's systems tell the bridge of every change, each in its own way."""
    hooks = f"http://127.0.0.1:{port}/hooks"
    targets: list[JSON] = [
        {"url": f"{hooks}/jira", "secret": JIRA_SECRET},
        {"url": f"{hooks}/kibana", "secret": KIBANA_TOKEN, "sites": ["kibana"]},
    ]
    answer = await client.put(f"{sandbox}/sandbox/webhooks", json={"targets": targets})
    answer.raise_for_status()


async def open_world(
    configuration: Path, port: int, sandbox: str, client: httpx.AsyncClient
) -> World:
    """The world of a demo whose processes run."""
    settings = load_settings(configuration, {})
    await report_changes(client, sandbox, port)
    database = await open_database(settings.store.url, wall_clock)
    samples = checkout() / "samples"
    return World(settings, f"http://127.0.0.1:{port}", sandbox, database, client, samples)
