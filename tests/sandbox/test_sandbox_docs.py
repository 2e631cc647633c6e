"""The page for people says what the program does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from bridge.sandbox.app import Sandbox, create_sandbox
from bridge.sandbox.control import control_app
from bridge.sandbox.faults import NAMES
from bridge.sandbox.jira.workflow import TRANSITIONS
from bridge.sandbox.jira.world import FIELDS, USERS

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")


@pytest.fixture
def described() -> Sandbox:
    return create_sandbox()


def test_the_table_of_faults_is_complete() -> None:
    table = PAGE.partition("## Faults")[2].partition("## Webhooks")[0]
    assert re.findall(r"^\| `([^`]+)` \|", table, re.MULTILINE) == list(NAMES)


def test_every_control_endpoint_is_on_the_page(described: Sandbox) -> None:
    paths = {getattr(route, "path", "") for route in control_app(described).routes}
    assert [path for path in paths if path not in PAGE] == []
    assert "/sandbox/reset" in paths


def test_people_transitions_and_custom_fields_are_on_the_page() -> None:
    words = [user.email for user in USERS]
    words += [f"`{transition.name}` ({transition.id}" for transition in TRANSITIONS]
    words += [f"`{field.id}` {field.name}" for field in FIELDS.values() if field.custom]
    flat = " ".join(PAGE.split())
    assert [word for word in words if word not in flat] == []
