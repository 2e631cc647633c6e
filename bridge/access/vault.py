"""The vault: seals what must not be read in the store, each bound to the record it belongs to.

AES-256-GCM with a random nonce of 96 bits; the record's name is the associated data, so that a
sealed value moved to another record does not open. With random nonces one key is good for 2**32
values (NIST SP 800-38D, 8.3), far above what one bridge seals.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
from collections.abc import Callable, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from bridge.errors import BridgeError, VaultClosed

VERSION = b"\x01"
KEY_ID_BYTES = 4
NONCE_BYTES = 12
HEADER_BYTES = len(VERSION) + KEY_ID_BYTES + NONCE_BYTES


class Vault:
    """A ring of keys, newest first: the first seals, all of them open.

    keys: 32 bytes each, at least one.
    again: gives the keys as they are now; asked when a value was sealed with one that is not
        known, because a key may have been added while the process runs.
    """

    def __init__(
        self, keys: Sequence[bytes], again: Callable[[], Sequence[bytes]] | None = None
    ) -> None:
        if not keys:
            raise ValueError("a vault needs a key")
        self._again = again
        self._take(keys)

    def _take(self, keys: Sequence[bytes]) -> None:
        self._newest = key_id(keys[0])
        self._ring = {key_id(key): AESGCM(key) for key in keys}
        self._naming = [hashlib.sha256(b"scanbridge names\x00" + key).digest() for key in keys]

    def seal(self, record: str, plain: bytes) -> bytes:
        """The value as it may be stored, for this record only.

        Form: a version byte, 4 bytes naming the key, 12 bytes of nonce, ciphertext and tag.
        """
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._ring[self._newest].encrypt(nonce, plain, record.encode())
        return VERSION + self._newest + nonce + sealed

    def open(self, record: str, sealed: bytes) -> bytes:
        """The value again. Raises VaultClosed, which names the record and never its content."""
        if len(sealed) < HEADER_BYTES or sealed[:1] != VERSION:
            raise VaultClosed(f"{record}: this was not sealed by the bridge")
        used = sealed[1 : 1 + KEY_ID_BYTES]
        if used not in self._ring:
            self._look_again()
        key = self._ring.get(used)
        if key is None:
            raise VaultClosed(
                f"{record}: none of the configured keys opens it; it was sealed with key"
                f" {used.hex()}: add that one to encryption.keys"
            )
        try:
            nonce = sealed[1 + KEY_ID_BYTES : HEADER_BYTES]
            return key.decrypt(nonce, sealed[HEADER_BYTES:], record.encode())
        except InvalidTag as error:
            raise VaultClosed(f"{record}: what was sealed was changed or moved") from error

    def _look_again(self) -> None:
        """Takes in keys that were added meanwhile. Keys that cannot be read change nothing: the
        value stays closed, and its error says which key it wants."""
        if self._again is None:
            return
        with contextlib.suppress(BridgeError):
            self._take(self._again())

    def is_old(self, sealed: bytes) -> bool:
        """Whether it was sealed with a key that is not the newest, and should be sealed anew."""
        return sealed[1 : 1 + KEY_ID_BYTES] != self._newest

    def names(self, what: str) -> tuple[str, ...]:
        """Eight hex digits that stand for a thing, one name for each key, the newest's first.

        Nobody without the key can tell from a name what it stands for, or try a guess on it, as
        they could with a plain hash of a weak secret.
        """
        return tuple(
            hmac.new(key, what.encode(), hashlib.sha256).hexdigest()[:8] for key in self._naming
        )

    def __repr__(self) -> str:
        return f"Vault({len(self._ring)} keys)"


def key_id(key: bytes) -> bytes:
    """Names a key without telling it: the start of a digest of it."""
    if len(key) != 32:
        raise ValueError("a key has 32 bytes")
    return hashlib.sha256(b"scanbridge key id\x00" + key).digest()[:KEY_ID_BYTES]
