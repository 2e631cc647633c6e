"""Our tables inside a person's text: appended, known again, moved; nothing else is touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge.connectors.jira.own_tables import (
    append,
    own_block,
    own_tables,
    to_move,
    without,
)
from bridge.connectors.stacked_tables import packed
from bridge.text.characters import length

PIECES = [*"ab |*{}-\r\n\t", "\r\n", "||", "{anchor:x}", "| a | b |\n", "|| a ||\n", "é", "😀"]
HUMAN = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)
CELLS = st.lists(st.text(max_size=8), min_size=2, max_size=2)


def block(mark: str, rows: list[list[str]] | None = None, title: str = "line 1") -> str:
    return own_block(mark, title, ["Date", "Cut"], rows or [["2026-11-21", "3"]], 32_767)[0]


def test_block_has_anchor_bold_title_header_and_row() -> None:
    assert block("m-1") == (
        "{anchor:scanbridge-m-1}\n*line 1*\n|| Date || Cut ||\n| 2026-11-21 | 3 |"
    )


def test_title_cannot_break_out_of_its_line() -> None:
    first, second = block("m-1", title="a*b\n{code}").split("\n")[:2]
    assert (first, second) == ("{anchor:scanbridge-m-1}", "*a\\*b \\{code\\}*")


@pytest.mark.parametrize(
    ("before", "gap"),
    [
        ("text", "\n\n"),
        ("text\n", "\n"),
        ("text\r\n", "\n"),
        ("text\n\n", ""),
        ("  ", "\n\n"),
        ("\n\n\r", "\n"),
    ],
)
def test_block_is_parted_from_the_text_by_an_empty_line(before: str, gap: str) -> None:
    assert append(before, "B") == before + gap + "B"


def test_empty_description_becomes_the_block() -> None:
    assert append("", "B") == "B"


@given(HUMAN, st.lists(CELLS, min_size=1, max_size=3), HUMAN)
def test_our_tables_are_found_again_and_taken_out_without_touching_anything_else(
    before: str, rows: list[list[str]], after: str
) -> None:
    text = append(before, block("m-1", rows))
    text = append(text, block("m-2"))
    text += "\n\n" + after
    known = own_tables(text)
    assert [table.mark for table in known] == ["m-1", "m-2"]
    rest = without(text, known)
    assert rest.startswith(before)
    assert rest.endswith(after)
    middle = rest[len(before) : len(rest) - len(after)]
    assert set(middle) <= {"\n"}


@given(HUMAN)
def test_nothing_a_person_wrote_is_taken_for_ours(text: str) -> None:
    assert own_tables(text) == []
    assert without(text, own_tables(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        "{anchor:scanbridge-m-1}\nmy own words\n|| A ||\n| 1 |",
        "see {anchor:scanbridge-m-1}\n|| A ||\n| 1 |",
        "{anchor:scanbridge-m-1}\n|| A ||",
        "|| A ||\n| 1 |",
        "{anchor:other}\n|| A ||\n| 1 |",
    ],
)
def test_only_the_exact_form_counts_as_ours(text: str) -> None:
    assert own_tables(text) == []


def test_table_that_jira_gave_carriage_returns_is_still_ours() -> None:
    text = append("a", block("m-1")).replace("\n", "\r\n")
    (table,) = own_tables(text)
    assert table.text.endswith("| 3 |")


def test_text_behind_a_table_on_the_next_line_stays() -> None:
    text = append("before", block("m-1")) + "\nafter"
    assert without(text, own_tables(text)) == "before\n\n\nafter"


def test_oldest_tables_are_moved_until_a_quarter_is_free() -> None:
    text = "human"
    for number in range(9):
        text = append(text, block(f"m-{number}"))
    assert to_move(text, ["m-8"], length(text)) == []
    limit = length(text) - 1
    moved = to_move(text, ["m-8"], limit)
    assert moved is not None
    assert [table.mark for table in moved] == ["m-0", "m-1", "m-2"]
    assert length(without(text, moved)) <= limit * 3 // 4 < length(without(text, moved[:-1]))


def test_all_older_tables_go_where_a_quarter_cannot_be_had() -> None:
    text = append(append("x" * 300, block("m-0")), block("m-1"))
    moved = to_move(text, ["m-1"], length(text) - 1)
    assert moved is not None
    assert [table.mark for table in moved] == ["m-0"]


def test_newest_table_is_never_moved() -> None:
    assert to_move(append("x" * 100, block("m-1")), ["m-1"], 90) is None


def test_moved_tables_are_packed_whole() -> None:
    text = ""
    for number in range(5):
        text = append(text, block(f"m-{number}"))
    tables = own_tables(text)
    size = length(tables[0].text)
    groups = packed(tables, lambda table: length(table.text), 2 * size + 2, 2)
    assert [[table.mark for table in group] for group in groups] == [
        ["m-0", "m-1"],
        ["m-2", "m-3"],
        ["m-4"],
    ]


def test_rows_beyond_the_limit_are_left_out_and_reported() -> None:
    text, lost = own_block("m-1", "", ["A"], [[f"row {number}"] for number in range(1000)], 2_000)
    assert length(text) <= 2_000
    assert text.count("\n| row") > 50
    assert lost[0].endswith("of 1000 rows were left out")
