"""What `docs/systems.md` says of a connector's verification is what the tests do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from bridge.connectors.catalogue import load_connectors
from bridge.connectors.contract import Connector
from tests.systems_page import empty_cells, explained_cells

TESTS = Path(__file__).resolve().parents[1]
EVIDENCE = {
    "confluence-cloud-v1.json": "OpenAPI of Confluence Cloud v1",
    "confluence-cloud-v2.json": "OpenAPI of Confluence Cloud v2",
    "confluence-dc-10.0.3.json": "OpenAPI of Confluence Data Center 10.0.3",
    "github.json": "OpenAPI of GitHub's REST API",
    "github-webhook-examples.json": "`@octokit/webhooks-examples`",
    "from gidgethub import": "`gidgethub`",
    "jira-cloud-v2.json": "OpenAPI of Jira Cloud v2",
    "jira-cloud-v3.json": "OpenAPI of Jira Cloud v3",
    "jira-dc-10.3.json": "OpenAPI of Jira Data Center 10.3",
    "from jira import": "`jira`",
    "from atlassian import": "`atlassian-python-api`",
    "adf-schema-v1.json": "JSON Schema of ADF",
    "kibana.json": "OpenAPI of Kibana's cases",
    "linear.graphql": "Linear's GraphQL schema",
    "sentry.json": "OpenAPI of Sentry's API",
    "slack.json": "OpenAPI of Slack's Web API",
    "slack-webapi-types.schema.json": "types of `@slack/web-api` (Block Kit)",
    "from slack_sdk": "`slack_sdk`",
    "thehive.json": "OpenAPI of TheHive 5.7",
    "from thehive4py": "`thehive4py`",
    "from standardwebhooks import": "`standardwebhooks`",
    "templates that Kibana's page gives": "the stand-in of Jira, by the templates of Kibana's page",
    "The other bridge itself": "the bridge's own `/case-webhook`",
}
"""What stands in a test, and what it is called for people."""
MORE = {
    "jira": ("sandbox/conftest.py", "sandbox/test_client_atlassian.py", "text/test_adf.py"),
    "cases-webhook": ("web/test_case_webhook_of_another_bridge.py",),
}
"""Besides the tests that have the connector's name in theirs."""


def files_of(connector: Connector) -> Iterator[Path]:
    name = connector.name.replace("-", "_")
    for folder in ("connectors", "sandbox"):
        yield from (TESTS / folder).glob(f"test_{name}*.py")
        yield from (TESTS / folder).glob(f"test_client_{name}*.py")
    yield from (TESTS / more for more in MORE.get(connector.name, ()))


def held_against(connector: Connector) -> set[str]:
    texts = [path.read_text(encoding="utf-8") for path in files_of(connector)]
    return {
        words
        for sign, words in EVIDENCE.items()
        if any(re.search(rf"(?<![\w-]){re.escape(sign)}", text) for text in texts)
    }


@pytest.mark.parametrize("connector", load_connectors().values(), ids=lambda one: one.name)
def test_what_is_said_is_what_the_tests_do(connector: Connector) -> None:
    claimed = set(connector.verified.against) if connector.verified else set()
    assert claimed == held_against(connector)


def test_every_connector_with_another_side_says_what_it_rests_on() -> None:
    silent = {one.name for one in load_connectors().values() if one.verified is None}
    assert silent == {"log"}


def test_every_action_that_a_connector_leaves_out_is_explained_and_no_other() -> None:
    assert explained_cells() == empty_cells()
