"""Reading bodies: in bounds of length and time, many at once."""

from __future__ import annotations

import asyncio

import pytest
from starlette.types import Message

from bridge.errors import TooLarge, TooSlow
from bridge.web.body import BodyReader


def in_parts(*parts: bytes) -> list[Message]:
    return [
        {"type": "http.request", "body": part, "more_body": index < len(parts) - 1}
        for index, part in enumerate(parts)
    ]


class Sender:
    """Gives the messages it was made with, then keeps quiet for ever."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages

    async def receive(self) -> Message:
        if not self.messages:
            await asyncio.Event().wait()
        return self.messages.pop(0)


async def test_parts_are_put_together() -> None:
    reader = BodyReader(100, 5.0)
    assert await reader.read(Sender(in_parts(b"ab", b"", b"c")).receive) == b"abc"


@pytest.mark.parametrize("parts", [(b"abcd",), (b"ab", b"cd"), (b"", b"abcd"), (b"abc", b"d")])
async def test_more_than_the_limit_is_refused_however_it_comes(parts: tuple[bytes, ...]) -> None:
    assert await BodyReader(4, 5.0).read(Sender(in_parts(*parts)).receive) == b"abcd"
    with pytest.raises(TooLarge):
        await BodyReader(3, 5.0).read(Sender(in_parts(*parts)).receive)


@pytest.mark.parametrize("announced", [b"4", b"0" * 40, b"99999999999999999999"])
async def test_announced_length_is_judged_without_trusting_its_form(announced: bytes) -> None:
    with pytest.raises(TooLarge):
        BodyReader(3, 5.0).check_announced([(b"content-length", announced)])


async def test_announced_length_within_the_limit_or_no_number_is_left_to_the_reading() -> None:
    for announced in (b"3", b"0", b"-5", b"x", b""):
        BodyReader(3, 5.0).check_announced([(b"content-length", announced)])


@pytest.mark.parametrize("first", [[], in_parts(b"half", b"never")[:1]])
async def test_stalled_body_is_given_up_and_others_are_not(first: list[Message]) -> None:
    reader = BodyReader(100, 0.05)
    stalled = asyncio.create_task(reader.read(Sender(first).receive))
    with pytest.raises(TooSlow):
        await stalled
    assert await reader.read(Sender(in_parts(b"whole")).receive) == b"whole"


async def test_cancelled_request_stays_cancelled() -> None:
    reader = BodyReader(100, 60.0)
    reading = asyncio.create_task(reader.read(Sender([]).receive))
    await asyncio.sleep(0)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading


async def test_sender_that_goes_away_gives_none_at_any_point() -> None:
    gone: Message = {"type": "http.disconnect"}
    reader = BodyReader(100, 5.0)
    assert await reader.read(Sender([gone]).receive) is None
    assert await reader.read(Sender([*in_parts(b"half", b"")[:1], gone]).receive) is None
