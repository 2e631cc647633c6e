"""The proofs of one source: the preset's families with the source's own secrets in them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from bridge.errors import (
    NoSecret,
    ProofRefused,
    SignatureMalformed,
    SignatureMismatch,
    SignatureMissing,
    TimestampRefused,
)
from bridge.event import Delivery
from bridge.match.clean import parse_body
from bridge.sources.certificates import Certificates, SnsCheck, topic_key
from bridge.sources.lookup import as_text, plain_walk
from bridge.sources.preset import (
    BasicProof,
    BearerProof,
    Ed25519Proof,
    Freshness,
    HeaderProof,
    HmacProof,
    JwtProof,
    Proof,
    QueryProof,
    SnsProof,
)
from bridge.verify.ed25519 import SIGNATURE_BYTES, check_ed25519, decode_public_key
from bridge.verify.freshness import check_fresh
from bridge.verify.jwt import check_jwt
from bridge.verify.secret import WHPK, WHSK, Key, SecretForm, UnusableSecret, decode_secret
from bridge.verify.shared_secret import basic_credentials, bearer_token, check_shared_secret
from bridge.verify.signature import (
    DIGEST_BYTES,
    Algorithm,
    Encoding,
    HeaderForm,
    check_hmac,
    compose,
    read_entry,
    read_signatures,
)


class Check(Protocol):
    """One way for the sender to prove itself."""

    @property
    def keys(self) -> Sequence[Key]: ...

    def check(self, delivery: Delivery, now: int) -> Key:
        """The key that proves the delivery. Raises ProofRefused."""


@dataclass(frozen=True, slots=True)
class SignatureCheck:
    """Signatures in a header."""

    header: str
    form: HeaderForm
    composed: Callable[[bytes, Callable[[str], bytes]], bytes]
    algorithm: Algorithm | None
    keys: Sequence[Key]
    freshness: Freshness | None
    also_compact: bool = False

    def check(self, delivery: Delivery, now: int) -> Key:
        header = one_header(delivery, self.header)
        signatures = read_signatures(header, self.form)

        def value_of(hole: str) -> bytes:
            if hole.startswith("entry:"):
                return _bytes(read_entry(header, hole[len("entry:") :]))
            return _bytes(one_header(delivery, hole))

        key = self._key(delivery.body, signatures, value_of)
        if self.freshness is not None:
            self._check_time(self.freshness, delivery, header, now)
        return key

    def _key(
        self, body: bytes, signatures: Sequence[bytes], value_of: Callable[[str], bytes]
    ) -> Key:
        signed = self.composed(body, value_of)
        if self.algorithm is None:
            return check_ed25519(signed, signatures, self.keys)
        try:
            return check_hmac(signed, signatures, self.keys, self.algorithm)
        except SignatureMismatch:
            compact = compact_json(body) if self.also_compact else None
            if compact is None:
                raise
        return check_hmac(self.composed(compact, value_of), signatures, self.keys, self.algorithm)

    def _check_time(self, fresh: Freshness, delivery: Delivery, header: str, now: int) -> None:
        if fresh.header is not None:
            said = one_header(delivery, fresh.header)
        elif fresh.entry is not None:
            said = read_entry(header, fresh.entry)
        else:
            said = _time_in_body(fresh.body or "", delivery.body)
        check_fresh(said, now, fresh.within_seconds, fresh.unit)


@dataclass(frozen=True, slots=True)
class JwtCheck:
    """A token in a header, signed with the secret."""

    header: str
    keys: Sequence[Key]
    leeway_seconds: int

    def check(self, delivery: Delivery, now: int) -> Key:
        token = bearer_token(one_header(delivery, self.header)).decode("latin-1")
        return check_jwt(token, self.keys, now, self.leeway_seconds)


@dataclass(frozen=True, slots=True)
class SecretCheck:
    """A secret shown as it is; `take` finds it in the delivery."""

    take: Callable[[Delivery], bytes]
    keys: Sequence[Key]

    def check(self, delivery: Delivery, now: int) -> Key:
        return check_shared_secret(self.take(delivery), self.keys)


def make_checks(
    proofs: Iterable[Proof], secrets: Sequence[str], certificates: Certificates | None = None
) -> tuple[Check, ...]:
    """One check for each proof. Raises UnusableSecret for a secret that fits none of them.

    A public key is used for ed25519 only: as a shared secret it would open the door to everybody.
    A secret that is in the form of one proof and not of another is used for the one: GitLab's
    token may be any text, its signing secret is base64.
    """
    able = tuple(proofs)
    asymmetric = any(isinstance(proof, Ed25519Proof) for proof in able)
    for secret in secrets:
        if secret.startswith(WHSK):
            raise UnusableSecret("a private key (whsk_) does not belong here; give its public key")
        if secret.startswith(WHPK) and not asymmetric:
            raise UnusableSecret("this preset checks no public keys (whpk_)")
        _check_usable(secret, able)
    shelf = certificates or Certificates()
    return tuple(_make_check(proof, secrets, shelf) for proof in able)


def check_any(checks: Sequence[Check], delivery: Delivery, now: int) -> Key:
    """The key by which any of the checks passes.

    When none does, the refusal that says most is raised: a signature that was right but late, then
    one that was there but wrong, then one of which a part is missing; where nothing is there at
    all, every way that is open is named. Raises NoSecret where there is no key at all.
    """
    if len(checks) == 1 and checks[0].keys:
        return checks[0].check(delivery, now)
    able = [check for check in checks if check.keys]
    if not able:
        raise NoSecret("this source has no secret, so nothing can prove where this comes from")
    refusals: list[ProofRefused] = []
    missing: list[str] = []
    for check in able:
        try:
            return check.check(delivery, now)
        except SignatureMissing as refused:
            if isinstance(check, SignatureCheck) and delivery.header_count(check.header):
                refusals.append(refused)
            missing.append(str(refused))
        except ProofRefused as refused:
            refusals.append(refused)
    if refusals:
        raise min(refusals, key=_rank)
    ways = [words.removesuffix(" is missing") for words in dict.fromkeys(missing)]
    if len(ways) == 1:
        raise SignatureMissing(missing[0])
    raise SignatureMissing(f"{', '.join(ways[:-1])} or {ways[-1]} is needed, and none is there")


def named_headers(proofs: Iterable[Proof]) -> frozenset[str]:
    """The headers in which the proofs themselves stand; they are not kept with the event."""
    return frozenset(proof.header for proof in proofs if hasattr(proof, "header"))


def one_header(delivery: Delivery, name: str) -> str:
    """The value of a header that must be there once.

    Raises SignatureMissing, or SignatureMalformed where it came twice: which of the two would be
    meant is for an attacker to choose, not for us.
    """
    found = None
    for key, value in delivery.headers:
        if key == name:
            if found is not None:
                raise SignatureMalformed(f"the header {name} came twice")
            found = value
    if not found:
        raise SignatureMissing(f"the header {name} is missing")
    return found


def _check_usable(secret: str, proofs: Sequence[Proof]) -> None:
    """Raises UnusableSecret, with the first reason, when no proof can use the secret."""
    reasons: list[UnusableSecret] = []
    for proof in proofs:
        try:
            if _decode(proof, secret) is not None:
                return
        except UnusableSecret as error:
            reasons.append(error)
    raise reasons[0] if reasons else UnusableSecret("no proof of this preset uses such a secret")


def _decode(proof: Proof, secret: str) -> Key | None:
    """The key a secret is for this proof; None for the other kind. Raises UnusableSecret."""
    if secret.startswith(WHPK) != isinstance(proof, Ed25519Proof):
        return None
    if isinstance(proof, Ed25519Proof):
        return decode_public_key(secret)
    if isinstance(proof, SnsProof):
        return topic_key(decode_secret(secret, SecretForm.PLAIN))
    return decode_secret(secret, proof.secret if isinstance(proof, HmacProof) else SecretForm.PLAIN)


def _keys(proof: Proof, secrets: Sequence[str]) -> list[Key]:
    keys = []
    for secret in secrets:
        try:
            key = _decode(proof, secret)
        except UnusableSecret:  # another proof can use it, which was checked before
            continue
        if key is not None:
            keys.append(key)
    return keys


def _make_check(proof: Proof, secrets: Sequence[str], certificates: Certificates) -> Check:
    keys = _keys(proof, secrets)
    if isinstance(proof, HmacProof):
        length = DIGEST_BYTES[proof.algorithm]
        form = HeaderForm(proof.encoding, length, proof.prefix, proof.separator)
        return SignatureCheck(
            proof.header,
            form,
            compose(proof.signed),
            proof.algorithm,
            keys,
            proof.freshness,
            proof.also_compact,
        )
    if isinstance(proof, Ed25519Proof):
        form = HeaderForm(Encoding.BASE64, SIGNATURE_BYTES, proof.prefix, proof.separator)
        composed = compose(proof.signed)
        return SignatureCheck(proof.header, form, composed, None, keys, proof.freshness)
    if isinstance(proof, JwtProof):
        return JwtCheck(proof.header, keys, proof.leeway_seconds)
    if isinstance(proof, SnsProof):
        return SnsCheck(keys, certificates, proof.within_seconds)
    return SecretCheck(_taker(proof), keys)


def _taker(proof: Proof) -> Callable[[Delivery], bytes]:
    if isinstance(proof, HeaderProof):
        name = proof.header
        return lambda delivery: _bytes(one_header(delivery, name))
    if isinstance(proof, BearerProof):
        name = proof.header
        return lambda delivery: bearer_token(one_header(delivery, name))
    if isinstance(proof, BasicProof):
        name = proof.header
        return lambda delivery: basic_credentials(one_header(delivery, name))
    if isinstance(proof, QueryProof):
        parameter = proof.parameter
        return lambda delivery: _one_parameter(delivery, parameter)
    return _path_token


def _one_parameter(delivery: Delivery, name: str) -> bytes:
    found = [value for key, value in delivery.query if key == name]
    if len(found) > 1:
        raise SignatureMalformed(f"the parameter {name} came twice")
    if not found or not found[0]:
        raise SignatureMissing(f"the parameter {name} is missing")
    return found[0].encode("utf-8", "replace")


def _path_token(delivery: Delivery) -> bytes:
    if not delivery.path_token:
        raise SignatureMissing("the secret behind the source's name in the address is missing")
    return delivery.path_token.encode("utf-8", "replace")


def _time_in_body(path: str, body: bytes) -> str:
    walk = plain_walk(path)
    value = parse_body(body)
    said = as_text(walk({"body": value, "headers": {}, "item": value})) if walk else ""
    if not said:
        raise TimestampRefused(f"the body has no time at {path}")
    return said


def compact_json(body: bytes) -> bytes | None:
    """The body's JSON without spaces, as Python writes it; None where it is none."""
    try:
        return json.dumps(json.loads(body), separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        return None


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _rank(refused: ProofRefused) -> int:
    order = (TimestampRefused, SignatureMismatch, SignatureMalformed, SignatureMissing)
    return next((rank for rank, kind in enumerate(order) if isinstance(refused, kind)), len(order))
