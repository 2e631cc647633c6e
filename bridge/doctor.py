"""The doctor: reaches every configured system and looks at the installation itself.

Nothing is written anywhere but a row in our own store that is taken away again; whatever is wrong
is a value, so that one thing that fails never hides the next.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from email.utils import parsedate_to_datetime

from bridge.clock import Clock
from bridge.configured import Integration
from bridge.connectors.contract import Finding
from bridge.connectors.http import HttpClient

CHECK_SECONDS = 60.0
"""How long one system may take for all that is asked of it; the slowest Jira pages fit twice."""

AT_ONCE = 8
"""Systems asked side by side. Arbitrary: more would only make their progress hard to read."""

CLOCK_SECONDS = 30.0
"""How far our clock may be off. The narrowest window in which a sender's signature is good is
60 seconds (Linear); half of it is left for the way."""

CLOCK = "clock"
OURSELVES = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Checked:
    """One finding and what it is about.

    part: `bridge` for the installation itself, else the integration's name.
    tenant, type: of the integration; empty for the installation itself.
    """

    part: str
    finding: Finding
    tenant: str = ""
    type: str = ""


@dataclass(slots=True)
class RemoteClocks:
    """How far the clocks of other machines are from ours, by the `Date` of their answers.

    ahead: by host, the seconds by which it is ahead. One second is the header's own grain. This
    machine itself is left out: its clock agrees with itself.
    """

    clock: Clock
    ahead: dict[str, float] = field(default_factory=dict)

    def note(self, host: str, headers: Mapping[str, str]) -> None:
        """Looks at an answer's `Date`; one that is missing or no date says nothing."""
        if host in OURSELVES:
            return
        try:
            there = parsedate_to_datetime(headers.get("date", ""))
        except ValueError:
            return
        there = there if there.tzinfo else there.replace(tzinfo=UTC)
        self.ahead[host] = there.timestamp() + 0.5 - self.clock() / 1000

    def finding(self) -> Finding:
        """Whether our clock can be trusted. One host may be wrong; that all are is unlikely."""
        if not self.ahead:
            return Finding(CLOCK, True, "no answer carried a Date to compare it with")
        host, ahead = min(self.ahead.items(), key=lambda one: abs(one[1]))
        hosts = f"{len(self.ahead)} hosts" if len(self.ahead) > 1 else host
        if abs(ahead) <= CLOCK_SECONDS:
            return Finding(CLOCK, True, f"within {abs(ahead) + 1:.0f} s of {hosts}")
        way = "behind" if ahead > 0 else "ahead of"
        return Finding(
            CLOCK,
            False,
            f"this machine's clock is {abs(ahead):.0f} s {way} that of {hosts}",
            "set it by NTP: signatures of senders are refused when the time is wrong",
        )


async def check_integration(integration: Integration, http: HttpClient) -> list[Checked]:
    """What the connector finds out about one system, within CHECK_SECONDS."""
    named = integration.settings

    def told(finding: Finding) -> Checked:
        return Checked(named.name, finding, named.tenant, integration.connector.name)

    client = integration.connector.open(integration.options, http)
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            findings = [told(one) for one in await integration.connector.check(client)]
    except TimeoutError:
        words = f"no end after {CHECK_SECONDS:g} s"
        return [told(Finding("reach", False, words, "look at the network and the system's load"))]
    if not named.enabled:
        hint = "set enabled: true when it shall be called"
        findings.append(told(Finding("enabled", True, "switched off: its actions wait", hint)))
    return findings


async def check_integrations(
    integrations: Iterable[Integration],
    http: HttpClient,
    on_progress: Callable[[Integration, bool], None] = lambda integration, done: None,
) -> list[Checked]:
    """All of them, some side by side, in the order in which they were given.

    on_progress: told before and after each.
    """
    places = asyncio.Semaphore(AT_ONCE)

    async def one(integration: Integration) -> list[Checked]:
        async with places:
            on_progress(integration, False)
            found = await check_integration(integration, http)
            on_progress(integration, True)
            return found

    found = await asyncio.gather(*(one(each) for each in integrations))
    return [each for several in found for each in several]
