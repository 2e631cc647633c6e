"""The connector `log`: one line in the bridge's own log."""

from __future__ import annotations

import structlog
from pydantic import BaseModel, ConfigDict

from bridge.action import Call, Outcome
from bridge.connectors.contract import Action, Connector, Finding
from bridge.connectors.http import HttpClient
from bridge.connectors.parameters import Log
from bridge.connectors.shapes import shape
from bridge.text.characters import one_line

MESSAGE_LIMIT = 2_000


class LogSettings(BaseModel):
    """There is nothing to set."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class LogLine:
    """The client: needs nothing."""


def open_log(settings: LogSettings, http: HttpClient) -> LogLine:
    del settings, http
    return LogLine()


async def write_line(client: LogLine, call: Call[Log]) -> Outcome:
    """Writes the message as one line. A retry may write it twice: a log knows no marks."""
    del client
    message = one_line(call.parameters.message, MESSAGE_LIMIT)
    log = structlog.get_logger("bridge.rules")
    getattr(log, call.parameters.level)(message, event_id=call.event_id, rule=call.rule)
    return Outcome()


async def check(client: LogLine) -> tuple[Finding, ...]:
    del client
    return (Finding("log", True, "writes to the bridge's own log"),)


CONNECTOR = Connector(
    name="log",
    sentence="The bridge's own log; needs no integration.",
    settings=LogSettings,
    open=open_log,
    actions=(Action(shape("log"), write_line),),
    check=check,
    needs_integration=False,
)
