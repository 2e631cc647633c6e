"""The keys that seal what is kept secret in the store: those configured, or one of our own."""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import SecretStr

from bridge.errors import Invalid, Place, Problem


def key_file(sqlite_file: Path) -> Path:
    """Where the key of a SQLite installation lies: beside its database, `bridge.db.key`."""
    return sqlite_file.with_name(f"{sqlite_file.name}.key")


def load_keys(configured: Sequence[SecretStr], sqlite_file: Path | None) -> tuple[bytes, ...]:
    """The keys, newest first, 32 bytes each.

    configured: base64, already checked. Where there are none, the key beside the SQLite file is
    read; where there is none either, it is made, readable by its owner only. Two processes that
    start at once end with the same key.
    Raises Invalid when there is neither a key nor a place for one, or the file holds no key.
    """
    if configured:
        return tuple(base64.b64decode(key.get_secret_value()) for key in configured)
    if sqlite_file is None:
        words = "PostgreSQL needs keys that every node knows: set encryption.keys"
        raise Invalid([Problem(Place("the configuration", 1, 1), words, "encryption.keys")])
    file = key_file(sqlite_file)
    try:
        if not file.exists():
            _make(file)
        keys = tuple(_decode(line, file) for line in file.read_text("ascii").split())
    except (OSError, UnicodeDecodeError) as error:
        words = f"the encryption key cannot be read or made: {error}"
        raise Invalid([Problem(Place(str(file), 1, 1), words)]) from error
    if not keys:
        raise Invalid([Problem(Place(str(file), 1, 1), "this file holds no key")])
    return keys


def add_key(sqlite_file: Path) -> None:
    """Puts a new key in front of those in the key file, in one step; makes the file if need be.

    Raises Invalid when the file holds no keys, or cannot be written.
    """
    before = load_keys((), sqlite_file)
    file = key_file(sqlite_file)
    lines = [new_key(), *(base64.b64encode(key).decode("ascii") for key in before)]
    try:
        _draft(file, "\n".join(lines)).replace(file)
    except OSError as error:
        words = f"the encryption key cannot be written: {error}"
        raise Invalid([Problem(Place(str(file), 1, 1), words)]) from error


def new_key() -> str:
    """A fresh key as base64, the way it stands in `encryption.keys`."""
    return base64.b64encode(os.urandom(32)).decode("ascii")


def _make(file: Path) -> None:
    """Write a new key under another name, then link it: whoever links first has made the key."""
    draft = _draft(file, new_key())
    try:
        os.link(draft, file)
    except FileExistsError:
        pass  # another process made it first; its key is the one
    finally:
        draft.unlink()


def _draft(file: Path, text: str) -> Path:
    """A file beside this one, on the disk and readable by its owner only."""
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_name(f"{file.name}.{os.getpid()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(text + "\n")
        stream.flush()
        os.fsync(stream.fileno())
    return draft


def _decode(line: str, file: Path) -> bytes:
    try:
        key = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 32:
        words = "a line of this file is not base64 of 32 bytes"
        raise Invalid([Problem(Place(str(file), 1, 1), words)])
    return key
