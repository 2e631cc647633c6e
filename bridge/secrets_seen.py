"""Which secret of a source proved a delivery, counted while deliveries come in.

In the middle of a rotation it says whether the sender has changed to the new secret. Names are
keyed (`Vault.names`), so that what is shown and stored helps nobody to guess a secret.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog

from bridge.access.vault import Vault
from bridge.errors import StoreError
from bridge.rounds import Rounds
from bridge.sources.source import Source
from bridge.store.secrets_seen import Named, Seen, add_seen
from bridge.store.transaction import Database, Transaction

PAUSE_SECONDS = 5.0
"""Between two writes. Arbitrary: an operator who waits for a rotation looks every few minutes."""

log = structlog.get_logger("bridge.receive")


class SecretsSeen:
    """Counts in memory, and writes what was counted every few seconds and at the end."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._counted: dict[Named, tuple[int, int]] = {}
        self._rounds = Rounds(self.write, PAUSE_SECONDS)

    def note(self, source: Source, fingerprint: str, now: int) -> None:
        """A delivery was proved by this secret. Returns at once; costs less than a microsecond."""
        key = (source.tenant, source.name, fingerprint)
        counted = self._counted.get(key)
        if counted is None:
            self._counted[key] = (1, now)
            self._rounds.ask()
        else:
            self._counted[key] = (counted[0] + 1, now)

    async def write(self) -> None:
        """Writes what was counted. When the store says no, it is counted on and written later."""
        counted, self._counted = self._counted, {}
        if not counted:
            return
        seen = {
            (tenant, source, secret_names(self._vault, tenant, source, fingerprint)[0]): Seen(*one)
            for (tenant, source, fingerprint), one in counted.items()
        }

        async def work(tx: Transaction) -> None:
            await add_seen(tx, seen)

        try:
            await self._database.write(work)
        except StoreError as error:
            for key, (times, at) in counted.items():
                more, last = self._counted.get(key, (0, at))
                self._counted[key] = (times + more, max(at, last))
            self._rounds.ask()
            log.warning("uses of secrets not written yet", error=str(error))

    async def close(self) -> None:
        """Writes what is left."""
        await self._rounds.close()


def secret_names(vault: Vault, tenant: str, source: str, fingerprint: str) -> tuple[str, ...]:
    """What a secret of a source is called where it is shown, under each key, the newest's first.

    fingerprint: from `Source.verify`. It is a plain hash and stays inside the process.
    """
    return vault.names(f"{tenant}/{source}/{fingerprint}")


def last_use(
    vault: Vault, stored: Mapping[Named, Seen], source: Source, fingerprint: str
) -> Seen | None:
    """The uses of a secret, also those counted under an older key; None when there were none."""
    names = secret_names(vault, source.tenant, source.name, fingerprint)
    found = [stored.get((source.tenant, source.name, name)) for name in names]
    uses = [one for one in found if one is not None]
    return sum(uses[1:], uses[0]) if uses else None
