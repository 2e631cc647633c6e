"""The very request that an action would make: its connector is asked, and nothing is sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from bridge.action import Call, PlannedAction, PlannedRun
from bridge.clock import Clock
from bridge.configured import Configured, Integration
from bridge.connectors.catalogue import action_shapes
from bridge.connectors.guard import Guard
from bridge.connectors.preview import NotSent, PreviewClient, Request
from bridge.errors import BridgeError, ConnectorError, ExpressionFailed, VaultClosed
from bridge.event import JSON, Event
from bridge.marks import mark
from bridge.match.plan import names_for, render_deferred
from bridge.match.rule import Rule
from bridge.match.syncs import SYNC
from bridge.text.escape import ESCAPES

BY_THE_BRIDGE = {
    "sync_status": "the status goes to what the event's subject is tied to, at its turn",
    "push_case": "the case is put together from what the bridge knows of it, at its turn",
    "log": "a line in the bridge's own log; no request",
    SYNC: "both sides are read at its turn, and what differs is carried over",
}
"""What is not asked of a connector alone."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What one action would send. note: what more there is to say; empty when nothing is."""

    requests: tuple[Request, ...]
    note: str

    def as_json(self) -> JSON:
        """The same for other programs."""
        return {"requests": [one.as_json() for one in self.requests], "note": self.note}


Find = Callable[[str, str], Integration | None]


def nothing_made(tenant: str, name: str) -> None:
    """For where no store is looked into."""
    del tenant, name


@dataclass(slots=True)
class Previewer:
    """Shows the requests of planned actions, one after the other.

    made: finds what API callers made, by tenant and name; raises ConnectorError, VaultClosed for
        what cannot be used.
    ask: other systems are asked what a request depends on; nothing is changed there.
    """

    configured: Configured
    made: Find
    clock: Clock
    ask: bool = False

    async def preview(
        self, event: Event, rule: Rule, run: PlannedRun, action: PlannedAction, link: JSON
    ) -> Preview:
        """The requests of one action, as far as they can be known before it is done."""
        if action.skip:
            return Preview((), f"skipped: {action.skip}")
        if action.name in BY_THE_BRIDGE:
            return Preview((), BY_THE_BRIDGE[action.name])
        shape = action_shapes()[action.name]
        steps, notes = _stand_ins(run.actions, action)
        try:
            filled = render_deferred(
                action,
                names_for(
                    event, variables=rule.variables, each=run.each, now=self.clock(), link=link,
                    steps=steps, group=(event,),
                ),
                shape,
                ESCAPES,
            )  # fmt: skip
            parameters = shape.parameters.model_validate(filled.parameters)
        except ExpressionFailed as error:
            return Preview((), f"it would be given up: {error}")
        except ValidationError as error:
            wrong = "; ".join(f"{_where(one['loc'])}: {one['msg']}" for one in error.errors())
            return Preview((), f"it would be given up: {wrong}")
        if filled.skip:
            return Preview((), f"skipped: {filled.skip}")
        call = Call(
            action.name, parameters,
            mark(event.tenant, run.rule, run.once, event.id, run.index, action.position),
            False, 1, self.clock(), self.clock(), event.id, run.rule,
        )  # fmt: skip
        return await self._call(event.tenant, action, call, notes)

    async def _call(
        self, tenant: str, action: PlannedAction, call: Call[BaseModel], notes: Sequence[str]
    ) -> Preview:
        try:
            integration = self._find(tenant, action.integration)
        except (ConnectorError, VaultClosed) as error:
            return Preview((), f"{action.integration} cannot be used: {error}")
        if integration is None:
            named = f'"{action.integration}"' if action.integration else "for it"
            return Preview((), f"no integration {named} is configured here")
        offered = integration.connector.action(action.name)
        if offered is None:
            return Preview((), f"{action.integration} has no {action.name}")
        allowed = self.configured.settings.server.allowed_hosts
        guard = Guard(allowed) if integration.made_id else None
        http = PreviewClient(self.clock, ask=self.ask, guard=guard)
        said = list(notes)
        try:
            client = integration.connector.open(integration.options, http)
            if not self.ask:
                integration.connector.assume(client)
            await offered.run(client, call)
            said.append("there is nothing to do")
        except NotSent:
            said += _depends(http.requests, action.integration)
        except ConnectorError as error:
            said.append(f"it would not come to more: {error.reason}")
        except BridgeError as error:
            said.append(f"it would not come to more: {error}")
        finally:
            await http.aclose()
        return Preview(tuple(http.requests), "; ".join(said))

    def _find(self, tenant: str, name: str) -> Integration | None:
        return self.configured.integrations.get((tenant, name)) or self.made(tenant, name)


def _depends(requests: Sequence[Request], integration: str) -> list[str]:
    """What cannot be shown because it depends on an answer."""
    last = requests[-1]
    if not last.changes:
        return [f"what follows depends on what {integration} answers; --ask asks it"]
    return []


def _stand_ins(
    actions: Sequence[PlannedAction], action: PlannedAction
) -> tuple[Mapping[str, JSON], list[str]]:
    """What the earlier steps would give, as far as this one reads it, and words about it."""
    if not action.deferred and not action.condition:
        return {}, []
    steps: dict[str, JSON] = {}
    notes = []
    for number, step in enumerate(one for one in actions if one.position < action.position):
        outputs = action_shapes()[step.name].outputs
        if not step.step or not outputs:
            continue
        key = f"NEW-{number + 1}"
        steps[step.step] = {name: key if name == "key" else f"{key}.{name}" for name in outputs}
        notes.append(f"{key} stands for what {step.step} will give")
    return steps, notes


def _where(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)
