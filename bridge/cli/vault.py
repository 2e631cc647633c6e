"""`bridge vault`: the keys that seal credentials and quarantined deliveries in the store."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from bridge.access.vault import Vault
from bridge.cli.opened import with_store
from bridge.cli.options import option, settings_of, with_config, with_json, with_verbose
from bridge.cli.output import put, put_json, say
from bridge.configured import open_vault
from bridge.counting import counted
from bridge.errors import Invalid, Place, Problem
from bridge.keyring import add_key, key_file
from bridge.rotation import Rotated, rotate
from bridge.settings import Settings
from bridge.store.transaction import Database


@click.group()
def vault() -> None:
    """Change the keys that seal what is kept secret in the store."""


@vault.command("rotate")
@option(
    "--new-key/--no-new-key", of="rotate", default=None,
    help="Make a new key first; done anyway where the key lies beside the SQLite file.",
)  # fmt: skip
@with_config
@with_json
@with_verbose
@click.pass_context
def rotate_(ctx: click.Context, config: Path, as_json: bool, new_key: bool | None) -> None:
    """Seal everything anew with the newest key, also while the server runs.

    Where the key lies beside the SQLite file, a new one is put in front of it. Where
    encryption.keys names the keys: put the new one in front, restart every process, then run this;
    when it has ended, the old one can be taken out.

    Ends with 1 when a record could not be opened; the others are sealed anew all the same.
    """
    settings = settings_of(config)
    renew_key(settings, new_key)
    opened = open_vault(settings)
    if opened is None:
        at = settings.place(("encryption",))
        raise Invalid([Problem(at, "there is no key to seal with; set encryption.keys")])
    ring: Vault = opened

    async def work(database: Database) -> Rotated:
        return await rotate(database, ring, tell)

    done = with_store(settings, work)
    if as_json:
        put_json({"resealed": done.resealed, "untouched": done.untouched, "closed": [*done.closed]})
    else:
        put(f"{counted(done.resealed, 'record')} sealed anew, {done.untouched:,} were already")
    for trouble in done.closed:
        say(f"error: {trouble}")
    if done.closed:
        ctx.exit(1)


def renew_key(settings: Settings, wanted: bool | None) -> None:
    """Puts a new key in front of the file's. Raises Invalid where the keys are configured."""
    file = settings.store.sqlite_file
    if settings.encryption.keys or file is None:
        if wanted:
            at: Place = settings.place(("encryption", "keys"))
            words = "the keys are configured here; put a new one in front by hand"
            raise Invalid([Problem(at, words, "encryption.keys")])
        return
    if wanted is not False:
        add_key(file)
        say(f"a new key is in front of {key_file(file)}")


def tell(seen: int) -> None:
    if seen % 5_000 == 0:
        say(f"{seen:,} records looked at")
