"""update_alert: an alert's status, and a comment that says why."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.parameters import UpdateAlert
from bridge.connectors.prose import folded, markdown_text
from bridge.connectors.site import part
from bridge.connectors.thehive.client import TheHive, alert_key
from bridge.connectors.thehive.comments import add_comment
from bridge.connectors.thehive.options import TEXT_LIMIT
from bridge.connectors.thehive.words import REASONS, alert_status


async def update_alert(thehive: TheHive, call: Call[UpdateAlert]) -> Outcome:
    """Sets the status; an alert that has it already is left alone. The comment follows, once."""
    parameters = call.parameters
    key = alert_key(parameters.alert)
    path = f"/alert/{part(key)}"
    status = alert_status(parameters.state, parameters.reason or "")
    lost: list[str] = []
    if parameters.reason and folded(parameters.reason) not in REASONS:
        lost.append("the reason was left out: TheHive has a status for a false positive or a "
                    "duplicate only")  # fmt: skip
    there = (await thehive.get(path)).get("status") == status
    if not there:
        await thehive.patch(path, {"status": status})
    if parameters.comment:
        words = markdown_text(parameters.comment, "plain", TEXT_LIMIT)
        lost += words.lost
        known = call.may_exist and await thehive.find_comment("getAlert", key, call.mark)
        if words.text.strip() and not known:
            await add_comment(thehive, path, words.text, call.mark)
    return Outcome({"state": status}, found=there, lost=tuple(lost))


def object_of(parameters: UpdateAlert) -> str:
    return parameters.alert.strip().casefold()
