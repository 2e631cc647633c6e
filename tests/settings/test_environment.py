"""Every key of the configuration has an environment variable."""

import base64
from pathlib import Path

import pytest

from bridge.configuration import load_settings
from bridge.errors import Invalid

FILE = """\
server: {port: 1}
sources:
  - {name: qtangl, preset: qtangl, secrets: [from-the-file]}
  - {name: qtangl-two, preset: qtangl}
integrations:
  - {name: jira, type: jira, base_url: "http://old", auth: {email: a@example.com}}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "bridge.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_variable_of_a_section_goes_before_the_file(file: Path) -> None:
    key = base64.b64encode(bytes(32)).decode()
    environ = {
        "BRIDGE_SERVER_PORT": "9000",
        "BRIDGE_RULES_RELOAD": "false",
        "BRIDGE_WORKER_MAX_ATTEMPTS": "3",
        "BRIDGE_ENCRYPTION_KEYS": f"{key},{key}",
        "BRIDGE_SERVER_ALLOWED_HOSTS": '["jira.internal"]',
    }
    settings = load_settings(file, environ)
    assert settings.server.port == 9000
    assert settings.rules.reload is False
    assert settings.worker.max_attempts == 3
    assert len(settings.encryption.keys) == 2
    assert settings.server.allowed_hosts == ("jira.internal",)


def test_variable_of_a_list_names_the_entry(file: Path) -> None:
    environ = {
        "BRIDGE_SOURCES_QTANGL_SECRETS": "made-up-new,made-up-old",
        "BRIDGE_SOURCES_QTANGL_TWO_SECRETS": "made-up-other",
        "BRIDGE_INTEGRATIONS_JIRA_BASE_URL": "http://new",
        "BRIDGE_INTEGRATIONS_JIRA_AUTH_API_TOKEN": "made-up-token",
        "BRIDGE_INTEGRATIONS_JIRA_ENABLED": "no",
    }
    settings = load_settings(file, environ)
    secrets = [[each.get_secret_value() for each in source.secrets] for source in settings.sources]
    assert secrets == [["made-up-new", "made-up-old"], ["made-up-other"]]
    jira = settings.integrations[0]
    assert jira.options == {
        "base_url": "http://new",
        "auth": {"email": "a@example.com", "api_token": "made-up-token"},
    }
    assert jira.enabled is False


def test_variable_may_give_a_whole_list(file: Path) -> None:
    environ = {"BRIDGE_SOURCES": '[{"name": "github", "preset": "github"}]'}
    assert [source.name for source in load_settings(file, environ).sources] == ["github"]


def test_bad_variable_is_named_in_place_of_the_file(file: Path) -> None:
    environ = {
        "BRIDGE_SERVER_PORT": "none",
        "BRIDGE_SERVER_PROT": "1",
        "BRIDGE_SOURCES_NOBODY_SECRETS": "x",
        "BRIDGE_SOURCES_QTANGL_SECRET": "x",
    }
    with pytest.raises(Invalid) as caught:
        load_settings(file, environ)
    assert [str(each) for each in caught.value.problems] == [
        '$BRIDGE_SERVER_PROT:1:1: the section "server" has no key "prot" (did you mean "port"?)',
        '$BRIDGE_SOURCES_NOBODY_SECRETS:1:1: no entry of "sources" has the name that this variable '
        "begins with (write BRIDGE_SOURCES_<NAME>_<KEY>)",
        '$BRIDGE_SOURCES_QTANGL_SECRET:1:1: an entry of "sources" has no key "secret" '
        '(did you mean "secrets"?)',
        "$BRIDGE_SERVER_PORT:1:1: server.port: must be a whole number",
    ]


def test_variables_of_others_are_left_alone(file: Path) -> None:
    environ = {
        "BRIDGE_KEY": "anything",
        "BRIDGE_CONFIG": "bridge.yaml",
        "SERVER_PORT": "none",
        "BRIDGE_SERVER_PORT": "tcp://10.0.0.1:80",
        "BRIDGE_SERVER_SERVICE_HOST": "10.0.0.1",
    }
    assert load_settings(file, environ).server.port == 1
