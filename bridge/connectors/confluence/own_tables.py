"""The bridge's own tables inside a page: how they look, and how they are known again.

Pure: text in, text out. What stands around them stays to the byte.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from bridge.text.storage import escape_xml, literal_cell

ELEMENT = re.compile(r"<(/?)(table|tbody|thead|tr|t[hd])\b[^>]*?(/?)>")


def anchor(name: str) -> str:
    """Invisible: a target for links. The editors keep it and add attributes of their own."""
    return (
        '<ac:structured-macro ac:name="anchor">'
        f'<ac:parameter ac:name="">scanbridge-{name}</ac:parameter></ac:structured-macro>'
    )


def holds_anchor(body: str, name: str) -> bool:
    return f">scanbridge-{name}<" in body


def table_name(title: str, columns: Sequence[str]) -> str:
    """What names the table for a title and its columns; 16 hex digits behind a word."""
    text = "\x1f".join((title.strip(), *columns))
    return "table-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def with_rows(
    body: str, mark: str, title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]
) -> str:
    """The page with the rows at the end of our table, which is made where it is not there."""
    written = _rows(mark, rows)
    at = _end_of_table(body, table_name(title, columns), len(columns))
    if at is not None:
        return body[:at] + written + body[at:]
    head = f"<p>{anchor(table_name(title, columns))}"
    head += f"<strong>{literal_cell(title.strip())}</strong></p>" if title.strip() else "</p>"
    names = "".join(f"<th><p>{literal_cell(one)}</p></th>" for one in columns)
    return f"{body}{head}<table><tbody><tr>{names}</tr>{written}</tbody></table>"


def _rows(mark: str, rows: Sequence[Sequence[str]]) -> str:
    """The rows; the mark stands in the first cell of the first."""
    written = ""
    for number, row in enumerate(rows):
        cells = [literal_cell(one) for one in row]
        if number == 0:
            cells[0] = anchor(escape_xml(mark)) + cells[0]
        written += "<tr>" + "".join(f"<td><p>{one}</p></td>" for one in cells) + "</tr>"
    return written


def _end_of_table(body: str, name: str, width: int) -> int | None:
    """Where a further row of our table goes: behind its last row.

    None where the anchor is gone, no table follows it in its place, or its rows no longer have so
    many cells: then it is somebody else's.
    """
    place = body.find(f">scanbridge-{name}<")
    if place < 0:
        return None
    start = body.find("<table", place)
    if start < 0 or "</table" in body[place:start] or re.search(r"<h[1-6]\b", body[place:start]):
        return None
    depth = cells = 0
    end: int | None = None
    for found in ELEMENT.finditer(body, start):
        closes, element = found[1] == "/", found[2]
        if found[3]:
            continue
        if element == "table":
            depth += -1 if closes else 1
            if depth == 0:
                break
        elif depth == 1 and element == "tr" and closes:
            if end is None and cells != width:
                return None
            end = found.end()
        elif depth == 1 and element in ("th", "td") and not closes and end is None:
            cells += 1
    return end if depth == 0 else None
