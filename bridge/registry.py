"""Which systems can be called: those of the configuration, and those that API callers made.

Rules and APIs look here each time, so that what was made, changed or switched off a moment ago
counts at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from bridge.calling import Integration
from bridge.errors import NotFound

Named = tuple[str, str]
"""A tenant and the name of an integration in it."""

Offers = Mapping[str, frozenset[str]]
"""The actions that an integration of each name offers, whatever its tenant."""


class Registry:
    """The integrations of this process, by tenant and name.

    configured: those of the configuration; they never change while the process runs.
    """

    def __init__(self, configured: Mapping[Named, Integration]) -> None:
        self._configured = dict(configured)
        self._made: dict[Named, Integration] = {}
        self._broken: dict[Named, str] = {}

    def take(
        self,
        made: Iterable[tuple[Named, Integration]],
        broken: Iterable[tuple[Named, str]] = (),
    ) -> None:
        """Puts what callers made in place of all they had made before.

        broken: why those of these names and ids cannot be used.
        """
        self._made, self._broken = dict(made), dict(broken)

    def trouble(self, named: Named, /) -> str:
        """Why the integration of this name or id cannot be used; empty where it can, or is none."""
        return "" if self.get(named) else self._broken.get(named, "")

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
            raise NotFound(f"no integration of type {connector} is configured for this tenant")
        return fitting[0]
