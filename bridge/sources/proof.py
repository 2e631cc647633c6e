"""The proofs of one source: the preset's families with the source's own secrets in them."""

from __future__ import annotations

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
from bridge.sources.lookup import as_text, plain_walk
from bridge.sources.preset import (
    BasicProof,
    BearerProof,
    Ed25519Proof,
    Freshness,
    HeaderProof,
    HmacProof,
    Proof,
    QueryProof,
    Signed,
)
from bridge.verify.ed25519 import SIGNATURE_BYTES, check_ed25519, decode_public_key
from bridge.verify.freshness import check_fresh
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

    def check(self, delivery: Delivery, now: int) -> Key:
        header = one_header(delivery, self.header)
        signatures = read_signatures(header, self.form)

        def value_of(hole: str) -> bytes:
            if hole.startswith("entry:"):
                return _bytes(read_entry(header, hole[len("entry:") :]))
            return _bytes(one_header(delivery, hole))

        signed = self.composed(delivery.body, value_of)
        if self.algorithm is None:
            key = check_ed25519(signed, signatures, self.keys)
        else:
            key = check_hmac(signed, signatures, self.keys, self.algorithm)
        if self.freshness is not None:
            self._check_time(self.freshness, delivery, header, now)
        return key

    def _check_time(self, fresh: Freshness, delivery: Delivery, header: str, now: int) -> None:
        if fresh.header is not None:
            said = one_header(delivery, fresh.header)
        elif fresh.entry is not None:
            said = read_entry(header, fresh.entry)
        else:
            said = _time_in_body(fresh.body or "", delivery.body)
        check_fresh(said, now, fresh.within_seconds, fresh.unit)


@dataclass(frozen=True, slots=True)
class SecretCheck:
    """A secret shown as it is; `take` finds it in the delivery."""

    take: Callable[[Delivery], bytes]
    keys: Sequence[Key]

    def check(self, delivery: Delivery, now: int) -> Key:
        return check_shared_secret(self.take(delivery), self.keys)


def make_checks(proofs: Iterable[Proof], secrets: Sequence[str]) -> tuple[Check, ...]:
    """One check for each proof. Raises UnusableSecret for a secret that fits none of them.

    A public key is used for ed25519 only: as a shared secret it would open the door to everybody.
    """
    able = tuple(proofs)
    asymmetric = any(isinstance(proof, Ed25519Proof) for proof in able)
    for secret in secrets:
        if secret.startswith(WHSK):
            raise UnusableSecret("a private key (whsk_) does not belong here; give its public key")
        if secret.startswith(WHPK) and not asymmetric:
            raise UnusableSecret("this preset checks no public keys (whpk_)")
    return tuple(_make_check(proof, secrets) for proof in able)


def check_any(checks: Sequence[Check], delivery: Delivery, now: int) -> Key:
    """The key by which any of the checks passes.

    When none does, the refusal that says most is raised: a signature that was right but late, then
    one that was there but wrong, then a missing one. Raises NoSecret where there is no key at all.
    """
    if len(checks) == 1 and checks[0].keys:
        return checks[0].check(delivery, now)
    able = [check for check in checks if check.keys]
    if not able:
        raise NoSecret("this source has no secret, so nothing can prove where this comes from")
    refusals: list[ProofRefused] = []
    for check in able:
        try:
            return check.check(delivery, now)
        except ProofRefused as refused:
            refusals.append(refused)
    raise min(refusals, key=_rank)


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


def _make_check(proof: Proof, secrets: Sequence[str]) -> Check:
    shared = [secret for secret in secrets if not secret.startswith(WHPK)]
    if isinstance(proof, HmacProof):
        keys = [decode_secret(secret, proof.secret) for secret in shared]
        form = HeaderForm(
            proof.encoding, DIGEST_BYTES[proof.algorithm], proof.prefix, proof.separator
        )
        return _signature_check(proof, form, keys, proof.algorithm)
    if isinstance(proof, Ed25519Proof):
        keys = [decode_public_key(secret) for secret in secrets if secret.startswith(WHPK)]
        form = HeaderForm(Encoding.BASE64, SIGNATURE_BYTES, proof.prefix, proof.separator)
        return _signature_check(proof, form, keys, None)
    keys = [decode_secret(secret, SecretForm.PLAIN) for secret in shared]
    return SecretCheck(_taker(proof), keys)


def _signature_check(
    proof: Signed, form: HeaderForm, keys: Sequence[Key], algorithm: Algorithm | None
) -> Check:
    composed = compose(proof.signed)
    return SignatureCheck(proof.header, form, composed, algorithm, keys, proof.freshness)


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


def _bytes(text: str) -> bytes:
    return text.encode("latin-1", "replace")


def _rank(refused: ProofRefused) -> int:
    order = (TimestampRefused, SignatureMismatch, SignatureMalformed, SignatureMissing)
    return next((rank for rank, kind in enumerate(order) if isinstance(refused, kind)), len(order))
