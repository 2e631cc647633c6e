"""The bridge's own log."""

from __future__ import annotations

from tests.connectors.shared import Given

GIVEN = Given(options={}, parameters={"log": {"message": "scan finished"}}, asks=False)
