"""Sync rules: what is right, and what is said of every mistake."""

from __future__ import annotations

import pytest

from bridge.connectors.catalogue import action_shapes, load_connectors
from bridge.errors import Invalid
from bridge.match.rules import RuleSet, load_rules
from bridge.match.schema import rule_schema

TEXT = """\
version: 1
sync:
  - name: pair
    left: {in: jira, kind: issue}
    right: {in: kibana, kind: case}
    fields:
      status: {to_right: {Done: closed, Open: [open, in-progress]}, to_left: {closed: Done}}
      summary: {owner: left, conflict: hold}
      comments: {}
"""
OFFERED = {name: one.offers for name, one in load_connectors().items()}


def load(text: str) -> RuleSet:
    return load_rules({"r.yaml": text}, action_shapes(), ["jira"], OFFERED)


def test_sync_rule_is_read_with_its_ends_fields_and_policies() -> None:
    rules = load(TEXT)
    sync = rules.syncs["pair"]
    assert (sync.left.integration, sync.right.kind, sync.comments) == ("jira", "case", "both")
    status, summary = sync.fields
    assert status.policy == "newest"
    assert status.carried("done", "right") == "closed"
    assert status.choices("OPEN", "right") == ("open", "in-progress")
    assert status.carried("Blocked", "right") is None
    assert (summary.owner, summary.policy, summary.to_left) == ("left", "hold", None)
    (rule,) = rules.rules
    assert rule.in_lane
    assert [step.action for step in rule.steps] == ["sync"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("in: jira", "in: jra", 'r.yaml:4:16: sync[0].left.in: no integration is called "jra"'),
        ("in: jira", "in: slack", "has no issue that can be kept alike"),
        ("kind: case", "kind: cas", "sync[0].right.kind"),
        ("      comments: {}", "      coments: {}", 'did you mean "comments"'),
        ("to_left: {closed: Done}", "", "status has a map in one direction only"),
        ("{owner: left, conflict: hold}", "{owner: left, conflict: older}", "conflict"),
        ("{owner: left, conflict: hold}", "{through: [A]}", "only a status has `through`"),
        ("{owner: left, conflict: hold}", "{owner: left, to_left: {}}", "carries nothing"),
        ("{in: kibana, kind: case}", "{in: jira, kind: issue}", "both ends are the same"),
        ("name: pair", 'name: ""', "sync[0].name"),
        ("version: 1", "version: 1\nrules: [{name: pair, on: ping, then: [{sync: {}}]}]",
         'no action is called "sync"'),
        ("version: 1", "version: 1\nrules: [{name: pair, on: ping, then: [{log: {message: a}}]}]",
         'two rules are called "pair"'),
    ],
)  # fmt: skip
def test_mistake_is_told_with_its_place(before: str, after: str, said: str) -> None:
    with pytest.raises(Invalid) as caught:
        load(TEXT.replace(before, after))
    assert any(said in str(problem) for problem in caught.value.problems), str(caught.value)


def test_empty_fields_are_a_mistake() -> None:
    head = TEXT[: TEXT.index("    fields:")]
    with pytest.raises(Invalid, match="names no field"):
        load(f"{head}    fields: {{}}\n")


def test_schema_for_editors_knows_sync_rules() -> None:
    schema = rule_schema(action_shapes())
    assert "sync" in schema["properties"]
    assert "to_right" in schema["$defs"]["SyncFieldEntry"]["properties"]
