"""Keeps requests whose address somebody else chose out of the private network.

The check is made on the addresses that are connected to, at the moment of connecting: a name that
meant a public host when it was typed and means 127.0.0.1 now gets nowhere.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Collection
from urllib.parse import urlsplit

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver

from bridge.errors import GiveUp

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""IPv6 addresses that stand for IPv4 ones (RFC 6052): private ones behind them are meant too."""

NOBODYS = tuple(map(ipaddress.ip_network, ("::/96", "fec0::/10", "64:ff9b:1::/48")))
"""IPv4-compatible and site-local addresses (RFC 4291, 2.5.5.1 and 2.5.7) and NAT64 of one's own
network (RFC 8215): not on the internet, though Python 3.11 takes them for public."""


class PrivateAddress(OSError):
    """The name leads into the private network. An OSError, as resolvers raise them."""


class Guard:
    """allowed: hosts that may be private, such as `jira.internal` or `*.corp.example`."""

    def __init__(self, allowed: Collection[str]) -> None:
        self.allowed = allowed

    def allows(self, host: str) -> bool:
        """Whether the operator named this host."""
        host = host.lower().strip("[]").rstrip(".")
        return any(
            host == one or (one.startswith("*.") and host.endswith(one[1:]))
            for one in (each.lower().strip("[]") for each in self.allowed)
        )

    def check(self, url: str) -> None:
        """Raises GiveUp for an address that needs no resolving to be refused."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        if self.allows(host):
            return
        if parts.scheme != "https":
            raise GiveUp(f"{host or 'this address'} must be reached by https://{HINT}")
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            if host == "localhost" or host.endswith(".localhost") or "." not in host:
                raise GiveUp(f"{host or 'this address'} is no public host{HINT}") from None
            return
        if not is_public(address):
            raise GiveUp(f"{host} is no public address{HINT}")


HINT = ", and server.allowed_hosts does not name it"


class GuardedResolver(AbstractResolver):
    """The system's own resolver, whose private answers are refused."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._resolver = DefaultResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        if not self._guard.allows(host):
            refuse_private(host, [one["host"] for one in found])
        return found

    async def close(self) -> None:
        await self._resolver.close()


def refuse_private(host: str, addresses: list[str]) -> None:
    """Raises PrivateAddress when any of them is not public: half a good answer is a bad one."""
    for text in addresses:
        if not is_public(ipaddress.ip_address(text.partition("%")[0])):
            raise PrivateAddress(f"{host} leads to an address that is not public{HINT}")


def is_public(address: Address) -> bool:
    """Whether an address is somebody's on the internet, and not ours."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(inner)
        if any(address in network for network in NOBODYS):
            return False
    return address.is_global and not address.is_multicast
