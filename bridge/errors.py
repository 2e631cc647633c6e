"""Every error this package raises on purpose, as one tree.

BridgeError
├── Invalid                     what a person wrote is wrong; carries all problems with their places
├── Refused                     a delivery is turned away, with the reason its sender may read
│   ├── TooLarge                over the body limit
│   ├── TooSlow                 the body stalled
│   ├── UnsupportedMediaType
│   ├── Malformed               the form of the body is wrong
│   ├── ProofRefused            what the sender gave does not prove that it is the sender
│   │   ├── SignatureMissing
│   │   ├── SignatureMalformed
│   │   ├── SignatureMismatch
│   │   ├── TimestampRefused    too old, too far ahead, or no number
│   │   ├── AddressRefused      it comes from an address the source does not take
│   │   ├── CertificateNeeded   it is signed by a certificate that is still to be fetched
│   │   └── NoSecret            the source has no secret, so nothing can prove anything
│   ├── SenderUnreachable       what has to be asked of the sender's own server cannot be had now
│   └── NoSuchSource
├── StoreError
│   ├── StoreFull               the waiting line of writes is full
│   ├── LeaseLost               another process has taken the lane over
│   ├── StoreUnavailable        the write failed: disk full, read-only, locked, gone
│   └── StoreOutdated           the schema is not the one this program knows
├── ExpressionFailed            a compiled expression gave an error for this event
├── NotFound                    nothing has this id
├── NotOfKind                   a file is not what its name says, or of no kind that is taken
├── VaultClosed                 no key here opens a sealed value
├── RequestRefused              an API caller is told no
│   ├── NoKeys                  no API key was ever made
│   ├── KeyRefused              no key, an unknown one, or a session that is over
│   ├── RoleRefused             the key's role does not reach that far
│   ├── RateExceeded            too many requests with one key
│   ├── FieldsRefused           fields of the request that cannot be used, each named
│   ├── PushFailed              the system that was to be pushed to did not take it
│   ├── Conflict                what is there already says otherwise
│   └── BackendFailed           the system behind the API refused, or there is none
├── Hold                        an action has to wait before anything is tried
└── ConnectorError
    ├── TryAgain                the same call may succeed later
    └── GiveUp                  it never will without a person
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace


class BridgeError(Exception):
    """Something this program said no to, in words for the operator."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a person wrote something. Lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: where it is, what is wrong, what would be right.

    field: the path of the key, such as `rules[0].when`; empty when the whole file is meant.
    hint: a suggestion such as `did you mean "create_ticket"?`; may be empty.
    warning: true when the program goes on all the same.
    tells: the sources and integrations that the hint names.
    """

    place: Place
    message: str
    field: str = ""
    hint: str = ""
    warning: bool = False
    tells: tuple[str, ...] = ()

    def for_those_who_know(self, names: Collection[str]) -> Problem:
        """The same, without a hint that names a source or an integration beside these."""
        return self if set(self.tells) <= set(names) else replace(self, hint="", tells=())

    def __str__(self) -> str:
        words = f"{self.place}: {self.field + ': ' if self.field else ''}{self.message}"
        return f"{words} ({self.hint})" if self.hint else words


class Invalid(BridgeError):
    """What was written cannot be used; every problem is listed, not only the first."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in problems))


class Refused(BridgeError):
    """A delivery is turned away. The text may be shown to its sender, so it holds no secret.

    reason: one word for logs, metrics and tables, such as `signature_mismatch`.
    """

    reason = "refused"


class TooLarge(Refused):
    reason = "too_large"


class TooSlow(Refused):
    reason = "too_slow"


class UnsupportedMediaType(Refused):
    reason = "unsupported_media_type"


class Malformed(Refused):
    reason = "malformed"


class SenderUnreachable(Refused):
    """The sender's server did not give what the delivery needs; the same may work later."""

    reason = "sender_unreachable"


class NoSuchSource(Refused):
    reason = "no_such_source"


class ProofRefused(Refused):
    """The sender did not prove that it is the sender."""

    reason = "proof_refused"


class SignatureMissing(ProofRefused):
    reason = "signature_missing"


class SignatureMalformed(ProofRefused):
    reason = "signature_malformed"


class SignatureMismatch(ProofRefused):
    reason = "signature_mismatch"


class TimestampRefused(ProofRefused):
    reason = "timestamp_refused"


class AddressRefused(ProofRefused):
    reason = "address_refused"


class CertificateNeeded(ProofRefused):
    """The certificate at `url` is needed to check the signature; the address is allowed."""

    reason = "certificate_needed"

    def __init__(self, message: str, url: str = "") -> None:
        self.url = url
        super().__init__(message)


class NoSecret(ProofRefused):
    reason = "no_secret"


class StoreError(BridgeError):
    """The store could not do what was asked."""


class StoreFull(StoreError):
    """Too many writes wait already; come back in `retry_after_seconds`."""

    def __init__(self, retry_after_seconds: int = 1) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__("the store is busy: the line of waiting writes is full")


class StoreUnavailable(StoreError):
    """The write did not happen, and the text says why in the engine's words."""


class LeaseLost(StoreError):
    """The lane was taken over by another process, which will look for what this one did."""


class StoreOutdated(StoreError):
    """The database was made by a newer program, or one of its migrations was edited."""


class ExpressionFailed(BridgeError):
    """An expression gave no usable value for this event.

    absent: the path of the field that was not there, such as `data.score`; else empty.
    """

    def __init__(self, message: str, absent: str = "") -> None:
        self.absent = absent
        super().__init__(message)


class NotFound(BridgeError):
    """Nothing here has this id."""


class NotOfKind(BridgeError):
    """A file's content is not what its name says, or its kind is not taken."""


class VaultClosed(BridgeError):
    """No key here opens a sealed value; the text names its record."""


class RequestRefused(BridgeError):
    """An API caller is told no. The text is for the caller, so it holds no secret."""


class NoKeys(RequestRefused):
    """No API key was ever made, so nobody can be let in."""


class KeyRefused(RequestRefused):
    """The request brings no key that holds."""


class RoleRefused(RequestRefused):
    """The key holds, and its role does not reach that far."""


class RateExceeded(RequestRefused):
    """Too many requests with one key; come back in `retry_after_seconds`."""

    def __init__(self, retry_after_seconds: int) -> None:
        self.retry_after_seconds = retry_after_seconds
        super().__init__(f"too many requests with this key; try again in {retry_after_seconds} s")


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field of a request that cannot be used. where: `body`, `query` or `path`, then the way
    to the field. kind: one word for programs."""

    where: tuple[str | int, ...]
    message: str
    kind: str = "invalid"

    def __str__(self) -> str:
        return f"{'.'.join(str(part) for part in self.where[1:]) or self.where[0]}: {self.message}"


class FieldsRefused(RequestRefused):
    """Fields of a request cannot be used; every one is listed, not only the first."""

    def __init__(self, problems: list[FieldProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(str(problem) for problem in problems))


class PushFailed(RequestRefused):
    """What was pushed did not arrive; the text says what the other system had against it."""


class Conflict(RequestRefused):
    """What is there already says otherwise: a name that is taken, a version that has moved on."""


class BackendFailed(RequestRefused):
    """The system behind an API refused what it was asked, or none is configured.

    For the documents that answer this with 500; where waiting helps, TryAgain is raised.
    """


class Hold(BridgeError):
    """An action has to wait before anything is tried; that counts as no try."""

    def __init__(self, reason: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(reason)


class ConnectorError(BridgeError):
    """A call to another system did not succeed.

    reason: short, cut and free of secrets, fit to be stored and shown.
    status: the HTTP status where there was an answer, else 0.
    """

    def __init__(self, reason: str, *, status: int = 0) -> None:
        self.reason = reason
        self.status = status
        super().__init__(reason)


class TryAgain(ConnectorError):
    """The same call may succeed later.

    after_seconds: what the other system asked for, or None to leave it to the backoff.
    scope: what has to wait: `call`, `object` (this issue), `endpoint` or `site`.
    may_have_happened: the call may have been carried out although no answer came.
    """

    def __init__(
        self,
        reason: str,
        *,
        after_seconds: float | None = None,
        status: int = 0,
        scope: str = "call",
        may_have_happened: bool = False,
    ) -> None:
        self.after_seconds = after_seconds
        self.scope = scope
        self.may_have_happened = may_have_happened
        super().__init__(reason, status=status)


class GiveUp(ConnectorError):
    """Repeating the call cannot help; a person has to change something."""
