"""The rules that the demo runs are right, and carry tests that pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.configured import Configured, configure, read_rules, warnings_of
from bridge.demo.world import checkout, write_configuration
from bridge.workbench.testing import run_tests


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    file = write_configuration(tmp_path, 8080, "http://127.0.0.1:8090")
    return configure(load_settings(file, {}))


def test_configuration_of_the_demo_has_nothing_to_warn_of(configured: Configured) -> None:
    assert list(warnings_of(configured)) == []
    assert read_rules(configured).warnings == ()


def test_tests_in_the_example_rules_pass(configured: Configured) -> None:
    rules = read_rules(configured)
    run = run_tests(configured, rules, checkout(), wall_clock())
    assert run.tested
    assert [(one.test.sample, one.misses) for one in run.tested if not one.ok] == []


def test_every_example_file_carries_a_test_or_reads_what_only_a_store_knows(
    configured: Configured,
) -> None:
    rules = read_rules(configured)
    tested = {test.place.file for test in rules.tests}
    for rule in rules.rules:
        assert rule.place.file in tested or rule.in_lane, rule.name
