"""What is in quarantine is verified again, as of the time it came, with the present secrets."""

from __future__ import annotations

import json

from bridge.access.vault import Vault
from bridge.quarantine import Outcome, Verified
from bridge.store.quarantine import Kept
from tests.quarantine.conftest import KEY, MENDED, SCAN, SECRET, Door


async def refused(
    door: Door, source: str = "qtangl", body: bytes = SCAN, secret: str = MENDED
) -> Kept:
    """A delivery in quarantine, signed with a secret that the source has only once mended."""
    before = {kept.id for kept in await door.kept()}
    answer = await door.send(source, body, secret)
    assert answer.status_code in (401, 503)
    (kept,) = [kept for kept in await door.kept() if kept.id not in before]
    return kept


async def test_mended_secret_lets_the_delivery_through_with_its_own_time(door: Door) -> None:
    kept = await refused(door)
    came = door.clock()
    door.clock.advance(86_400_000)  # far beyond the five minutes in which its signed time is fresh

    verified = await door.verify(kept.id)
    assert verified.outcome is Outcome.ACCEPTED
    assert len(verified.events) == 1
    assert await door.events() == [("scan.finished", came)]
    assert await door.kept() == []


async def test_delivery_stays_while_the_secret_is_not_mended_and_says_why(door: Door) -> None:
    kept = await refused(door)
    verified = await door.verify(kept.id, mended=False)
    assert verified == Verified(
        kept.id,
        Outcome.REFUSED,
        "default",
        "qtangl",
        "the signature does not fit the body and any secret of this source",
    )
    assert await door.events() == []
    assert [each.id for each in await door.kept()] == [kept.id]


async def test_delivery_of_a_source_set_to_retry_goes_through_as_well(door: Door) -> None:
    kept = await refused(door, "jira", b'{"webhookEvent": "jira:issue_created", "timestamp": 1}')
    assert (await door.verify(kept.id)).outcome is Outcome.ACCEPTED
    assert [kind for kind, _ in await door.events()] == ["issue.created"]


async def test_replayed_recording_stays_refused_however_often_it_is_verified(door: Door) -> None:
    signed = door.signed("qtangl", SCAN, SECRET)
    door.clock.advance(3_600_000)
    await door.client.post("/hooks/qtangl", content=SCAN, headers=list(signed.headers))
    (kept,) = await door.kept()
    assert kept.reason == "timestamp_refused"

    verified = await door.verify(kept.id)
    assert verified.outcome is Outcome.REFUSED
    assert "more than 300 s old" in verified.reason
    assert len(await door.kept()) == 1


async def test_delivery_its_sender_sent_again_meanwhile_is_a_duplicate_and_leaves(
    door: Door,
) -> None:
    kept = await refused(door)
    assert (await door.send("qtangl", SCAN, SECRET)).status_code == 202

    verified = await door.verify(kept.id)
    assert verified.outcome is Outcome.DUPLICATE
    assert len(await door.events()) == 1
    assert await door.kept() == []


async def test_body_of_several_events_gives_all_of_them(door: Door) -> None:
    batch = [
        {"specversion": "1.0", "id": name, "source": "/tests", "type": "scan.finished"}
        for name in "abc"
    ]
    await door.send(
        "events",
        json.dumps(batch).encode(),
        MENDED,
        [("content-type", "application/cloudevents-batch+json")],
    )
    (kept,) = await door.kept()
    verified = await door.verify(kept.id)
    assert len(verified.events) == len(set(verified.events)) == 3
    assert len(await door.events()) == 3


async def test_handshake_is_not_stored_and_simply_leaves(door: Door) -> None:
    kept = await refused(door, "asking", b'{"type": "are_you_there", "challenge": "c"}')
    assert (await door.verify(kept.id)).outcome is Outcome.ANSWERED
    assert await door.events() == []
    assert await door.kept() == []


async def test_genuine_delivery_of_a_wrong_form_stays_and_says_so(door: Door) -> None:
    kept = await refused(door, "generic", b"{ no json")
    verified = await door.verify(kept.id)
    assert verified.outcome is Outcome.REFUSED
    assert "JSON" in verified.reason
    assert len(await door.kept()) == 1


async def test_missing_key_names_the_row_and_leaves_the_others_alone(door: Door) -> None:
    first, second = await refused(door), await refused(door, "generic")
    other = Vault([b"z" * 32])

    closed = await door.verify(first.id, vault=other)
    assert closed.outcome is Outcome.CLOSED
    assert closed.reason.startswith(f"quarantine:{first.id}: none of the configured keys opens it")
    assert (await door.verify(second.id)).outcome is Outcome.ACCEPTED
    assert (await door.verify(first.id, vault=Vault([b"z" * 32, KEY]))).outcome is Outcome.ACCEPTED


async def test_row_that_was_tampered_with_names_itself_and_stays(door: Door) -> None:
    kept = await refused(door)
    changed = kept.sealed[:-1] + bytes([kept.sealed[-1] ^ 1])
    await door.database.write(
        lambda tx: tx.run("UPDATE quarantine SET sealed = ? WHERE id = ?", changed, kept.id)
    )
    verified = await door.verify(kept.id)
    assert verified.outcome is Outcome.CLOSED
    assert kept.id in verified.reason
    assert len(await door.kept()) == 1


async def test_delivery_to_a_source_that_is_gone_stays_and_says_so(door: Door) -> None:
    kept = await refused(door)
    door.gone.add("qtangl")
    verified = await door.verify(kept.id)
    assert (verified.outcome, verified.reason) == (
        Outcome.REFUSED,
        "the source qtangl is no longer configured",
    )


async def test_second_person_to_verify_it_learns_that_it_is_gone(door: Door) -> None:
    kept = await refused(door)
    assert (await door.verify(kept.id)).outcome is Outcome.ACCEPTED
    again = await door.verify(kept.id)
    assert (again.outcome, again.events) == (Outcome.ABSENT, ())
    assert len(await door.events()) == 1
