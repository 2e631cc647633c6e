"""The pairs of systems that a storm can go over: their ends, their maps, what is promised of them.

What the values of both sides mean is written once, in words shared by both; the rule's maps follow
from that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from bridge.match.syncs import Kind, Side
from tests.sync.ends import jira, kibana, thehive
from tests.sync.ends.end import ANNA, BEN, End
from tests.sync.ends.github import GitHubAlert, GitHubIssue
from tests.sync.ends.jira import JiraIssue
from tests.sync.ends.kibana import KibanaCase
from tests.sync.ends.linear import LinearIssue
from tests.sync.ends.sentry import SentryIssue
from tests.sync.ends.thehive import TheHiveCase
from tests.sync.world import World

Words = Mapping[str, str]
"""What each value of one side means."""

OPEN, DOING, DONE = "open", "doing", "done"
LOW, MEDIUM, HIGH, TOP = "low", "medium", "high", "top"

JIRA_STATUS = {"To Do": OPEN, "Reopened": OPEN, "In Progress": DOING, "Done": DONE}
JIRA_PRIORITY = {"Low": LOW, "Lowest": LOW, "Medium": MEDIUM, "High": HIGH, "Highest": TOP}
JIRA_PEOPLE = {"": "", jira.PEOPLE[ANNA]: ANNA, jira.PEOPLE[BEN]: BEN}
ALERT_STATUS = {"open": OPEN, "dismissed": DONE, "resolved": DONE}
SEVERITIES = {"low": LOW, "medium": MEDIUM, "high": HIGH, "critical": TOP}


@dataclass(frozen=True)
class Meaning:
    """One field: what its values on both sides mean. Without words it goes over as it is."""

    left: Words = field(default_factory=dict)
    right: Words = field(default_factory=dict)

    def of(self, side: Side) -> Words:
        return self.left if side == "left" else self.right

    def said(self, side: Side, value: str) -> str:
        return self.of(side).get(value, value)

    def as_rule(self) -> list[str]:
        """The maps, as lines of a rule."""
        if not self.left:
            return []
        to_right = {one: _meaning(self.right, says)[:1] for one, says in self.left.items()}
        to_left = {one: _meaning(self.left, says) for one, says in self.right.items()}
        return [f"to_right: {_flow(to_right)}", f"to_left: {_flow(to_left)}"]


@dataclass(frozen=True)
class Pairing:
    """left, right: how an end is made; in, kind: what the rule calls it.

    record: the side whose thing the other was made for; subject: what its events call it.
    conflict: the policy. step_ms: how far apart edits are, at least and at most; a system that
    gives whole seconds cannot tell more than that.
    reconciled: whether the reconciler has to look at the end, since one side's webhooks cannot be
    told apart when they say the same again.
    blind: the side that cannot be checked after a write: an edit in the one request between the
    bridge's look and its write may be lost there, as the documentation says. untimed: what it
    tells no time of, so that it counts as untouched where it was another thing between two looks.
    """

    left: Callable[[World], End]
    right: Callable[[World], End]
    ends: tuple[tuple[str, Kind], tuple[str, Kind]]
    fields: Mapping[str, Meaning]
    record: Side = "right"
    subject: str = "{}"
    conflict: str = "newest"
    comments: bool = True
    through: str = "[Reopened, In Progress]"
    reason: str = ""
    step_ms: tuple[int, int] = (5, 900)
    blind: Side | None = None
    untimed: str | None = None
    reconciled: bool = False

    def rules(self) -> str:
        (left, left_kind), (right, right_kind) = self.ends
        lines = [
            "version: 1",
            "sync:",
            "  - name: storm",
            f"    left: {{in: {left}, kind: {left_kind}}}",
            f"    right: {{in: {right}, kind: {right_kind}}}",
            f"    conflict: {self.conflict}",
            "    fields:",
        ]
        for name, meaning in self.fields.items():
            more = meaning.as_rule()
            if name == "status":
                more += [f"through: {self.through}"] if self.through else []
                more += [f"reason: {self.reason}"] if self.reason else []
            lines += [
                f"      {name}:" + ("" if more else " {}"),
                *(f"        {one}" for one in more),
            ]
        return "\n".join([*lines, *(["      comments: {}"] if self.comments else []), ""])

    async def tie(self, world: World, left: str, right: str) -> None:
        """As an action that has made the one for the other leaves them."""
        here, there = (left, right) if self.record == "left" else (right, left)
        (_, kind), (system, _) = self.ends if self.record == "left" else self.ends[::-1]
        await world.tie(kind, here, self.subject.format(here), system, there)


def _meaning(words: Words, says: str) -> list[str]:
    return [one for one, means in words.items() if means == says]


def _flow(table: Mapping[str, Iterable[str]]) -> str:
    """A mapping in YAML's flow style; several values are a list, the best first."""
    entries = []
    for name, values in table.items():
        quoted = [f'"{one}"' for one in values]
        entries.append(
            f'"{name}": ' + (quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]")
        )
    return "{" + ", ".join(entries) + "}"


PAIRINGS: Mapping[str, Pairing] = {
    "kibana": Pairing(
        JiraIssue, KibanaCase, (("jira", "issue"), ("kibana", "case")),
        {
            "status": Meaning(
                JIRA_STATUS, {"open": OPEN, "in-progress": DOING, "closed": DONE}
            ),
            "priority": Meaning(JIRA_PRIORITY, SEVERITIES),
            "assignee": Meaning(
                JIRA_PEOPLE, {"": ""} | {value: name for name, value in kibana.PEOPLE.items()}
            ),
            "summary": Meaning(),
        },
        subject="kibana/case/{}",
    ),
    "github": Pairing(
        JiraIssue, GitHubIssue, (("jira", "issue"), ("github", "issue")),
        {
            "status": Meaning(JIRA_STATUS | {"In Progress": OPEN}, {"open": OPEN, "closed": DONE}),
            "priority": Meaning(
                JIRA_PRIORITY | {"Highest": HIGH}, {"low": LOW, "medium": MEDIUM, "high": HIGH}
            ),
            "assignee": Meaning(JIRA_PEOPLE, {"": "", "anna": ANNA, "ben": BEN}),
            "summary": Meaning(),
        },
        record="left", step_ms=(1_000, 3_000),
    ),
    "linear": Pairing(
        JiraIssue, LinearIssue, (("jira", "issue"), ("linear", "issue")),
        {
            "status": Meaning(
                JIRA_STATUS,
                {
                    "Todo": OPEN, "Backlog": OPEN, "In Progress": DOING, "Done": DONE,
                    "Canceled": DONE,
                },
            ),
            "priority": Meaning(
                JIRA_PRIORITY, {"Low": LOW, "Medium": MEDIUM, "High": HIGH, "Urgent": TOP}
            ),
            "assignee": Meaning(
                JIRA_PEOPLE, {"": "", "anna@sandbox.example": ANNA, "ben@sandbox.example": BEN}
            ),
            "summary": Meaning(),
        },
        record="left",
    ),
    "thehive": Pairing(
        JiraIssue, TheHiveCase, (("jira", "issue"), ("thehive", "case")),
        {
            "status": Meaning(
                JIRA_STATUS,
                {
                    "New": OPEN, "InProgress": DOING, "TruePositive": DONE, "FalsePositive": DONE,
                },
            ),
            "priority": Meaning(JIRA_PRIORITY, SEVERITIES),
            # Its API cannot take an assignee away, so nobody is one of its people.
            "assignee": Meaning(
                {jira.PEOPLE[ANNA]: ANNA, jira.PEOPLE[BEN]: BEN, "": BEN},
                {thehive.PEOPLE[ANNA]: ANNA, thehive.PEOPLE[BEN]: BEN},
            ),
            "summary": Meaning(),
        },
        subject="thehive/{}", conflict="left", blind="right",
    ),
    "alert": Pairing(
        GitHubAlert, JiraIssue, (("github", "alert"), ("jira", "issue")),
        {"status": Meaning(ALERT_STATUS, JIRA_STATUS | {"In Progress": OPEN})},
        record="left", comments=False, reason="false positive", step_ms=(1_000, 3_000),
        blind="left", untimed=OPEN,
    ),
    "sentry": Pairing(
        SentryIssue, JiraIssue, (("sentry", "alert"), ("jira", "issue")),
        {
            "status": Meaning(
                {"unresolved": OPEN, "resolved": DONE, "ignored": DONE},
                JIRA_STATUS | {"In Progress": OPEN},
            ),
        },
        record="left", subject="sentry/{}", comments=False, reconciled=True,
    ),
}  # fmt: skip
