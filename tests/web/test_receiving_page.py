"""`docs/receiving.md` names every code and every metric there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge import errors
from bridge.web.metrics import Gauges, Metrics, exposition
from tests.web.test_errors import every

PAGE = (Path(__file__).parents[2] / "docs" / "receiving.md").read_text("utf-8")


@pytest.mark.parametrize("reason", sorted({kind.reason for kind in every(errors.Refused)}))  # type: ignore[attr-defined]
def test_page_explains_every_code(reason: str) -> None:
    assert f"| `{reason}` |" in PAGE


def test_page_explains_every_metric_of_receiving() -> None:
    text = exposition(Metrics(), Gauges()).decode()
    names = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert names
    assert {name for name in names if f"`{name}`" not in PAGE} == set()
