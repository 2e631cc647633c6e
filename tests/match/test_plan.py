"""Planning: which rules match, what they will do, and why the others will not."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.action import OnFailure, PlannedAction, Throttle
from bridge.errors import ExpressionFailed
from bridge.event import JSON
from bridge.match.clean import clean
from bridge.match.names import key_text
from bridge.match.plan import MOST_ELEMENTS, Plan, names_for, plan, render_deferred
from tests.match.catalogue import CATALOGUE, ESCAPES, FINDINGS, NOW, rules_of, ruleset, scan

SAY = "then: [{say: {message: x}}]"


def planned(*rules: str, head: str = "", **data: object) -> Plan:
    return plan(scan(data), rules_of(*rules, head=head), NOW, {}, ESCAPES)


def one(rule: str, head: str = "", **data: object) -> PlannedAction:
    """The only action of the only run of one rule."""
    found = planned(f"name: a\non: scan.finished\n{rule}", head=head, **data)
    assert [verdict.reason for verdict in found.verdicts] == [""]
    (run,) = found.runs
    (action,) = run.actions
    return action


# --- when ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("when", "matched", "error", "absent"),
    [
        ("data.score < 70", True, False, ""),
        ("data.score < 7", False, False, ""),
        ("data.band < 'B'", False, False, "data.band"),
        ("data.findings.exists(f, f.url == 'x')", False, False, "data.findings[*].url"),
        ("dyn(data.score)", False, True, ""),
        ("dyn(data.target)", False, True, ""),
        ("data.score / 0 == 1", False, True, ""),
        ("data.target + data.score == 'x'", False, True, ""),
    ],
)
def test_rule_matches_on_true_and_nothing_else(
    when: str, matched: bool, error: bool, absent: str
) -> None:
    found = planned(f"name: a\non: scan.finished\nwhen: {when}\n{SAY}")
    (verdict,) = found.verdicts
    assert (verdict.matched, verdict.error, verdict.absent) == (matched, error, absent)
    assert len(found.runs) == (1 if matched else 0)
    if absent:
        assert f"there is no {absent}" in verdict.reason


def test_error_of_one_rule_leaves_the_others_alone() -> None:
    found = planned(
        f"name: broken\non: scan.finished\nwhen: data.score / 0 == 1\n{SAY}",
        f"name: well\non: scan.finished\n{SAY}",
    )
    assert [run.rule for run in found.runs] == ["well"]
    assert [verdict.error for verdict in found.verdicts] == [True, False]


def test_rules_run_in_the_order_of_the_file() -> None:
    rules = [f"name: r{n}\non: scan.finished\n{SAY}" for n in range(5)]
    assert [run.rule for run in planned(*rules).runs] == ["r0", "r1", "r2", "r3", "r4"]


def test_variables_are_those_of_each_file() -> None:
    def file(name: str, least: int) -> str:
        return (
            f"version: 1\nvars: {{least: {least}}}\nrules:\n  - name: {name}\n"
            "    on: scan.finished\n    when: data.score < vars.least\n"
            "    then: [{say: {message: '${{ vars.least }}'}}]"
        )

    rules = ruleset(file("high", 70), low=file("low", 10), mid=file("mid", 65))
    found = plan(scan(), rules, NOW, {}, ESCAPES)
    assert [(run.rule, run.actions[0].parameters) for run in found.runs] == [
        ("high", {"message": 70}), ("mid", {"message": 65}),
    ]  # fmt: skip


def test_disabled_rule_is_not_asked() -> None:
    assert planned(f"name: a\non: scan.finished\nenabled: false\n{SAY}") == Plan((), ())


# --- each, once_per, throttle -------------------------------------------------------------

EACH = """\
name: a
on: scan.finished
each: data.findings.filter(f, f.severity in vars.bad)
once_per: each.id
throttle: {at_most: 2, per: 15m, by: data.target, over: drop}
on_failure: hold
then:
  - say: {message: "${{ each.title }}"}
"""
BAD = "vars: {bad: [high, critical]}"


def test_one_run_for_each_element() -> None:
    first, second = planned(EACH, head=BAD).runs
    assert (first.index, first.once, first.actions[0].parameters) == (
        0, "f1", {"message": "RSA-1024 certificate"},
    )  # fmt: skip
    assert (second.index, second.once) == (1, "f3")
    assert second.each == FINDINGS[2]
    assert first.throttle == Throttle(2, 900_000, "www.example.com", "drop")
    assert first.on_failure is OnFailure.HOLD


def test_empty_list_matches_and_runs_nothing() -> None:
    found = planned(EACH, head="vars: {bad: []}")
    assert found.runs == ()
    assert found.verdicts[0].matched
    assert found.verdicts[0].reason == "each gave an empty list"


def test_each_that_gives_no_list_is_an_error() -> None:
    found = planned(f"name: a\non: scan.finished\neach: data['target']\n{SAY}")
    assert found.verdicts[0].error
    assert "must give a list" in found.verdicts[0].reason


def test_more_elements_than_the_bound_are_an_error_and_not_cut() -> None:
    rule = f"name: a\non: scan.finished\neach: data['many']\n{SAY}"
    assert len(planned(rule, many=[0] * MOST_ELEMENTS).runs) == MOST_ELEMENTS
    found = planned(rule, many=[0] * (MOST_ELEMENTS + 1))
    assert found.runs == ()
    assert "at most 1,000 runs come from one event" in found.verdicts[0].reason


def test_element_that_fails_leaves_the_others_alone() -> None:
    broken = [{"id": "f0"}, *FINDINGS, {"id": "f9"}]
    rule = "name: a\non: scan.finished\neach: data.findings\n" + SAY.replace(
        "x", "'${{ each.title }}'"
    )
    found = planned(rule, findings=broken)
    assert [run.index for run in found.runs] == [1, 2, 3]
    (verdict,) = found.verdicts
    assert (verdict.matched, verdict.error, verdict.runs) == (True, True, 3)
    assert "element 0: say.message" in verdict.reason
    assert "there is no each.title" in verdict.reason
    assert "(and 1 more like it)" in verdict.reason


@pytest.mark.parametrize(
    ("value", "text"),
    [("f1", "f1"), (7, "7"), (7.5, "7.5"), (True, "true"), (["b", 1], '["b",1]'),
     ({"b": 1, "a": "é"}, '{"a":"é","b":1}'), ("", "")],
)  # fmt: skip
def test_once_per_is_kept_as_text(value: JSON, text: str) -> None:
    assert key_text(value) == text


def test_long_once_per_keeps_its_beginning_and_stays_distinct() -> None:
    one, other = key_text("x" * 600 + "a"), key_text("x" * 600 + "b")
    assert one[:400] == other[:400] == "x" * 400
    assert one != other
    assert len(one) < 500


def test_null_is_no_key() -> None:
    found = planned(f"name: a\non: scan.finished\nonce_per: data['none']\n{SAY}", none=None)
    assert "once_per: gives null" in found.verdicts[0].reason
    assert found.runs == ()


def test_absent_key_is_an_error_that_names_the_field() -> None:
    found = planned(f"name: a\non: scan.finished\nonce_per: data.band\n{SAY}")
    assert (found.verdicts[0].error, found.verdicts[0].absent) == (True, "data.band")


# --- parameters ---------------------------------------------------------------------------


def test_leaf_that_is_one_template_keeps_its_type() -> None:
    action = one(
        "then: [{open: {summary: x, effort: '${{ data.score }}',"
        " fields: '${{ data.counts }}', labels: [a, 'b-${{ data.score }}']}}]"
    )
    assert action.parameters == {
        "summary": "x",
        "effort": 61,
        "fields": {"critical": 1, "high": 1, "low": 1, "total": 3},
        "labels": ["a", "b-61"],
    }
    assert (action.name, action.integration, action.deferred) == ("open", "tracker", ())


def test_only_rich_parameters_are_escaped_and_only_what_came_from_the_event() -> None:
    text = "'*${{ data.target }}* ${{ vars.sign }}'"
    action = one(
        f"then: [{{open: {{summary: {text}, description: {text}}}}}]", "vars: {sign: '**'}"
    )
    assert action.parameters == {
        "summary": "*www.example.com* **",
        "description": "*<www.example.com>* **",
    }


@pytest.mark.parametrize(
    ("markup", "text"),
    [("wiki", "{www.example.com}"), ("plain", "www.example.com"),
     ("'${{ data.scanner == \"qtangl\" ? \"wiki\" : \"plain\" }}'", "{www.example.com}")],
)  # fmt: skip
def test_format_decides_the_escaping(markup: str, text: str) -> None:
    action = one(
        f"then: [{{open: {{summary: x, description: '${{{{ data.target }}}}', format: {markup}}}}}]"
    )
    assert isinstance(action.parameters, dict)
    assert action.parameters["description"] == text
    assert list(action.parameters) == ["summary", "description", "format"]


def test_adf_is_escaped_as_json_in_a_text_and_not_in_a_mapping() -> None:
    text = one(
        'then: [{open: {summary: x, description: \'{"a": "${{ data.target }}"}\', format: adf}}]'
    )
    mapping = one(
        "then: [{open: {summary: x, description: {a: '${{ data.target }}'}, format: adf}}]"
    )
    assert isinstance(text.parameters, dict)
    assert isinstance(mapping.parameters, dict)
    assert text.parameters["description"] == '{"a": "[www.example.com]"}'
    assert mapping.parameters["description"] == {"a": "www.example.com"}


def test_adf_that_waits_for_an_earlier_step_is_escaped_the_same_way() -> None:
    for written, expected in (
        ("'\"${{ steps.s.key }}\"'", '"[S-1]"'),
        ("{a: '${{ steps.s.key }}'}", {"a": "S-1"}),
    ):
        rule = (
            "then: [{open: {id: s, summary: x}}, "
            f"{{open: {{summary: x, description: {written}, format: adf}}}}]"
        )
        (run,) = planned(f"name: a\non: scan.finished\n{rule}").runs
        names = names_for(
            scan({}), variables={}, each=None, now=NOW, link=None, steps={"s": {"key": "S-1"}}
        )
        done = render_deferred(run.actions[1], names, CATALOGUE["open"], ESCAPES)
        assert isinstance(done.parameters, dict)
        assert done.parameters["description"] == expected


def test_optional_parameter_of_an_absent_field_is_left_out() -> None:
    action = one("then: [{open: {summary: x, description: '${{ data.message }}'}}]")
    assert action.parameters == {"summary": "x"}


@pytest.mark.parametrize("step", ["summary: '${{ data.message }}'",
                                  "summary: x, description: 'see ${{ data.message }}'",
                                  "summary: x, labels: ['${{ data.message }}']"])  # fmt: skip
def test_absent_field_elsewhere_is_an_error(step: str) -> None:
    found = planned(f"name: a\non: scan.finished\nthen: [{{open: {{{step}}}}}]")
    assert found.runs == ()
    assert (found.verdicts[0].error, found.verdicts[0].absent) == (True, "data.message")


def test_text_that_looks_like_a_template_is_not_rendered_again() -> None:
    action = one("then: [{open: {summary: '${{ data.target }}'}}]", target="${{ 1 + 1 }}")
    assert action.parameters == {"summary": "${{ 1 + 1 }}"}
    assert action.deferred == ()


def test_step_with_a_false_condition_is_skipped_with_the_reason() -> None:
    action = one("then: [{say: {message: '${{ data.message }}', when: data.score > 99}}]")
    assert (action.skip, action.parameters) == ("when is false: data.score > 99", {})


def test_step_whose_condition_reads_an_absent_field_is_skipped() -> None:
    action = one("then: [{say: {message: x, when: data.band == 'A'}}]")
    assert "there is no data.band" in action.skip


def test_today_and_now_are_those_of_the_time_handed_in() -> None:
    action = one("then: [{say: {message: '${{ today() }} ${{ now }} ${{ event.time }}'}}]")
    assert action.parameters == {
        "message": "2026-11-21 2026-11-21T09:14:02.123Z 2026-11-21T09:13:57.123Z"
    }


# --- the lane -----------------------------------------------------------------------------

LINKED = [
    f"name: {name}\non: scan.finished\n{guard}\n{SAY}"
    for name, guard in {
        "when": "when: link.ticket == 'SEC-1'",
        "each": "each: '[link.ticket]'",
        "once": "once_per: link.ticket",
        "by": "throttle: {at_most: 1, per: 1h, by: link.ticket}",
        "free": "when: data.score < 70",
    }.items()
]


def test_rules_whose_guards_read_the_link_wait_for_the_lane() -> None:
    rules = rules_of(*LINKED)
    first = plan(scan(), rules, NOW, {}, ESCAPES)
    assert [run.rule for run in first.runs] == ["free"]
    assert [verdict.rule for verdict in first.verdicts] == ["free"]
    assert first.needs_lane
    second = plan(scan(), rules, NOW, {"ticket": "SEC-1"}, ESCAPES, stage="in_lane")
    assert [run.rule for run in second.runs] == ["when", "each", "once", "by"]
    assert not second.needs_lane


def test_event_without_such_rules_needs_no_lane() -> None:
    assert not plan(scan(), rules_of(LINKED[-1]), NOW, {}, ESCAPES).needs_lane
    other = rules_of(
        LINKED[0].replace("link.ticket ==", "data.target == 'other' && link.ticket ==")
    )
    assert not plan(scan(), other, NOW, {}, ESCAPES).needs_lane


# --- what waits for its turn --------------------------------------------------------------

DEFERRED = """\
name: a
on: scan.finished
each: data.findings
throttle: {at_most: 1, per: 1h, over: group}
then:
  - open: {id: ticket, summary: x}
  - open:
      when: steps.ticket.key.startsWith(vars.prefix)
      summary: "${{ each.id }} ${{ steps.ticket.key }} ${{ vars.prefix }}"
      description: "*${{ steps.ticket.url }}* ${{ group.map(e, e.data.target).join(', ') }}"
      labels: [a, "${{ link.ticket }}"]
      fields: {"a/b": "${{ steps.ticket.key }}", c: "${{ each.id }}"}
"""


def deferred() -> PlannedAction:
    return planned(DEFERRED, head="vars: {prefix: SEC}").runs[0].actions[1]


def names(**changes: JSON) -> dict[str, JSON]:
    found = names_for(
        scan(), variables={"prefix": "SEC"}, each=FINDINGS[0], now=NOW,
        link={"ticket": "SEC-9"}, steps={"ticket": {"key": "SEC-1", "url": "u_1"}},
        group=[scan(), scan({"target": "other"})],
    )  # fmt: skip
    return {**found, **changes}


def test_what_reads_later_values_stays_a_template() -> None:
    action = deferred()
    assert action.deferred == ("/summary", "/description", "/labels/1", "/fields/a~1b")
    assert action.condition == "steps.ticket.key.startsWith(vars.prefix)"
    assert isinstance(action.parameters, dict)
    assert action.parameters["labels"] == ["a", "${{ link.ticket }}"]
    assert action.parameters["fields"] == {"a/b": "${{ steps.ticket.key }}", "c": "f1"}
    run = planned(DEFERRED, head="vars: {prefix: SEC}").runs[0]
    assert run.variables == {"prefix": "SEC"}


def test_variables_are_kept_only_where_they_are_read_later() -> None:
    rule = (
        "name: a\non: scan.finished\nthen: [{say: {message: '${{ vars.x }} ${{ link.ticket }}'}}]"
    )
    assert planned(rule, head="vars: {x: 1}").runs[0].variables == {"x": 1}
    apart = rule.replace("${{ vars.x }} ", "")
    assert planned(apart, head="vars: {x: 1}").runs[0].variables is None


def test_deferred_templates_are_rendered_at_their_turn() -> None:
    done = render_deferred(deferred(), names(), CATALOGUE["open"], ESCAPES)
    assert (done.deferred, done.condition, done.skip) == ((), "", "")
    assert done.parameters == {
        "summary": "f1 SEC-1 SEC",
        "description": "*<u_1>* <www.example.com, other>",
        "labels": ["a", "SEC-9"],
        "fields": {"a/b": "SEC-1", "c": "f1"},
    }


def test_deferred_condition_that_is_false_or_reads_a_skipped_step_skips() -> None:
    false = render_deferred(deferred(), names(vars={"prefix": "OPS"}), CATALOGUE["open"], ESCAPES)
    assert false.skip == "when is false: steps.ticket.key.startsWith(vars.prefix)"
    absent = render_deferred(deferred(), names(steps={}), CATALOGUE["open"], ESCAPES)
    assert "there is no steps.ticket" in absent.skip


def test_deferred_template_of_an_absent_field_fails_or_is_left_out() -> None:
    action = replace(deferred(), condition="")
    with pytest.raises(ExpressionFailed, match=r"summary: .*no steps\.ticket") as caught:
        render_deferred(action, names(steps={}), CATALOGUE["open"], ESCAPES)
    assert caught.value.absent == "steps.ticket"
    rule = (
        "name: a\non: scan.finished\n"
        "then: [{open: {summary: x, description: '${{ link.ticket }}'}}]"
    )
    optional = planned(rule).runs[0].actions[0]
    done = render_deferred(optional, names(link={}), CATALOGUE["open"], ESCAPES)
    assert done.parameters == {"summary": "x"}


def test_what_a_step_gave_is_never_read_as_a_template() -> None:
    steps: JSON = {"ticket": {"key": "SEC ${{ vars.prefix }}", "url": ""}}
    done = render_deferred(deferred(), names(steps=steps), CATALOGUE["open"], ESCAPES)
    assert isinstance(done.parameters, dict)
    assert done.parameters["summary"] == "f1 SEC ${{ vars.prefix }} SEC"


def test_odd_answers_of_other_systems_are_cleaned() -> None:
    found = names_for(scan(), variables=None, each=None, now=NOW, link={"ticket": "a\0"},
                      steps={"a": {"id": 2**70}})  # fmt: skip
    assert found["steps"] == {"a": {"id": str(2**70)}}
    assert found["link"] == {"ticket": "a\ufffd"}
    deep: JSON = 1
    for _ in range(200):
        deep = [deep]
    with pytest.raises(ExpressionFailed, match="deeper than 100"):
        names_for(scan(), variables=None, each=None, now=NOW, link=None, steps={"a": deep})


# --- never anything else ------------------------------------------------------------------

_DATA = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)
_EVERYTHING = rules_of(EACH, DEFERRED.replace("name: a", "name: b"), *LINKED,
                       head="vars: {bad: [high], prefix: SEC}")  # fmt: skip


_FIELDS = dict.fromkeys(("findings", "score", "target", "scanner", "counts"), _DATA)


@given(st.fixed_dictionaries({}, optional=_FIELDS) | _DATA)
def test_any_cleaned_data_gives_a_plan(data: JSON) -> None:
    event = replace(scan(), data=clean(data))
    for stage in ("at_once", "in_lane"):
        found = plan(event, _EVERYTHING, NOW, {"ticket": "x"}, ESCAPES, stage=stage)
        assert len(found.verdicts) in (3, 4)
