"""`/api/v1/sync`: conflicts that wait for a person, and what is left alone after a ping-pong."""

from __future__ import annotations

from typing import Literal

from bridge.access.role import Role
from bridge.clock import Clock, iso
from bridge.store.sync_breakers import open_breakers
from bridge.store.sync_fields import FieldRow, held_fields
from bridge.store.transaction import Database
from bridge.sync.asking import resolve
from bridge.web.api.operation import ApiModel, Asked, Nothing, Operation

TAG = "Sync"


class HeldField(ApiModel):
    """A field that both sides have changed."""

    id: str
    rule: str
    field: str
    left: str
    """The thing on the left, such as an issue's key."""
    right: str
    left_value: str
    right_value: str
    held_at: str
    take: str
    """The side a person has chosen already; empty before that."""
    event: str
    """The event that met the conflict."""


class HeldList(ApiModel):
    """Conflicts, the oldest first; at most 500."""

    held: tuple[HeldField, ...]


class Take(ApiModel):
    """Whose value counts."""

    take: Literal["left", "right"]


class Resolved(ApiModel):
    """What was decided, and the event that has it carried over."""

    id: str
    field: str
    take: str
    value: str
    event: str


class LeftAlone(ApiModel):
    """A field that something else takes back whenever sync writes it."""

    integration: str
    object: str
    field: str
    opened_at: str
    until: str
    """At the earliest; each further try moves it on."""


class LeftAloneList(ApiModel):
    """What sync leaves alone, the first that began at the top."""

    ping_pong: tuple[LeftAlone, ...]


class SyncApi:
    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def operations(self) -> tuple[Operation, ...]:
        return (
            Operation(
                "GET", "/api/v1/sync/held", "list_held",
                "List the conflicts that wait for a person.", TAG, Role.VIEWER, self.held, HeldList,
            ),
            Operation(
                "POST", "/api/v1/sync/held/{id}", "resolve_held",
                "Decide a conflict: one side's value counts.", TAG, Role.OPERATOR, self.resolve,
                Resolved, body=Take, examples={"the left one": {"take": "left"}},
            ),
            Operation(
                "GET", "/api/v1/sync/ping-pong", "list_ping_pong",
                "List what sync leaves alone.", TAG, Role.VIEWER, self.ping_pong, LeftAloneList,
            ),
        )  # fmt: skip

    async def held(self, asked: Asked[None, Nothing]) -> HeldList:
        tenant = asked.who.tenant
        found = await self._database.read(lambda tx: held_fields(tx, tenant))
        return HeldList(held=tuple(map(shown, found)))

    async def resolve(self, asked: Asked[Take, Nothing]) -> Resolved:
        id_, side = asked.path["id"], asked.body.take
        change = asked.who.change(self._clock(), "sync.resolve", id_, asked.request_id, take=side)
        held, event = await resolve(self._database, id_, side, change)
        value = held.held_left if side == "left" else held.held_right
        return Resolved(id=held.id, field=held.field, take=side, value=value, event=event)

    async def ping_pong(self, asked: Asked[None, Nothing]) -> LeftAloneList:
        tenant = asked.who.tenant
        found = await self._database.read(lambda tx: open_breakers(tx, tenant))
        return LeftAloneList(
            ping_pong=tuple(
                LeftAlone(
                    integration=one.key.integration, object=one.key.object, field=one.key.field,
                    opened_at=iso(one.opened_at), until=iso(one.open_until),
                )
                for one in found
            )
        )  # fmt: skip


def shown(one: FieldRow) -> HeldField:
    return HeldField(
        id=one.id, rule=one.pair.rule, field=one.field, left=one.pair.left, right=one.pair.right,
        left_value=one.held_left, right_value=one.held_right, held_at=iso(one.held_at),
        take=one.take, event=one.event_id,
    )  # fmt: skip
