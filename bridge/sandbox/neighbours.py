"""The stand-ins beside Jira's, found by looking into the folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

import bridge.sandbox
from bridge.sandbox.stand_in import AnyKind, StandInKind

OWN_WAY = frozenset({"jira"})
"""Packages that the sandbox mounts by itself."""


def load_neighbours() -> Mapping[str, AnyKind]:
    """By name. Raises TypeError for a folder without a STAND_IN, ValueError for a repeated name."""
    found: dict[str, AnyKind] = {}
    for module in pkgutil.iter_modules(bridge.sandbox.__path__):
        if not module.ispkg or module.name in OWN_WAY:
            continue
        place = f"{bridge.sandbox.__name__}.{module.name}.stand_in"
        kind = getattr(importlib.import_module(place), "STAND_IN", None)
        if not isinstance(kind, StandInKind):
            raise TypeError(f"{place} has no STAND_IN")
        if kind.name in found:
            raise ValueError(f"two stand-ins are named {kind.name}")
        found[kind.name] = kind
    return found
