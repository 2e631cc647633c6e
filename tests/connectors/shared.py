"""What the shared suite has to know of a connector: one module in `given/` for each."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import httpx

import tests.connectors.given
from bridge.event import JSON

Answer = Callable[[httpx.Request], httpx.Response | None]


@dataclass(frozen=True, slots=True)
class Given:
    """options: of an integration, complete. secrets: what of them must be in no text.

    sent: those secrets that stand in the headers of its requests as they are.
    parameters: of each of its actions. hosts: where its requests go.
    read: an answer that lets an action go on to its write; None for a request that writes.
    too_many: the vendor's 429, and what the connector makes of it: seconds and scope.
    asks: whether `check` asks the other side anything.
    """

    options: dict[str, JSON]
    parameters: dict[str, dict[str, JSON]]
    hosts: frozenset[str] = frozenset()
    secrets: tuple[str, ...] = ()
    sent: tuple[str, ...] = ()
    read: Answer = lambda _request: None
    too_many: Callable[[], httpx.Response] = lambda: httpx.Response(
        429, headers={"retry-after": "7"}
    )
    waits: tuple[float, str] = (7.0, "call")
    asks: bool = True
    expects_json: bool = True


@cache
def all_given() -> Mapping[str, Given]:
    """By the connector's name, which is the module's with hyphens."""
    place = tests.connectors.given.__name__
    return {
        found.name.replace("_", "-"): importlib.import_module(f"{place}.{found.name}").GIVEN
        for found in pkgutil.iter_modules(tests.connectors.given.__path__)
    }


def given(name: str) -> Given:
    return all_given()[name]
