"""What a preset file may say. The models refuse what they do not know."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator
from typing_extensions import TypeAliasType

from bridge.verify.freshness import Unit
from bridge.verify.secret import SecretForm
from bridge.verify.signature import Algorithm, Encoding, compose, holes


def _as_list(value: object) -> object:
    return [value] if isinstance(value, str) else value


Alternatives = Annotated[tuple[str, ...], BeforeValidator(_as_list), Field(min_length=1)]
"""One expression or several; the first that gives a value counts."""
HeaderName = Annotated[str, Field(pattern=r"^[a-z0-9!#$%&'*+.^_`|~-]+$")]
"""In small letters."""
Option: TypeAlias = Literal["header", "prefix", "algorithm", "encoding"]
DataForm = TypeAliasType("DataForm", "str | list[str] | dict[str, DataForm]")
"""How `data` is built: an expression, alternatives, or fields each built so in turn."""


class Part(BaseModel):
    """A part of a preset."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ProofPart(Part):
    """One way for a sender to prove itself."""

    only_if_chosen: bool = False
    """true: used only where the configuration of a source names this kind with `proof`."""


class Freshness(Part):
    """Where the signed time is, and how far it may be from ours. Exactly one place is named."""

    header: HeaderName | None = None
    entry: str | None = None
    """A `name=value` in the signature header, such as Stripe's `t`."""
    body: str | None = Field(None, pattern=r"^body(\.[A-Za-z_][A-Za-z0-9_]*)+$")
    """A path in the body, such as `body.webhookTimestamp`."""
    unit: Unit = Unit.SECONDS
    within_seconds: int = Field(300, ge=1, le=604_800)

    @model_validator(mode="after")
    def _one_place(self) -> Freshness:
        if sum(place is not None for place in (self.header, self.entry, self.body)) != 1:
            raise ValueError("name one of header, entry and body")
        return self


class Signed(ProofPart):
    """What every proof by signature says."""

    header: HeaderName
    """Where the signatures are."""
    prefix: str = ""
    """What each begins with, such as `sha256=` or `v1,`; others are skipped."""
    separator: Literal["", " ", ","] = ""
    """What stands between several; empty where there is always one."""
    signed: str = "{body}"
    """What was signed. `{body}` is the raw body, `{name}` another header's value,
    `{entry:t}` a `t=…` of the signature header."""
    freshness: Freshness | None = None

    @field_validator("signed")
    @classmethod
    def _composes(cls, template: str) -> str:
        compose(template)
        return template

    @model_validator(mode="after")
    def _time_is_signed(self) -> Signed:
        fresh = self.freshness
        if fresh is None or fresh.body is not None:
            return self
        hole = fresh.header if fresh.header is not None else f"entry:{fresh.entry}"
        if hole not in holes(self.signed):
            raise ValueError(f"the time proves nothing: {{{hole}}} is not part of `signed`")
        return self


class HmacProof(Signed):
    """HMAC over the body or over a text composed with it."""

    kind: Literal["hmac"]
    algorithm: Algorithm = Algorithm.SHA256
    encoding: Encoding = Encoding.HEX
    secret: SecretForm = SecretForm.PLAIN
    also_compact: bool = False
    """true: what was signed may be the body's JSON written without spaces, not its bytes."""
    options: tuple[Option, ...] = ()
    """What the configuration of a source may set otherwise."""


class Ed25519Proof(Signed):
    """ed25519, signature in base64; the source's secrets are public keys, `whpk_…`."""

    kind: Literal["ed25519"]


class HeaderProof(ProofPart):
    """A header whose whole value is the secret."""

    kind: Literal["header"]
    header: HeaderName
    options: tuple[Literal["header"], ...] = ()


class BearerProof(ProofPart):
    """`Authorization: Bearer <secret>`."""

    kind: Literal["bearer"]
    header: HeaderName = "authorization"


class BasicProof(ProofPart):
    """`Authorization: Basic …`; the secret is written `user:password`."""

    kind: Literal["basic"]
    header: HeaderName = "authorization"


class JwtProof(ProofPart):
    """`Authorization: Bearer <JWT>`, signed with HS256; the secret is the key. It proves who sends
    and for how long, and says nothing of the body."""

    kind: Literal["jwt"]
    header: HeaderName = "authorization"
    leeway_seconds: int = Field(60, ge=0, le=300)
    """What the two clocks may differ when the token's times are looked at."""


class SnsProof(ProofPart):
    """Amazon SNS: signed in the body by AWS; the secrets are the ARNs of the topics to take."""

    kind: Literal["sns"]
    within_seconds: int = Field(3600, ge=1, le=604_800)
    """How old a message may be."""


class QueryProof(ProofPart):
    """The secret as a parameter of the address."""

    kind: Literal["query"]
    parameter: str = "access_token"


class PathProof(ProofPart):
    """The secret behind the source's name in the path: `/hooks/NAME/SECRET`."""

    kind: Literal["path"]


Proof = Annotated[
    HmacProof
    | Ed25519Proof
    | JwtProof
    | HeaderProof
    | BearerProof
    | BasicProof
    | QueryProof
    | PathProof
    | SnsProof,
    Field(discriminator="kind"),
]


class AnswerForm(Part):
    """A delivery that is answered at once and not stored, such as Slack's `url_verification`."""

    where: str
    """An expression; compared with `equals` as text."""
    equals: str
    reply: dict[str, str] = Field(default_factory=dict)
    """The fields of the JSON object in the answer, each an expression."""
    visit: str | None = None
    """An expression for an address that is called before the answer is given, which SNS wants for
    the confirmation of a subscription. Only addresses of SNS itself are called."""


class TypeForm(Part):
    """What the sender calls its events, and what we call them."""

    of: Alternatives
    """Expressions for the sender's own word."""
    map: dict[str, str] = Field(default_factory=dict)
    """The sender's word, or a glob for several, to ours. A word that is not here is kept."""


class KindForm(Part):
    """What is read otherwise for some of a sender's types."""

    of: Alternatives
    """The sender's words, or globs for them."""
    key: Alternatives | None = None
    subject: Alternatives | None = None
    time: Alternatives | None = None
    data: DataForm | None = None


class PresetForm(Part):
    """One preset file.

    Expressions are CEL and know `body` (parsed), `headers` (names in small letters) and `item`:
    the event itself, which is an element of `events` where a body holds several, else the body.
    """

    name: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    """The file's name without `.yaml`."""
    sentence: str = Field(min_length=10)
    """What the sender is and what comes from it."""
    page: str = Field(pattern=r"^https?://")
    """Where the sender says how it signs."""
    read: str = Field(pattern=r"^20[0-9]{2}-[01][0-9](-[0-3][0-9])?$")
    """When that page was read."""
    level: Literal["V", "P", "X"]
    """V: verified at the sender's documents or code. P: partly, or through third parties.
    X: not verified."""
    against: str = ""
    """What the tests hold it against beside that page: the vendor's library, recorded bodies."""
    proof: tuple[Proof, ...] = Field(min_length=1)
    """How the sender proves itself; any one of them suffices."""
    on_bad_signature: Literal["refuse", "retry"] = "refuse"
    """What a wrong proof is answered with where a source does not say: `retry` is for senders that
    give an address up for good after a 4xx."""
    case_webhook: bool = False
    """true: sources of it take the calls of Kibana's case connector under `/case-webhook`. The
    headers `x-case-call` (create, update, comment), `x-case-id` and `x-case-request` are then
    ours: which call it is, of which case (a new id where one is created), and an id of the call."""
    envelope: Literal["cloudevents"] | None = None
    """cloudevents: structured, binary and batch mode are all read as events in structured form."""
    media_types: tuple[str, ...] = ()
    """Content types taken for JSON beside `application/json` and `…+json`."""
    events: str | None = None
    """An expression for a list, where one body holds several events."""
    answers: tuple[AnswerForm, ...] = ()
    key: Alternatives | None = None
    """What makes a redelivery recognisable. An id that the sender keeps when it sends again, not
    one of the request: proxies add such."""
    hash_within_seconds: int = Field(86_400, ge=1, le=2_592_000)
    """Where no key is found, the hash of type and body stands in for it, for this long: an
    honest repeat of the same bytes within the window counts as a redelivery. The windows follow
    each other without overlap, so a redelivery across their border is taken as new."""
    type: TypeForm
    subject: Alternatives | None = None
    """The issue, scan, case or job the event is about: its lane. Without it, the key."""
    time: Alternatives | None = None
    """When it happened: ISO 8601, or a number of seconds or milliseconds. Without it, when it was
    received."""
    data: DataForm = "item"
    kinds: tuple[KindForm, ...] = ()
    """The first whose `of` fits the sender's word goes before what is said above."""
