"""The configuration is checked as a whole: every mistake at once, each with its place."""

from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from bridge.configuration import load_settings
from bridge.errors import Invalid
from bridge.settings import Settings

WHOLE = """\
server: {port: 8081, public_url: "https://bridge.example.com/"}
store: {url: sqlite:///data/bridge.db}
rules: {path: my-rules, reload: false}
sources:
  - {name: qtangl, preset: qtangl, secrets: ["${QTANGL_SECRET}", old-made-up-secret]}
  - {name: jira, preset: jira-cloud, secrets: ["${JIRA_SECRET}"], integration: jira}
integrations:
  - {name: jira, type: jira, base_url: "http://10.1.2.3:8090", auth: {api_token: "${TOKEN}"}}
"""
ENVIRON = {"QTANGL_SECRET": "made-up-one", "JIRA_SECRET": "made-up-two", "TOKEN": "made-up-three"}


def write(folder: Path, text: str) -> Path:
    file = folder / "bridge.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def problems(folder: Path, text: str, environ: dict[str, str] | None = None) -> list[str]:
    with pytest.raises(Invalid) as caught:
        load_settings(write(folder, text), environ or {})
    return [str(each).removeprefix(f"{folder}/") for each in caught.value.problems]


def test_every_section_is_read(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, WHOLE), ENVIRON)
    assert settings.server.port == 8081
    assert settings.public_url == "https://bridge.example.com"
    assert settings.rules.reload is False
    assert [source.name for source in settings.sources] == ["qtangl", "jira"]
    assert settings.sources[0].secrets[0].get_secret_value() == "made-up-one"
    assert settings.integrations[0].options["auth"] == {"api_token": "made-up-three"}
    assert settings.tenants[0].name == "default"


def test_relative_paths_start_at_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, WHOLE + "presets: {path: mine}\n")
    monkeypatch.chdir("/")
    settings = load_settings(file, ENVIRON)
    assert settings.rules.path == tmp_path / "my-rules"
    assert settings.presets.path == tmp_path / "mine"
    assert settings.store.sqlite_file == tmp_path / "data/bridge.db"


def test_absolute_sqlite_address_has_four_slashes(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, "store: {url: sqlite:////srv/bridge.db}"), {})
    assert settings.store.sqlite_file == Path("/srv/bridge.db")


def test_empty_file_is_the_defaults(tmp_path: Path) -> None:
    settings = load_settings(write(tmp_path, "sources:\n"), {})
    assert settings.sources == ()
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.store.sqlite_file == tmp_path / "var/bridge.db"


def test_all_mistakes_are_named_at_once_with_line_and_column(tmp_path: Path) -> None:
    text = """\
server: {prot: 80, body_limit_bytes: many}
sources:
  - {name: jira, preset: jira-cloud, secrets: ["${NOT_THERE}"], integration: jria}
  - {name: Jira!, preset: jira-cloud}
"""
    assert problems(tmp_path, text) == [
        'bridge.yaml:1:10: server.prot: unknown key "prot" (did you mean "port"?)',
        "bridge.yaml:1:38: server.body_limit_bytes: must be a whole number",
        "bridge.yaml:3:48: sources[0].secrets[0]: the environment variable NOT_THERE is not set",
        'bridge.yaml:3:78: sources[0].integration: there is no integration "jria" in this tenant',
        "bridge.yaml:4:12: sources[1].name: must be 1 to 63 small letters and digits, "
        "with - and _ inside, because it stands in addresses",
    ]


def test_names_that_repeat_or_point_at_nothing_are_problems(tmp_path: Path) -> None:
    text = """\
tenants: [{name: default}, {name: blue}]
sources:
  - {name: jira, preset: jira-cloud, integration: jria}
  - {name: jira, preset: jira-cloud}
  - {name: jira, preset: jira-cloud, tenant: bule}
integrations:
  - {name: jira, type: jira}
  - {name: jira, type: jira, tenant: blue}
"""
    assert problems(tmp_path, text) == [
        'bridge.yaml:3:51: sources[0].integration: there is no integration "jria" in this tenant '
        '(did you mean "jira"?)',
        'bridge.yaml:4:12: sources[1].name: the name "jira" is taken; first on line 3',
        'bridge.yaml:5:46: sources[2].tenant: there is no tenant "bule" (did you mean "blue"?)',
    ]


def test_default_tenant_is_there_although_others_are_listed(tmp_path: Path) -> None:
    text = """\
tenants: [{name: red}]
sources: [{name: a, preset: github}, {name: b, preset: github, tenant: red}]
"""
    settings = load_settings(write(tmp_path, text), {})
    assert [source.tenant for source in settings.sources] == ["default", "red"]


def test_reference_that_names_nothing_is_a_problem_and_a_doubled_dollar_is_text(
    tmp_path: Path,
) -> None:
    entry = 'sources: [{name: a, preset: b, secrets: ["%s"]}]\n'
    assert "names no environment variable" in problems(tmp_path, entry % "${not a name}")[0]
    assert "names no environment variable" in problems(tmp_path, entry % "${OPEN")[0]
    settings = load_settings(write(tmp_path, entry % "$${KEPT} $5"), {})
    assert settings.sources[0].secrets[0].get_secret_value() == "${KEPT} $5"


def test_secret_that_is_empty_is_a_problem(tmp_path: Path) -> None:
    text = 'sources: [{name: a, preset: b, secrets: ["${EMPTY}"]}]'
    found = problems(tmp_path, text, {"EMPTY": " "})
    assert found == [
        "bridge.yaml:1:42: sources[0].secrets[0]: this secret is empty, and so proves nothing"
    ]


def test_key_that_is_not_32_bytes_of_base64_is_a_problem(tmp_path: Path) -> None:
    assert "32 bytes, not of 3" in problems(tmp_path, "encryption: {keys: [YWJj]}")[0]
    assert "must be base64" in problems(tmp_path, 'encryption: {keys: ["not base64"]}')[0]


def test_store_that_keeps_nothing_is_a_problem(tmp_path: Path) -> None:
    assert "names no file" in problems(tmp_path, 'store: {url: "sqlite:///:memory:"}')[0]
    assert "must start with sqlite:///" in problems(tmp_path, "store: {url: mysql://x}")[0]


def test_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match=r"cannot be read: .* \(`bridge init FOLDER` makes one"):
        load_settings(tmp_path / "bridge.yaml", {})


def test_no_secret_is_in_any_text_of_the_settings(tmp_path: Path) -> None:
    text = WHOLE.replace("sqlite:///data/bridge.db", "postgresql://u:made-up-four@host/db")
    settings = load_settings(write(tmp_path, text), ENVIRON)
    shown = f"{settings!r} {settings} {settings.sources[0]!r} {settings.integrations[0]!r}"
    for secret in ("made-up-one", "made-up-two", "made-up-three", "made-up-four", "old-made-up"):
        assert secret not in shown


def test_problem_never_shows_the_value_that_was_refused(tmp_path: Path) -> None:
    text = 'encryption: {keys: ["made-up-but-wrong"]}\nstore: {url: "made-up-wrong"}'
    assert "made-up" not in " ".join(problems(tmp_path, text))


class JiraAuth(BaseModel):
    model_config = ConfigDict(extra="forbid")
    token: SecretStr


class JiraOptions(BaseModel):
    model_config = ConfigDict(extra="forbid")
    base_url: str
    auth: JiraAuth


def test_options_of_an_integration_are_checked_by_its_own_model_at_their_places(
    tmp_path: Path,
) -> None:
    settings = load_settings(write(tmp_path, WHOLE), ENVIRON)
    with pytest.raises(Invalid) as caught:
        settings.check_options(settings.integrations[0], JiraOptions)
    found = [str(each).removeprefix(f"{tmp_path}/") for each in caught.value.problems]
    assert found[0].startswith("bridge.yaml:8:7")
    assert 'integrations[0].auth.token: missing key "token"' in found[0]
    assert 'unknown key "api_token"' in found[1]


def test_settings_made_without_a_file_check_options_too() -> None:
    settings = Settings.model_validate(
        {
            "integrations": [
                {"name": "jira", "type": "jira", "base_url": "x", "auth": {"token": "y"}}
            ]
        }
    )
    options = settings.check_options(settings.integrations[0], JiraOptions)
    assert options.auth.token.get_secret_value() == "y"
