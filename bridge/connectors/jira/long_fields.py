"""Long texts among the fields that a rule passes on, such as the environment or a field of its own.

Question: they are Jira's own markup, in version 3 documents, and rules fill them with what an event
says; nothing of a rule tells which of its fields are of that kind.
Options: pass them on, so that version 3 refuses them and an event's `{code}` or `[~user]` acts in
version 2; read them in the action's `format`, though an event's words in them are not escaped for
it; take them for plain text.
Choice: plain text, whose every character shows; who wants markup gives a document as a mapping,
where an event's words have a string to themselves.
Consequence: a custom field that gets a text has Jira asked once which fields are of that kind.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from bridge.connectors.jira.client import Jira, as_list, as_object
from bridge.connectors.jira.texts import long_text
from bridge.event import JSON

OF_JIRA = frozenset({"description", "environment"})
TEXTAREA = "com.atlassian.jira.plugin.system.customfieldtypes:textarea"
"""Custom fields of several lines. In version 3 they and Jira's own are documents
(https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/#atlassian-document-format); Data
Center shows them as wiki markup unless told otherwise
(https://confluence.atlassian.com/display/ADMINJIRASERVER0913/Configuring+renderers). Both read
2026-11."""

CUSTOM = "customfield_"


async def passed_on(jira: Jira, given: Mapping[str, JSON], lost: list[str]) -> dict[str, JSON]:
    """The fields as Jira takes them; what is no long text stays as it is."""
    custom = [name for name, value in given.items() if name.startswith(CUSTOM) and _is_text(value)]
    if jira.may_ask and any(name not in jira.long_fields for name in custom):
        found = map(as_object, as_list(await jira.get("/field")))
        jira.long_fields |= {str(one.get("id")): is_long(one.get("schema")) for one in found}
    return {
        name: as_long(jira, name, value, lost)
        if name in OF_JIRA or jira.long_fields.get(name)
        else value
        for name, value in given.items()
    }


def is_long(schema: JSON) -> bool:
    """By a field's schema, as the list of fields and the screens tell it."""
    known = schema if isinstance(schema, dict) else {}
    return known.get("system") in OF_JIRA or known.get("custom") == TEXTAREA


def as_long(jira: Jira, name: str, value: JSON, lost: list[str]) -> JSON:
    """A text or a document as this version of the API takes it. Raises GiveUp for broken ADF."""
    if not _is_text(value):
        return value
    if isinstance(value, str):
        words = long_text(value, "plain", jira.settings)
    else:
        words = long_text(json.dumps(value), "adf", jira.settings)
    lost += [f"{name}: {one}" for one in words.lost]
    return words.value


def _is_text(value: JSON) -> bool:
    return isinstance(value, str) or (isinstance(value, dict) and value.get("type") == "doc")
