"""What stands in a rule file, as models: the door at which unknown keys are refused.

Expressions and templates are still text here; `rules.py` compiles them. The JSON Schema for
editors (`schema.py`) is made from these models.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    model_validator,
)

from bridge.action import OnFailure

_UNITS = {"s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([1-9][0-9]{0,5})([smhd])")
MOST_WINDOW_MS = 400 * _UNITS["d"]
"""Throttle counts are kept for as long; a window of more than a year is a mistake in the unit."""


def duration_ms(text: str) -> int:
    """`30s`, `15m`, `1h` or `7d` in milliseconds; ValueError for anything else."""
    found = _DURATION.fullmatch(text)
    if not found:
        raise ValueError("must be a number and a unit, such as 30s, 15m, 1h or 7d")
    milliseconds = int(found[1]) * _UNITS[found[2]]
    if milliseconds > MOST_WINDOW_MS:
        raise ValueError("must be at most 400d")
    return milliseconds


def _is_duration(text: str) -> str:
    duration_ms(text)
    return text


def moment_ms(text: str) -> int:
    """`2026-11-21T09:14:02Z` in milliseconds UTC; ValueError for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise ValueError("must be a time with its zone, such as 2026-11-21T09:14:02Z")
    return round(found.timestamp() * 1000)


def _is_moment(text: str) -> str:
    moment_ms(text)
    return text


def _is_name(text: str) -> str:
    if not text.isprintable() or text != text.strip():
        raise ValueError("must be one line of printable characters without spaces around it")
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


Name = Annotated[str, StringConstraints(min_length=1, max_length=100), AfterValidator(_is_name)]
Pattern = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Expression = Annotated[str, Field(json_schema_extra={"x-cel": True})]


class ThrottleEntry(_Strict):
    """How often the rule may run."""

    at_most: int = Field(ge=1, le=1_000_000, strict=True, examples=[20])
    """Runs allowed in any window of `per`."""
    per: Annotated[str, AfterValidator(_is_duration)] = Field(examples=["1h", "15m", "7d"])
    """The window: `30s`, `15m`, `1h`, `7d`."""
    by: Expression | None = Field(None, examples=["data.target"])
    """An expression; runs are counted for each value of it. Without it all count together."""
    over: Literal["wait", "group", "drop"] = Field("wait", examples=["wait", "group", "drop"])
    """What becomes of runs over the limit: they wait, are made one run that has the events in
    `group`, or are recorded as skipped."""


class RuleEntry(_Strict):
    """One rule: when something happens, then these actions."""

    name: Name = Field(examples=["ticket-per-bad-finding"])
    """Unique over all files; shown wherever the rule is."""
    description: str = Field("", examples=["One ticket for every finding somebody looks at."])
    """For people."""
    enabled: bool = Field(True, strict=True, examples=[False])
    """`false` leaves the rule checked and unused."""
    on: Pattern | Annotated[list[Pattern], Field(min_length=1)] = Field(
        examples=["scan.finished", "scan.*", ["finding.opened", "finding.updated"]]
    )
    """The type of event, a list of types, or a glob such as `scan.*`."""
    source: Pattern | Annotated[list[Pattern], Field(min_length=1)] | None = Field(
        None, examples=["qtangl", "scanner-*", ["qtangl", "github"]]
    )
    """The source's name, a list of names, or a glob. Without it any source will do."""
    when: Expression | None = Field(
        None, examples=["data.score < 70", 'data.band in ["D", "E"] && has(data.url)']
    )
    """A condition; the rule matches only where it gives true."""
    each: Expression | None = Field(
        None, examples=["data.findings.filter(f, f.severity in vars.bad)"]
    )
    """Gives a list; the rule runs once for each element, called `each`."""
    once_per: Expression | None = Field(None, examples=["each.id", 'data.target + "/" + each.id'])
    """The rule succeeds once for each value of this, remembered for ever."""
    throttle: ThrottleEntry | None = Field(
        None, examples=[{"at_most": 20, "per": "1h", "by": "data.target", "over": "wait"}]
    )
    """How often the rule may run."""
    on_failure: OnFailure = Field(OnFailure.STOP, examples=["stop", "continue", "hold"])
    """When an action is given up: stop the run, continue with its next step, or hold the lane."""
    then: list[dict[str, Any]] = Field(
        min_length=1, max_length=50,
        examples=[[{"log": {"message": "Scan of ${{ data.target }} finished"}}]],
    )  # fmt: skip
    """The actions, each a mapping of one key: the action's name with its parameters."""


class SyncEnd(_Strict):
    """One of the two things that are kept alike."""

    in_: Name = Field(alias="in", examples=["jira", "kibana"])
    """The integration it is in."""
    kind: Literal["issue", "case", "alert"] = Field(examples=["issue", "case", "alert"])
    """What it is there."""


ValueMap = dict[str, str | Annotated[list[str], Field(min_length=1)]]
Owner = Literal["left", "right", "both"]
Policy = Literal["newest", "left", "right", "hold"]


class SyncFieldEntry(_Strict):
    """How one field is kept alike."""

    owner: Owner = Field("both", examples=["both", "left", "right"])
    """Whose value counts: `left` and `right` carry it in one direction, and set it back there."""
    conflict: Policy | None = Field(None, examples=["hold"])
    """Another policy than the rule's."""
    to_right: ValueMap | None = Field(
        None, examples=[{"To Do": "open", "In Progress": "in-progress", "Done": "closed"}]
    )
    """From values on the left to those on the right, in any case. A list names several that mean
    the same, the best first. Without it values go over as they are; a value that it does not name
    stays where it is."""
    to_left: ValueMap | None = Field(
        None, examples=[{"open": ["To Do", "Reopened"], "closed": "Done"}]
    )
    """The same in the other direction."""
    through: list[str] = Field([], examples=[["Reopened"]])
    """Statuses that may be passed on the way to one that cannot be reached directly."""

    reason: str = Field("", examples=["false positive"])
    """Why an alert is closed, where its system asks: as `reason` of `update_alert`."""


class SyncCommentsEntry(_Strict):
    """Whether comments are carried over."""

    owner: Owner = Field("both", examples=["both", "left", "right"])
    """On which side they have to be written."""


class SyncFieldsEntry(_Strict):
    """The fields that are kept alike. One that is not named is left alone."""

    status: SyncFieldEntry | None = Field(None, examples=[{"to_right": {"Done": "closed"}}])
    """The status, moved by a transition where the system has those."""
    priority: SyncFieldEntry | None = Field(None, examples=[{"to_right": {"High": "high"}}])
    """The priority; of a case its severity."""
    assignee: SyncFieldEntry | None = Field(
        None, examples=[{"to_right": {"5b10a2844c20165700ede21g": "u_mGBROF_1"}}]
    )
    """Who works on it, by the ids that the systems take; empty for nobody."""
    summary: SyncFieldEntry | None = Field(None, examples=[{}])
    """The summary; of a case its title."""
    comments: SyncCommentsEntry | None = Field(None, examples=[{}])
    """Comments are added on the other side, once, saying who wrote them and where."""


class SyncEntry(_Strict):
    """Two linked things that are kept alike in both directions."""

    name: Name = Field(examples=["issue-and-case"])
    """Unique over all rules of all files; shown wherever the rule is."""
    description: str = Field("", examples=["An issue and the case it was made for."])
    """For people."""
    enabled: bool = Field(True, strict=True, examples=[False])
    """`false` leaves the rule checked and unused."""
    left: SyncEnd = Field(examples=[{"in": "jira", "kind": "issue"}])
    """One side. Which things belong together is known from links: a rule with `create_ticket` or
    `push_case` has made the one for the other."""
    right: SyncEnd = Field(examples=[{"in": "kibana", "kind": "case"}])
    """The other side."""
    conflict: Policy = Field("newest", examples=["newest", "left", "right", "hold"])
    """Which value counts where both sides have changed since they last agreed: that which was set
    last, that of a side, or none until a person decides."""
    fields: SyncFieldsEntry = Field(examples=[{"summary": {}, "comments": {}}])
    """What is kept alike."""

    @model_validator(mode="after")
    def _has_something_to_do(self) -> Self:
        if not self.fields.model_fields_set:
            raise ValueError("`fields` names no field: give at least one, such as `summary: {}`")
        if (self.left.in_, self.left.kind) == (self.right.in_, self.right.kind):
            raise ValueError("both ends are the same: name two integrations")
        return self


class Expectation(_Strict):
    """One action that a test wants to see planned, or with `not: true` does not."""

    rule: str = Field(examples=["ticket-per-bad-finding"])
    """The rule that shall plan it."""
    action: str = Field("", examples=["create_ticket"])
    """The action. With `not` it may be left out: then the rule shall plan nothing at all."""
    with_: dict[str, JsonValue] = Field(
        {}, alias="with", examples=[{"summary": "[high] RSA-1024 certificate"}]
    )
    """Parameters it must have, among others."""
    not_: bool = Field(False, alias="not", strict=True, examples=[True])
    """`true`: no such action may be planned."""

    @model_validator(mode="after")
    def _names_an_action(self) -> Self:
        if not self.action and not self.not_:
            raise ValueError("give the `action`, or `not: true` where the rule plans nothing")
        if self.with_ and not self.action:
            raise ValueError("`with` needs the `action` it belongs to")
        return self


class TestEntry(_Strict):
    """A recorded delivery and what the rules shall make of it."""

    __test__ = False
    sample: str = Field(examples=["samples/qtangl/scan-complete"])
    """A folder of `samples/`, from the directory of the configuration, the working directory, or
    one that the rule file lies in."""
    source: str = Field("", examples=["qtangl"])
    """The source that shall have sent it, where several have its preset."""
    link: dict[str, JsonValue] = Field({}, examples=[{"ticket": "SEC-12", "kind": "finding"}])
    """What the event's subject is tied to, as `link`, such as `{ticket: SEC-12, kind: finding}`."""
    at: Annotated[str, AfterValidator(_is_moment)] = Field("", examples=["2026-11-21T09:14:02Z"])
    """When it arrives, such as `2026-11-21T09:14:02Z`, for `now` and `today()`. Without it: now."""
    expect: list[Expectation] = Field(
        examples=[[{"rule": "ticket-per-bad-finding", "action": "create_ticket"}], []]
    )
    """In any order; an empty list means that no action of this file's rules may be planned."""


class RuleFile(_Strict):
    """A rule file."""

    version: Literal[1] = Field(examples=[1])
    """The version of this form; there is only 1."""
    vars: dict[str, JsonValue] = Field({}, examples=[{"bad": ["high", "critical"]}])
    """Values that the expressions of this file read as `vars`."""
    rules: list[RuleEntry] = Field([], examples=[[]])
    """The rules, tried in their order, file by file in the order of names."""
    sync: list[SyncEntry] = Field([], examples=[[]])
    """Things in two systems that are kept alike; see docs/sync.md."""
    tests: list[TestEntry] = Field([], examples=[[]])
    """Recorded deliveries, and what the rules shall make of them; `bridge rules test` runs them."""


RESERVED = ("id", "when", "in")
"""Keys that every action takes beside its parameters."""
