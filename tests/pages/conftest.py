"""A bridge and a sandbox on real sockets in this process, and Debian's chromium before them."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import uvicorn
from playwright.async_api import Browser, Page, async_playwright

from bridge.access.role import Role
from bridge.app import Parts, build
from bridge.configuration import load_settings
from bridge.principal import Wanted, make_key
from bridge.process import address_of, listen, server_config
from bridge.sandbox.serve import RunningSandbox, running_sandbox
from tests.api.conftest import CONFIGURATION, SECRET
from tests.store.conftest import MovableClock

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
]  # fmt: skip

HOSTILE = "\"><script>window.bad = 1</script><img src=x onerror='window.bad = 2'>{{ 7 * 7 }}"

HIGH = {"id": "c-1", "title": "It leaks", "severity": "high"}

READY = """() => [...document.scripts].length === 0
  || (document.documentElement.dataset.ready === 'true'
      && (!document.getElementById('chart') || document.querySelector('#chart[data-drawn]'))
      && (!document.getElementById('editor') || document.querySelector('.cm-content')))"""

RULES = """
version: 1
rules:
  - name: ticket-per-case
    description: One ticket for each case.
    on: case.created
    when: data.severity == "high"
    once_per: data.id
    then:
      - create_ticket: {id: made, in: jira, summary: "${{ data.title }}"}
      - transition: {ticket: "${{ steps.made.key }}", to: Nowhere}
tests: []
"""


@dataclass
class Site:
    """rules: the folder of the rule files.
    complaints: errors of scripts, refusals of the policy, all the console said.
    """

    address: str
    parts: Parts
    keys: dict[Role, str]
    page: Page
    rules: Path
    complaints: list[str] = field(default_factory=list)

    async def sign_in(self, role: Role = Role.ADMIN) -> None:
        await self.page.goto(f"{self.address}/sign-in")
        await self.page.fill("#key", self.keys[role])
        await self.page.click("text=Sign in >> nth=-1")
        await self.page.wait_for_url(f"{self.address}/")

    async def go(self, path: str) -> None:
        """Opens a page and waits until its scripts have done their first work."""
        await self.page.goto(f"{self.address}{path}")
        await self.page.wait_for_function(READY)

    async def text(self) -> str:
        return await self.page.inner_text("body")

    async def event(self, type_: str, data: dict[str, Any], id_: str) -> str:
        """Sends a CloudEvent and lets all that is due be done; gives its id."""
        body = {"specversion": "1.0", "id": id_, "source": "tests", "type": type_, "data": data}
        headers = {"content-type": "application/cloudevents+json"}
        async with httpx.AsyncClient() as client:
            sent = await client.post(
                f"{self.address}/hooks/events", content=json.dumps(body), headers=headers
            )
        assert sent.status_code == 202, sent.text
        await self.parts.worker.drain()
        return str(sent.json()["id"])


async def failing_event(site: Site) -> str:
    """An event whose second step is dead."""
    return await site.event("case.created", HIGH, "one")


class Server(uvicorn.Server):
    """Leaves the process's signals alone."""

    def install_signal_handlers(self) -> None:
        """Nothing: the test ends it."""


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One for all tests of this process; each has a window of its own, with no cookie in it."""
    async with async_playwright() as play:
        browser = await play.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def jira() -> AsyncIterator[RunningSandbox]:
    async with running_sandbox() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="session")
async def site(
    tmp_path: Path, browser: Browser, jira: RunningSandbox, request: pytest.FixtureRequest
) -> AsyncIterator[Site]:
    """A bridge with an empty store. A test's mark `configured` gives more configuration."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "cases.yaml").write_text(RULES, "utf-8")
    file = tmp_path / "bridge.yaml"
    text = CONFIGURATION.format(folder=tmp_path, secret=SECRET, jira=jira.jira_url)
    marked = request.node.get_closest_marker("configured")
    for old, new in marked.args if marked else ():
        text = text.replace(old, new)
    file.write_text(text, "utf-8")
    clock = MovableClock()
    parts = await build(load_settings(file, {}), clock)
    keys: dict[Role, str] = {}
    for role in Role:
        wanted = Wanted("default", f"the {role.value}", role)
        made = await parts.database.write(lambda tx, w=wanted: make_key(tx, w, clock()))  # type: ignore[misc]
        keys[role] = made[1]
    listener = listen("127.0.0.1", 0)
    server = Server(server_config(parts.application))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    page = await browser.new_page()
    page.set_default_timeout(15_000)
    site = Site(address_of(listener), parts, keys, page, tmp_path / "rules")
    page.on("console", lambda one: site.complaints.append(f"{one.type}: {one.text}"))
    page.on("pageerror", lambda one: site.complaints.append(f"error: {one}"))
    yield site
    await page.context.close()
    parts.closing.set()
    server.should_exit = True
    await running
    await parts.stop()
