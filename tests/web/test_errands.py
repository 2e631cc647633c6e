"""Deliveries of Amazon SNS at the door: what they need from AWS is fetched before the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import httpx
import pytest
from pydantic import SecretStr

from bridge.errors import SenderUnreachable
from bridge.settings import SourceSettings
from bridge.sources.catalogue import load_presets
from bridge.sources.source import Source
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from bridge.store.intake import Intake
from bridge.store.refusals import list_refusals
from bridge.store.transaction import Database
from bridge.web.body import BodyReader
from bridge.web.errands import MOST_AT_ONCE
from bridge.web.hooks import Hooks
from bridge.web.metrics import Metrics
from bridge.web.refusals import RefusalBook
from bridge.web.site import make_site
from tests.sources import topics
from tests.sources.deliveries import NOW
from tests.store.conftest import MovableClock
from tests.web.conftest import database

__all__ = ["database"]

SUBSCRIBE = "https://sns.eu-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=t"
CONFIRMATION = topics.message(
    Type="SubscriptionConfirmation", Token="t", SubscribeURL=SUBSCRIBE, Subject=None
)
HEADERS = {"content-type": "text/plain; charset=UTF-8"}


@dataclass
class Aws:
    """The other side: what lies at its addresses, and what was asked of it."""

    there: dict[str, bytes] = field(
        default_factory=lambda: {topics.URL: topics.certificate().encode(), SUBSCRIBE: b"<ok/>"}
    )
    asked: list[str] = field(default_factory=list)

    async def fetch(self, url: str) -> bytes:
        self.asked.append(url)
        await asyncio.sleep(0)
        if url not in self.there:
            raise SenderUnreachable("sns.eu-west-2.amazonaws.com did not give it")
        return self.there[url]


@dataclass
class Door:
    client: httpx.AsyncClient
    database: Database
    refusals: RefusalBook
    aws: Aws

    async def post(self, body: bytes) -> httpx.Response:
        return await self.client.post("/hooks/sns", content=body, headers=HEADERS)

    async def types(self) -> list[str]:
        found = await self.database.read(lambda tx: list_events(tx, EventFilter()))
        return [event.type for event in found]

    async def reasons(self) -> list[str]:
        await self.refusals.write()
        return [one.reason for one in await self.database.read(list_refusals)]


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
async def door(database: Database, clock: MovableClock) -> AsyncIterator[Door]:
    settings = SourceSettings(name="sns", preset="aws-sns", secrets=(SecretStr(topics.TOPIC),))
    sources = {("default", "sns"): Source(load_presets()["aws-sns"], settings)}
    metrics, aws = Metrics(), Aws()
    refusals = RefusalBook(database, metrics)
    hooks = Hooks(
        make_site([]),
        sources,
        Intake(database, clock),
        clock,
        BodyReader(10_000, 10.0),
        refusals,
        metrics,
        None,
        aws,
    )
    transport = httpx.ASGITransport(hooks)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as client:
        yield Door(client, database, refusals, aws)
        await refusals.close()


async def test_certificate_is_fetched_once_for_all_messages(door: Door) -> None:
    first = await door.post(topics.message())
    again = await door.post(topics.message())
    other = await door.post(topics.message(MessageId="another"))
    assert [one.status_code for one in (first, again, other)] == [202, 200, 202]
    assert door.aws.asked == [topics.URL]
    assert await door.types() == ["Notification", "Notification"]


async def test_confirmation_is_answered_after_the_call_and_not_stored(door: Door) -> None:
    answer = await door.post(CONFIRMATION)
    assert answer.status_code == 200
    assert door.aws.asked == [topics.URL, SUBSCRIBE]
    assert await door.types() == []


async def test_confirmation_that_could_not_be_called_is_answered_503_so_that_sns_repeats(
    door: Door,
) -> None:
    del door.aws.there[SUBSCRIBE]
    answer = await door.post(CONFIRMATION)
    assert answer.status_code == 503
    assert "retry-after" in answer.headers
    assert await door.reasons() == ["sender_unreachable"]


async def test_message_whose_certificate_cannot_be_had_is_answered_503(door: Door) -> None:
    kept = door.aws.there.pop(topics.URL)
    assert (await door.post(topics.message())).status_code == 503
    door.aws.there[topics.URL] = kept
    assert (await door.post(topics.message())).status_code == 202


async def test_forged_message_is_refused_and_asks_for_nothing_but_the_certificate(
    door: Door,
) -> None:
    assert (await door.post(topics.message("stranger"))).status_code == 401
    evil = topics.message("stranger", SigningCertURL="https://evil.example/a.pem")
    assert (await door.post(evil)).status_code == 401
    forged = CONFIRMATION.replace(b"Token=t", b"Token=x")
    assert (await door.post(forged)).status_code == 401
    assert door.aws.asked == [topics.URL]
    assert await door.types() == []


async def test_many_messages_at_once_wait_for_one_certificate(door: Door) -> None:
    posts = [door.post(topics.message(MessageId=f"m{number}")) for number in range(40)]
    assert {answer.status_code for answer in await asyncio.gather(*posts)} == {202}
    assert door.aws.asked == [topics.URL]
    assert len(await door.types()) == 40


async def test_confirmations_of_many_addresses_at_once_are_answered_in_part(door: Door) -> None:
    assert (await door.post(topics.message())).status_code == 202
    posts = []
    for number in range(MOST_AT_ONCE + 4):
        url = f"{SUBSCRIBE}{number}"
        door.aws.there[url] = b"<ok/>"
        posts.append(
            door.post(
                topics.message(
                    Type="SubscriptionConfirmation", Token="t", SubscribeURL=url, Subject=None
                )
            )
        )
    statuses = [answer.status_code for answer in await asyncio.gather(*posts)]
    assert statuses.count(200) >= MOST_AT_ONCE
    assert set(statuses) <= {200, 503}
