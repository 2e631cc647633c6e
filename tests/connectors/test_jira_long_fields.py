"""Long texts that rules pass on under `fields`: an event's markup never acts, none is refused."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from bridge.connectors.jira.client import assume_facts
from bridge.event import JSON
from bridge.sandbox.serve import RunningSandbox
from bridge.text.adf_reader import words_of
from tests.connectors.conftest import Moment, Opened, Recorder, open_connector, set_faults

HOSTILE = "see {code} [~mia]\n* !x.png!"
WIKI = "see \\{code\\} \\[\\~mia\\]\n\\* \\!x.png\\!"
CAUSE = "customfield_10050"
ONE_LINE = "customfield_10051"
DOCUMENT: dict[str, JSON] = {
    "version": 1,
    "type": "doc",
    "content": [
        {
            "type": "paragraph",
            "content": [{"type": "text", "text": "{code}", "marks": [{"type": "strong"}]}],
        }
    ],
}
KINDS: dict[str, tuple[str, int]] = {"v3": ("cloud", 3), "v2": ("cloud", 2), "dc": ("dc", 2)}


@pytest.fixture(params=KINDS)
async def jira(
    request: pytest.FixtureRequest, sandbox: RunningSandbox, clock: Moment
) -> AsyncIterator[Opened]:
    where, api = KINDS[request.param]
    address = sandbox.jira_url if where == "cloud" else sandbox.jira_dc_url
    options: dict[str, JSON] = {"base_url": address, "deployment": "auto", "api": api}
    opened = open_connector("jira", Recorder(), clock, options)
    yield opened
    await opened.http.aclose()


def sent(jira: Opened, method: str, ending: str) -> dict[str, Any]:
    """The fields of the one write to this place."""
    recorder = jira.http._transport
    assert isinstance(recorder, Recorder)
    (body,) = (
        json.loads(one.content)
        for one in recorder.requests
        if one.method == method and one.url.path.endswith(ending)
    )
    fields: dict[str, Any] = body["fields"]
    return fields


def asked(jira: Opened, ending: str) -> int:
    recorder = jira.http._transport
    assert isinstance(recorder, Recorder)
    return sum(one.url.path.endswith(ending) for one in recorder.requests)


def shown(value: JSON) -> str:
    """What a person reads in a long text that was written as plain text."""
    if isinstance(value, dict):
        return words_of(value)
    assert value == WIKI
    return HOSTILE


async def test_texts_of_long_fields_show_every_character(jira: Opened) -> None:
    fields: dict[str, JSON] = {"environment": HOSTILE, CAUSE: HOSTILE, ONE_LINE: HOSTILE}
    made = await jira.run("create_ticket", {"summary": "s", "fields": fields})
    created = sent(jira, "POST", "/issue")
    assert shown(created["environment"]) == shown(created[CAUSE]) == HOSTILE
    assert created[ONE_LINE] == HOSTILE
    ticket = str(made.outputs["key"])
    await jira.run("update_ticket", {"ticket": ticket, "fields": fields})
    changed = sent(jira, "PUT", f"/issue/{ticket}")
    assert shown(changed["environment"]) == shown(changed[CAUSE]) == HOSTILE
    assert asked(jira, "/field") == 1


async def test_text_on_a_transitions_screen_shows_every_character(
    jira: Opened, sandbox: RunningSandbox
) -> None:
    set_faults(sandbox, required_transition_field="Root cause")
    given: dict[str, JSON] = {"ticket": "SEC-1", "to": "Done"}
    await jira.run("transition", {**given, "fields": {"root cause": HOSTILE}})
    assert shown(sent(jira, "POST", "/transitions")[CAUSE]) == HOSTILE
    assert asked(jira, "/field") == 0


async def test_document_of_a_long_field_is_written_in_the_sites_markup(jira: Opened) -> None:
    fields: dict[str, JSON] = {"environment": DOCUMENT, CAUSE: DOCUMENT}
    await jira.run("create_ticket", {"summary": "s", "fields": fields})
    created = sent(jira, "POST", "/issue")
    expected = DOCUMENT if jira.client.settings.api == 3 else "*\\{code\\}*"
    assert created["environment"] == created[CAUSE] == expected


async def test_long_text_beyond_the_limit_is_cut_and_said(jira: Opened) -> None:
    given: dict[str, JSON] = {"ticket": "SEC-1", "fields": {"environment": "word " * 10_000}}
    outcome = await jira.run("update_ticket", given)
    assert [one.partition(":")[0] for one in outcome.lost] == ["environment"]


async def test_empty_text_takes_a_long_field_away(jira: Opened) -> None:
    await jira.run("update_ticket", {"ticket": "SEC-1", "fields": {"environment": ""}})
    nothing = {"version": 1, "type": "doc", "content": []}
    assert sent(jira, "PUT", "/issue/SEC-1")["environment"] in ("", nothing)


async def test_preview_without_questions_asks_for_no_fields(jira: Opened) -> None:
    assume_facts(jira.client)
    await jira.run("create_ticket", {"summary": "s", "fields": {ONE_LINE: "x"}})
    assert asked(jira, "/field") == 0
