"""Refused deliveries over the API: listed, verified again, let go with a reason."""

from __future__ import annotations

import json

from bridge.verify.signature import Algorithm, hmac_digest
from tests.api.conftest import World


async def refused(world: World, delivery: str, *, secret: str = "wrong") -> None:
    raw = json.dumps({"schemaVersion": "qtangl-webhook-v2", "event": "scan.complete"}).encode()
    at = str(world.clock.now // 1000)
    proof = hmac_digest(at.encode() + b"." + raw, secret.encode(), Algorithm.SHA256).hex()
    answer = await world.client.post(
        "/hooks/qtangl",
        content=raw,
        headers={
            "content-type": "application/json",
            "x-qtangl-signature": f"sha256={proof}",
            "x-qtangl-timestamp": at,
            "x-qtangl-delivery-id": delivery,
        },
    )
    assert answer.status_code == 401
    await world.parts.front.refusals.write()


async def test_refused_delivery_is_listed_with_the_reason_and_deleted(world: World) -> None:
    await refused(world, "d-1")
    await refused(world, "d-2")
    listed = (await world.ask("GET", "/api/v1/quarantine", "viewer")).json()
    assert [one["reason"] for one in listed["deliveries"]] == ["signature_mismatch"] * 2
    assert (await world.ask("GET", "/api/v1/quarantine?source=events")).json()["deliveries"] == []
    ids = [one["id"] for one in listed["deliveries"]]
    again = await world.ask("POST", "/api/v1/quarantine/verify", json={"source": "qtangl"})
    assert again.json()["passed"] == 0
    assert {one["outcome"] for one in again.json()["verified"]} == {"refused"}
    body = {"ids": [ids[0]], "reason": "a scanner of ports"}
    assert (await world.ask("POST", "/api/v1/quarantine/discard", json=body)).json() == {
        "discarded": 1
    }
    left = (await world.ask("GET", "/api/v1/quarantine")).json()["deliveries"]
    assert [one["id"] for one in left] == ids[1:]
    (change, *_) = (await world.ask("GET", "/api/v1/audit")).json()["changes"]
    assert change["what"] == "quarantine.discard"
    assert change["detail"] == {"reason": "a scanner of ports", "count": 1}


async def test_another_tenant_neither_sees_nor_touches_what_was_refused(world: World) -> None:
    await refused(world, "d-1")
    (one,) = (await world.ask("GET", "/api/v1/quarantine")).json()["deliveries"]
    theirs = await world.ask("GET", "/api/v1/quarantine", tenant="acme")
    assert theirs.json()["deliveries"] == []
    body = {"ids": [one["id"]]}
    verified = await world.ask("POST", "/api/v1/quarantine/verify", tenant="acme", json=body)
    assert verified.json()["verified"][0]["outcome"] == "absent"
    gone = {**body, "reason": "x"}
    answer = await world.ask("POST", "/api/v1/quarantine/discard", tenant="acme", json=gone)
    assert answer.json() == {"discarded": 0}


async def test_viewer_changes_nothing_and_a_choice_is_needed(world: World) -> None:
    viewer = await world.ask("POST", "/api/v1/quarantine/verify", "viewer", json={"source": "x"})
    assert viewer.status_code == 403
    for body in ({}, {"ids": [], "source": ""}, {"ids": ["qua_1"], "source": "qtangl"}):
        answer = await world.ask("POST", "/api/v1/quarantine/verify", json=body)
        assert answer.status_code == 422, body
