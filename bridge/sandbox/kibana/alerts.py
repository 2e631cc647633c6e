"""Detection alerts: their status, by their ids."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import Answer, Declined, answer, as_list
from bridge.sandbox.kibana.cases import Call

STATUSES = ("open", "acknowledged", "closed", "in-progress")


def set_status(call: Call) -> Answer:
    """Answers as Elasticsearch does for an update by query."""
    body = call.request.object()
    ids, status = as_list(body.get("signal_ids")), body.get("status")
    if not ids or not all(isinstance(one, str) and one for one in ids):
        raise Declined(400, "[request body]: signal_ids: Required")
    if status not in STATUSES:
        raise Declined(400, "[request body]: status: Invalid enum value.")
    if "reason" in body and status != "closed":
        raise Declined(400, "[request body]: reason: only alerts that are closed have one")
    found = [str(one) for one in ids if one in call.state.alerts]
    for one in found:
        call.state.alerts[one] = str(status)
        call.state.reasons[one] = str(body.get("reason") or "")
    none: list[JSON] = []
    return answer(
        {
            "took": 1, "timed_out": False, "total": len(found), "updated": len(found),
            "deleted": 0, "batches": 1, "version_conflicts": 0, "noops": 0, "failures": none,
            "retries": {"bulk": 0, "search": 0}, "requests_per_second": -1,
            "throttled_millis": 0, "throttled_until_millis": 0,
        }
    )  # fmt: skip
