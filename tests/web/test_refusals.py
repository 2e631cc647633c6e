"""Refused deliveries are kept in bounds, so that they can be shown, and nobody waits for it."""

from __future__ import annotations

from bridge.store.refusals import KEPT, Refusal
from bridge.web.refusals import WAITING
from tests.web.conftest import Door


async def test_refused_delivery_is_kept_with_its_reason_and_where_it_came_from(door: Door) -> None:
    await door.post("/hooks/github", b'{"a": 1}', [("content-type", "application/json")])

    (refusal,) = await door.refused()
    assert refusal == Refusal(
        tenant="default",
        source="github",
        at=door.clock(),
        reason="signature_missing",
        message="the header x-hub-signature-256 is missing",
        status=401,
        body_bytes=8,
        remote="192.0.2.7",
    )


async def test_names_that_strangers_make_up_share_one_place(door: Door) -> None:
    for number in range(3):
        await door.post(f"/hooks/made-up-{number}", b"{}")

    assert {(refusal.tenant, refusal.source) for refusal in await door.refused()} == {("", "")}


async def test_flood_of_forged_deliveries_is_counted_and_kept_in_bounds(door: Door) -> None:
    for _ in range(WAITING + 30):
        door.refusals.note(Refusal("default", "github", 0, "r", "m", 401, 0, ""))

    assert len(await door.refused()) == KEPT
    assert door.metrics.unshown_refusals == 30


async def test_answer_is_given_although_the_refusal_cannot_be_kept(door: Door) -> None:
    await door.database.close()
    answer = await door.post("/hooks/github", b"{}", [("content-type", "application/json")])
    assert answer.status_code == 401
