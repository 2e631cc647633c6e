"""`bridge quarantine` and `bridge sources`: what was refused, and which secrets are used."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bridge.clock import iso, wall_clock
from bridge.configuration import load_settings
from bridge.configured import find_source, open_vault
from bridge.event import Delivery
from bridge.quarantine import Quarantine
from bridge.secrets_seen import SecretsSeen
from bridge.settings import Settings
from bridge.sources.sign import sign
from bridge.sources.source import Source
from bridge.store.database import open_database
from bridge.store.quarantine import Why, keep, note_lost
from bridge.store.refusals import Refusal
from bridge.store.transaction import Database, Transaction
from tests.cli.conftest import Run

NOW = 1_795_000_000_000
BODY = b'{"event": "scan.complete", "scanId": "s1", "targetDomain": "x\\u001b[2J"}'
MENDED = {"BRIDGE_SOURCES_QTANGL_SECRETS": "made-up-qtangl, made-up-mended"}


def the_source(folder: Path) -> tuple[Settings, Source]:
    settings = load_settings(folder / "bridge.yaml", {})
    return settings, find_source(settings, "default", "qtangl")


def in_store(settings: Settings, work: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        database = await open_database(settings.store.url, wall_clock)
        try:
            await work(database)
        finally:
            await database.close()

    asyncio.run(run())


@pytest.fixture
def kept(folder: Path) -> list[str]:
    """Two deliveries in quarantine, signed with `made-up-mended`, and a third that was lost."""
    settings, source = the_source(folder)
    vault = open_vault(settings)
    assert vault is not None
    safe, rows = Quarantine(vault, 100, 1_000_000), []
    for number in (1, 2):
        body = BODY.replace(b"s1", b"s%d" % number)
        at = NOW + number
        signed = sign(source.proofs, body, "made-up-mended", at, [("content-type", "text/json")])
        headers = tuple((k, v.replace("text", "application")) for k, v in signed.headers)
        refusal = Refusal("default", "qtangl", at, "signature_mismatch", "made up", 401, 9, "::1")
        rows.append(safe.seal(refusal, Delivery("POST", headers, body, (), None, at)))

    async def write(tx: Transaction) -> None:
        await keep(tx, rows, 100, 1_000_000)
        await note_lost(tx, {("default", "qtangl", Why.TOO_FAST): 7}, NOW)

    in_store(settings, lambda database: database.write(write))
    return [row.id for row in rows]


def test_list_shows_what_is_kept_and_says_what_could_not_be(run: Run, kept: list[str]) -> None:
    done = run("quarantine", "list")
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0].split() == [
        "RECEIVED", "ID", "TENANT", "SOURCE", "REASON", "MESSAGE", "BYTES", "FROM",
    ]  # fmt: skip
    assert [line.split()[1] for line in lines[1:]] == kept
    assert done.stderr == (
        f"not kept for qtangl: 7 with too many others at once, last at {iso(NOW)}\n"
    )


def test_list_as_json_holds_nothing_that_is_sealed(run: Run, kept: list[str]) -> None:
    listed = json.loads(run("quarantine", "list", "--json").stdout)
    assert [one["id"] for one in listed["deliveries"]] == kept
    assert set(listed["deliveries"][0]) == {
        "id", "tenant", "source", "received_at", "reason", "message", "remote", "size",
    }  # fmt: skip
    assert listed["lost"] == [
        {"tenant": "default", "source": "qtangl", "why": "too_fast", "times": 7,
         "last_at": iso(NOW)}
    ]  # fmt: skip


@pytest.mark.usefixtures("kept")
def test_list_narrows_to_a_source(run: Run) -> None:
    done = run("quarantine", "list", "--source", "open")
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == "nothing is in quarantine\n"


def test_verify_after_mending_stores_the_events_and_empties_the_quarantine(
    run: Run, kept: list[str]
) -> None:
    done = run("quarantine", "verify", "--source", "qtangl", "--json", environ=MENDED)
    assert done.exit_code == 0
    told = json.loads(done.stdout)
    assert [(one["id"], one["outcome"]) for one in told] == [(each, "accepted") for each in kept]

    events = json.loads(run("events", "list", "--json").stdout)
    assert {one["id"] for one in events} == {event for one in told for event in one["events"]}
    assert json.loads(run("quarantine", "list", "--json").stdout)["deliveries"] == []


def test_verify_ends_with_1_when_none_passed_and_says_why(run: Run, kept: list[str]) -> None:
    done = run("quarantine", "verify", "--source", "qtangl")
    assert done.exit_code == 1
    why = "refused, the signature does not fit the body and any secret of this source"
    assert done.stdout.splitlines() == [f"{each}: {why}" for each in kept]
    assert done.stderr == "2 refused\n"


def test_verify_of_ids_goes_on_behind_one_that_is_not_there(run: Run, kept: list[str]) -> None:
    done = run("quarantine", "verify", "qua_1", kept[1], environ=MENDED)
    assert done.exit_code == 0
    absent, passed = done.stdout.splitlines()
    assert absent == "qua_1: absent, nothing in quarantine has the id qua_1"
    assert passed.startswith(f"{kept[1]}: accepted, evt_")
    left = json.loads(run("quarantine", "list", "--json").stdout)["deliveries"]
    assert [one["id"] for one in left] == [kept[0]]


def test_verify_with_another_key_names_each_row_it_cannot_open(
    run: Run, folder: Path, kept: list[str]
) -> None:
    (folder / "var" / "bridge.db.key").unlink()
    done = run("quarantine", "verify", "--source", "qtangl", environ=MENDED)
    assert done.exit_code == 1
    for each, line in zip(kept, done.stdout.splitlines(), strict=True):
        assert line.startswith(f"{each}: closed, quarantine:{each}: none of the configured keys")
        assert "encryption.keys" in line


def test_verify_goes_on_while_another_source_is_wrong(
    run: Run, folder: Path, kept: list[str]
) -> None:
    file = folder / "bridge.yaml"
    text = file.read_text("utf-8").replace("preset: generic-hmac", "preset: no-such-preset")
    file.write_text(text, "utf-8")
    done = run("quarantine", "verify", *kept, environ=MENDED)
    assert done.exit_code == 0
    assert done.stderr == "2 accepted\n"


@pytest.mark.usefixtures("kept")
def test_verify_with_nothing_to_verify_is_no_failure(run: Run) -> None:
    done = run("quarantine", "verify", "--source", "open")
    assert (done.exit_code, done.stdout) == (0, "")
    assert done.stderr == "nothing of it is in quarantine\n"


@pytest.mark.parametrize("command", ["verify", "discard"])
@pytest.mark.parametrize("words", [(), ("qua_1", "--source", "qtangl")])
def test_wrong_usage_is_2(run: Run, command: str, words: tuple[str, ...]) -> None:
    done = run("quarantine", command, *words)
    assert done.exit_code == 2
    assert "give ids, or --source" in done.stderr


def test_ids_of_another_tenant_are_left_where_one_is_named(run: Run, kept: list[str]) -> None:
    for command, words in (("verify", "absent"), ("discard", "is not in quarantine")):
        done = run("quarantine", command, kept[0], "--tenant", "other", environ=MENDED)
        assert (done.exit_code, words in done.stdout) == (1, True)
    left = json.loads(run("quarantine", "list", "--json").stdout)["deliveries"]
    assert [one["id"] for one in left] == kept


def test_discard_deletes_for_good(run: Run, kept: list[str]) -> None:
    done = run("quarantine", "discard", kept[0])
    assert (done.exit_code, done.stdout) == (0, f"{kept[0]}: discarded\n")
    again = run("quarantine", "discard", kept[0])
    assert (again.exit_code, again.stdout) == (1, f"{kept[0]}: is not in quarantine\n")
    told = json.loads(run("quarantine", "discard", "--source", "qtangl", "--json").stdout)
    assert told == [{"id": kept[1], "discarded": True}]


def test_sources_are_listed_before_there_is_a_store_and_none_is_made(
    run: Run, folder: Path
) -> None:
    done = run("sources", "list")
    assert done.exit_code == 0
    head, first, second = done.stdout.splitlines()
    assert head.split() == ["NAME", "TENANT", "PRESET", "VERIFIED", "PROOF", "ADDRESS", "SECRETS"]
    assert first.split()[:5] == ["qtangl", "default", "qtangl", "vendor", "required"]
    assert second.split()[:5] == ["open", "default", "generic-hmac", "vendor", "none"]
    assert "http://127.0.0.1:8080/hooks/qtangl" in first
    assert second.endswith("none")
    assert not (folder / "var").exists()


def test_sources_show_each_secret_by_name_with_its_last_use(run: Run, folder: Path) -> None:
    settings, source = the_source(folder)
    vault = open_vault(settings)
    assert vault is not None

    async def count(database: Database) -> None:
        seen = SecretsSeen(database, vault)
        seen.note(source, source.fingerprints[0], NOW)
        await seen.close()

    in_store(settings, count)
    (used, fresh) = json.loads(run("sources", "list", "--json", environ=MENDED).stdout)[0][
        "secrets"
    ]
    assert (used["last_seen"], used["times"]) == (iso(NOW), 1)
    assert (fresh["last_seen"], fresh["times"]) == (None, 0)
    assert used["name"] != source.fingerprints[0]

    shown = run("sources", "list", environ=MENDED)
    assert f"{used['name']} {iso(NOW)} (1 use); {fresh['name']} never" in shown.stdout
    assert "made-up" not in shown.stdout


def test_source_of_a_tenant_is_listed_with_its_own_address(run: Run, folder: Path) -> None:
    text = """\
server: {public_url: "https://bridge.example.com"}
tenants: [{name: default}, {name: acme}]
sources: [{name: a, preset: github, tenant: acme, secrets: [made-up]}]
"""
    (folder / "bridge.yaml").write_text(text, encoding="utf-8")
    (told,) = json.loads(run("sources", "list", "--json").stdout)
    assert told["address"] == "https://bridge.example.com/t/acme/hooks/a"
    assert told["secrets"] == [{"name": None, "last_seen": None, "times": None}]


def test_postgresql_without_keys_is_a_warning(run: Run, folder: Path) -> None:
    text = 'store: {url: "postgresql://nobody@localhost/none"}\nsources: []\n'
    (folder / "bridge.yaml").write_text(text, encoding="utf-8")
    done = run("check")
    assert done.exit_code == 0
    assert "no refused delivery is kept" in done.stderr
