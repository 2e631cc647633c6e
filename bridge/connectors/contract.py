"""What a connector is: its name, its settings, its actions, and how it is checked."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from bridge.action import ActionShape, Call, Outcome
from bridge.connectors.http import HttpClient
from bridge.connectors.mirror import Mirrored
from bridge.event import JSON

Client = Any
"""What a connector's `open` gives; only the same connector's actions look inside it."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing `bridge doctor` looked at.

    what: `credentials`, `project`, `permissions` …, the same words for every connector.
    message: what was found, free of secrets.
    hint: what a person can do about it; empty when all is well. Beside `ok` it is a warning: this
        works and is still worth a look.
    """

    what: str
    ok: bool
    message: str
    hint: str = ""


Mirror = Callable[[Client, str, bool], Awaitable[Mirrored]]
"""Reads one thing for sync: the client, its key, and whether its comments are wanted."""


def no_object(parameters: BaseModel) -> str | None:
    """For actions that make something new and so have nothing to lock."""
    del parameters
    return None


def no_guess(client: Client) -> None:
    """For connectors that ask nothing before they act."""
    del client


@dataclass(frozen=True, slots=True)
class Action:
    """One thing a connector can do.

    run: from the client and the call to the outcome; raises TryAgain or GiveUp.
    run_many: the same for several calls that write to one object, in one write; all of them fail
        together. None where each needs a write of its own.
    object_of: what it writes to, such as `SEC-12`. Calls of one integration with the same object
        run one at a time; None needs no such lock.

    The parameters are of the shape's model: whoever calls has validated them with it.
    """

    shape: ActionShape
    run: Callable[[Client, Call[Any]], Awaitable[Outcome]]
    object_of: Callable[[Any], str | None] = no_object
    run_many: Callable[[Client, Sequence[Call[Any]]], Awaitable[list[Outcome]]] | None = None


@dataclass(frozen=True, slots=True)
class OAuth:
    """Where an integration's access token is renewed (RFC 6749, 6).

    token_url: may hold fields of an integration's scope, such as `{installation_id}`.
    as_json: the request is JSON; else a form, as the standard has it.
    passing: errors that the system tells with status 200 and that are worth asking again for.
    """

    token_url: str
    as_json: bool = False
    passing: frozenset[str] = frozenset()


FIELD = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Scoped:
    """A setting of an integration that an API caller makes, as the document's `scope_data` has it.

    setting: its name. templates: with fields of the scope, such as `{org_slug}/{project_id}`; the
        first counts whose fields are all there and whose text is of the form.
    form: what the text has to be; other systems' words stand in those fields too.
    """

    setting: str
    templates: tuple[str, ...]
    form: re.Pattern[str] = re.compile(r".+", re.DOTALL)

    @property
    def fields(self) -> tuple[str, ...]:
        """Those that it is made of."""
        return tuple(dict.fromkeys(name for one in self.templates for name in FIELD.findall(one)))

    def value(self, scope: Mapping[str, JSON]) -> str | None:
        """None where the scope does not give it."""
        given = {name: str(value) for name, value in scope.items() if value not in (None, "")}
        for template in self.templates:
            if set(FIELD.findall(template)) <= set(given):
                text = FIELD.sub(lambda found: given[found[1]], template)
                if self.form.fullmatch(text):
                    return text
        return None


@dataclass(frozen=True, slots=True)
class Verified:
    """What a connector rests on.

    page: where the vendor describes the interface. read: when. against: what requests, answers and
        the stand-in were held against, by the tests that say so.
    """

    page: str
    read: str
    against: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Connector:
    """One kind of system.

    name: the `type` of an integration.
    settings: the model of its options; it refuses unknown keys. Options that name, type, tenant
        and enabled leave over.
    open: makes a client from settings and the process's HTTP client, without any request.
        One client is kept for each integration: it may remember what it learnt (the deployment).
    check: what `bridge doctor` finds out; problems are values, never raised.
    verified: what it was held against; None where there is no other side.
    needs_integration: false where `settings()` without options is complete, so that rules may use
        its actions without configuring anything.
    oauth: where access tokens are renewed; None where the system has no such thing.
    scope: of an integration that an API caller makes, which settings its scope gives.
    own_hosts: where the vendor runs it for everybody, such as `.atlassian.net`: an address there
        is for people, and gives way to what the scope says.
    assume: tells a client what it would else ask of the system first, as far as its settings let
        one guess; for previews, which ask nothing.
    mirrors: for each kind of thing that sync can keep alike, how it is read.
    object_windows: how many writes to one object the system takes, each (how many, in how many
        milliseconds); empty where it names no such limit.
    """

    name: str
    sentence: str
    settings: type[BaseModel]
    open: Callable[[Any, HttpClient], Client]
    actions: tuple[Action, ...]
    check: Callable[[Client], Awaitable[tuple[Finding, ...]]]
    verified: Verified | None = None
    needs_integration: bool = True
    object_windows: tuple[tuple[int, int], ...] = ()
    oauth: OAuth | None = None
    scope: tuple[Scoped, ...] = ()
    own_hosts: tuple[str, ...] = ()
    assume: Callable[[Client], None] = no_guess
    mirrors: Mapping[str, Mirror] = field(default_factory=dict)

    def action(self, name: str) -> Action | None:
        """The action of this name, or None where the connector does not offer it."""
        return next((action for action in self.actions if action.shape.name == name), None)

    @property
    def offers(self) -> frozenset[str]:
        """What rules may ask of it: its actions, and `sync KIND` for what sync keeps alike."""
        return frozenset(
            (*(one.shape.name for one in self.actions), *(f"sync {kind}" for kind in self.mirrors))
        )
