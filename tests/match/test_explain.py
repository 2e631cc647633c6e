"""Explaining: every rule's verdict, and the value of each part of its expressions."""

from __future__ import annotations

import pytest

from bridge.errors import Place
from bridge.match.explain import Explained, Explanation, Outcome, explain
from tests.match.catalogue import NOW, rules_of, scan

SAY = "then: [{say: {message: x}}]"


def explained(*rules: str, head: str = "") -> tuple[Explanation, ...]:
    return explain(scan(), rules_of(*rules, head=head), NOW, {})


def lines(part: Explained, depth: int = 0) -> list[tuple[int, str, object]]:
    """The tree as lines: depth, text, value or error."""
    own = (depth, part.text, part.error or part.value)
    return [own, *(line for one in part.inside for line in lines(one, depth + 1))]


def condition(text: str, head: str = "") -> list[tuple[int, str, object]]:
    (one,) = explained(f"name: a\non: scan.finished\nwhen: {text}\n{SAY}", head=head)
    ((name, part),) = one.parts
    assert name == "when"
    return lines(part)


def test_every_rule_has_a_verdict_and_its_place() -> None:
    found = explained(
        f"name: off\non: scan.finished\nenabled: false\n{SAY}",
        f"name: other\non: case.created\n{SAY}",
        f"name: elsewhere\non: scan.*\nsource: tracker\n{SAY}",
        f"name: false\non: scan.finished\nwhen: data.score > 70\n{SAY}".replace("false", "'false'"),
        f"name: absent\non: scan.finished\nwhen: data.band == 'A'\n{SAY}",
        f"name: wrong\non: scan.finished\nwhen: data.score / 0 == 1\n{SAY}",
        f"name: right\non: scan.finished\n{SAY}",
    )
    assert [(one.rule, str(one.outcome), one.reason, one.absent) for one in found] == [
        ("off", "not asked", "the rule is disabled", ""),
        ("other", "not asked", "on case.created does not mean scan.finished", ""),
        ("elsewhere", "not asked", "source tracker does not mean scanner", ""),
        ("false", "no match", "when is false", ""),
        ("absent", "no match", "when: data.band == 'A': there is no data.band", "data.band"),
        ("wrong", "error", "when: data.score / 0 == 1: divide by zero", ""),
        ("right", "matched", "", ""),
    ]
    assert found[0].place == Place("rules.yaml", 4, 11)
    assert len(found[-1].runs) == 1


def test_parts_carry_their_values_from_outside_in() -> None:
    assert condition("(data.score < 70 || data.band == 'A') && data.target.startsWith('www')") == [
        (0, "(data.score < 70 || data.band == 'A') && data.target.startsWith('www')", True),
        (1, "data.score < 70 || data.band == 'A'", True),
        (2, "data.score < 70", True),
        (3, "data.score", 61),
        (2, "data.band == 'A'", "there is no data.band"),
        (3, "data.band", "there is no data.band"),
        (1, "data.target.startsWith('www')", True),
        (2, "data.target", "www.example.com"),
    ]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("size(data.findings.filter(f, f.id == 'f1')) == 1",
         ["size(data.findings.filter(f, f.id == 'f1'))", "data.findings.filter(f, f.id == 'f1')",
          "data.findings"]),
        ("data.?band.orValue('B') == 'B'", ["data.?band.orValue('B')", "data.?band"]),
        ("has(data.score)", []),
        ("(data.score) == (data['score'])", ["data.score", "data['score']"]),
        ("(data.score > 1 ? data.target : data.band) != ''",
         ["data.score > 1 ? data.target : data.band", "data.score > 1", "data.score", "data.target",
          "data.band"]),
        ("-data.score == -61", ["-data.score", "data.score"]),
        ("data.findings[0].id in ['f1']", ["data.findings[0].id", "['f1']"]),
        ("math.least(data.score, 3) == 3", ["math.least(data.score, 3)", "data.score"]),
        ("data.findings.all(f, f.id != 'é') && 'é' + data.target != ''",
         ["data.findings.all(f, f.id != 'é')", "data.findings", "'é' + data.target != ''",
          "'é' + data.target", "data.target"]),
        ("{'k': data.score}['k'] == 61", ["{'k': data.score}['k']", "{'k': data.score}",
                                          "data.score"]),
    ],
)  # fmt: skip
def test_parts_are_cut_where_they_stand(text: str, parts: list[str]) -> None:
    found = condition(f'"{text}"')
    assert [line[1] for line in found] == [text, *parts]
    assert found[0][2] is True


def test_spans_point_into_the_expression() -> None:
    (one,) = explained(f"name: a\non: scan.finished\nwhen: 1 < 2 && data.score < 70\n{SAY}")
    part = one.parts[0][1]
    assert [(inner.start, inner.end) for inner in part.inside] == [(0, 5), (9, 24)]


def test_optional_shows_what_it_holds() -> None:
    assert condition("data.?score.orValue(0) > 1")[-1] == (2, "data.?score", 61)
    assert condition("data.?band.orValue('') == ''")[-1] == (2, "data.?band", None)


def test_guards_are_described_and_their_expressions_shown() -> None:
    (one,) = explained(
        "name: a\non: scan.finished\neach: data.findings.take(2)\nonce_per: each.id\n"
        f"throttle: {{at_most: 3, per: 90m, by: data.target, over: drop}}\n{SAY}"
    )
    assert [(name, part.value) for name, part in one.parts[1:]] == [
        ("once_per", "f1"), ("throttle.by", "www.example.com"),
    ]  # fmt: skip
    assert one.guards == (
        "once_per: runs only if 'f1' was not done by this rule before",
        "throttle: at most 3 runs of 'www.example.com' in 90m; others are skipped",
        "once_per: runs only if 'f2' was not done by this rule before",
    )


def test_rule_that_reads_the_link_says_that_it_is_judged_again() -> None:
    rule = f"name: a\non: scan.finished\nwhen: link.ticket == 'S'\n{SAY}"
    (one,) = explain(scan(), rules_of(rule), NOW, {"ticket": "S"})
    assert one.outcome is Outcome.MATCHED
    assert one.guards[0].startswith("judged again when its lane is free")


def test_each_without_elements_is_shown() -> None:
    (one,) = explained(f"name: a\non: scan.finished\neach: data.findings.take(0)\n{SAY}")
    assert (one.outcome, one.reason) == (Outcome.MATCHED, "each gave an empty list")
    assert one.parts[0][1].value == []
