"""`bridge check` and `bridge rules`: every mistake, every warning, and why a rule matched."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

from bridge.clock import wall_clock
from bridge.configuration import load_settings
from bridge.store.database import open_database
from bridge.store.rule_counts import Tally, count_rules
from bridge.store.transaction import Transaction
from tests.cli.conftest import SAMPLES, TESTS, Run, with_tests


def test_good_configuration_is_called_good_with_its_warnings(run: Run) -> None:
    done = run("check")
    assert done.exit_code == 0
    assert done.stdout == "bridge.yaml is good: 2 sources, 0 integrations, 1 rule\n"
    assert 'warning: bridge.yaml:3:47: the source "open" accepts whatever anyone' in done.stderr


def test_source_without_a_secret_is_a_warning(run: Run, folder: Path) -> None:
    (folder / "bridge.yaml").write_text("sources: [{name: a, preset: github}]", encoding="utf-8")
    done = run("check")
    assert done.exit_code == 0
    assert 'the source "a" has no secret and refuses every delivery' in done.stderr


def test_encryption_key_that_others_can_read_is_a_warning(run: Run, folder: Path) -> None:
    key = folder / "var" / "bridge.db.key"
    key.parent.mkdir()
    key.touch(mode=0o644)
    assert "others can read the encryption key" in run("check").stderr
    key.chmod(0o600)
    assert "others can read" not in run("check").stderr


def test_mistakes_of_presets_connectors_and_options_are_told_together(
    run: Run, folder: Path
) -> None:
    text = """\
sources: [{name: a, preset: githup}]
integrations:
  - {name: j, type: jria}
  - {name: k, type: jira, base_ulr: "http://127.0.0.1:1"}
"""
    (folder / "bridge.yaml").write_text(text, encoding="utf-8")
    done = run("check")
    assert done.exit_code == 1
    assert 'there is no preset "githup" (did you mean "github"?)' in done.stderr
    assert 'there is no connector "jria" (did you mean "jira"?)' in done.stderr
    assert 'unknown key "base_ulr" (did you mean "base_url"?)' in done.stderr


def test_mistakes_of_settings_presets_options_and_rules_are_told_together(
    run: Run, folder: Path
) -> None:
    text = """\
server: {prot: 1}
sources:
  - {name: wrong name, preset: github}
  - {name: a, preset: githup, secrets: ["${NOT_THERE}"]}
integrations:
  - {name: j, type: jira, enabled: perhaps}
  - {name: k, type: jira, base_ulr: "http://127.0.0.1:1", auth: {token: "${NOT_THERE}"}}
"""
    (folder / "bridge.yaml").write_text(text, encoding="utf-8")
    (folder / "rules" / "second.yaml").write_text("version: 1\nrulez: []\n", encoding="utf-8")
    for command in ("check", "serve", "rules check", "rules list"):
        done = run(*command.split())
        assert done.exit_code == 1
        told = [line.removeprefix("error: ") for line in done.stderr.splitlines()]
        assert [line.partition(": ")[0] for line in told if "rules" not in line] == [
            f"bridge.yaml:{place}"
            for place in (
                "1:10",
                "3:12",
                "4:23",
                "4:41",
                "6:5",
                "6:5",
                "6:36",
                "7:5",
                "7:27",
                "7:73",
            )
        ]
        assert 'sources[1].preset: there is no preset "githup" (did you mean "github"?)' in told[2]
        assert 'integrations[1].base_ulr: unknown key "base_ulr"' in told[8]
        assert 'rulez: unknown key "rulez" (did you mean "rules"?)' in told[-1]


def test_wrong_key_of_an_entry_does_not_hide_what_else_is_wrong_with_it(
    run: Run, folder: Path
) -> None:
    text = """\
sources:
  - {name: a, preset: githup, secrets: x}
  - {name: b, preset: github, secrets: [x], on_bad_signature: perhaps, header: x-mine, proof: jwt}
  - {name: c, preset: generic-hmac, secrets: [x], header: x-mine, allow_from: no}
"""
    (folder / "bridge.yaml").write_text(text, encoding="utf-8")
    told = [line.removeprefix("error: ") for line in run("check").stderr.splitlines()]
    assert [line.partition(": ")[0] for line in told] == [
        f"bridge.yaml:{place}" for place in ("2:23", "2:40", "3:63", "3:95", "4:79")
    ]
    assert 'sources[1].proof: the preset "github" has no proof of this kind' in told[3]


def test_mistakes_can_be_read_by_programs(run: Run, folder: Path) -> None:
    (folder / "bridge.yaml").write_text("server: {prot: 1}", encoding="utf-8")
    done = run("check", "--json")
    assert done.exit_code == 1
    (problem,) = json.loads(done.stdout)
    assert (problem["line"], problem["column"], problem["warning"]) == (1, 10, False)
    assert problem["hint"] == 'did you mean "port"?'


def test_mistakes_in_rules_are_all_told_with_their_places(run: Run, folder: Path) -> None:
    text = """\
version: 1
rules:
  - name: a
    on: scan.finishd
    then: [{logg: {message: x}}]
  - name: a
    on: scan.finished
    when: data.scoer < 1
    then: [{log: {mesage: x}}]
"""
    (folder / "rules" / "first.yaml").write_text(text, encoding="utf-8")
    done = run("rules", "check")
    assert done.exit_code == 1
    assert done.stdout == ""
    for words in (
        "error: rules/first.yaml:4:9: ",  # as one types it here
        'no action is called "logg" (did you mean "log"?)',
        "two rules are called",
        "scoer",
        'unknown key "mesage"',
    ):
        assert words in done.stderr
    assert run("check").exit_code == 1


def test_rules_at_a_path_are_checked_without_a_configuration(run: Run, folder: Path) -> None:
    (folder / "bridge.yaml").unlink()
    done = run("rules", "check", "rules/first.yaml")
    assert done.exit_code == 0
    assert done.stdout == "1 rule is good\n"
    assert "names of sources and integrations are not checked" in done.stderr


def test_rules_here_are_read_without_a_configuration(run: Run, folder: Path) -> None:
    with_tests(folder, TESTS)
    (folder / "bridge.yaml").unlink()
    assert run("rules", "check").stdout == "1 rule is good\n"
    assert run("rules", "test").exit_code == 0
    assert "say-it" in run("rules", "list").stdout
    sample = str(SAMPLES / "qtangl" / "scan-complete")
    assert "say-it: matched" in run("rules", "explain", "--sample", sample).stdout
    assert run("rules", "check", "--config", "bridge.yaml").exit_code == 1
    (folder / "rules").rename(folder / "gone")
    assert run("rules", "check").exit_code == 1


def test_rules_are_listed(run: Run) -> None:
    (rule,) = json.loads(run("rules", "list", "--json").stdout)
    assert rule["name"] == "say-it"
    assert rule["actions"] == ["log"]
    assert (rule["matched"], rule["errors"], rule["last_error"]) == (0, 0, "")
    assert "say-it  scan.finished  any     log" in run("rules", "list").stdout


def test_rules_are_listed_with_what_became_of_them(run: Run, folder: Path) -> None:
    async def count(tx: Transaction) -> None:
        await count_rules(tx, {("default", "say-it"): Tally(matched=2)}, 1)
        failed = Tally(matched=1, errors=1, error="when: no\x1b such key")
        await count_rules(tx, {("red", "say-it"): failed}, 2)

    async def fill() -> None:
        url = load_settings(folder / "bridge.yaml", {}).store.url
        database = await open_database(url, wall_clock)
        await database.write(count)
        await database.close()

    asyncio.run(fill())
    (rule,) = json.loads(run("rules", "list", "--json").stdout)
    assert (rule["matched"], rule["errors"]) == (3, 1)
    listed = run("rules", "list")
    assert "3        1       " in listed.stdout
    assert "say-it: the last error was when: no\N{REPLACEMENT CHARACTER} such key" in listed.stderr


def test_schema_of_rule_files_is_printed(run: Run) -> None:
    schema = json.loads(run("rules", "schema").stdout)
    assert "rules" in schema["properties"]


def test_explain_shows_the_value_of_every_part(run: Run) -> None:
    done = run("rules", "explain", "--sample", str(SAMPLES / "qtangl" / "scan-complete"))
    assert done.exit_code == 0
    assert "say-it: matched" in done.stdout
    assert "data.score < 70 = true" in done.stdout
    assert "data.score = 41" in done.stdout
    assert '→ log {"message": "acme-bank.example has 41"}' in done.stdout


def test_explain_names_the_field_that_is_absent(run: Run, folder: Path) -> None:
    sample = folder / "generic-hmac" / "bare"
    sample.mkdir(parents=True)
    (sample / "headers.txt").write_text("POST /hooks/open\nContent-Type: application/json\n")
    (sample / "body.json").write_text('{"type": "scan.finished", "data": {"target": "x"}}')
    done = run("rules", "explain", "--sample", str(sample), "--source", "open", "--json")
    (explained,) = json.loads(done.stdout)
    (rule,) = explained["rules"]
    assert rule["outcome"] == "no match"
    assert rule["absent"] == "data.score"


def test_explain_reads_a_sample_whose_sender_is_not_configured(run: Run) -> None:
    done = run("rules", "explain", "--all", "--sample", str(SAMPLES / "github" / "ping"))
    assert done.exit_code == 0
    assert "no source has the preset github" in done.stderr
    assert "say-it: not asked" in done.stdout


def test_explain_wants_one_of_event_and_sample(run: Run) -> None:
    assert run("rules", "explain").exit_code == 2
