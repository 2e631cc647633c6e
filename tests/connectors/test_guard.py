"""Addresses that callers give lead nowhere private, whatever they are written like."""

from __future__ import annotations

import asyncio
import ipaddress
from collections.abc import AsyncIterator

import pytest

from bridge.clock import wall_clock
from bridge.connectors.ask import Ask
from bridge.connectors.guard import (
    Guard,
    GuardedResolver,
    PrivateAddress,
    is_public,
    refuse_private,
)
from bridge.connectors.http import HttpClient
from bridge.connectors.redact import Redactor
from bridge.errors import GiveUp

PRIVATE = [
    "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0",
    "100.64.0.1", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1",
    "::ffff:127.0.0.1", "64:ff9b::a00:1", "2002:7f00:1::", "2001:db8::1",
    "::127.0.0.1", "::8.8.8.8", "fec0::1", "64:ff9b:1::a00:1", "2001::1",
]  # fmt: skip
PUBLIC = ["8.8.8.8", "104.16.0.1", "2606:4700::1", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("text", PRIVATE)
def test_no_private_address_is_public(text: str) -> None:
    assert not is_public(ipaddress.ip_address(text))
    with pytest.raises(PrivateAddress, match="allowed_hosts"):
        refuse_private("rebound.example", ["8.8.8.8", text])


@pytest.mark.parametrize("text", PUBLIC)
def test_public_addresses_are_public(text: str) -> None:
    assert is_public(ipaddress.ip_address(text))
    refuse_private("fine.example", [text])


@pytest.mark.parametrize(
    ("allowed", "host", "fits"),
    [
        ("jira.internal", "jira.internal", True),
        ("Jira.Internal", "JIRA.internal.", True),
        ("*.corp.example", "jira.corp.example", True),
        ("*.corp.example", "corp.example", False),
        ("*.corp.example", "evilcorp.example", False),
        ("::1", "[::1]", True),
        ("jira.internal", "jira.internal.evil.example", False),
    ],
)
def test_an_allowed_host_is_exactly_what_was_written(allowed: str, host: str, fits: bool) -> None:
    assert Guard([allowed]).allows(host) is fits


HOME = [
    "127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0177.1", "127.0.0.01", "0x7f.0.0.1", "0x7f.1",
    "0x7f000001", "2130706433", "017700000001", "0", "0.0.0.0", "127.0.0.1.", "[::1]", "[::]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[64:ff9b::7f00:1]", "[::1%25lo]",
    "localhost", "localhost.", "LocalHost", "x.localhost", "\uff11\uff12\uff17.0.0.1",
    "\u2460\u2461\u2466.0.0.1", "\u24db" + "ocalhost", "127\u30020\u30020\u30021",
    "8.8.8.8@127.0.0.1", "8.8.8.8\\@127.0.0.1", "127.0.0.1#8.8.8.8", "127.0.0.1?8.8.8.8",
    "127.0.0.1\\8.8.8.8",
]  # fmt: skip
"""What may lead to this machine, in the spellings that some reader of addresses takes."""


@pytest.fixture
async def visitors() -> AsyncIterator[tuple[int, list[object]]]:
    """A server of this machine: its port, and who came."""
    came: list[object] = []

    def visited(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        came.append(writer.get_extra_info("peername"))
        writer.close()

    server = await asyncio.start_server(visited, "127.0.0.1", 0)
    yield server.sockets[0].getsockname()[1], came
    server.close()


@pytest.mark.parametrize("host", HOME)
async def test_no_spelling_of_this_machine_gets_there(
    visitors: tuple[int, list[object]], host: str
) -> None:
    port, came = visitors
    http = HttpClient(wall_clock, guard=Guard([]))
    for url in (f"https://{host}:{port}/", f"http://{host}:{port}/"):
        with pytest.raises(GiveUp):
            await http.send(Ask("GET", url, changes=False), Redactor())
    await http.aclose()
    assert came == []


@pytest.mark.parametrize(
    "url",
    [
        "https://intranet/",
        "https://169.254.169.254/latest/meta-data/",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https:///nothing",
    ],
)
async def test_a_guarded_client_sends_nothing_there(url: str) -> None:
    http = HttpClient(wall_clock, guard=Guard([]))
    with pytest.raises(GiveUp):
        await http.send(Ask("GET", url, changes=False), Redactor())
    await http.aclose()


async def test_what_a_name_leads_to_decides_not_what_it_looks_like() -> None:
    """`127.1` is no address to Python and 127.0.0.1 to the resolver, as a rebound name would be."""
    guard = Guard([])
    guard.check("https://127.1/")
    with pytest.raises(PrivateAddress, match="not public"):
        await GuardedResolver(guard).resolve("127.1", 443)


async def test_an_allowed_host_is_reached_over_plain_http() -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    http = HttpClient(wall_clock, guard=Guard(["localhost"]))
    reply = await http.send(Ask("GET", f"http://localhost:{port}/", changes=False), Redactor())
    assert reply.status == 200
    await http.aclose()
    server.close()
