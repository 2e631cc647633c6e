"""Signatures by HMAC: taking them out of a header, composing what was signed, comparing."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bridge.errors import SignatureMalformed, SignatureMismatch
from bridge.verify.secret import Key

MOST_SIGNATURES = 32
"""More in one header is no rotation but an attempt to make us work. The number is arbitrary: a
sender in the middle of a rotation has two."""


class Algorithm(StrEnum):
    SHA256 = "sha256"
    SHA384 = "sha384"
    SHA512 = "sha512"
    SHA1 = "sha1"
    """Only for senders that know nothing better (Nexus IQ)."""


class Encoding(StrEnum):
    HEX = "hex"
    BASE64 = "base64"


DIGEST_BYTES = {
    Algorithm.SHA256: 32,
    Algorithm.SHA384: 48,
    Algorithm.SHA512: 64,
    Algorithm.SHA1: 20,
}


@dataclass(frozen=True, slots=True)
class HeaderForm:
    """How signatures stand in a header.

    prefix: what each one begins with, such as `sha256=`, `v0=`, `v1,`; may be empty. Entries
        that begin otherwise are other versions and are skipped.
    separator: what stands between several, a space or a comma; empty where there is always one.
    length: bytes of a decoded signature.
    """

    encoding: Encoding
    length: int
    prefix: str = ""
    separator: str = ""


_BASE64 = re.compile(r"[A-Za-z0-9+/]+={0,2}", re.ASCII)


def read_signatures(header: str, form: HeaderForm) -> tuple[bytes, ...]:
    """The well-formed signatures of a header, at least one, in order.

    Raises SignatureMalformed when none is, or when there are absurdly many.
    """
    if not form.separator and header.startswith(form.prefix):
        value = _decode(header[len(form.prefix) :].rstrip(" \t"), form.encoding)
        if value is not None and len(value) == form.length:
            return (value,)
    entries = header.split(form.separator) if form.separator else [header]
    if len(entries) > MOST_SIGNATURES:
        raise SignatureMalformed(f"more than {MOST_SIGNATURES} signatures in one header")
    found = []
    for entry in entries:
        text = entry.strip(" \t")
        if text.startswith(form.prefix):
            value = _decode(text[len(form.prefix) :], form.encoding)
            if value is not None and len(value) == form.length:
                found.append(value)
    if not found:
        raise SignatureMalformed(f"the signature is not {describe(form)}")
    return tuple(found)


def describe(form: HeaderForm) -> str:
    """The form in words, for the refusal its sender reads and for the documentation."""
    size = form.length * 2 if form.encoding is Encoding.HEX else form.length
    unit = "hex digits" if form.encoding is Encoding.HEX else "bytes in base64"
    return f"`{form.prefix}` then {size} {unit}" if form.prefix else f"{size} {unit}"


def read_entry(header: str, name: str, separator: str = ",") -> str:
    """The value of `name=value` in a header of several, such as the `t` of `t=…,v1=…`.

    Raises SignatureMalformed when it is absent or stands there twice.
    """
    marker = name + "="
    found = [
        entry.strip(" \t")[len(marker) :]
        for entry in header.split(separator)
        if entry.strip(" \t").startswith(marker)
    ]
    if len(found) != 1:
        raise SignatureMalformed(f"the signature header needs one `{marker}…`")
    return found[0]


def check_hmac(
    signed: bytes, signatures: Sequence[bytes], keys: Sequence[Key], algorithm: Algorithm
) -> Key:
    """The key by which one of the signatures is right; every comparison in constant time.

    Raises SignatureMismatch when there is none.
    """
    for key in keys:
        expected = hmac_digest(signed, key.value, algorithm)
        for signature in signatures:
            if hmac.compare_digest(expected, signature):
                return key
    raise SignatureMismatch("the signature does not fit the body and any secret of this source")


def hmac_digest(signed: bytes, key: bytes, algorithm: Algorithm) -> bytes:
    """HMAC of the bytes."""
    mac = _keyed(key, algorithm).copy()
    mac.update(signed)
    return mac.digest()


@lru_cache(maxsize=256)
def _keyed(key: bytes, algorithm: Algorithm) -> hmac.HMAC:
    """What is the same for everything that is signed with a key; a fifth of the whole."""
    return hmac.new(key, digestmod=algorithm.value)


def write_signature(value: bytes, form: HeaderForm) -> str:
    """One signature as a header would hold it."""
    if form.encoding is Encoding.HEX:
        return form.prefix + value.hex()
    return form.prefix + base64.b64encode(value).decode("ascii")


def compose(template: str) -> Callable[[bytes, Callable[[str], bytes]], bytes]:
    """A function that puts together what was signed.

    template: text with `{body}` and other holes, such as `v0:{x-slack-request-timestamp}:{body}`.
    The function takes the body's bytes and a function from a hole's name to its bytes.
    Raises ValueError for a template without `{body}` or with an unclosed brace.
    """
    pieces = re.split(r"\{([^{}]+)\}", template)
    if any("{" in text or "}" in text for text in pieces[0::2]):
        raise ValueError("a brace is not closed")
    if "body" not in pieces[1::2]:
        raise ValueError("{body} is missing, so the body would not be signed")
    if pieces == ["", "body", ""]:
        return lambda body, _: body
    parts = [(index % 2 == 1, text) for index, text in enumerate(pieces) if text]

    def composed(body: bytes, value_of: Callable[[str], bytes]) -> bytes:
        return b"".join(
            (body if text == "body" else value_of(text)) if hole else text.encode()
            for hole, text in parts
        )

    return composed


def holes(template: str) -> tuple[str, ...]:
    """The names of a template's holes but `body`."""
    return tuple(name for name in re.findall(r"\{([^{}]+)\}", template) if name != "body")


def body_digest(*pieces: bytes) -> str:
    """SHA-256 of the pieces in hex, each with its length so that none can slide into the next."""
    digest = hashlib.sha256()
    for piece in pieces:
        digest.update(len(piece).to_bytes(8))
        digest.update(piece)
    return digest.hexdigest()


def _decode(text: str, encoding: Encoding) -> bytes | None:
    try:
        if encoding is Encoding.HEX:
            value = bytes.fromhex(text)
            # It skips blanks; a text that had any is longer than what it gives.
            return value if len(text) == 2 * len(value) else None
        if not _BASE64.fullmatch(text):
            return None
        return base64.b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except (binascii.Error, ValueError):
        return None
