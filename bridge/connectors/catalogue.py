"""Every connector there is, found by looking into the folder."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping

import bridge.connectors
from bridge.action import ActionShape
from bridge.connectors.contract import Connector
from bridge.connectors.shapes import BY_NAME

NOT_CONNECTORS = frozenset(
    {
        "answers",
        "ask",
        "cases",
        "catalogue",
        "contract",
        "credentials",
        "fetching",
        "filename",
        "guard",
        "hidden",
        "http",
        "marked_tables",
        "mirror",
        "own_ids",
        "parameters",
        "preview",
        "prose",
        "pushing",
        "redact",
        "settling",
        "shapes",
        "site",
        "stacked_tables",
        "tagged_cases",
        "trail",
        "transport",
        "troubles",
    }
)
"""What connectors are made with; everything else in the folder has to be one."""


def load_connectors() -> Mapping[str, Connector]:
    """By name. Raises TypeError for a module without a CONNECTOR, ValueError for a repeated name
    or an action that is not in the table: mistakes of a programmer, seen at the first start.
    """
    found: dict[str, Connector] = {}
    for module in pkgutil.iter_modules(bridge.connectors.__path__):
        if module.name in NOT_CONNECTORS:
            continue
        place = f"{bridge.connectors.__name__}.{module.name}"
        connector = load_connector(f"{place}.connector" if module.ispkg else place)
        if connector.name in found:
            raise ValueError(f"two connectors are named {connector.name}")
        found[connector.name] = connector
    return found


def load_connector(place: str) -> Connector:
    """The CONNECTOR of one module, by the module's full name. Raises TypeError, ValueError."""
    connector = getattr(importlib.import_module(place), "CONNECTOR", None)
    if not isinstance(connector, Connector):
        raise TypeError(f"{place} has no CONNECTOR")
    for action in connector.actions:
        if BY_NAME.get(action.shape.name) is not action.shape:
            raise ValueError(f"{place}: {action.shape.name} is not in the table of actions")
    return connector


def action_shapes() -> Mapping[str, ActionShape]:
    """What rules are checked against, by the action's name."""
    return BY_NAME
