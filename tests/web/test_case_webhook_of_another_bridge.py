"""One bridge pushes a case into another by the four calls, and answers get lost on the way."""

from __future__ import annotations

import httpx
import pytest

from bridge.event import JSON
from tests.connectors.conftest import Moment, Opened, open_connector, until_done
from tests.store.conftest import clock
from tests.web.conftest import database
from tests.web.test_case_webhook import Kibana, kibana

__all__ = ["clock", "database", "kibana"]

CASE: dict[str, JSON] = {
    "id": "31cdada0", "title": "Many logins", "description": "From **one** host.",
    "tags": ["vpn"], "severity": "high", "status": "open",
    "comments": [{"id": "k-1", "body": "Blocked."}, {"id": "k-2", "body": "Opened."}],
}  # fmt: skip


class Losing(httpx.AsyncBaseTransport):
    """The other bridge itself, whose answers to writes are lost as often as is said."""

    def __init__(self, there: Kibana, lost: set[int]) -> None:
        self.there, self.lost, self.writes = there, lost, 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.there.clock.now += 5
        answer = await self.there.client.send(request)
        if request.method == "GET":
            return answer
        self.writes += 1
        if self.writes in self.lost:
            raise httpx.ReadTimeout("the answer is lost", request=request)
        return answer


def sender(there: Kibana, lost: set[int], **more: JSON) -> Opened:
    return open_connector(
        "cases-webhook",
        Losing(there, lost),
        Moment(there.clock.now),
        {
            "base_url": "http://bridge/case-webhook/kibana",
            "auth": {"username": "elastic", "password": "made-up"},
            **more,
        },
    )


@pytest.mark.parametrize("lost", [set(), {1}, {2}, {3}, {1, 2, 3, 4}])
@pytest.mark.parametrize(
    "more",
    [{"in_doubt": "repeat"}, {"find_incident_url": "/cases/{{{case.id}}}", "in_doubt": "repeat"}],
)
async def test_case_and_its_comments_are_there_once(
    more: dict[str, JSON], lost: set[int], kibana: Kibana
) -> None:
    here = sender(kibana, set(lost), **more)
    done = await until_done(here, "push_case", {"case": CASE})
    assert (done.outputs["key"], done.outputs["title"]) == ("31cdada0", "Many logins")
    told = await kibana.data()
    assert [one["comment"]["body"].partition("\n")[0] for one in told if "comment" in one] == [
        "Blocked.", "Opened.",
    ]  # fmt: skip
    assert [one.type for one in await kibana.events()].count("case.created") == 1
    assert told[0]["severity"] == "high"
    known: dict[str, JSON] = {"ticket": "31cdada0", "memory": done.outputs["memory"]}
    assert (await here.run("push_case", {"case": CASE, **known})).found
    before = len(await kibana.events())
    closed: dict[str, JSON] = {**CASE, "status": "closed"}
    outcome = await here.run("push_case", {"case": closed, **known})
    assert outcome.outputs["changed"] == ["incident"]
    assert len(await kibana.events()) == before + 1
    assert (await kibana.call("GET", "/case-webhook/kibana/cases/31cdada0")).json()["status"] == (
        "closed"
    )


async def test_doctor_is_let_in_and_changes_nothing(kibana: Kibana) -> None:
    here = sender(kibana, set(), in_doubt="repeat")
    findings = await here.connector.check(here.client)
    assert all(one.ok for one in findings), findings
    stranger = sender(kibana, set(), auth={"token": "made-up-and-wrong"})
    (refused,) = await stranger.connector.check(stranger.client)
    assert not refused.ok
    assert await kibana.events() == []
