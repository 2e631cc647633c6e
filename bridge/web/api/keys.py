"""`/api/v1/keys`: the API keys of a tenant, made, listed and revoked by its admins."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from bridge.access.role import Role
from bridge.clock import Clock, iso
from bridge.principal import Wanted, end_key, make_key
from bridge.store import keys
from bridge.store.audit import list_changes
from bridge.store.keys import Key
from bridge.store.transaction import Database, Transaction
from bridge.web.api.operation import ApiModel, Asked, Cursor, Limit, Nothing, Operation

TAG = "Keys"
Words = Annotated[str, Field(min_length=1, max_length=100)]
MOST_PER_MINUTE = 1_000_000


class NewKey(ApiModel):
    """A key to be made."""

    name: Words
    """What it is for; shown wherever something was done with it."""
    role: Role = Role.VIEWER
    """viewer reads, operator acts, admin configures."""
    username: Annotated[str, Field(max_length=100)] = ""
    """Who it is for; the key's name where nothing is given. Several keys may be one user's."""
    email: Annotated[str, Field(max_length=254)] = ""
    """That user's e-mail address."""
    per_minute: Annotated[int, Field(ge=0, le=MOST_PER_MINUTE)] = 0
    """Requests a minute; 0 for the configured number."""


class ShownKey(ApiModel):
    """A key without its secret."""

    id: str
    tenant: str
    name: str
    role: Role
    user_id: int
    username: str
    email: str
    hint: str
    """The first letters of the secret."""
    per_minute: int
    created_at: str
    created_by: str
    """The id of the key it was made with; `cli` for the command line."""
    last_used_at: str | None
    """To the minute."""
    revoked_at: str | None


class MadeKey(ShownKey):
    """A key that was just made."""

    key: str
    """The secret. It is shown this once and can never be read again."""


class KeyList(ApiModel):
    """The keys of a tenant."""

    keys: tuple[ShownKey, ...]


class ShownChange(ApiModel):
    """Who changed what."""

    seq: int
    at: str
    actor: str
    """The id of the key it was done with; `cli` for the command line."""
    name: str
    what: str
    object: str
    detail: dict[str, str | int | float | bool | None]
    request_id: str


class ChangeList(ApiModel):
    """The audit trail of a tenant, newest first."""

    changes: tuple[ShownChange, ...]
    next: int | None
    """`before` of the next page; null at the end."""


class ChangesQuery(ApiModel):
    """Which page of the audit trail."""

    limit: Limit = 50
    """How many at most."""
    before: Cursor = 0
    """Only changes before this one."""


class KeysApi:
    """Keys, and the audit trail beside them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def operations(self) -> tuple[Operation, ...]:
        admin = Role.ADMIN
        return (
            Operation(
                "GET", "/api/v1/keys", "list_keys", "List the keys of the tenant.", TAG, admin,
                self.list, KeyList,
            ),
            Operation(
                "POST", "/api/v1/keys", "create_key", "Make a key; its secret is shown once.", TAG,
                admin, self.create, MadeKey, 201, NewKey,
                examples={"operator": {"name": "ci", "role": "operator"}},
            ),
            Operation(
                "DELETE", "/api/v1/keys/{key_id}", "revoke_key", "Revoke a key at once.", TAG,
                admin, self.revoke, ShownKey,
            ),
            Operation(
                "GET", "/api/v1/audit", "list_audit", "List who changed what, newest first.", TAG,
                admin, self.audit, ChangeList, query=ChangesQuery,
            ),
        )  # fmt: skip

    async def list(self, asked: Asked[None, Nothing]) -> KeyList:
        found = await self._database.read(lambda tx: keys.list_keys(tx, asked.who.tenant))
        return KeyList(keys=tuple(ShownKey.model_validate(key.as_json()) for key in found))

    async def create(self, asked: Asked[NewKey, Nothing]) -> MadeKey:
        body, now = asked.body, self._clock()
        wanted = Wanted(
            asked.who.tenant, body.name, body.role, body.username, body.email, body.per_minute
        )

        async def work(tx: Transaction) -> tuple[Key, str]:
            return await make_key(tx, wanted, now, asked.who, asked.request_id)

        key, secret = await self._database.write(work)
        return MadeKey.model_validate({**key.as_json(), "key": secret})

    async def revoke(self, asked: Asked[None, Nothing]) -> ShownKey:
        key_id, now = asked.path["key_id"], self._clock()

        async def work(tx: Transaction) -> Key:
            return await end_key(tx, key_id, now, asked.who, asked.request_id)

        return ShownKey.model_validate((await self._database.write(work)).as_json())

    async def audit(self, asked: Asked[None, ChangesQuery]) -> ChangeList:
        query, tenant = asked.query, asked.who.tenant
        found = await self._database.read(
            lambda tx: list_changes(tx, tenant, query.limit, query.before)
        )
        shown = tuple(
            ShownChange(
                seq=one.seq, at=iso(one.at), actor=one.actor, name=one.name, what=one.what,
                object=one.object, detail=dict(one.detail), request_id=one.request_id,
            )
            for one in found
        )  # fmt: skip
        return ChangeList(changes=shown, next=found[-1].seq if len(found) == query.limit else None)
