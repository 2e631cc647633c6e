"""Slack's mrkdwn as we write it: nothing in a text calls anybody or leads anywhere."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from bridge.text.escape import escape_markdown
from bridge.text.markdown import read_markdown
from bridge.text.mrkdwn import escape_mrkdwn, unescape_mrkdwn, write_mrkdwn


def mrkdwn(markdown: str) -> str:
    return write_mrkdwn(read_markdown(markdown)).text


def test_every_block_has_its_markup() -> None:
    source = (
        "## Title\n\nSome *soft* and **hard** ~~gone~~ `code` [words](https://a.example/x?a=1&b=2)."
        "\n\n* one\n  1. two\n\n> said\n> again\n\n```\nif a < b:\n```\n\n|A|BC|\n|-|-|\n|123||\n"
    )
    assert mrkdwn(source) == (
        "*Title*\n\n"
        "Some _soft_ and *hard* ~gone~ `code` <https://a.example/x?a=1&amp;b=2|words>.\n\n"
        "• one\n    1. two\n\n> said again\n\n```\nif a &lt; b:\n```\n\n```\nA    BC\n123\n```"
    )


def test_calls_to_people_and_channels_are_text() -> None:
    assert mrkdwn("<!channel> <@U123> <#C123|x>") == (
        "&lt;!channel&gt; &lt;@U123&gt; &lt;#C123|x&gt;"
    )


def test_link_to_no_web_address_becomes_its_words_and_is_reported() -> None:
    written = write_mrkdwn(read_markdown("[x](ftp://a.example/)"))
    assert written.text == "x"
    assert written.lost


def test_code_cannot_be_left() -> None:
    assert mrkdwn("````\na ``` b\n````").count("```") == 2


@given(st.text(max_size=80))
def test_event_text_never_makes_a_link_or_a_call(text: str) -> None:
    assert not re.search(r"[<>]", mrkdwn(escape_markdown(text)))
    assert unescape_mrkdwn(escape_mrkdwn(text)) == escape_mrkdwn(text).replace("&lt;", "<").replace(
        "&gt;", ">"
    ).replace("&amp;", "&")


@given(st.text(alphabet="<>&;ltgamp", max_size=30))
def test_escaping_is_undone(text: str) -> None:
    assert unescape_mrkdwn(escape_mrkdwn(text)) == text
