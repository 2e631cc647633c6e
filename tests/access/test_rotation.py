"""Keys are changed while the bridge runs, and what does not open stops nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bridge.access.vault import Vault
from bridge.cli.program import program
from bridge.errors import VaultClosed
from bridge.keyring import add_key, key_file, load_keys
from bridge.rotation import rotate
from bridge.store.quarantine import Kept, get_kept, keep
from bridge.store.sealed import SealedTable, read_sealed
from tests.api.conftest import World, clock, more_integrations, sandbox, world
from tests.api.test_integrations import BASE, DOCUMENTED

__all__ = ["clock", "more_integrations", "sandbox", "world"]


async def test_everything_is_sealed_with_the_newest_key_and_still_opens(
    world: World, tmp_path: Path
) -> None:
    made = (await world.ask("POST", f"{BASE}/create", json=DOCUMENTED)).json()["data"]
    database = world.parts.database
    old = Vault(load_keys((), tmp_path / "bridge.db"))
    kept = Kept(
        "qua_1", "default", "github", 1, "x", "x", "", 3, old.seal("quarantine:qua_1", b"x")
    )
    await database.write(lambda tx: keep(tx, [kept], 10, 1_000_000))

    add_key(tmp_path / "bridge.db")
    keys = load_keys((), tmp_path / "bridge.db")
    done = await rotate(database, Vault(keys))
    assert (done.resealed, done.untouched, done.closed) == (2, 0, ())

    newest = Vault(keys[:1])
    again = await database.read(lambda tx: get_kept(tx, "qua_1"))
    assert newest.open("quarantine:qua_1", again.sealed) == b"x"
    # The process that runs has not been told: it looks for the key when it meets it.
    shown = await world.ask("GET", f"{BASE}/{made['integration_id']}")
    assert shown.json()["data"]["auth_data"] == DOCUMENTED["auth_data"]
    assert (await rotate(database, Vault(keys))).untouched == 2


async def test_what_no_key_opens_is_named_and_the_rest_is_sealed_anew(
    world: World, tmp_path: Path
) -> None:
    await world.ask("POST", f"{BASE}/create", json=DOCUMENTED)
    database = world.parts.database
    foreign = Vault([b"f" * 32]).seal("quarantine:qua_1", b"x")
    kept = Kept("qua_1", "default", "github", 1, "x", "x", "", 3, foreign)
    await database.write(lambda tx: keep(tx, [kept], 10, 1_000_000))
    add_key(tmp_path / "bridge.db")
    done = await rotate(database, Vault(load_keys((), tmp_path / "bridge.db")))
    assert done.resealed == 1
    assert "quarantine:qua_1" in done.closed[0]
    (left,) = await database.read(lambda tx: read_sealed(tx, SealedTable.QUARANTINE, "", 10))
    assert left.value == foreign


def test_a_key_is_put_in_front_and_the_file_stays_its_owners(tmp_path: Path) -> None:
    file = tmp_path / "bridge.db"
    (first,) = load_keys((), file)
    add_key(file)
    new, old = load_keys((), file)
    assert old == first != new
    assert key_file(file).stat().st_mode & 0o777 == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["bridge.db.key"]


def test_a_vault_that_finds_no_more_keys_says_which_one_it_wants() -> None:
    sealed = Vault([b"n" * 32]).seal("record", b"x")
    vault = Vault([b"o" * 32], lambda: [b"o" * 32])
    with pytest.raises(VaultClosed, match="record: none of the configured keys"):
        vault.open("record", sealed)


def test_the_command_rotates_beside_the_sqlite_file(tmp_path: Path) -> None:
    config = tmp_path / "bridge.yaml"
    config.write_text(f'store: {{url: "sqlite:///{tmp_path}/bridge.db"}}', "utf-8")
    run = CliRunner()
    made = run.invoke(program, ["keys", "create", "--config", str(config)])
    assert made.exit_code == 0, made.output
    done = run.invoke(program, ["vault", "rotate", "--json", "--config", str(config)])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout) == {"resealed": 0, "untouched": 0, "closed": []}
    assert len(load_keys((), tmp_path / "bridge.db")) == 2


def test_configured_keys_are_changed_by_hand(tmp_path: Path) -> None:
    config = tmp_path / "bridge.yaml"
    key = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE="
    config.write_text(
        f'store: {{url: "sqlite:///{tmp_path}/bridge.db"}}\nencryption: {{keys: ["{key}"]}}\n',
        "utf-8",
    )
    run = CliRunner()
    run.invoke(program, ["keys", "create", "--config", str(config)])
    refused = run.invoke(program, ["vault", "rotate", "--new-key", "--config", str(config)])
    assert refused.exit_code == 1
    assert "encryption.keys" in refused.output
    assert key not in refused.output
