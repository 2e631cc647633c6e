"""The doctor's own parts: the clocks of others, the deadline, the order of what it tells."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import format_datetime

import httpx
import pytest
from pydantic import BaseModel

from bridge.configured import Integration
from bridge.connectors.ask import Ask
from bridge.connectors.contract import Connector, Finding
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.doctor import RemoteClocks, check_integrations
from bridge.settings import IntegrationSettings

NOON = 1_795_262_400_000


class NoOptions(BaseModel):
    """Nothing to set."""


def integration(name: str, *findings: Finding, enabled: bool = True) -> Integration:
    """An integration whose system is asked nothing over the network."""

    async def check(client: object) -> tuple[Finding, ...]:
        del client
        return findings

    connector = Connector("made-up", "Made up.", NoOptions, lambda _, http: http, (), check)
    settings = IntegrationSettings.model_validate(
        {"name": name, "type": "made-up", "enabled": enabled}
    )
    return Integration(settings, connector, NoOptions())


async def clocks_after(*answers: tuple[str, int | None]) -> RemoteClocks:
    """Hosts answer with a Date that is so many seconds from ours, or with none."""
    clocks = RemoteClocks(lambda: NOON)
    dates = dict(answers)

    def reply(request: httpx.Request) -> httpx.Response:
        seconds = dates[request.url.host]
        if seconds is None:
            return httpx.Response(200)
        there = datetime.fromtimestamp(NOON / 1000 + seconds, UTC)
        return httpx.Response(401, headers={"date": format_datetime(there, usegmt=True)})

    http = HttpClient(lambda: NOON, httpx.MockTransport(reply), on_reply=clocks.note)
    for host in dates:
        await http.send(Ask("GET", f"https://{host}/", allow=frozenset({401})), Redactor())
    return clocks


async def test_clock_that_agrees_with_others_is_good() -> None:
    found = (await clocks_after(("a.example", 1), ("b.example", 0))).finding()
    assert found.ok
    assert "2 hosts" in found.message


@pytest.mark.parametrize(("seconds", "words"), [(300, "300 s behind"), (-300, "ahead of that")])
async def test_clock_that_is_off_is_told_with_its_way(seconds: int, words: str) -> None:
    found = (await clocks_after(("a.example", seconds))).finding()
    assert not found.ok
    assert words in found.message
    assert "NTP" in found.hint


async def test_one_host_with_a_wrong_clock_does_not_accuse_ours() -> None:
    assert (await clocks_after(("a.example", 9_000), ("b.example", 1))).finding().ok


async def test_our_own_machine_is_no_witness_of_the_time() -> None:
    assert not (await clocks_after(("127.0.0.1", 0), ("a.example", 900))).finding().ok


async def test_without_a_date_nothing_is_claimed() -> None:
    clocks = await clocks_after(("a.example", None))
    clocks.note("b.example", {"date": "yesterday"})
    assert clocks.finding() == Finding("clock", True, "no answer carried a Date to compare it with")


async def test_findings_come_in_the_order_of_the_integrations_and_progress_is_told() -> None:
    moves: list[tuple[str, bool]] = []
    good, bad = Finding("credentials", True, "fine"), Finding("credentials", False, "no", "look")
    checked = await check_integrations(
        [integration("one", good), integration("two", bad), integration("off", enabled=False)],
        HttpClient(lambda: NOON, httpx.MockTransport(lambda _: httpx.Response(200))),
        lambda each, done: moves.append((each.settings.name, done)),
    )
    assert [(one.part, one.finding.ok) for one in checked] == [
        ("one", True), ("two", False), ("off", True),
    ]  # fmt: skip
    assert "switched off" in checked[-1].finding.message
    assert sorted(moves) == [
        (name, done) for name in ("off", "one", "two") for done in (False, True)
    ]
