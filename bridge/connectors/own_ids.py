"""Ids made of a mark, for systems that let their callers choose one. Pure."""

from __future__ import annotations

import hashlib
import uuid


def own_id(mark: str) -> str:
    """A UUID: Linear takes version 4 alone, so it looks like one."""
    digest = hashlib.sha256(f"scanbridge:{mark}".encode()).digest()
    return str(uuid.UUID(bytes=digest[:16], version=4))
