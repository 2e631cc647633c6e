"""update_alert: the workflow status of a detection alert.

https://www.elastic.co/docs/api/doc/kibana/operation/operation-setalertsstatus, read 2026-11. To set
a status that an alert has already changes nothing, so that nothing has to be found.
"""

from __future__ import annotations

import re

from bridge.action import Call, Outcome
from bridge.connectors.kibana.client import Kibana
from bridge.connectors.parameters import UpdateAlert
from bridge.connectors.prose import folded
from bridge.errors import GiveUp
from bridge.event import JSON

ALERT = re.compile(r"(?:kibana/alert/)?([0-9a-f]{64}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})")
"""`kibana.alert.uuid`, which is the `_id` of the alert's document too."""

STATES = {
    "open": "open", "reopened": "open", "new": "open", "unresolved": "open",
    "acknowledged": "acknowledged", "in progress": "acknowledged",
    "closed": "closed", "resolved": "closed", "dismissed": "closed", "fixed": "closed",
    "ignored": "closed", "done": "closed", "archived": "closed",
}  # fmt: skip
REASONS = (
    "false_positive", "duplicate", "true_positive", "benign_positive", "automated_closure", "other",
)  # fmt: skip
"""Of releases that take one; others refuse it in words of their own."""


async def update_alert(kibana: Kibana, call: Call[UpdateAlert]) -> Outcome:
    parameters = call.parameters
    found = ALERT.fullmatch(parameters.alert.strip().casefold())
    if not found:
        raise GiveUp(
            f"{parameters.alert[:100]!r} is no detection alert: expected its kibana.alert.uuid"
        )
    status = STATES.get(folded(parameters.state))
    if status is None:
        raise GiveUp(f"Kibana has no state {parameters.state!r}; it takes: {', '.join(STATES)}")
    body: dict[str, JSON] = {"signal_ids": [found[1]], "status": status}
    lost: list[str] = []
    reason = folded(parameters.reason or "").replace(" ", "_")
    if status == "closed" and reason in REASONS:
        body["reason"] = reason
    elif reason:
        lost.append(f"the reason was left out: Kibana knows {', '.join(REASONS)}, when it closes")
    if parameters.comment:
        lost.append("the comment was left out: an alert of Kibana's has none")
    answer = await kibana.post("/detection_engine/signals/status", body)
    if answer.get("total") == 0:
        raise GiveUp(f"Kibana has no alert {found[1]} in this space", status=404)
    return Outcome({"state": status}, lost=tuple(lost))


def object_of(parameters: UpdateAlert) -> str:
    return parameters.alert.strip().casefold()
