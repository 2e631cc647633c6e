"""The rows of the bench's one table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measure: what it is, what came out, what it is held against, and whether that holds.

    ok: None where the row only states a figure.
    """

    what: str
    figure: str
    wanted: str = ""
    ok: bool | None = None


def show(rows: Sequence[Row]) -> str:
    """The rows as a table for a terminal."""
    marks = {None: " ", True: "✓", False: "✗"}
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("what", "figure")]
    return "\n".join(
        f"{marks[row.ok]} {row.what:{widths[0]}}  {row.figure:{widths[1]}}  {row.wanted}".rstrip()
        for row in rows
    )


def ratio(what: str, value: float, reference: float, least: float, unit: str) -> Row:
    """A speed against a reference of the same run, which it has to reach a part of."""
    part = value / reference
    figure = f"{value:,.0f} {unit} against {reference:,.0f}: {part:.2f}"
    return Row(what, figure, f"at least {least:g}", part >= least)


def cost(what: str, value: float, reference: float, most: float, unit: str = "µs") -> Row:
    """A cost against a reference of the same run, which it may be at most so many times."""
    times = value / reference
    figure = f"{value:,.2f} {unit} against {reference:,.2f}: {times:.2f}"
    return Row(what, figure, f"at most {most:g}", times <= most)


def bound(what: str, value: float, most: float, unit: str) -> Row:
    """A figure with a limit of its own."""
    return Row(what, f"{value:,.2f} {unit}", f"under {most:g} {unit}", value < most)
