"""Which systems can be called: those of the configuration, and those that API callers made.

Rules and APIs look here each time, so that what was made, changed or switched off a moment ago
counts at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bridge.calling import Integration
from bridge.errors import NotFound

Named = tuple[str, str]
"""A tenant and the name of an integration in it."""


@dataclass(frozen=True, slots=True)
class Broken:
    """An integration that is there and cannot be used. type: its connector. why: for people."""

    type: str
    why: str


Offers = Mapping[str, frozenset[str]]
"""The actions that an integration of each name offers, whatever its tenant."""


class Registry:
    """The integrations of this process, by tenant and name.

    configured: those of the configuration; they never change while the process runs.
    """

    def __init__(self, configured: Mapping[Named, Integration]) -> None:
        self._configured = dict(configured)
        self._made: dict[Named, Integration] = {}
        self._broken: dict[Named, Broken] = {}

    def take(
        self,
        made: Iterable[tuple[Named, Integration]],
        broken: Iterable[tuple[Named, Broken]] = (),
    ) -> None:
        """Puts what callers made in place of all they had made before.

        broken: those that cannot be used, by their names and ids.
        """
        self._made, self._broken = dict(made), dict(broken)

    def trouble(self, named: Named, /) -> str:
        """Why the integration of this name or id cannot be used; empty where it can, or is none."""
        broken = None if self.get(named) else self._broken.get(named)
        return broken.why if broken else ""

    def trouble_with(self, tenant: str, connector: str) -> str:
        """The same of the tenant's integrations of a kind, where none of them can be used."""
        if any(one.connector.name == connector for one in self.of(tenant)):
            return ""
        mine = (
            f"{name} cannot be used: {one.why}"
            for (owner, name), one in sorted(self._broken.items())
            if owner == tenant and one.type == connector
        )
        return next(mine, "")

    def get(self, named: Named, /) -> Integration | None:
        """The integration of this name. What the configuration names goes first."""
        return self._configured.get(named) or self._made.get(named)

    def of(self, tenant: str) -> Sequence[Integration]:
        """All integrations of a tenant, by name."""
        found = {**self._made, **self._configured}
        return [one for (owner, _), one in sorted(found.items()) if owner == tenant]

    def by_id(self, tenant: str, id_: str) -> Integration:
        """The integration with this public id, or what its maker called it. Raises NotFound."""
        found = self.of(tenant)
        for fits in ([one.public_id == id_ for one in found], [one.name == id_ for one in found]):
            if True in fits:
                return found[fits.index(True)]
        raise NotFound(f"no integration has the id {id_}")

    def find(self, tenant: str, connector: str) -> Integration:
        """The tenant's integration of a kind, such as `jira`: the first that is switched on.

        Those of the configuration go first. Raises NotFound when there is none.
        """
        fitting = [one for one in self.of(tenant) if one.connector.name == connector]
        fitting.sort(key=lambda one: (not one.enabled, (tenant, one.name) not in self._configured))
        if not fitting or not fitting[0].enabled:
            none = f"no integration of type {connector} is configured for this tenant"
            raise NotFound(self.trouble_with(tenant, connector) or none)
        return fitting[0]
