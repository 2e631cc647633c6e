"""Text is cut between its parts, and says so."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st

from bridge.text.characters import cut_words, head, length, one_line
from bridge.text.cut import fit, fit_wiki, rest_note
from bridge.text.markdown import read_markdown
from bridge.text.plain import write_plain
from bridge.text.tree import Document, Paragraph, Text, Written
from bridge.text.wiki import write_wiki


def test_text_within_the_limit_is_left_alone() -> None:
    document = read_markdown("a\n\nb")
    assert fit(document, 4, write_wiki) == write_wiki(document)


def test_table_is_cut_between_rows() -> None:
    rows = "".join(f"| {number:04d} | text |\n" for number in range(1000))
    written = fit(read_markdown("| N | T |\n|-|-|\n" + rows), 1_000, write_wiki)
    assert length(written.text) <= 1_000
    table, note = written.text.split("\n\n")
    lines = table.split("\n")
    assert lines[0] == "|| N || T ||"
    assert all(re.fullmatch(r"\| \d{4} \| text \|", line) for line in lines[1:])
    assert len(lines) > 40
    assert note == "… cut here."
    assert re.search(r"cut from \d+ to \d+", written.lost[-1])


def test_code_is_cut_between_lines_and_closed() -> None:
    written = fit(read_markdown("```\n" + "line of code\n" * 100 + "```"), 200, write_wiki)
    assert written.text.count("{code}") == 2
    assert set(written.text.split("\n")) == {"{code}", "line of code", "", "… cut here."}


def test_paragraph_that_does_not_fit_is_left_out_whole_when_something_stands_before() -> None:
    written = fit(read_markdown("first\n\n" + "word " * 100), 60, write_wiki)
    assert written.text == "first\n\n… cut here."


def test_single_long_paragraph_is_cut_between_words() -> None:
    written = fit(read_markdown("word " * 100), 60, write_wiki)
    assert re.fullmatch(r"(word )+word…\n\n… cut here\.", written.text)


def test_note_may_lead_to_the_rest() -> None:
    note = rest_note("https://bridge.example/e/1")
    written = fit(read_markdown("word " * 100), 80, write_wiki, note)
    assert written.text.endswith("… cut here. [The rest|https://bridge.example/e/1]")


@given(st.text(max_size=400), st.integers(20, 200))
@example("{code", 20)
def test_cut_never_exceeds_the_limit_and_leaves_no_macro_open(text: str, limit: int) -> None:
    for write in (write_wiki, write_plain):
        assert length(fit(read_markdown(text), limit, write).text) <= limit
    cut = fit(read_markdown(text), limit, write_wiki).text
    assert len(re.findall(r"(?<!\\)\{code", cut)) % 2 == 0
    assert length(fit_wiki(text, limit).text) <= limit


def test_authors_wiki_text_is_cut_before_a_macro_that_would_stay_open() -> None:
    text = "intro\n{code}\n" + "x\n" * 100 + "{code}\nend"
    assert fit_wiki(text, 60).text == "intro\n\n… cut here."


@given(st.text(alphabet="a 😀é\u0301\u200d👩🏽🇩🇪", max_size=60), st.integers(0, 40))
def test_head_ends_between_characters(text: str, limit: int) -> None:
    kept = head(text, limit)
    assert text.startswith(kept)
    assert length(kept) <= limit
    if kept != text and kept:
        rest = text[len(kept)]
        assert rest not in "\u0301\u200d"
        assert not kept.endswith("\u200d")


def test_emoji_counts_as_two_as_java_counts_it() -> None:
    assert length("a😀") == 3
    assert head("😀😀", 3) == "😀"


def test_summary_becomes_one_line_within_its_limit() -> None:
    assert one_line("a\n b\t\tc\x00", 255) == "a b c\ufffd"
    cut = one_line("word " * 100, 255)
    assert length(cut) <= 255
    assert cut.endswith("word…")


def test_cut_words_splits_a_word_that_has_no_blank_near() -> None:
    assert cut_words("x" * 50, 10) == "x" * 9 + "…"


def test_list_and_quote_are_cut_between_their_parts() -> None:
    items = fit(read_markdown("* one item\n" * 30), 100, write_wiki).text
    assert set(items.split("\n")) == {"* one item", "", "… cut here."}
    quote = fit(read_markdown("> one part\n>\n" * 30), 100, write_wiki).text
    assert quote.startswith("{quote}\none part\n\none part")
    assert quote.endswith("{quote}\n\n… cut here.")


def test_authors_wiki_text_is_cut_behind_a_macro_that_is_closed() -> None:
    text = "{code:java}\nx\n{code}\n" + "y\n" * 100
    kept = fit_wiki(text, 60).text
    assert kept.startswith("{code:java}\nx\n{code}\ny\n")
    assert kept.endswith("\n\n… cut here.")


def test_nothing_is_left_where_not_even_the_note_fits() -> None:
    assert fit(read_markdown("long text " * 9), 3, write_wiki).text == ""
    assert fit_wiki("long text " * 9, 3).text == ""


def test_flags_and_joined_emoji_are_not_taken_apart() -> None:
    assert head("a🇩🇪", 3) == "a"
    assert head("a👩🏽", 3) == "a"


def test_of_what_is_far_too_long_only_the_beginning_is_written_again() -> None:
    line = Paragraph((Text("a line of words"),))
    blocks: list[int] = []

    def counted(document: Document) -> Written:
        blocks.append(len(document.blocks))
        return write_wiki(document)

    written = fit(Document((line,) * 10_000), 1_000, counted)
    assert written.text.endswith("… cut here.")
    assert blocks[0] == 10_000
    assert sum(blocks[1:]) < 1_000
