"""`/api/v1/integrations`: systems that callers make known, as document 002 has it.

Document: "Create Integration" (`POST /api/v1/integrations/create`); the paths beside it are ours.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from bridge.access.role import Role
from bridge.access.vault import Vault
from bridge.clock import Clock, iso, new_id
from bridge.connectors.guard import Guard
from bridge.errors import ConnectorError, FieldProblem, FieldsRefused, GiveUp, VaultClosed
from bridge.event import JSON
from bridge.made import MadeIntegrations, Secrets, seal, unseal
from bridge.store.audit import add_change
from bridge.store.integrations import (
    StoredIntegration,
    delete_integration,
    get_integration,
    insert_integration,
    list_integrations,
    update_integration,
)
from bridge.store.transaction import Transaction
from bridge.token_requests import moment
from bridge.tokens import OVER, Tokens
from bridge.web.api.documented import INTEGRATION_MADE, INTEGRATION_WANTED
from bridge.web.api.integration_models import (
    EXAMPLE,
    AuthData,
    ChangedIntegration,
    Found,
    IntegrationList,
    IntegrationMetadata,
    IntegrationType,
    NewIntegration,
    OneIntegration,
    Removed,
    RemovedIntegration,
    ScopeData,
    ShownIntegration,
    Tested,
    TestedIntegration,
)
from bridge.web.api.operation import Asked, Nothing, Operation
from bridge.web.api.shapes import ENVELOPE

TAG = "Integrations"
MASK = "********"
SECRET_FIELDS = ("access_token", "refresh_token", "code")


class IntegrationsApi:
    """guard: what addresses callers may give. tokens: where a code is exchanged."""

    def __init__(self, made: MadeIntegrations, tokens: Tokens, guard: Guard, clock: Clock) -> None:
        self._made = made
        self._database = made.database
        self._tokens = tokens
        self._guard = guard
        self._clock = clock

    def operations(self) -> tuple[Operation, ...]:
        base, one = "/api/v1/integrations", "/api/v1/integrations/{integration_id}"
        viewer, admin = Role.VIEWER, Role.ADMIN
        taken = {
            409: "The tenant has one with this unique_identifier, or it was changed meanwhile."
        }
        return (
            Operation(
                "POST", f"{base}/create", "create_integration", "Make an integration known.", TAG,
                admin, self.create, OneIntegration, body=NewIntegration, shape=ENVELOPE,
                also=taken, examples={"jira": EXAMPLE, "sentry": INTEGRATION_WANTED},
                shows={"made": INTEGRATION_MADE},
            ),
            Operation(
                "GET", base, "list_integrations", "List the integrations that callers made.", TAG,
                viewer, self.list, IntegrationList, shape=ENVELOPE,
            ),
            Operation(
                "GET", one, "get_integration", "Read one integration.", TAG, viewer, self.get,
                OneIntegration, shape=ENVELOPE,
            ),
            Operation(
                "PATCH", one, "update_integration", "Change, disable or enable one.", TAG, admin,
                self.update, OneIntegration, body=ChangedIntegration, shape=ENVELOPE, also=taken,
                examples={"switched off": {"active": False}},
            ),
            Operation(
                "PUT", one, "replace_integration", "The same as PATCH.", TAG, admin, self.update,
                OneIntegration, body=ChangedIntegration, shape=ENVELOPE, also=taken,
                examples={"switched off": {"active": False}},
            ),
            Operation(
                "DELETE", one, "delete_integration", "Remove one, with its credentials.", TAG,
                admin, self.delete, RemovedIntegration, shape=ENVELOPE,
            ),
            Operation(
                "POST", f"{one}/test", "test_integration", "Reach it, and change nothing.", TAG,
                Role.OPERATOR, self.test, TestedIntegration, shape=ENVELOPE,
            ),
        )  # fmt: skip

    @property
    def _vault(self) -> Vault:
        if self._made.vault is None:
            raise VaultClosed(
                "credentials cannot be kept: the configuration has no encryption.keys"
            )
        return self._made.vault

    async def create(self, asked: Asked[NewIntegration, Nothing]) -> OneIntegration:
        body, now = asked.body, self._clock()
        self._check_addresses(body.metadata, body.options)
        id_ = new_id("int", now)
        secrets = Secrets(body.auth_data.model_dump(), body.options)
        stored = StoredIntegration(
            id_, asked.who.tenant, body.name, body.integration_type.value, body.unique_identifier,
            seal(self._vault, id_, secrets), body.scope_data.model_dump(), plain(body.metadata),
            body.created_by, asked.who.key_id, True, "", end_of(body.auth_data), now, now, 1,
        )  # fmt: skip
        change = asked.who.change(
            now, "integration.create", id_, asked.request_id, name=body.name, type=stored.type
        )

        async def work(tx: Transaction) -> None:
            await insert_integration(tx, stored)
            await add_change(tx, change)

        await self._database.write(work)
        if stored.valid_until == OVER:
            await self._exchange(stored)
        await self._made.load()
        return await self._answer(asked, id_)

    async def _exchange(self, stored: StoredIntegration) -> None:
        """A code is good for minutes only, so it is used at once; a failure stays with the row."""
        try:
            await self._tokens.obtain(stored.tenant, stored.id)
        except ConnectorError:
            return  # `Tokens` has written it down as the row's trouble, which the answer shows

    async def list(self, asked: Asked[None, Nothing]) -> IntegrationList:
        tenant = asked.who.tenant
        found = await self._database.read(lambda tx: list_integrations(tx, tenant))
        return IntegrationList(data=tuple(self._shown(one, asked.who.role) for one in found))

    async def get(self, asked: Asked[None, Nothing]) -> OneIntegration:
        return await self._answer(asked, asked.path["integration_id"])

    async def update(self, asked: Asked[ChangedIntegration, Nothing]) -> OneIntegration:
        body, now = asked.body, self._clock()
        stored = await self._stored(asked)
        if body.metadata is not None or body.options is not None:
            self._check_addresses(body.metadata or IntegrationMetadata(), body.options or {})
        changed = replace(
            stored,
            name=body.name if body.name is not None else stored.name,
            scope=body.scope_data.model_dump() if body.scope_data else stored.scope,
            metadata=plain(body.metadata) if body.metadata else stored.metadata,
            active=stored.active if body.active is None else body.active,
            updated_at=now,
        )
        if body.auth_data is not None or body.options is not None:
            if body.auth_data is not None and body.options is not None:
                old = Secrets({}, {})  # neither is kept, so no key is needed that opens them
            else:
                old = self._opened(stored)
            auth = body.auth_data.model_dump() if body.auth_data is not None else old.auth
            options = body.options if body.options is not None else old.options
            changed = replace(
                changed, sealed=seal(self._vault, stored.id, Secrets(auth, options)), trouble=""
            )
        if body.auth_data is not None:
            changed = replace(changed, valid_until=end_of(body.auth_data))
        fields = ", ".join(sorted(body.model_fields_set))
        change = asked.who.change(
            now, "integration.update", stored.id, asked.request_id, name=changed.name, fields=fields
        )

        async def work(tx: Transaction) -> None:
            await update_integration(tx, changed)
            await add_change(tx, change)

        await self._database.write(work)
        if body.auth_data is not None and changed.valid_until == OVER:
            await self._exchange(changed)
        await self._made.load()
        return await self._answer(asked, stored.id)

    async def delete(self, asked: Asked[None, Nothing]) -> RemovedIntegration:
        stored = await self._stored(asked)
        change = asked.who.change(
            self._clock(), "integration.delete", stored.id, asked.request_id, name=stored.name
        )

        async def work(tx: Transaction) -> None:
            await delete_integration(tx, stored.tenant, stored.id)
            await add_change(tx, change)

        await self._database.write(work)
        await self._made.load()
        return RemovedIntegration(data=Removed(message="Integration deleted successfully"))

    async def test(self, asked: Asked[None, Nothing]) -> TestedIntegration:
        stored = await self._stored(asked)
        try:
            integration = await self._tokens.renew(self._made.open(stored))
            found = await integration.connector.check(integration.client)
        except (ConnectorError, VaultClosed) as error:
            trouble = Found(what="settings", ok=False, message=str(error), hint="")
            return TestedIntegration(data=Tested(ok=False, findings=(trouble,)))
        findings = tuple(
            Found(what=one.what, ok=one.ok, message=one.message, hint=one.hint) for one in found
        )
        return TestedIntegration(data=Tested(ok=all(one.ok for one in found), findings=findings))

    async def _stored(self, asked: Asked[Any, Nothing]) -> StoredIntegration:
        tenant, id_ = asked.who.tenant, asked.path["integration_id"]
        return await self._database.read(lambda tx: get_integration(tx, tenant, id_))

    async def _answer(self, asked: Asked[Any, Nothing], id_: str) -> OneIntegration:
        tenant = asked.who.tenant
        stored = await self._database.read(lambda tx: get_integration(tx, tenant, id_))
        return OneIntegration(data=self._shown(stored, asked.who.role))

    def _shown(self, stored: StoredIntegration, role: Role) -> ShownIntegration:
        try:
            secrets = self._opened(stored)
        except VaultClosed:  # what it says is the row's problem, which is shown below
            secrets = Secrets({}, {})
        clear = role.may(Role.ADMIN)
        auth = dict(secrets.auth) if clear else masked(secrets.auth)
        return ShownIntegration(
            integration_id=stored.id,
            name=stored.name,
            integration_type=IntegrationType(stored.type),
            auth_data=AuthData.model_validate(auth),
            scope_data=ScopeData.model_validate(stored.scope),
            metadata=IntegrationMetadata.model_validate(stored.metadata),
            unique_identifier=stored.identifier,
            created_by=stored.created_by,
            status="active" if stored.active else "disabled",
            active=stored.active,
            created_at=iso(stored.created_at),
            updated_at=iso(stored.updated_at),
            options=dict(secrets.options) if clear else dict.fromkeys(secrets.options, MASK),
            problem=self._made.trouble_of(stored),
        )

    def _opened(self, stored: StoredIntegration) -> Secrets:
        return unseal(self._vault, stored)

    def _check_addresses(self, metadata: IntegrationMetadata, options: dict[str, JSON]) -> None:
        """Raises FieldsRefused for an address that the guard would refuse when it is called."""
        given = {
            ("metadata", "instance_name"): metadata.instance_name,
            **{("options", name): value for name, value in options.items()},
        }
        problems = []
        for where, value in given.items():
            if isinstance(value, str) and value.lower().startswith(("http://", "https://")):
                try:
                    self._guard.check(value)
                except (GiveUp, ValueError) as error:
                    problems.append(FieldProblem(("body", *where), str(error), "address_refused"))
        if problems:
            raise FieldsRefused(problems)


def end_of(auth: AuthData) -> int:
    """When the token ends, in milliseconds; 0 where nobody said."""
    if not auth.access_token:
        return OVER if auth.code or auth.refresh_token else 0
    return moment(auth.expires_at) if auth.expires_at else 0


def masked(auth: Any) -> dict[str, JSON]:
    """The same without what must not be read."""
    return {
        name: MASK if name in SECRET_FIELDS and value else value for name, value in auth.items()
    }


def plain(metadata: IntegrationMetadata) -> dict[str, JSON]:
    value: dict[str, JSON] = json.loads(metadata.model_dump_json())
    return value
