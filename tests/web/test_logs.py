"""Log lines: one form, on stderr, for ours and the libraries' alike."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bridge.logs import configure_logging


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_ours_and_the_libraries_lines_are_json_with_level_and_time() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    structlog.get_logger("bridge").info("listening", address="http://127.0.0.1:8080")
    logging.getLogger("asyncio").warning("slow %s", "callback")

    ours, theirs = lines(stream)
    assert (ours["event"], ours["level"]) == ("listening", "info")
    assert ours["address"] == "http://127.0.0.1:8080"
    assert str(ours["at"]).endswith("Z")
    assert (theirs["event"], theirs["logger"]) == ("slow callback", "asyncio")


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure_logging("warning", "json", stream)
    structlog.get_logger("bridge").info("quiet")
    logging.getLogger("uvicorn.error").info("quiet")
    assert stream.getvalue() == ""


def test_text_of_a_stranger_cannot_begin_a_line_of_its_own() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    structlog.get_logger("bridge").warning("refused", message='x\n{"event": "forged"}')
    assert len(lines(stream)) == 1


def test_traceback_is_part_of_its_line() -> None:
    stream = io.StringIO()
    configure_logging("info", "json", stream)
    try:
        raise ZeroDivisionError("why")
    except ZeroDivisionError:
        structlog.get_logger("bridge").exception("failed")
    (line,) = lines(stream)
    assert "ZeroDivisionError: why" in str(line["exception"])


def test_console_form_is_for_reading() -> None:
    stream = io.StringIO()
    configure_logging("debug", "console", stream)
    structlog.get_logger("bridge").debug("received", source="github")
    assert "received" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
