"""Deliveries on a real connection: the short way answers as the long one does."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeAlias, cast

import pytest

from bridge.process import Server, listen, server_config
from bridge.store.sqlite import SqliteDatabase
from bridge.store.transaction import Database
from bridge.web.protocol import Arrivals, HookProtocol, Short
from tests.store.conftest import MovableClock
from tests.web.conftest import LIMIT, Door, make_hooks

BODY = b'{"action": "created", "alert": {"number": 7}}'


@dataclass
class Line:
    """One connection of a sender."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def answer(self) -> Answer:
        """The next answer on this connection."""
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name: value for name, _, value in (line.partition(": ") for line in lines)}
        body = await self.reader.readexactly(int(headers.get("content-length", 0)))
        return Answer(int(first.split()[1]), headers, body)

    async def closed(self) -> bool:
        """Whether the other side has closed it, with nothing more to say."""
        return await self.reader.read() == b""


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Listening:
    """The hooks of a door behind a real server on a real port."""

    door: Door
    server: Server
    port: int
    file: Path
    lines: list[Line] = field(default_factory=list)

    async def connect(self) -> Line:
        line = Line(*await asyncio.open_connection("127.0.0.1", self.port))
        self.lines.append(line)
        return line

    @property
    def ways(self) -> list[str]:
        """By which way each delivery goes that waits for its answer now."""
        connections = [
            one for one in self.server.server_state.connections if isinstance(one, HookProtocol)
        ]
        cycles = [one.cycle for one in connections if one.cycle is not None]
        waiting = [cycle for cycle in cycles if not cycle.response_complete]
        return ["short" if isinstance(cycle, Short) else "long" for cycle in waiting]

    @contextmanager
    def locked(self) -> Iterator[None]:
        """No commit gets through meanwhile, so that every delivery waits."""
        other = sqlite3.connect(self.file, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()

    async def all_is_read(self) -> None:
        """What was sent before has been read: a request after it was answered."""
        line = await self.connect()
        line.send(b"GET /hooks/github HTTP/1.1\r\nhost: bridge\r\n\r\n")
        assert (await line.answer()).status == 405


@asynccontextmanager
async def served(door: Door, folder: Path, idle_seconds: float = 5) -> AsyncIterator[Listening]:
    """A door's hooks on a port, until the block ends."""
    listener = listen("127.0.0.1", 0)
    config = server_config(door.hooks, door.hooks)
    config.timeout_keep_alive = idle_seconds  # type: ignore[assignment]
    server = Server(config)
    running = asyncio.create_task(server.serve([listener]))
    listening = Listening(door, server, listener.getsockname()[1], folder / "bridge.db")
    yield listening
    for line in listening.lines:
        line.writer.close()
    server.should_exit = True
    await running


@pytest.fixture
async def listening(door: Door, tmp_path: Path) -> AsyncIterator[Listening]:
    async with served(door, tmp_path) as listening:
        yield listening


def request(
    door: Door,
    body: bytes = BODY,
    *,
    key: str = "one",
    more: str = "",
    start: str = "POST /hooks/github HTTP/1.1",
    length: str = "",
) -> bytes:
    """A signed delivery as its sender writes it. more: further lines of the head."""
    given = [("x-github-event", "code_scanning_alert"), ("x-github-delivery", key)]
    lines = [start, "host: bridge", *(": ".join(one) for one in door.signed("github", body, given))]
    lines.append(length or f"content-length: {len(body)}")
    return "\r\n".join([*lines, more, ""] if more else [*lines, ""]).encode() + b"\r\n" + body


def forged(door: Door) -> bytes:
    return request(door).replace(b"created", b"crEated")


def chunked(door: Door) -> bytes:
    """The same delivery in two chunks."""
    whole = request(door, length="transfer-encoding: chunked")
    parts = BODY[:9], BODY[9:]
    framed = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
    return whole.removesuffix(BODY) + framed + b"0\r\n\r\n"


Kind: TypeAlias = Callable[[Door], bytes]
KINDS: dict[str, tuple[Kind, int]] = {
    "genuine": (request, 202),
    "in chunks": (chunked, 202),
    "forged": (forged, 401),
    "no JSON": (lambda door: request(door, b"{ no json"), 400),
    "empty": (lambda door: request(door, b""), 400),
    "over the limit": (lambda door: request(door, b" " * (LIMIT + 1)), 413),
    "two lengths too long": (
        lambda door: request(door, length=f"content-length: {LIMIT + 1}"), 413,
    ),
    "another content type": (
        lambda door: request(door).replace(b"application/json", b"text/plain"), 415,
    ),
    "closing": (lambda door: request(door, more="connection: close"), 202),
    "not allowed from here": (
        lambda door: request(door, start="POST /hooks/inner HTTP/1.1"), 401,
    ),
}  # fmt: skip
LONG: dict[str, tuple[Kind, int]] = {
    "HTTP/1.0": (lambda door: request(door, start="POST /hooks/github HTTP/1.0"), 202),
    "a query": (lambda door: request(door, start="POST /hooks/github?a=1 HTTP/1.1"), 202),
    "another method": (lambda door: request(door, start="PUT /hooks/github HTTP/1.1"), 405),
    "an unknown source": (lambda door: request(door, start="POST /hooks/x HTTP/1.1"), 404),
    "an encoded path": (lambda door: request(door, start="POST /hooks/git%68ub HTTP/1.1"), 202),
}  # fmt: skip


def stored(kinds: Mapping[str, tuple[Kind, int]]) -> dict[str, Kind]:
    """Those that wait for a commit, so that they can be looked at on their way."""
    return {name: kind for name, (kind, status) in kinds.items() if status == 202}


@pytest.mark.parametrize(("kind", "status"), (KINDS | LONG).values(), ids=KINDS | LONG)
async def test_whole_delivery_is_answered_as_one_in_two_pieces_is(
    listening: Listening, tmp_path: Path, kind: Kind, status: int
) -> None:
    data = kind(listening.door)
    middle = data.index(b"\r\n\r\n") + 4
    answers = []
    for pieces in ((data,), (data[:middle], data[middle:])):
        line = await listening.connect()
        for piece in pieces:
            line.send(piece)
            await listening.all_is_read()
        answers.append(await line.answer())

    whole, parted = answers
    assert whole.status == status
    assert parted.status == (200 if status == 202 else status)
    assert whole.headers.keys() == parted.headers.keys()
    assert whole.headers["content-type"] == parted.headers["content-type"]
    assert json.loads(whole.body).keys() == json.loads(parted.body).keys()
    assert len(await listening.door.events()) == (status == 202)


@pytest.mark.parametrize("kind", stored(KINDS).values(), ids=stored(KINDS))
async def test_plain_delivery_that_is_whole_goes_the_short_way(
    listening: Listening, kind: Kind
) -> None:
    line = await listening.connect()
    with listening.locked():
        line.send(kind(listening.door))
        await listening.all_is_read()
        assert listening.ways == ["short"]
        assert not listening.server.server_state.tasks
    assert (await line.answer()).status == 202


@pytest.mark.parametrize("kind", stored(LONG).values(), ids=stored(LONG))
async def test_odd_request_goes_the_long_way(listening: Listening, kind: Kind) -> None:
    line = await listening.connect()
    with listening.locked():
        line.send(kind(listening.door))
        await listening.all_is_read()
        assert listening.ways == ["long"]
    assert (await line.answer()).status == 202


async def test_sender_that_asks_whether_to_go_on_is_told_to_before_its_body(
    listening: Listening,
) -> None:
    head, _, body = request(listening.door, more="expect: 100-continue").partition(b"\r\n\r\n")
    line = await listening.connect()
    line.send(head + b"\r\n\r\n")
    assert (await line.answer()).status == 100
    line.send(body)
    assert (await line.answer()).status == 202


async def test_one_connection_serves_many_deliveries_by_turns_of_both_ways(
    listening: Listening,
) -> None:
    line = await listening.connect()
    for number in range(6):
        data = request(listening.door, key=str(number))
        cut = len(data) - 5 if number % 2 else len(data)
        line.send(data[:cut])
        if cut < len(data):
            await listening.all_is_read()
            line.send(data[cut:])
        assert (await line.answer()).status == 202
    assert [event.key for event in await listening.door.events()] == list("012345")


async def test_requests_sent_without_waiting_are_answered_in_their_order(
    listening: Listening,
) -> None:
    door = listening.door
    line = await listening.connect()
    with listening.locked():
        line.send(
            request(door, key="a")
            + b"GET /hooks/github HTTP/1.1\r\nhost: bridge\r\n\r\n"
            + request(door, key="b")
            + forged(door)
            + request(door, key="a")[:-3]
        )
        await listening.all_is_read()
        assert len(listening.ways) == 1
    line.send(request(door, key="a")[-3:])
    assert [(await line.answer()).status for _ in range(5)] == [202, 405, 202, 401, 200]
    assert [event.key for event in await door.events()] == ["a", "b"]


async def test_what_is_no_http_behind_a_delivery_is_400_and_the_delivery_is_kept(
    listening: Listening,
) -> None:
    line = await listening.connect()
    line.send(request(listening.door) + b"\x16\x03\x01\r\n\r\n")
    assert (await line.answer()).status == 400
    assert await line.closed()
    again = await listening.connect()
    again.send(request(listening.door))
    assert (await again.answer()).status == 200


async def test_sender_that_leaves_before_the_commit_loses_nothing(listening: Listening) -> None:
    line = await listening.connect()
    with listening.locked():
        line.send(request(listening.door))
        await listening.all_is_read()
        line.writer.close()
        await line.writer.wait_closed()
        await listening.all_is_read()
    other = await listening.connect()
    other.send(request(listening.door))
    assert (await other.answer()).status == 200


async def test_stop_answers_what_waits_for_its_commit_and_closes_the_connection(
    door: Door, tmp_path: Path
) -> None:
    async with served(door, tmp_path) as listening:
        line, idle = await listening.connect(), await listening.connect()
        with listening.locked():
            line.send(request(door))
            await listening.all_is_read()
            listening.server.should_exit = True
            assert await idle.closed()
        answer = await line.answer()
        assert (answer.status, answer.headers["connection"]) == (202, "close")
        assert await line.closed()


async def test_connection_is_closed_after_its_answer_where_the_sender_wants_it(
    listening: Listening,
) -> None:
    line = await listening.connect()
    line.send(request(listening.door, more="connection: close"))
    answer = await line.answer()
    assert (answer.status, answer.headers["connection"]) == (202, "close")
    assert await line.closed()


async def test_idle_connection_is_closed_and_one_with_a_request_under_way_is_not(
    door: Door, tmp_path: Path
) -> None:
    async with served(door, tmp_path, idle_seconds=0.05) as listening:
        waiting, begun, idle = [await listening.connect() for _ in range(3)]
        for line in (waiting, begun, idle):
            line.send(request(door))
            await line.answer()
        idle.send(request(door))
        await idle.answer()  # its timer runs since the answer before
        begun.send(request(door)[:20])
        with listening.locked():
            waiting.send(request(door, key="waits"))
            assert await idle.closed()  # so that much time has passed for all
        assert (await waiting.answer()).status == 202
        begun.send(request(door)[20:])
        assert (await begun.answer()).status == 200


async def test_store_that_cannot_write_is_503_by_the_short_way_too(listening: Listening) -> None:
    assert isinstance(listening.door.database, SqliteDatabase)
    listening.door.database.wait_ms = 20
    line = await listening.connect()
    with listening.locked():
        line.send(request(listening.door))
        answer = await line.answer()
    assert (answer.status, answer.headers["retry-after"]) == (503, "10")
    line.send(request(listening.door))
    assert (await line.answer()).status == 202


async def test_full_line_is_503_by_the_short_way_too(
    door: Door, database: Database, clock: MovableClock, tmp_path: Path
) -> None:
    hooks, *_ = make_hooks(database, clock, queue_limit=0)
    async with served(replace(door, hooks=hooks), tmp_path) as listening:
        line = await listening.connect()
        line.send(request(door))
        answer = await line.answer()
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


async def test_every_answer_is_counted_by_both_ways(listening: Listening) -> None:
    line = await listening.connect()
    data = request(listening.door)
    line.send(data)
    await line.answer()
    line.send(data[:-1])
    await listening.all_is_read()
    line.send(data[-1:])
    await line.answer()
    line.send(forged(listening.door))
    await line.answer()
    counted = listening.door.metrics.received
    assert counted["github", "accepted"] == counted["github", "duplicate"] == 1
    assert counted["github", "401"] == 1


async def test_deliveries_of_many_connections_at_once_are_each_answered(
    listening: Listening,
) -> None:
    lines = [await listening.connect() for _ in range(20)]
    for number, line in enumerate(lines):
        line.send(request(listening.door, key=f"key-{number}"))
    answers = [await line.answer() for line in lines]
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body for answer in answers}) == 20


async def test_mistake_with_one_delivery_keeps_no_other_from_being_taken() -> None:
    loop = asyncio.get_running_loop()
    told: list[BaseException] = []
    loop.set_exception_handler(lambda _, context: told.append(context["exception"]))
    taken: list[str] = []
    arrivals = Arrivals()

    class Line:
        def __init__(self, name: str) -> None:
            self.name = name
            self.loop = loop
            self.transport = self

        def take(self, short: object) -> None:
            if self.name == "odd":
                raise ValueError("a mistake of ours")
            taken.append(self.name)

        def abort(self) -> None:
            taken.append(f"closed {self.name}")

    for name in ("a", "odd", "b", "c"):
        arrivals.add(cast(HookProtocol, Line(name)), cast(Short, None))
    for _ in range(4):
        await asyncio.sleep(0)
    loop.set_exception_handler(None)
    assert taken == ["a", "closed odd", "b", "c"]
    assert [str(error) for error in told] == ["a mistake of ours"]
