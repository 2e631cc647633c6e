"""What a sender was promised holds when the process is killed, stopped, or out of disk."""

from __future__ import annotations

import asyncio
import socket
import threading
from pathlib import Path

import httpx
import pytest

from bridge.clock import wall_clock
from bridge.event import StoredEvent
from bridge.store.database import open_database
from bridge.store.event_filter import EventFilter
from bridge.store.events import list_events
from tests.route.conftest import Installation, Server, github

BODY = b'{"action": "opened"}'


def stored(folder: Path) -> list[StoredEvent]:
    """What is in the store now, read as `bridge events` reads it."""

    async def read() -> list[StoredEvent]:
        database = await open_database("sqlite:///var/bridge.db", wall_clock, beside=folder)
        try:
            return await database.read(lambda tx: list_events(tx, EventFilter(), limit=10_000))
        finally:
            await database.close()

    return asyncio.run(read())


def request(body: bytes, length: int, expect: str = "") -> bytes:
    """A request by hand, whose announced length need not be true."""
    lines = [
        "POST /hooks/github HTTP/1.1",
        "host: bridge",
        *(f"{name}: {value}" for name, value in github(body).items()),
        f"content-length: {length}",
        *([f"expect: {expect}"] if expect else []),
    ]
    return "\r\n".join([*lines, "", ""]).encode()


def status(connection: socket.socket) -> int:
    """Of the next answer."""
    data = b""
    while b"\r\n" not in data:
        part = connection.recv(4096)
        assert part, "closed without an answer"
        data += part
    return int(data[9:12])


def test_event_is_there_after_a_kill_right_behind_the_202(installation: Installation) -> None:
    server = installation.serve()
    ids = []
    for number in range(5):
        answer = server.post(BODY, f"delivery-{number}")
        assert answer.status_code == 202
        ids.append(answer.json()["id"])
    server.kill()

    again = installation.serve()
    repeated = again.post(BODY, "delivery-4")
    assert (repeated.status_code, repeated.json()["id"]) == (200, ids[4])
    assert [event.id for event in reversed(stored(installation.folder))] == ids


def test_every_202_under_load_is_in_the_store_after_a_kill(installation: Installation) -> None:
    server = installation.serve()
    promised: list[str] = []

    async def send(client: httpx.AsyncClient) -> None:
        while True:
            answer = await client.post(
                f"{server.address}/hooks/github", content=BODY, headers=github(BODY)
            )
            assert answer.status_code == 202
            promised.append(answer.json()["id"])
            if len(promised) == 300:
                server.process.kill()

    async def storm() -> None:
        async with httpx.AsyncClient() as client:
            await asyncio.gather(*(send(client) for _ in range(16)), return_exceptions=True)

    asyncio.run(storm())
    server.process.wait()
    assert len(promised) >= 300
    assert set(promised) <= {event.id for event in stored(installation.folder)}


def test_stop_answers_what_is_under_way_and_ends_with_0(installation: Installation) -> None:
    server = installation.serve()
    with server.connect() as connection:
        connection.sendall(request(BODY, len(BODY)) + BODY[:5])
        wait_until_seen(server)
        ended: list[int] = []
        stopping = threading.Thread(target=lambda: ended.append(server.stop()))
        stopping.start()
        connection.sendall(BODY[5:])
        assert status(connection) == 202
        stopping.join()
    assert ended == [0]
    assert len(stored(installation.folder)) == 1


def wait_until_seen(server: Server) -> None:
    """Until what was sent before has been read: a later request was answered."""
    assert httpx.get(f"{server.address}/healthz").status_code == 200


def test_truncated_body_leaves_nothing_and_the_server_well(installation: Installation) -> None:
    server = installation.serve()
    with server.connect() as connection:
        connection.sendall(request(BODY, len(BODY)) + BODY[:5])
    assert server.post(BODY).status_code == 202
    assert len(stored(installation.folder)) == 1


def test_stalled_body_is_given_up_with_408(installation: Installation) -> None:
    server = installation.serve()
    with server.connect() as connection:
        connection.sendall(request(BODY, len(BODY)) + BODY[:5])
        assert status(connection) == 408
        while connection.recv(4096):
            pass  # to the end: the connection was closed


def test_body_over_the_limit_is_413_announced_sent_or_waiting_for_a_go_on(
    installation: Installation,
) -> None:
    server = installation.serve()
    large = b"x" * 1_000_000
    assert server.post(large).status_code == 413
    with server.connect() as connection:
        connection.sendall(request(BODY, 10_000_000))
        assert status(connection) == 413
    with server.connect() as connection:
        connection.sendall(request(BODY, 10_000_000, expect="100-continue"))
        assert status(connection) == 413
    with server.connect() as connection:
        head = request(BODY, 0).replace(b"content-length: 0", b"transfer-encoding: chunked")
        connection.sendall(head)
        for _ in range(11):
            connection.sendall(b"2710\r\n" + b"x" * 10_000 + b"\r\n")
        assert status(connection) == 413


def test_full_disk_is_503_and_what_was_accepted_stays(installation: Installation) -> None:
    server = installation.serve(largest_file=2_000_000)  # an empty store takes half of it
    body = b'{"pad": "' + b"x" * 50_000 + b'"}'
    answers = [server.post(body) for _ in range(40)]
    accepted = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    refused = [answer for answer in answers if answer.status_code != 202]

    assert accepted
    assert {answer.status_code for answer in refused} == {503}
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    server.kill()
    assert set(accepted) <= {event.id for event in stored(installation.folder)}


def test_second_server_on_the_same_file_is_refused_in_words(installation: Installation) -> None:
    installation.serve()
    with pytest.raises(AssertionError, match="in use by another bridge process"):
        installation.serve()


def test_requests_that_are_no_http_leave_the_server_well(installation: Installation) -> None:
    server = installation.serve()
    for words in (
        b"\x16\x03\x01\x02\x00",
        b"GET\r\n\r\n",
        b"POST /hooks/github HTTP/1.1\r\n: x\r\n\r\n",
    ):
        with server.connect() as connection:
            connection.sendall(words + b"\r\n\r\n")
            connection.shutdown(socket.SHUT_WR)
            connection.recv(4096)
    with server.connect() as connection:
        connection.sendall(
            request(BODY, len(BODY)).replace(
                b"content-length", b"content-length: 3\r\ncontent-length"
            )
            + BODY
        )
        assert status(connection) == 400
    assert server.post(BODY).status_code == 202
