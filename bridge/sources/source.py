"""One configured source: what receive asks before it stores, and what the worker asks after."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bridge.clock import new_id
from bridge.errors import (
    ExpressionFailed,
    Invalid,
    Malformed,
    Place,
    Problem,
    UnsupportedMediaType,
)
from bridge.event import JSON, Delivery, Event, NewEvent, StoredEvent
from bridge.match.clean import parse_body
from bridge.settings import SourceSettings
from bridge.sources.build import build_data
from bridge.sources.certificates import Certificates
from bridge.sources.cloudevents import allow_origin, is_json, media_type, read_cloudevents
from bridge.sources.compiled import Kind, Preset
from bridge.sources.complete import complete
from bridge.sources.kept_headers import keep_headers, read_headers
from bridge.sources.lookup import Absent, Scope
from bridge.sources.moment import read_moment
from bridge.sources.options import resolve_proofs
from bridge.sources.proof import check_any, make_checks, named_headers
from bridge.verify.secret import UnusableSecret
from bridge.verify.signature import body_digest
from bridge.verify.sns import check_aws_url

UNRECOGNISED = "unrecognised"
"""The type of an event whose sender did not say what it is."""
MOST_EVENTS = 10_000
"""In one body. Arbitrary: a body of one MiB full of the smallest CloudEvents holds as many."""
MOST_WORDS = 1_000
"""Types of a sender remembered; it may send any, so there is an end to it."""
MOST_CHARACTERS = 200
"""Of a key, a subject and a type. What is longer is cut and told apart by its hash; no sender's
own identifiers come near it, and the index on them stays small."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a handshake is answered with.

    visit: an address that has to be called before; empty where none has.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    visit: str = ""


class Source:
    """A sender as it is configured: its preset, its secrets, its tenant.

    Raises Invalid when a secret is not in the form the preset needs, or an option does not fit.
    """

    def __init__(
        self, preset: Preset, settings: SourceSettings, place: Place | None = None
    ) -> None:
        """place: where the source stands in the configuration, for complaints."""
        self.preset = preset
        self.settings = settings
        self.name = settings.name
        self.tenant = settings.tenant
        on_bad_signature = settings.on_bad_signature or preset.form.on_bad_signature
        self.refuse_status = 503 if on_bad_signature == "retry" else 401
        """What a delivery without a good proof is answered with."""
        here = place or Place("bridge.yaml", 1, 1)
        self.proofs = resolve_proofs(preset.form.proof, settings, here)
        self._proof_headers = named_headers((*preset.form.proof, *self.proofs))
        self._words: dict[str, tuple[Kind, str]] = {}
        self._good_types: set[str] = set()
        secrets = [secret.get_secret_value() for secret in settings.secrets]
        field = "certificates"
        try:
            self.certificates = Certificates(settings.certificates)
            field = "secrets"
            self._checks = make_checks(self.proofs, secrets, self.certificates)
        except UnusableSecret as error:
            name = f"sources.{settings.name}.{field}"
            raise Invalid([Problem(here, str(error), name)]) from error

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """The names under which `verify` reports the secrets, without repeats."""
        names = (key.fingerprint for check in self._checks for key in check.keys)
        return tuple(dict.fromkeys(names))

    def verify(self, delivery: Delivery, now: int) -> str:
        """The fingerprint of the secret that proves this delivery; empty with `proof: none`.

        now: milliseconds. Raises a ProofRefused; Malformed where the preset looks for a signed
        time in a body that cannot be read.
        """
        if self.settings.proof == "none":
            return ""
        return check_any(self._checks, delivery, now).fingerprint

    def parse(self, delivery: Delivery) -> JSON:
        """The body as `read`, `answer_handshake` and rules want it.

        Raises UnsupportedMediaType or Malformed.
        """
        if self.preset.form.envelope is None:
            types = [value for name, value in delivery.headers if name == "content-type"]
            if len(types) > 1:  # which of them is meant is not ours to guess
                raise UnsupportedMediaType("several content types were given; send one")
            self._check_type(types[0] if types else "")
            return parse_body(delivery.body)
        return self._parse(read_headers(delivery.headers), delivery.body)

    def answer_handshake(self, delivery: Delivery, body: JSON) -> Answer | None:
        """The answer to a delivery that only tests the address, or None: it is to be stored.

        Raises SignatureMalformed where it asks to be called at an address that is not its own.
        """
        if delivery.method == "OPTIONS":
            headers = allow_origin(read_headers(delivery.headers))
            return Answer(200, tuple(headers.items()), b"")
        for answering in self.preset.answers:
            scope = Scope(body, read_headers(delivery.headers), body)
            if answering.where.words(scope) == answering.equals:
                reply = {name: text.words(scope) for name, text in answering.reply.items()}
                content = (("content-type", "application/json"),)
                visit = answering.visit.words(scope) if answering.visit is not None else ""
                if answering.visit is not None:
                    check_aws_url(visit)
                return Answer(200, content, json.dumps(reply).encode(), visit)
        return None

    def read(self, delivery: Delivery, body: JSON) -> tuple[NewEvent, ...]:
        """The events of a delivery, at least one; odd content gives an `unrecognised` one.

        body: what `parse` gave. Raises Malformed only for absurdly many events.
        """
        headers = read_headers(delivery.headers)
        kept = keep_headers(headers, self._proof_headers)
        for name in self._proof_headers:
            headers.pop(name, None)
        shared = Scope(body, headers, body)
        items = self._items(shared)
        if items is None:
            return (self._event(delivery, shared, kept, 0, alone=True),)
        return tuple(
            self._event(delivery, Scope(body, headers, item, shared), kept, part)
            for part, item in enumerate(items)
        )

    def normalise(self, stored: StoredEvent) -> Event:
        """The event as rules see it.

        Raises ExpressionFailed with the field whose expression failed, Malformed when the stored
        body cannot be read any more.
        """
        headers: Mapping[str, str] = json.loads(stored.headers)
        body = self._parse(headers, stored.body)
        # An envelope may hold its data encoded; else a null is written out.
        nulls = self.preset.form.envelope is not None or b"null" in stored.body
        scope = Scope(body, headers, body, nulls=nulls)
        items = self._items(scope)
        if items is not None and stored.part < len(items):
            scope = Scope(body, headers, items[stored.part], scope)
        kind = self.preset.kind_of(_bounded(self.preset.type_of.text(scope)))
        data = complete(stored.type, stored.subject, build_data(kind.data, scope))
        return Event(
            id=stored.id,
            tenant=stored.tenant,
            source=stored.source,
            type=stored.type,
            subject=stored.subject,
            time=stored.time,
            received_at=stored.received_at,
            data=data,
            body=body,
            headers=headers,
        )

    def _parse(self, headers: Mapping[str, str], body: bytes) -> JSON:
        if self.preset.form.envelope == "cloudevents":
            return read_cloudevents(headers, body)
        self._check_type(headers.get("content-type", ""))
        return parse_body(body)

    def _check_type(self, content_type: str) -> None:
        """Raises UnsupportedMediaType; remembers what was good, because it is always the same."""
        if content_type in self._good_types:
            return
        kind = media_type({"content-type": content_type})
        if not is_json(kind) and kind not in self.preset.form.media_types:
            raise UnsupportedMediaType(f"{kind} is not supported; send application/json")
        if len(self._good_types) < MOST_WORDS:
            self._good_types.add(content_type)

    def _items(self, scope: Scope) -> Sequence[JSON] | None:
        """The events in a body of several; None when the body is one event itself."""
        if self.preset.events is None:
            return None
        try:
            items = self.preset.events.value(scope)
        except ExpressionFailed:
            return None
        if isinstance(items, Absent) or not isinstance(items, list) or not items:
            return None
        items = [one for one in items if one is not None] or items[:1]
        if len(items) > MOST_EVENTS:
            raise Malformed(f"more than {MOST_EVENTS} events in one body")
        return items

    def _event(
        self, delivery: Delivery, scope: Scope, kept: str, part: int, *, alone: bool = False
    ) -> NewEvent:
        word = _bounded(self.preset.type_of.text(scope))
        kind, type_ = self._words.get(word) or self._know(word)
        key = self._key(kind, scope, delivery, word, "" if alone else f"#{part}")
        subject = kind.subject.text(scope) if kind.subject is not None else ""
        said = kind.time.text(scope) if kind.time is not None else ""
        moment = read_moment(said) if said else None
        now = delivery.received_at
        return NewEvent(
            new_id("evt", now), self.tenant, self.name, key, part, type_,
            _bounded(subject) or key, now if moment is None else moment, now, kept, delivery.body,
        )  # fmt: skip

    def _know(self, word: str) -> tuple[Kind, str]:
        """How events of a sender's type are read and what we call them, remembered."""
        if len(self._words) >= MOST_WORDS:
            self._words.clear()
        known = self.preset.kind_of(word), _bounded(self.preset.our_type(word)) or UNRECOGNISED
        self._words[word] = known
        return known

    def _key(self, kind: Kind, scope: Scope, delivery: Delivery, word: str, suffix: str) -> str:
        found, of_item = kind.key.find(scope)
        if found:
            return _bounded(found if of_item else found + suffix)
        window = delivery.received_at // (self.preset.form.hash_within_seconds * 1000)
        digest = body_digest(word.encode("utf-8", "replace"), delivery.body)
        return f"hash:{digest[:40]}:{window}{suffix}"


def _bounded(text: str) -> str:
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    if len(text) <= MOST_CHARACTERS:
        return text
    digest = body_digest(text.encode("utf-8", "replace"))[:16]
    return f"{text[: MOST_CHARACTERS - 17]}~{digest}"
