"""Which source a path leads to, and from which networks deliveries to it may come."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Scope

from bridge.errors import AddressRefused
from bridge.sources.source import Source


@dataclass(frozen=True, slots=True)
class Door:
    """A configured source and how it is reached.

    label: its name in metrics, with the tenant before it unless that is the default one.
    networks: where deliveries may come from; empty for anywhere.
    """

    source: Source
    label: str
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...]


@dataclass(frozen=True, slots=True)
class Address:
    """What a path says: `/hooks/NAME` without its token, and the token behind it."""

    plain: str
    token: str | None


def read_address(path: str) -> Address | None:
    """`/hooks/{source}[/{token}]` and `/t/{tenant}/hooks/…`; None for every other path."""
    parts = path.split("/")
    at = 3 if parts[1:2] == ["t"] else 1
    if len(parts) < at + 2 or parts[at] != "hooks" or not parts[at + 1]:
        return None
    if len(parts) > at + 3:
        return None
    token = parts[at + 2] if len(parts) == at + 3 else None
    return Address("/".join(parts[: at + 2]), token or None)


def make_doors(sources: Mapping[tuple[str, str], Source]) -> dict[str, Door]:
    """By path. A source of the default tenant is reached with and without `/t/default`."""
    doors: dict[str, Door] = {}
    for (tenant, name), source in sources.items():
        ours = tenant == "default"
        networks = tuple(ipaddress.ip_network(each) for each in source.settings.allow_from)
        door = Door(source, name if ours else f"{tenant}/{name}", networks)
        doors[f"/t/{tenant}/hooks/{name}"] = door
        if ours:
            doors[f"/hooks/{name}"] = door
    return doors


def remote_of(scope: Scope) -> str:
    """The address a delivery came from; empty when it is not known.

    What a proxy on this machine reports is believed, because only it can have written the last
    part of that header; anybody else's `X-Forwarded-For` is not.
    """
    client = scope.get("client")
    host = str(client[0]) if client else ""
    if not is_loopback(host):
        return host
    forwarded = [value for name, value in scope["headers"] if name == b"x-forwarded-for"]
    if not forwarded:
        return host
    return str(forwarded[-1].rpartition(b",")[2].strip().decode("latin-1"))[:64]


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_remote(remote: str, door: Door) -> None:
    """Raises AddressRefused when the source does not take deliveries from there."""
    try:
        address = ipaddress.ip_address(remote)
    except ValueError as error:
        raise AddressRefused("this source takes deliveries from named networks only") from error
    mapped = getattr(address, "ipv4_mapped", None)
    if not any((mapped or address) in network for network in door.networks):
        raise AddressRefused("this source takes no deliveries from this address")
