"""`bridge rules test`: what is told of tests that pass and fail, and what they do not reach."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

from tests.cli.conftest import RULES, SAMPLES, TESTS, Run, with_tests


def test_tests_in_rule_files_are_run(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS)
    done = run("rules", "test")
    assert done.exit_code == 0
    assert done.stderr == "2 tests, 0 failed\ncoverage: 2 of 2 branches, 100 %\n"
    assert [line[0] for line in done.stdout.splitlines()] == ["✓", "✓"]


def test_failed_test_says_what_was_planned_instead(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS.replace("has 41", "has 42"))
    done = run("rules", "test")
    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    at = lines.index("    expected log of say-it; it was planned otherwise")
    assert lines[at + 1 : at + 5] == [
        "      message",
        '        expected "acme-bank.example has 42"',
        '        planned  "acme-bank.example has 41"',
        " " * 41 + "^",
    ]


def test_test_that_expects_nothing_fails_when_something_is_planned(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS.replace("scan-clean", "scan-complete"))
    (first, second) = json.loads(run("rules", "test", "--json").stdout)["tests"]
    assert first["ok"] is True
    assert second["missing"] == ["nothing was expected, but say-it planned log"]


def test_sample_of_a_test_may_lie_above_the_rule_file(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS)
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    (folder / "bridge.yaml").rename(elsewhere / "bridge.yaml")
    config = ("--config", "elsewhere/bridge.yaml")
    assert run("rules", "test", "rules", *config).exit_code == 0
    (folder / "rules" / "rules").mkdir()
    (folder / "rules" / "first.yaml").rename(elsewhere / "first.yaml")
    (folder / "samples").rename(elsewhere / "samples")
    assert run("rules", "test", str(elsewhere / "first.yaml"), *config).exit_code == 0


def test_sample_is_read_by_the_source_it_was_sent_to_or_by_the_one_that_is_named(
    run: Run, folder: Path
) -> None:
    text = (folder / "bridge.yaml").read_text(encoding="utf-8")
    text += "tenants: [{name: red}]\n"
    second = "  - {name: other, preset: qtangl, secrets: [made-up], tenant: red}\nintegrations"
    (folder / "bridge.yaml").write_text(text.replace("integrations", second), encoding="utf-8")
    with_tests(folder, TESTS)
    assert run("rules", "test").exit_code == 0
    sample = str(SAMPLES / "qtangl" / "scan-complete")
    assert "from qtangl about" in run("rules", "explain", "--sample", sample).stdout
    rules = folder / "rules" / "first.yaml"
    rules.write_text(
        RULES.replace("scan.finished", "scan.finished\n    source: other")
        + TESTS.replace("scan-complete", "scan-complete\n    source: other"),
        encoding="utf-8",
    )
    assert run("rules", "test").exit_code == 0


def test_test_whose_sample_is_not_there_fails(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS.replace("scan-clean", "scan-cleam"))
    done = run("rules", "test")
    assert done.exit_code == 1
    assert "there is no sample samples/qtangl/scan-cleam; it was looked for in" in done.stdout
    assert f"{folder}/samples" not in done.stdout


def test_test_that_was_not_planned_says_why(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS.replace("scan-complete", "scan-clean"))
    done = run("rules", "test")
    assert done.exit_code == 1
    assert "expected log of say-it; it was not planned: when is false" in done.stdout


def test_rule_that_must_not_act_fails_the_test_when_it_does(run: Run, folder: Path) -> None:
    with_tests(
        folder,
        """
tests:
  - sample: samples/qtangl/scan-clean
    expect: [{rule: say-it, not: true}]
  - sample: samples/qtangl/scan-complete
    expect: [{rule: say-it, action: log, not: true, with: {message: something else}}]
  - sample: samples/qtangl/scan-complete
    expect: [{rule: say-it, not: true}]
""",
    )
    done = run("rules", "test")
    assert [line[0] for line in done.stdout.splitlines() if line[0] != " "] == ["✓", "✓", "✗"]
    assert "say-it planned log, which it must not" in done.stdout


BRANCHES = """\
version: 1
rules:
  - name: say-it
    on: scan.finished
    when: data.score < 70
    each: data.findings
    then:
      - log: {id: first, when: "each.severity == 'high'", message: "${{ each.title }}"}
      - log: {when: size(steps.first) == 0, message: judged only at its turn}
  - name: never
    on: case.created
    then: [{log: {message: x}}]
  - name: off
    enabled: false
    on: case.created
    then: [{log: {message: x}}]
tests:
  - sample: samples/qtangl/scan-complete
    expect: [{rule: say-it, action: log}]
"""


def test_coverage_names_rules_and_branches_that_no_test_reaches(run: Run, folder: Path) -> None:
    with_tests(folder, "")
    (folder / "rules" / "first.yaml").write_text(BRANCHES, encoding="utf-8")
    done = run("rules", "test", "--coverage", "--least", "60")
    missed = [line for line in done.stdout.splitlines() if line.startswith("not covered")]
    assert [line.partition("first.yaml:")[2] for line in missed] == [
        "3:11: say-it: when is never false",
        "3:11: say-it: each is never empty",
        "10:11: never: no test reaches it",
    ]
    assert "coverage: 4 of 7 branches, 57 %" in done.stderr
    assert done.exit_code == 1
    assert run("rules", "test", "--least", "57").exit_code == 0
    coverage = json.loads(run("rules", "test", "--json").stdout)["coverage"]
    assert (coverage["percent"], len(coverage["missed"])) == (57, 3)


def test_results_are_written_as_junit_xml(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS.replace("has 41", "has <42>"))
    assert run("rules", "test", "--junit", "out/junit.xml").exit_code == 1
    suites = ElementTree.parse(folder / "out" / "junit.xml").getroot()
    assert (suites.get("tests"), suites.get("failures")) == ("2", "1")
    (failure,) = suites.iter("failure")
    assert failure.text is not None
    assert 'expected "acme-bank.example has <42>"' in failure.text
    assert [case.get("line") for case in suites.iter("testcase")] == ["10", "12"]


def test_junit_file_that_cannot_be_written_is_an_error(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS)
    done = run("rules", "test", "--junit", "bridge.yaml/junit.xml")
    assert done.exit_code == 1
    assert "bridge.yaml/junit.xml cannot be written" in done.stderr


LINKED = """\
version: 1
rules:
  - name: close-it
    on: scan.finished
    when: link.ticket != ""
    then:
      - comment:
          ticket: ${{ link.ticket }}
          body: "${{ today() }}: ${{ data.target }}"
tests:
  - sample: samples/qtangl/scan-complete
    link: {ticket: SEC-7}
    at: 2026-11-21T09:14:02Z
    expect:
      - rule: close-it
        action: comment
        with: {ticket: SEC-7, body: "2026-11-21: acme-bank.example"}
  - sample: samples/qtangl/scan-complete
    expect: []
"""


def test_test_may_say_what_the_event_is_tied_to_and_when_it_comes(run: Run, folder: Path) -> None:
    with_tests(folder, "")
    file = folder / "rules" / "first.yaml"
    file.write_text(LINKED, encoding="utf-8")
    (folder / "bridge.yaml").unlink()
    done = run("rules", "test")
    assert (done.exit_code, done.stdout.count("✓")) == (0, 2)
    file.write_text(LINKED.replace("{ticket: SEC-7}", "{tickte: x}", 1), encoding="utf-8")
    assert 'a link has no "tickte" (did you mean "ticket"?)' in run("rules", "test").stderr
    file.write_text(LINKED.replace("02Z", "02", 1), encoding="utf-8")
    assert "must be a time with its zone, such as 2026" in run("rules", "test").stderr
    file.write_text(LINKED.replace("ticket != ''", "x").replace("{ticket: SEC-7}", "{id: '7'}", 1))
    assert "✗" in run("rules", "test").stdout


def test_expectation_that_says_neither_what_nor_not_is_refused(run: Run, folder: Path) -> None:
    with_tests(folder, "tests: [{sample: s, expect: [{rule: say-it}]}]\n")
    assert "give the `action`, or `not: true`" in run("rules", "check").stderr


def test_expression_that_gives_an_error_fails_the_test(run: Run, folder: Path) -> None:
    text = RULES.replace("data.score < 70", "data.score / 0 == 1") + TESTS
    with_tests(folder, "")
    (folder / "rules" / "first.yaml").write_text(text, encoding="utf-8")
    assert "say-it gave an error: when: data.score / 0 == 1" in run("rules", "test").stdout
