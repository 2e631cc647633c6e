"""`/api/v1/events`: what came in and what became of it; replays; what happens now as a stream."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace
from typing import Annotated, Any

from pydantic import ConfigDict, Field, JsonValue
from starlette.responses import Response, StreamingResponse

from bridge.access.role import Role
from bridge.clock import Clock
from bridge.errors import FieldProblem, FieldsRefused, StoreError
from bridge.event import EventState, StoredEvent
from bridge.replaying import SETTLED, replay_one, settled
from bridge.store.audit import add_change
from bridge.store.event_filter import EventFilter
from bridge.store.event_pages import page_of_events, search_events
from bridge.store.events import events_by_id, get_event, list_events
from bridge.store.transaction import Database
from bridge.trail import Read, event_summary, read_trail
from bridge.web.api.operation import ApiModel, Asked, Cursor, Limit, Nothing, Operation

TAG = "Events"
LOOK_EVERY_SECONDS = 0.5
MOST_REPLAYED = 10_000
"""Events one request puts back; more take several, so that none lasts for minutes."""

MOST_FOLLOWED = 500
"""Events of a stream whose next state is waited for; older ones are settled or forgotten."""

KEEP_ALIVE_SECONDS = 15.0
"""Proxies close what is silent for a minute."""

Word = Annotated[str, Field(max_length=300)]


class EventsQuery(ApiModel):
    """Which events; an empty field does not narrow."""

    source: Word = ""
    type: Word = ""
    state: EventState | None = None
    subject: Word = ""
    """The issue, scan, case or job they are about."""
    ticket: Word = ""
    """Only events that led to this ticket, or did not lead to another one because of it."""
    rule: Word = ""
    """Only events for which this rule planned something."""
    text: Word = ""
    """What stands in the id, type, subject, delivery key, reason or body, in either case. A page
    looks into so many events; `next` goes on, also where it found none."""
    since: Cursor = 0
    """Received at or after this time, milliseconds UTC."""
    until: Cursor = 0
    """Received before this time, milliseconds UTC."""
    before: Cursor = 0
    """The `next` of the page before."""
    limit: Limit = 50


class EventLine(ApiModel):
    """An event in a list."""

    id: str
    seq: int
    tenant: str
    source: str
    type: str
    subject: str
    time: str
    received_at: str
    state: EventState
    reason: str
    rules_version: str


class EventList(ApiModel):
    """Events, newest first."""

    events: tuple[EventLine, ...]
    next: int | None
    """`before` of the next page; null at the end."""


class Replay(ApiModel):
    """Which events to put back before the rules: named ones, or all that fit.

    A body that says nothing at all is refused: that would be every event there is.
    """

    model_config = ConfigDict(json_schema_extra={"minProperties": 1})

    ids: Annotated[tuple[Word, ...], Field(max_length=1000)] = ()
    source: Word = ""
    type: Word = ""
    state: EventState | None = None
    subject: Word = ""
    since: Cursor = 0
    until: Cursor = 0


class Replayed(ApiModel):
    """One event that is before the rules again."""

    id: str
    revived: int
    """Dead actions that are tried again."""


class ReplayedList(ApiModel):
    """What was put back. What is done already is not done twice."""

    replayed: tuple[Replayed, ...]
    more: bool
    """true: more fit than one request takes; ask again."""


class StreamQuery(ApiModel):
    """Which events to follow."""

    source: Word = ""
    type: Word = ""
    after: Cursor = 0
    """Begin behind the event with this seq; 0 begins now."""


TRAIL_SCHEMA: JsonValue = {
    "type": "object",
    "description": "The event, its headers and body, what rules see of it as `data`, its actions "
    "with every try, and its links. `unreadable` says why there is no `data`.",
    "required": ["id", "state", "headers", "body", "data", "unreadable", "actions", "links"],
    "properties": {
        "id": {"type": "string"},
        "state": {"type": "string"},
        "headers": {"type": "object"},
        "unreadable": {"type": "string"},
        "actions": {"type": "array", "items": {"type": "object"}},
        "links": {"type": "array", "items": {"type": "object"}},
    },
}


class EventsApi:
    """closing: set when the process ends, so that streams end too. read: as its source does."""

    def __init__(
        self, database: Database, clock: Clock, closing: Callable[[], bool], read: Read
    ) -> None:
        self._database = database
        self._read = read
        self._clock = clock
        self._closing = closing

    def operations(self) -> tuple[Operation, ...]:
        viewer, operator = Role.VIEWER, Role.OPERATOR
        base = "/api/v1/events"
        busy = {409: "The event is still on its way."}
        return (
            Operation(
                "GET", base, "list_events", "List events, newest first.", TAG, viewer, self.list_,
                EventList, query=EventsQuery,
            ),
            Operation(
                "POST", f"{base}/replay", "replay_events", "Put many back before the rules.", TAG,
                operator, self.replay_many, ReplayedList, body=Replay,
                also={**busy, 404: "One of the named events is not there."},
                examples={"failed ones of a source": {"source": "jira", "state": "failed"}},
            ),
            Operation(
                "GET", f"{base}/{{event_id}}", "get_event",
                "Read one event: its body, its data, its actions and every try.", TAG, viewer,
                self.get, TRAIL_SCHEMA,
            ),
            Operation(
                "POST", f"{base}/{{event_id}}/replay", "replay_event",
                "Put one back before the rules.", TAG, operator, self.replay, Replayed, also=busy,
            ),
            Operation(
                "GET", "/api/v1/stream", "stream_events",
                "Follow events as they come in and change, as server-sent events.", TAG, viewer,
                self.stream, {"type": "string"}, query=StreamQuery, media="text/event-stream",
                headers={"Last-Event-ID": "The id of the last message, where a stream broke off."},
            ),
        )  # fmt: skip

    async def list_(self, asked: Asked[None, EventsQuery]) -> EventList:
        query = asked.query
        chosen = EventFilter(
            asked.who.tenant, query.source, query.type, query.state.value if query.state else "",
            query.subject, query.ticket, query.since, query.until, query.before, rule=query.rule,
        )  # fmt: skip
        if query.text:
            searched = await self._database.read(
                lambda tx: search_events(tx, chosen, query.text, query.limit)
            )
            return EventList(events=lines(searched.events), next=searched.last)
        found = await self._database.read(lambda tx: page_of_events(tx, chosen, query.limit))
        last = found[-1].seq if len(found) == query.limit else None
        return EventList(events=lines(found), next=last)

    async def get(self, asked: Asked[None, Nothing]) -> dict[str, JsonValue]:
        event_id, tenant = asked.path["event_id"], asked.who.tenant
        await self._database.read(lambda tx: get_event(tx, event_id, tenant))
        trail: dict[str, JsonValue] = await self._database.read(
            lambda tx: read_trail(tx, event_id, self._read)
        )
        return trail

    async def replay(self, asked: Asked[None, Nothing]) -> Replayed:
        event_id = asked.path["event_id"]
        revived = await replay_one(self._database, event_id, self._clock(), asked.who.tenant)
        await self._audit(asked, event_id, 1)
        return Replayed(id=event_id, revived=revived)

    async def replay_many(self, asked: Asked[Replay, Nothing]) -> ReplayedList:
        body, tenant = asked.body, asked.who.tenant
        fits = EventFilter(
            tenant, body.source, body.type, body.state.value if body.state else "", body.subject,
            since=body.since, until=body.until,
        )  # fmt: skip
        if not body.model_fields_set:
            words = "name events by `ids`, or say which by source, type, state, subject or time"
            raise FieldsRefused([FieldProblem(("body",), words, "missing")])
        chosen, more = list(body.ids), False
        if fits != EventFilter(tenant):
            found = await settled(self._database, fits, MOST_REPLAYED + 1)
            more = len(found) > MOST_REPLAYED
            chosen += [one for one in found[:MOST_REPLAYED] if one not in set(chosen)]
        done = [
            Replayed(id=one, revived=await replay_one(self._database, one, self._clock(), tenant))
            for one in chosen
        ]
        await self._audit(asked, f"{len(done)} events", len(done))
        return ReplayedList(replayed=tuple(done), more=more)

    async def _audit(self, asked: Asked[Any, Nothing], what: str, count: int) -> None:
        change = asked.who.change(
            self._clock(), "event.replay", what, asked.request_id, count=count
        )
        await self._database.write(lambda tx: add_change(tx, change))

    async def stream(self, asked: Asked[None, StreamQuery]) -> Response:
        query = asked.query
        chosen = EventFilter(asked.who.tenant, query.source, query.type)
        after = last_told(asked) or query.after or await self.newest(asked.who.tenant)
        return StreamingResponse(
            self.follow(replace(chosen, after_seq=after)),
            media_type="text/event-stream",
            headers={"x-accel-buffering": "no"},  # or nginx keeps them until there are 4 KB
        )

    async def newest(self, tenant: str) -> int:
        """The seq of a tenant's last event; 0 before the first."""
        newest = await self._database.read(
            lambda tx: list_events(tx, EventFilter(tenant), 1, bodies=False)
        )
        return newest[0].seq if newest else 0

    async def follow(self, chosen: EventFilter) -> AsyncIterator[bytes]:
        """Each event when it comes and whenever its state changes; a comment when nothing does.

        A library for this (sse-starlette) would patch the server's way of stopping; the form is
        three lines, and Starlette ends the stream when its reader is gone.
        """
        told: dict[str, StoredEvent] = {}
        quiet = 0.0
        yield b": following\n\n"
        while not self._closing():
            try:
                new = await self._database.read(
                    lambda tx, at=chosen: list_events(tx, at, 500, True, bodies=False)  # type: ignore[misc]
                )
                known = await self._again([*told])
            except StoreError:
                yield b"event: trouble\ndata: the store does not answer\n\n"
                new, known = [], []
            changed = [one for one in known if told[one.id].state is not one.state]
            for one in (*changed, *new):
                told[one.id] = one
                yield message(one)
            if new:
                chosen = replace(chosen, after_seq=new[-1].seq)
            told = {id_: one for id_, one in told.items() if one.state not in SETTLED}
            told = dict(list(told.items())[-MOST_FOLLOWED:])
            quiet = 0.0 if new or changed else quiet + LOOK_EVERY_SECONDS
            if quiet >= KEEP_ALIVE_SECONDS:
                quiet = 0.0
                yield b": nothing new\n\n"
            await asyncio.sleep(LOOK_EVERY_SECONDS)

    async def _again(self, ids: Sequence[str]) -> list[StoredEvent]:
        return await self._database.read(lambda tx: events_by_id(tx, ids)) if ids else []


def last_told(asked: Asked[None, StreamQuery]) -> int:
    """Where a reader comes back to: browsers say it by themselves. 0: it is new.

    Raises FieldsRefused.
    """
    text = asked.request.headers.get("last-event-id", "0")
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise FieldsRefused([FieldProblem(("header", "Last-Event-ID"), "no message has this id")])
    return int(text)


def lines(found: Sequence[StoredEvent]) -> tuple[EventLine, ...]:
    """Events that came in one moment stand as they were stored: those of one delivery in order."""
    order = sorted(found, key=lambda one: (one.received_at, one.seq), reverse=True)
    return tuple(line(one) for one in order)


def line(event: StoredEvent) -> EventLine:
    return EventLine.model_validate({**event_summary(event), "seq": event.seq})


def message(event: StoredEvent) -> bytes:
    """One server-sent event; its id is the seq, from which a reader can go on."""
    data = json.dumps({**event_summary(event), "seq": event.seq})
    return f"id: {event.seq}\nevent: event\ndata: {data}\n\n".encode()
