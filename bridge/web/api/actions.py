"""`/api/v1/actions` and `/api/v1/links`: what was planned, what is dead, what is tied together."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, JsonValue

from bridge.access.role import Role
from bridge.action import ActionState
from bridge.clock import Clock, iso
from bridge.errors import NotFound
from bridge.store.actions import ActionFilter, StoredAction, get_action, list_actions
from bridge.store.attempts import attempts_of_action
from bridge.store.audit import add_change
from bridge.store.links import LinkFilter, LinkRow, list_links
from bridge.store.replay import discard_action
from bridge.store.transaction import Database, Transaction
from bridge.trail import action_trail
from bridge.web.api.operation import ApiModel, Asked, Cursor, Limit, Nothing, Operation

TAG = "Actions"
Word = Annotated[str, Field(max_length=300)]


class ActionsQuery(ApiModel):
    """Which actions; an empty field does not narrow."""

    state: ActionState | None = None
    """`dead` lists what waits for a person."""
    rule: Word = ""
    integration: Word = ""
    event: Word = ""
    before: Cursor = 0
    """The `next` of the page before."""
    limit: Limit = 50


class ActionLine(ApiModel):
    """An action in a list."""

    id: str
    seq: int
    event: str
    rule: str
    action: str
    integration: str
    lane: str
    state: ActionState
    reason: str
    attempts: int
    next_try_at: str | None
    planned_at: str
    outputs: JsonValue


class ActionList(ApiModel):
    """Actions, the last planned first."""

    actions: tuple[ActionLine, ...]
    next: int | None
    """`before` of the next page; null at the end."""


class Discard(ApiModel):
    """Why an action is given up."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class Discarded(ApiModel):
    """What was given up, and the event it belonged to."""

    id: str
    event: str


class LinksQuery(ApiModel):
    """Which links; an empty field does not narrow."""

    ticket: Word = ""
    subject: Word = ""
    before: Cursor = 0
    """The `next` of the page before."""
    limit: Limit = 50


class ShownLink(ApiModel):
    """What ties a record, or a value of `once_per`, to a ticket outside."""

    seq: int
    rule: str
    once: str | None
    subject: str
    kind: str
    record: str
    event: str
    state: str
    integration: str
    ticket: str
    url: str
    created_at: str
    updated_at: str


class LinkList(ApiModel):
    """Links, newest first."""

    links: tuple[ShownLink, ...]
    next: int | None
    """`before` of the next page; null at the end."""


ACTION_SCHEMA: JsonValue = {
    "type": "object",
    "description": "The action as it was planned, where it stands, and every try.",
    "required": ["id", "event", "state", "attempts"],
    "properties": {
        "id": {"type": "string"},
        "event": {"type": "string"},
        "state": {"type": "string"},
        "attempts": {"type": "array", "items": {"type": "object"}},
    },
}


class ActionsApi:
    """Planned actions and links."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def operations(self) -> tuple[Operation, ...]:
        viewer, base = Role.VIEWER, "/api/v1/actions"
        return (
            Operation(
                "GET", base, "list_actions", "List actions, the last planned first.", TAG, viewer,
                self.list_, ActionList, query=ActionsQuery,
            ),
            Operation(
                "GET", f"{base}/{{action_id}}", "get_action", "Read one action with every try.",
                TAG, viewer, self.get, ACTION_SCHEMA,
            ),
            Operation(
                "POST", f"{base}/{{action_id}}/discard", "discard_action",
                "Give a dead action up for good.", TAG, Role.OPERATOR, self.discard, Discarded,
                body=Discard, also={409: "The action is not dead."},
                examples={"duplicate": {"reason": "made by hand in Jira meanwhile"}},
            ),
            Operation(
                "GET", "/api/v1/links", "list_links", "List what is tied to tickets outside.",
                TAG, viewer, self.links, LinkList, query=LinksQuery,
            ),
        )  # fmt: skip

    async def list_(self, asked: Asked[None, ActionsQuery]) -> ActionList:
        query = asked.query
        chosen = ActionFilter(
            asked.who.tenant, query.state.value if query.state else "", query.rule,
            query.integration, query.event, query.before,
        )  # fmt: skip
        found = await self._database.read(lambda tx: list_actions(tx, chosen, query.limit))
        last = found[-1].seq if len(found) == query.limit else None
        return ActionList(actions=tuple(line(one) for one in found), next=last)

    async def get(self, asked: Asked[None, Nothing]) -> dict[str, JsonValue]:
        action_id, tenant = asked.path["action_id"], asked.who.tenant

        async def work(tx: Transaction) -> dict[str, JsonValue]:
            action = await get_action(tx, action_id)
            if action.tenant != tenant:
                raise NotFound(f"no action has the id {action_id}")
            trail = action_trail(action, list(await attempts_of_action(tx, action_id)))
            assert isinstance(trail, dict)
            return {**trail, "event": action.event_id}

        return await self._database.read(work)

    async def discard(self, asked: Asked[Discard, Nothing]) -> Discarded:
        action_id, tenant, why = asked.path["action_id"], asked.who.tenant, asked.body.reason
        now = self._clock()

        async def work(tx: Transaction) -> str:
            event_id = await discard_action(tx, tenant, action_id, why, now)
            change = asked.who.change(
                now, "action.discard", action_id, asked.request_id, reason=why
            )
            await add_change(tx, change)
            return event_id

        return Discarded(id=action_id, event=await self._database.write(work))

    async def links(self, asked: Asked[None, LinksQuery]) -> LinkList:
        query, tenant = asked.query, asked.who.tenant
        chosen = LinkFilter(tenant, query.ticket, query.subject, query.before)
        found = await self._database.read(lambda tx: list_links(tx, chosen, query.limit))
        last = found[-1].seq if len(found) == query.limit else None
        return LinkList(links=tuple(shown(one) for one in found), next=last)


def line(action: StoredAction) -> ActionLine:
    planned = action.planned
    waits = action.state is ActionState.WAITING
    return ActionLine(
        id=action.id, seq=action.seq, event=action.event_id, rule=action.rule,
        action=planned.name, integration=planned.integration, lane=action.lane,
        state=action.state, reason=action.reason, attempts=action.attempts,
        next_try_at=iso(action.next_try_at) if waits else None,
        planned_at=iso(action.planned_at), outputs=action.outputs,
    )  # fmt: skip


def shown(row: LinkRow) -> ShownLink:
    link = row.link
    return ShownLink(
        seq=row.seq, rule=link.rule, once=link.once, subject=link.subject, kind=link.kind,
        record=link.record_id, event=link.event_id, state=link.state.value,
        integration=link.integration, ticket=link.ticket, url=link.url,
        created_at=iso(row.created_at), updated_at=iso(row.updated_at),
    )  # fmt: skip
