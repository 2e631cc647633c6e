"""Signing as a sender would: for `bridge send`, the tests and the demo."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass

from bridge.clock import new_id
from bridge.sources.preset import (
    BasicProof,
    BearerProof,
    Ed25519Proof,
    HeaderProof,
    HmacProof,
    JwtProof,
    Proof,
    QueryProof,
    Signed,
    SnsProof,
)
from bridge.verify.ed25519 import sign_ed25519
from bridge.verify.freshness import Unit
from bridge.verify.jwt import make_jwt
from bridge.verify.secret import WHPK, WHSK, SecretForm, UnusableSecret, decode_secret
from bridge.verify.signature import (
    DIGEST_BYTES,
    Encoding,
    HeaderForm,
    compose,
    hmac_digest,
    holes,
    write_signature,
)


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What a signed request carries beside its body.

    headers: those given, with the proof's in them; names in small letters.
    query: parameters to add to the address.
    path_token: what to put behind the source's name; empty for nothing.
    """

    headers: tuple[tuple[str, str], ...]
    query: tuple[tuple[str, str], ...] = ()
    path_token: str = ""


def sign(
    proofs: Sequence[Proof],
    body: bytes,
    secret: str,
    now: int,
    headers: Sequence[tuple[str, str]] = (),
) -> SignedRequest:
    """A request that `Source.verify` accepts.

    proofs: `source.proofs`, or `preset.form.proof`; the first that the secret fits is used.
    secret: as in the configuration; `whsk_…` signs with ed25519, and `whpk_…` cannot sign.
    now: milliseconds; a signed time is set to it, a time inside the body is left as it is.
    headers: those of the recorded request; what the proof needs is set anew.

    Raises UnusableSecret.
    """
    if secret.startswith(WHPK):
        raise UnusableSecret("a public key cannot sign; give the whsk_ key that belongs to it")
    if any(isinstance(proof, SnsProof) for proof in proofs):
        raise UnusableSecret(
            "only AWS signs for its topics; a recorded message keeps its signature"
        )
    asymmetric = secret.startswith(WHSK)
    for proof in proofs:
        if isinstance(proof, Ed25519Proof) == asymmetric:
            carried = {name.lower(): value for name, value in headers}
            return _sign(proof, body, secret, now, carried)
    raise UnusableSecret("no proof of this source can be made with this secret")


def renew_time(proofs: Sequence[Proof], body: bytes, now: int) -> bytes:
    """A recorded body with the present time where a proof reads it from inside, as Linear's does.

    The body stays as it is where no proof does, or where it has no such field.
    """
    for proof in proofs:
        fresh = proof.freshness if isinstance(proof, Signed) else None
        if fresh is not None and fresh.body is not None:
            try:
                value = json.loads(body)
            except ValueError:
                return body
            *steps, last = fresh.body.split(".")[1:]
            inside = value
            for step in steps:
                inside = inside.get(step) if isinstance(inside, dict) else None
            if not isinstance(inside, dict) or last not in inside:
                return body
            inside[last] = int(_stamp(now, fresh.unit))
            return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()
    return body


def _sign(
    proof: Proof, body: bytes, secret: str, now: int, headers: dict[str, str]
) -> SignedRequest:
    if isinstance(proof, Signed):
        _add_signature(proof, body, secret, now, headers)
    elif isinstance(proof, HeaderProof):
        headers[proof.header] = secret
    elif isinstance(proof, JwtProof):
        key = decode_secret(secret, SecretForm.PLAIN).value
        headers[proof.header] = f"Bearer {make_jwt(key, now)}"
    elif isinstance(proof, BearerProof):
        headers[proof.header] = f"Bearer {secret}"
    elif isinstance(proof, BasicProof):
        headers[proof.header] = "Basic " + base64.b64encode(secret.encode()).decode()
    elif isinstance(proof, QueryProof):
        return SignedRequest(tuple(headers.items()), ((proof.parameter, secret),))
    else:
        return SignedRequest(tuple(headers.items()), path_token=secret)
    return SignedRequest(tuple(headers.items()))


def _add_signature(
    proof: Signed, body: bytes, secret: str, now: int, headers: dict[str, str]
) -> None:
    fresh = proof.freshness
    if fresh is not None and fresh.header is not None:
        headers[fresh.header] = _stamp(now, fresh.unit)
    entries: dict[str, str] = {}

    def value_of(hole: str) -> bytes:
        if hole.startswith("entry:"):
            name = hole.removeprefix("entry:")
            return entries.setdefault(
                name, _stamp(now, fresh.unit if fresh else Unit.SECONDS)
            ).encode()
        return headers.setdefault(hole, new_id("msg", now)).encode("latin-1", "replace")

    for hole in holes(proof.signed):
        value_of(hole)
    signature = _signature(proof, compose(proof.signed)(body, value_of), secret)
    written = [f"{name}={value}" for name, value in entries.items()]
    headers[proof.header] = (proof.separator or ",").join([*written, signature])


def _signature(proof: Signed, signed: bytes, secret: str) -> str:
    if isinstance(proof, HmacProof):
        value = hmac_digest(signed, decode_secret(secret, proof.secret).value, proof.algorithm)
        form = HeaderForm(proof.encoding, DIGEST_BYTES[proof.algorithm], proof.prefix)
        return write_signature(value, form)
    value = sign_ed25519(signed, secret)
    return write_signature(value, HeaderForm(Encoding.BASE64, len(value), proof.prefix))


def _stamp(now: int, unit: Unit) -> str:
    return str(now // 1000 if unit is Unit.SECONDS else now)
