"""How log lines look: structlog's and those of the libraries, in one form, on stderr.

Called once, by whoever starts a process. Everything else only asks structlog for a logger.
"""

from __future__ import annotations

import logging
import sys
from typing import TextIO

import structlog
from structlog.typing import Processor

LIBRARIES = {"uvicorn.error": logging.WARNING, "watchfiles": logging.WARNING}
"""They tell of every start and every changed file; what matters of that, we say ourselves."""


def configure_logging(level: str = "info", form: str = "json", to: TextIO | None = None) -> None:
    """From now on.

    level: the least written: debug, info, warning or error.
    form: `json`, one object a line, or `console`, for reading. to: stderr unless given.
    """
    stream = to or sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    ending = rendering(form, stream)
    structlog.configure(
        processors=[*shared, *ending],
        # Filtered before anything is built: a line below the level costs a function call.
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    for name, least in LIBRARIES.items():
        logging.getLogger(name).setLevel(max(number, least))


def rendering(form: str, stream: TextIO) -> list[Processor]:
    """The last steps of a line."""
    if form == "console":
        return [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
