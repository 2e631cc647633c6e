"""What is sealed opens for its record and its keys, and for nothing else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.access.vault import Vault, key_id
from bridge.errors import VaultClosed

OLD, NEW = b"o" * 32, b"n" * 32


@given(st.text(), st.binary(max_size=2_000))
def test_sealed_value_opens_for_its_record(record: str, plain: bytes) -> None:
    vault = Vault([NEW])
    assert vault.open(record, vault.seal(record, plain)) == plain


def test_sealed_value_moved_to_another_record_does_not_open() -> None:
    vault = Vault([NEW])
    with pytest.raises(VaultClosed, match="integration:b"):
        vault.open("integration:b", vault.seal("integration:a", b"token"))


@given(st.integers(min_value=0, max_value=80), st.integers(min_value=1, max_value=255))
def test_changed_byte_anywhere_does_not_open(at: int, change: int) -> None:
    vault = Vault([NEW])
    sealed = bytearray(vault.seal("r", b"x" * 64))
    sealed[at] ^= change
    with pytest.raises(VaultClosed):
        vault.open("r", bytes(sealed))


def test_older_key_still_opens_and_asks_to_be_replaced() -> None:
    sealed = Vault([OLD]).seal("r", b"token")
    ring = Vault([NEW, OLD])
    assert ring.open("r", sealed) == b"token"
    assert ring.is_old(sealed)
    assert not ring.is_old(ring.seal("r", b"token"))


def test_missing_key_is_named_and_nothing_else_is_told() -> None:
    sealed = Vault([OLD]).seal("integration:jira", b"hunter2-token")
    with pytest.raises(VaultClosed) as caught:
        Vault([NEW]).open("integration:jira", sealed)
    assert "integration:jira" in str(caught.value)
    assert key_id(OLD).hex() in str(caught.value)
    assert "hunter2" not in str(caught.value)


@given(st.binary(max_size=40))
def test_foreign_bytes_are_refused(foreign: bytes) -> None:
    with pytest.raises(VaultClosed):
        Vault([NEW]).open("r", foreign)


def test_two_seals_of_one_value_differ() -> None:
    vault = Vault([NEW])
    assert vault.seal("r", b"same") != vault.seal("r", b"same")
