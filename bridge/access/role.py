"""The three roles, each of which may do what those before it may."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a key is allowed."""

    VIEWER = "viewer"
    """Reads."""
    OPERATOR = "operator"
    """Acts: tickets, pushes, jobs, replays."""
    ADMIN = "admin"
    """Configures: keys, integrations, settings."""

    def may(self, needed: Role) -> bool:
        """Whether this role reaches as far as the one that is needed."""
        return ORDER.index(self) >= ORDER.index(needed)


ORDER = (Role.VIEWER, Role.OPERATOR, Role.ADMIN)
