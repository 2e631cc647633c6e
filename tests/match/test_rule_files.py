"""Loading rule files: what is right loads, and every mistake is named with its place."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Collection
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from bridge.action import OnFailure
from bridge.errors import Invalid, Problem
from bridge.match.fields import fields_of
from bridge.match.rules import RuleSet, load_rules, read_files
from tests.match.catalogue import (
    CATALOGUE,
    FIELDS,
    INTEGRATIONS,
    SOURCES,
    problems,
    rule_problems,
    rules_of,
    ruleset,
)

COMPLETE = """\
version: 1
vars:
  bad: [high, critical]
rules:
  - name: ticket-per-bad-finding
    description: One ticket for each.
    on: scan.finished
    source: scanner
    when: data.score < 70
    each: data.findings.filter(f, f.severity in vars.bad)
    once_per: each.id
    throttle: {at_most: 20, per: 1h, by: data.target, over: group}
    on_failure: continue
    then:
      - open:
          id: ticket
          in: tracker
          summary: "[${{ each.severity }}] ${{ each.title }}"
          description: ${{ each.description }}
          labels: [scanner, "${{ data.scanner }}"]
      - table:
          when: has(steps.ticket.key)
          ticket: ${{ steps.ticket.key }}
          columns: [Date, Events]
          row: ["${{ today() }}", "${{ size(group) }}"]
  - name: asleep
    enabled: false
    on: [case.*, ping]
    source: [scanner, track*]
    then:
      - say: {message: "${{ event.type }} from ${{ source }} for ${{ tenant }} at ${{ now }}"}
tests:
  - sample: samples/qtangl/scan-complete
    expect:
      - {rule: ticket-per-bad-finding, action: open, with: {summary: "[high] RSA"}}
"""


def then(step: str) -> list[str]:
    """The problems of one rule with this step."""
    rule = f"name: a\non: scan.finished\nthen:\n- {step}"
    return [problem.split(": ", 1)[1] for problem in rule_problems(rule)]


def with_(key: str, on: str = "scan.finished", head: str = "vars: {bad: [high]}") -> list[str]:
    """The problems of one rule with this key."""
    rule = f"name: a\non: {on}\n{key}\nthen: [{{say: {{message: x}}}}]"
    return [problem.split(": ", 1)[1] for problem in rule_problems(rule, head=head)]


def test_complete_file_loads() -> None:
    rules = ruleset(COMPLETE)
    first, second = rules.rules
    assert (first.name, first.place.line, first.on_failure) == (
        "ticket-per-bad-finding", 5, OnFailure.CONTINUE,
    )  # fmt: skip
    assert first.throttle is not None
    assert (first.throttle.at_most, first.throttle.per_ms) == (20, 3_600_000)
    assert [(step.action, step.id, step.integration) for step in first.steps] == [
        ("open", "ticket", "tracker"), ("table", "", "tracker"),
    ]  # fmt: skip
    assert (second.enabled, second.on, second.source) == (
        False, ("case.*", "ping"), ("scanner", "track*"),
    )  # fmt: skip
    assert rules.by_name["asleep"] is second
    assert rules.tests[0].expect[0].parameters == {"summary": "[high] RSA"}
    assert rules.warnings == ()


def test_version_follows_the_text() -> None:
    assert ruleset(COMPLETE).version == ruleset(COMPLETE).version
    assert ruleset(COMPLETE).version != ruleset(COMPLETE + "# x\n").version
    assert re.fullmatch("[0-9a-f]{16}", ruleset(COMPLETE).version)


def test_empty_file_has_no_rules() -> None:
    assert ruleset("").rules == ()
    assert ruleset("version: 1").rules == ()


def test_rules_of_all_files_of_a_folder_are_read_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("version: 1\nrules: []\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.yml").write_text("version: 1\n")
    (tmp_path / "a.yaml").write_text(COMPLETE)
    (tmp_path / "notes.txt").write_text("no rules")
    assert [Path(name).name for name in read_files([tmp_path], [])] == ["a.yaml", "b.yaml", "c.yml"]
    rules = load_rules([tmp_path], CATALOGUE, SOURCES, INTEGRATIONS, FIELDS)
    assert len(rules.rules) == 2


def test_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"gone\.yaml:1:1: this file cannot be read"):
        load_rules([tmp_path / "gone.yaml"], CATALOGUE, SOURCES, INTEGRATIONS, FIELDS)


# --- the file as a whole ------------------------------------------------------------------


def test_all_problems_of_all_files_come_at_once_in_order() -> None:
    found = problems(
        "version: 2\nrules:\n  - {name: a, on: ping, when: dat.x, then: [{sy: {}}]}\n",
        other="version: 1\nrulez: []\n",
        tabbed="version: 1\n\trules: []\n",
    )
    assert [problem.split(": ")[0] for problem in found] == [
        "rules.yaml:1:10", "rules.yaml:3:31", "rules.yaml:3:46", "other.yaml:2:1",
        "tabbed.yaml:2:1",
    ]  # fmt: skip


def test_broken_rule_does_not_hide_the_mistakes_of_the_others() -> None:
    found = rule_problems(
        "name: a\nonn: ping\nwhen: dat.x\nthen: [{say: {message: x}}]",
        "- not a mapping".removeprefix("- "),
        "name: c\non: ping\nwhen: data.\nthen: [{say: {message: x, loud: 1}}]",
    )
    text = "\n".join(found)
    for words in ('unknown key "onn" (did you mean "on"?)', 'missing key "on"', 'called "dat"',
                  "must be a mapping", "'.' cannot stand here", 'unknown key "loud"'):  # fmt: skip
        assert words in text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("version: 1\nrules:\n\t- name: a", "a tab cannot indent"),
        ("version: 1\nversion: 1", "stands here twice"),
        ("version: 1\nrules: [{name: a, name: b}]", "stands here twice"),
        ("[1, 2]", "must be a mapping"),
        ("just text", "must be a mapping"),
        ("rules: []", 'missing key "version"'),
        ("version: '1'", "must be 1"),
        ("version: 1\nrules: 3", "must be a list"),
        ("version: 1\nvars: [a]", "must be a mapping"),
        ("version: 1\ntests: [{sample: a, expect: [{rule: b, action: c}]}]",
         'no rule is called "b"'),
    ],
)  # fmt: skip
def test_wrong_file_is_refused(text: str, words: str) -> None:
    assert words in problems(text)[0]


def test_alias_bomb_is_refused_quickly() -> None:
    lines = ["version: 1", "vars:", "  a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"  a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 40)]
    started = time.perf_counter()
    assert "aliases" in problems("\n".join(lines))[0]
    assert time.perf_counter() - started < 2


def test_two_rules_of_one_name_are_found_over_all_files() -> None:
    rule = "version: 1\nrules: [{name: a, on: ping, then: [{say: {message: x}}]}]"
    assert problems(rule, other=rule) == [
        'other.yaml:2:16: rules[0].name: two rules are called "a";'
        " the other stands at rules.yaml:2:16"
    ]  # fmt: skip


def test_variables_are_those_of_the_own_file() -> None:
    one = "version: 1\nvars: {x: 1}\nrules: []"
    other = (
        "version: 1\nrules: [{name: a, on: ping, when: vars.x == 1, then: [{say: {message: x}}]}]"
    )
    assert 'this file has no variable "x"' in problems(one, other=other)[0]


# --- the keys of a rule -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("whn: 'true'", 'rules[0].whn: unknown key "whn" (did you mean "when"?)'),
        ("enabled: 'yes'", "rules[0].enabled: must be true or false"),
        ("when: true", "rules[0].when: must be text (put it in quotes)"),
        ("when: 1 + 1", "rules[0].when: this gives int; a condition must give true or false"),
        ("when: data.score", "data.score is neither true nor false; a condition must give one"),
        ("when: event.subject", "(compare it, or ask has(event.subject))"),
        ("when: link.ticket", "link.ticket is neither true nor false"),
        ("when: data.findings[0].title", "data.findings[0].title is neither true nor false"),
        ("when: ''", "rules[0].when: the expression is empty"),
        ("each: '1 + 1'", "rules[0].each: this gives int; `each` must give a list"),
        ("on_failure: explode", "rules[0].on_failure: must be 'stop', 'continue' or 'hold'"),
        ("throttle: {per: 1h}", 'rules[0].throttle.at_most: missing key "at_most"'),
        ("throttle: {at_most: 0, per: 1h}", "must be greater than or equal to 1"),
        ("throttle: {at_most: 2, per: 1}", "must be text (put it in quotes)"),
        ("throttle: {at_most: 2, per: 1w}", "such as 30s, 15m, 1h or 7d"),
        ("throttle: {at_most: 2, per: 999d}", "must be at most 400d"),
        ("throttle: {at_most: 2, per: 1h, over: wat}", "must be 'wait', 'group' or 'drop'"),
        ("source: scaner", 'no source is called "scaner" (did you mean "scanner"?)'),
        ("source: [scanner, scaner]", 'rules[0].source[1]: no source is called "scaner" (did you'),
        ("source: []", "rules[0].source: must"),
    ],
)
def test_wrong_key_of_a_rule_is_refused(key: str, words: str) -> None:
    assert any(words in problem for problem in with_(key))


@pytest.mark.parametrize(
    ("on", "words"),
    [
        ("scan.finish", 'the type is none of the vocabulary: "scan.finish"'
         ' (did you mean "scan.finished"?)'),
        ("scan.x*", 'the pattern means none of the vocabulary: "scan.x*"'),
        ("[ping, issue.opened]", "rules[0].on[1]: the type is none of the vocabulary"),
        ("[]", "must not be empty"),
        ("''", "must not be empty"),
    ],
)  # fmt: skip
def test_wrong_type_of_our_own_families_is_refused(on: str, words: str) -> None:
    assert any(words in problem for problem in with_("enabled: true", on=on))


def test_list_with_a_wrong_element_is_not_also_wrong_for_being_none() -> None:
    (problem,) = with_("enabled: true", on="[ping, 5]")
    assert "rules[0].on[1]: must be text (put it in quotes)" in problem


def test_type_of_a_sender_only_warns() -> None:
    rules = rules_of("name: a\non: [github.push, gitlab.*]\nthen: [{say: {message: x}}]")
    assert [(str(one.place), one.warning) for one in rules.warnings] == [
        ("rules.yaml:5:10", True), ("rules.yaml:5:23", True),
    ]  # fmt: skip
    assert "right only where a sender has types of its own" in rules.warnings[0].hint


def test_source_that_is_misspelt_is_refused_and_one_that_is_not_configured_only_warns() -> None:
    text = "version: 1\nrules: [{name: a, on: ping, source: %s, then: [{say: {message: x}}]}]"

    def found(name: str, known: Collection[str] | None) -> RuleSet:
        return load_rules({"r.yaml": text % name}, CATALOGUE, known, INTEGRATIONS, FIELDS)

    with pytest.raises(Invalid, match=r'no source is called "gihtub" \(did you mean "github"\?\)'):
        found("gihtub", ["github", "jira"])
    for known in ([], ["github", "jira"]):
        (warning,) = found("scanner", known).warnings
        assert (warning.message, warning.warning) == ('no source is called "scanner"', True)
    assert found("scanner", None).warnings == ()


def test_file_that_cannot_be_read_does_not_hide_the_mistakes_of_others(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_bytes(b"version: 1\n# \xff\n")
    (tmp_path / "b.yaml").write_text("version: 2\n", encoding="utf-8")
    with pytest.raises(Invalid) as caught:
        load_rules([tmp_path], CATALOGUE, SOURCES, INTEGRATIONS, FIELDS)
    assert [(problem.place.line, problem.message) for problem in caught.value.problems] == [
        (2, "this file is not UTF-8; save it as UTF-8"),
        (1, "must be 1"),
    ]


# --- what expressions read ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("when: data.scor < 70", 'data.scor: there is no field "scor" (did you mean "score"?)'),
        ("when: has(data.scor)", 'there is no field "scor"'),
        ("when: data.?scor.orValue(1) == 1", 'there is no field "scor"'),
        ("when: data.findings[0].titel == ''", 'data.findings[*].titel: there is no field "titel"'),
        ("when: data.findings.titel == ''", '"titel" is read from a list (take one with [0]'),
        ("when: data.target.name == ''", '"name" is read from a value that has no fields'),
        ("when: data.findings.exists(f, f.sev == 'x')", 'there is no field "sev"'),
        ("when: event.sourc == ''", 'event.sourc: there is no field "sourc"'),
        ("when: event.data.scor == 1", 'event.data.scor: there is no field "scor"'),
        ("when: link.tickt == ''", 'link.tickt: there is no field "tickt"'),
        ("when: vars.bda == 1", 'vars.bda: this file has no variable "bda" (did you mean "bad"?)'),
        ("when: each.id == ''", "`each` is known only in a rule that has `each`"),
        ("when: steps.a.key == ''", "`steps` is known only inside `then`"),
        ("each: data.findings\nonce_per: each.idd", 'each.idd: there is no field "idd"'),
        ("each: data.findings.filter(f, f.id != '').worst_first()\nonce_per: each.idd",
         'each.idd: there is no field "idd"'),
        ("throttle: {at_most: 1, per: 1h, by: data.targt}", 'there is no field "targt"'),
        ("once_per: group[0].id", "`group` is known only inside `then` of a rule whose throttle"),
    ],
)  # fmt: skip
def test_unknown_field_or_name_is_refused(key: str, words: str) -> None:
    assert any(words in problem for problem in with_(key)), with_(key)


@pytest.mark.parametrize(
    "key",
    [
        'when: data["own"].deep == 1', "when: event.body.anything.goes == 1",
        "when: event.headers['x-a'] == ''", "when: data.counts.high > 0",
        "when: link.ticket == ''", "each: data.findings\nonce_per: each.id",
        "when: vars.bad.exists(b, b == data.band)",
        "when: data.findings.map(f, f.severity).exists(s, s in vars.bad)",
    ],
)  # fmt: skip
def test_known_and_open_fields_are_accepted(key: str) -> None:
    rules_of(f"name: a\non: scan.finished\n{key}\nthen: [{{say: {{message: x}}}}]",
             head="vars: {bad: [x]}")  # fmt: skip


def test_field_of_one_of_several_types_is_accepted() -> None:
    rules_of("name: a\non: [scan.finished, issue.updated]\nwhen: data.key == ''\n"
             "then: [{say: {message: x}}]")  # fmt: skip


def test_place_of_a_mistake_in_a_folded_condition() -> None:
    found = rule_problems(
        "name: a\non: scan.finished\nwhen: >-\n  data.score < 70 &&\n  data.targt == 'x'\n"
        "then: [{say: {message: x}}]"
    )
    assert found[0].startswith("8:7: rules[0].when: data.targt")


# --- then ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("opn: {summary: x}", 'no action is called "opn" (did you mean "open"?)'),
        ("quark: {}", 'no action is called "quark" (known: open, say, table)'),
        ("open: x", "the parameters of an action must be a mapping"),
        ("open:", 'missing key "summary"'),
        ("{open: {summary: x}, say: {message: x}}", "this one has 2 keys"),
        ("{}", "this one has 0 keys"),
        ("open: {summry: x}", 'unknown key "summry" (did you mean "summary"?)'),
        ("open: {summary: x, labels: one}", "open.labels: must be a list"),
        ("open: {summary: x, effort: much}", "open.effort: must be a whole number"),
        ("say: {message: x, level: lout}", "say.level: must be 'info' or 'warning'"),
        ("open: {summary: [x]}", "open.summary: must be text"),
        ("open: {summary: ''}", "open.summary: must not be empty"),
        ("table: {ticket: a, columns: [A, B], row: [1]}", "a row has 1 cell for 2 columns"),
        ("open: {summary: '${{ [1] }}'}", "open.summary: must be text"),
        ("open: {summary: x, labels: '${{ 1 }}'}", "open.labels: must be a list"),
        ("open: {summary: x, labels: 'a ${{ data.band }}'}", "open.labels: must be a list"),
        ("open: {summary: x, effort: '${{ [1] }}'}", "open.effort: must be a whole number"),
        ("open: {summary: '${{ data.findings }}'}", "open.summary: must be text"),
        ("open: {summary: '${{ data.findings[0] }}'}", "open.summary: must be text"),
        ("open: {summary: x, labels: '${{ data.counts }}'}", "open.labels: must be a list"),
        ("open: {summary: '${{ data.scor }}'}", 'there is no field "scor"'),
        ("open: {summary: '${{ dat }}'}", 'nothing is called "dat"'),
        ("open: {summary: '${{ data.score'}", "never closed"),
        ("open: {summary: x, fields: {'${{ data.band }}': 1}}", "a key cannot hold a template"),
        ("open: {summary: x, when: true}", "must be an expression, written as text"),
        ("open: {summary: x, when: '1'}", "a condition must give true or false"),
        ("open: {summary: x, id: 'a b'}", "an id is a word of letters"),
        ("open: {summary: x, id: 7}", "an id is a word of letters"),
        ("open: {summary: x, in: trcker}",
         'no integration is called "trcker" (did you mean "tracker"?)'),
        ("open: {summary: x, in: chat}",
         'the integration "chat" does not offer open (these do: tracker)'),
        ("open: {summary: x, in: [tracker]}", "must be the name of an integration"),
        ("say: {message: '${{ steps.a.key }}'}", 'no earlier step has the id "a"'),
        ("say: {message: '${{ group }}'}", "`group` is known only inside"),
        ("say: {message: '${{ each }}'}", "`each` is known only in a rule that has `each`"),
        ("open: {id: a, summary: '${{ steps.a.key }}'}", 'no earlier step has the id "a"'),
        ("open: {id: a, summary: x}\n- say: {message: '${{ steps.a.kee }}'}",
         'the step "a" gives no "kee" (did you mean "key"?)'),
        ("open: {id: a, summary: x}\n- open: {id: a, summary: y}",
         'two steps of this rule have the id "a"'),
    ],
)  # fmt: skip
def test_wrong_step_is_refused(step: str, words: str) -> None:
    found = then(step)
    assert any(words in problem for problem in found), found


@pytest.mark.parametrize(
    "step",
    [
        "open: {summary: '${{ data.target }}', labels: '${{ data.findings.map(f, f.id) }}'}",
        "open: {summary: x, effort: '${{ data.score }}', fields: '${{ data.counts }}'}",
        "say: {message: x, level: '${{ data.band }}'}",
        "open: {summary: x, labels: '${{ data.alerts }}'}",
        "open: {summary: '${{ data.findings[0].title }}', fields: '${{ data.findings[0] }}'}",
        "table: {ticket: '${{ link.ticket }}', columns: [A], row: '${{ data.findings }}'}",
        "open: {summary: x, effort: '${{ data.band }}'}",
        "open: {id: a, summary: x, when: data.score > 3}",
    ],
)
def test_template_is_accepted_where_its_value_may_fit(step: str) -> None:
    rules_of(f"name: a\non: scan.finished\nthen:\n  - {step}")


def test_missing_integration_is_told_apart_from_a_choice_of_several() -> None:
    text = "version: 1\nrules: [{name: a, on: ping, then: [{open: {summary: x}}]}]"
    for integrations, words in (
        ({}, "no configured integration offers open (add one under `integrations`)"),
        ({"a": frozenset({"open"}), "b": frozenset({"open"})},
         "several integrations offer open; name one of them with `in` (a, b)"),
    ):  # fmt: skip
        with pytest.raises(Invalid) as caught:
            load_rules({"r.yaml": text}, CATALOGUE, SOURCES, integrations, FIELDS)
        assert words in str(caught.value)
    unknown = load_rules({"r.yaml": text}, CATALOGUE, SOURCES, None, FIELDS)
    assert unknown.rules[0].steps[0].integration == ""


def test_tests_name_rules_and_actions_that_exist() -> None:
    text = COMPLETE.replace(
        "rule: ticket-per-bad-finding, action: open", "rule: asleep, action: sya"
    )
    assert problems(text) == [
        'rules.yaml:35:32: tests[0].expect[0].action: the rule "asleep" has no action "sya"'
        ' (did you mean "say"?)'
    ]


# --- never anything else ------------------------------------------------------------------

_WORDS = st.sampled_from(
    ["name", "on", "when", "each", "then", "rules", "vars", "version", "throttle", "open", "say",
     "summary", "message", "in", "id", "data.score < 3", "scan.finished", "${{ data.x }}", "${{",
     "each.id", "tracker", "per", "at_most", "by", "1h", "", "tests", "expect", "sample"]
)  # fmt: skip
_TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | _WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_WORDS, inner, max_size=4),
    max_leaves=12,
)


def _load(text: str) -> None:
    with suppress(Invalid):
        ruleset(text)


@given(_TREES)
def test_any_tree_loads_or_is_invalid(tree: object) -> None:
    _load(json.dumps(tree))
    rule = {"name": "a", "on": "ping", "then": [{"say": {"message": "x"}}]}
    changed = {**rule, **tree} if isinstance(tree, dict) else {**rule, "then": tree}
    _load(json.dumps({"version": 1, "rules": [changed]}))


@given(st.integers(0, len(COMPLETE) - 1), st.text(max_size=3))
def test_any_slip_of_the_pen_loads_or_is_invalid(at: int, typed: str) -> None:
    _load(COMPLETE[:at] + typed + COMPLETE[at + 1 :])


@pytest.mark.parametrize(
    "rule",
    [
        "on: scan.finished\nwhen: vars.on\nthen: [{say: {message: x}}]",
        "on: github.push\nwhen: data.forced\nthen: [{say: {message: x}}]",
        "on: [scan.finished, github.push]\nwhen: data.score\nthen: [{say: {message: x}}]",
        "on: scan.finished\nwhen: event.body.ok\nthen: [{say: {message: x}}]",
    ],
)
def test_field_that_may_be_true_or_false_is_a_condition(rule: str) -> None:
    rules_of(f"name: a\n{rule}", head='vars: {"on": true}')


def test_variable_that_is_no_truth_is_no_condition() -> None:
    rule = "name: a, on: scan.finished, when: vars.limit, then: [{say: {message: x}}]"
    (found,) = problems(f"version: 1\nvars: {{limit: 7}}\nrules:\n  - {{{rule}}}")
    assert "vars.limit is neither true nor false" in found


def test_field_modelled_as_a_truth_value_is_a_condition() -> None:
    class Data(BaseModel):
        done: bool
        score: int

    for field, wrong in (("done", 0), ("score", 1)):
        text = (
            "version: 1\nrules: [{name: a, on: scan.finished, when: data.FIELD,"
            " then: [{say: {message: x}}]}]"
        ).replace("FIELD", field)
        found: list[Problem] = []
        try:
            load_rules({"r": text}, CATALOGUE, None, None, {"scan.finished": fields_of(Data)})
        except Invalid as invalid:
            found += invalid.problems
        assert len(found) == wrong
