"""One table of statuses, one shape of errors."""

from __future__ import annotations

import json

import pytest

from bridge import errors
from bridge.web.errors import (
    code_of,
    error_body,
    message_of,
    new_request_id,
    retry_after_of,
    status_of,
)


def every(kind: type[BaseException]) -> list[type[BaseException]]:
    return [kind, *(each for sub in kind.__subclasses__() for each in every(sub))]


@pytest.mark.parametrize("kind", every(errors.ProofRefused))
def test_every_proof_refused_is_401(kind: type[BaseException]) -> None:
    assert status_of(kind("no")) == 401


@pytest.mark.parametrize("kind", every(errors.StoreError))
def test_trouble_of_the_store_is_503_and_says_when_to_come_back(
    kind: type[errors.StoreError],
) -> None:
    error = kind(1) if kind is errors.StoreFull else kind("/var/lib/bridge.db: disk I/O error")
    assert status_of(error) == 503
    assert (retry_after_of(error, 503) or 0) > 0
    assert "bridge.db" not in message_of(error)


@pytest.mark.parametrize(
    "kind", [kind for kind in every(errors.Refused) if kind is not errors.SenderUnreachable]
)
def test_what_a_sender_did_wrong_is_4xx_with_its_reason(kind: type[errors.Refused]) -> None:
    error = kind("the words")
    assert 400 <= status_of(error) < 500
    assert code_of(error) == kind.reason
    assert message_of(error) == "the words"
    assert retry_after_of(error, status_of(error)) is None


def test_senders_server_that_gave_nothing_is_503_so_that_the_sender_repeats() -> None:
    error = errors.SenderUnreachable("the words")
    assert (status_of(error), code_of(error)) == (503, "sender_unreachable")
    assert (retry_after_of(error, 503) or 0) > 0


def test_what_nobody_expected_is_500_without_its_words() -> None:
    error = ValueError("a path, a name, a secret")
    assert status_of(error) == 500
    assert "secret" not in message_of(error)


def test_error_body_holds_code_message_and_request_id() -> None:
    body = json.loads(error_body("malformed", 'say "why"', "req_1"))
    assert body == {
        "error": {"code": "malformed", "message": 'say "why"'},
        "requestId": "req_1",
    }


def test_request_ids_do_not_repeat() -> None:
    assert len({new_request_id() for _ in range(100)}) == 100
