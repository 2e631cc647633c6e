"""The parameters of each action.

The models are shared by all connectors that offer the action. `in`, `id` and `when` belong to
every action and are taken out before a model sees the rest.
"""

from __future__ import annotations

import base64
import binascii
import json
from typing import Annotated, Literal, Protocol, Self, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    WithJsonSchema,
    model_validator,
)

from bridge.counting import counted

TextFormat = Literal["markdown", "wiki", "adf", "plain"]


def as_text(value: object) -> object:
    """Numbers and truth values as text: a template that is a whole leaf keeps its own type."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))  # CEL gives doubles for JSON numbers; nobody wrote 3.0
    if isinstance(value, int | float):
        return str(value)
    return value


def as_cell(value: object) -> object:
    """A cell may also be absent."""
    return "" if value is None else as_text(value)


def as_long_text(value: object) -> object:
    """Text; a mapping, which is an ADF document, as its JSON."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else as_text(value)


def as_base64(value: object) -> object:
    """Refuses what is not base64, before anything is sent."""
    if isinstance(value, str):
        try:
            base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("is not base64") from None
    return value


Text = Annotated[str, BeforeValidator(as_text)]
FilledText = Annotated[str, BeforeValidator(as_text), Field(min_length=1)]
LONG: dict[str, JsonValue] = {"anyOf": [{"type": "string"}, {"type": "object"}]}
LongText = Annotated[str, BeforeValidator(as_long_text), WithJsonSchema(LONG)]
FilledLongText = Annotated[
    str, BeforeValidator(as_long_text), Field(min_length=1), WithJsonSchema(LONG)
]
Cell = Annotated[str, BeforeValidator(as_cell)]


class Parameters(BaseModel):
    """Refuses unknown keys, so that a misspelt one is an error with its line."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Formatted(Parameters):
    """Parameters with a long text in one of the formats."""

    @model_validator(mode="before")
    @classmethod
    def _mapping_is_adf(cls, given: object) -> object:
        """A mapping stands for a text only where it is said to be an ADF document."""
        if isinstance(given, dict) and given.get("format", "markdown") != "adf":
            for name in LONG_TEXTS & given.keys():
                if isinstance(given[name], dict):
                    raise ValueError(f"`{name}` is a mapping; only `format: adf` takes one")  # noqa: TRY004
        return given


LONG_TEXTS = frozenset({"description", "comment", "body"})


class CreateTicket(Formatted):
    project: Text | None = Field(None, description="Project key; else the integration's.")
    issue_type: Text | None = Field(None, description="Name, such as Bug; else the integration's.")
    summary: FilledText = Field(description="One line; cut to what the system takes.")
    description: LongText | None = Field(None, description="Text.")
    priority: Text | None = Field(None, description="Name, such as High.")
    labels: list[Text] | None = Field(None, description="Blanks become hyphens.")
    assignee: Text | None = Field(None, description="Account id, user name or e-mail address.")
    parent: Text | None = Field(None, description="Key of the epic or parent ticket.")
    fields: dict[str, JsonValue] | None = Field(
        None,
        description="Further fields as the system names them, passed on as they are; Jira's "
        "long texts as plain text, or as a document where a mapping gives one.",
    )
    format: TextFormat = Field("markdown", description="Markup of the description.")


class UpdateTicket(Formatted):
    ticket: FilledText = Field(description="Key, such as SEC-12.")
    summary: FilledText | None = Field(None, description="Replaces the summary.")
    description: LongText | None = Field(None, description="Replaces the description.")
    priority: Text | None = Field(None, description="Name, such as High.")
    labels: list[Text] | None = Field(None, description="Replaces the labels but the bridge's own.")
    assignee: Text | None = Field(None, description="Account id, user name or e-mail; empty: none.")
    fields: dict[str, JsonValue] | None = Field(
        None,
        description="Further fields as the system names them, passed on as they are; Jira's "
        "long texts as plain text, or as a document where a mapping gives one.",
    )
    format: TextFormat = Field("markdown", description="Markup of the description.")


class Transition(Formatted):
    ticket: FilledText = Field(description="Key, such as SEC-12.")
    to: FilledText = Field(description="Name of the status it shall have, in any case.")
    fields: dict[str, JsonValue] | None = Field(
        None, description="Fields the transition's screen asks for, such as resolution."
    )
    comment: LongText | None = Field(None, description="Text, added with the transition.")
    format: TextFormat = Field("markdown", description="Markup of the comment.")


class Comment(Formatted):
    ticket: FilledText = Field(description="Key, such as SEC-12.")
    body: FilledLongText = Field(description="Text.")
    format: TextFormat = Field("markdown", description="Markup of the body.")


class EditComment(Formatted):
    ticket: FilledText = Field(description="Key, such as SEC-12.")
    comment: FilledText = Field(description="The comment's id, as `comment` gave it.")
    body: FilledLongText = Field(description="Replaces the text.")
    format: TextFormat = Field("markdown", description="Markup of the body.")


class _WithRows(Protocol):
    @property
    def columns(self) -> list[str]: ...
    @property
    def row(self) -> list[str] | None: ...
    @property
    def rows(self) -> list[list[str]] | None: ...


R = TypeVar("R", bound=_WithRows)


def all_rows(given: _WithRows) -> list[list[str]]:
    return [given.row] if given.row is not None else given.rows or []


def check_rows(given: R) -> R:
    """Rows that fit their columns, given one way or the other."""
    if (given.row is None) == (given.rows is None):
        raise ValueError("give `row` or `rows`, one of the two")
    if not all_rows(given):
        raise ValueError("`rows` is empty")
    for row in all_rows(given):
        if len(row) != len(given.columns):
            cells, columns = counted(len(row), "cell"), counted(len(given.columns), "column")
            raise ValueError(f"a row has {cells} for {columns}")
    return given


class AppendTable(Parameters):
    ticket: FilledText = Field(description="Key, such as SEC-12.")
    title: Text | None = Field(None, description="A line in bold above the table.")
    columns: list[Cell] = Field(min_length=1, description="The header's cells.")
    row: list[Cell] | None = Field(None, description="The cells of one row; taken literally.")
    rows: list[list[Cell]] | None = Field(None, description="Several rows instead of `row`.")

    @model_validator(mode="after")
    def _has_rows_that_fit(self) -> Self:
        return check_rows(self)

    def all_rows(self) -> list[list[str]]:
        return all_rows(self)


class UpdatePage(Parameters):
    page: FilledText = Field(description="Id, address, or SPACE:Title.")
    title: Text | None = Field(None, description="A line in bold above the table.")
    columns: list[Cell] = Field(min_length=1, description="The header's cells.")
    row: list[Cell] | None = Field(None, description="The cells of one row; taken literally.")
    rows: list[list[Cell]] | None = Field(None, description="Several rows instead of `row`.")

    @model_validator(mode="after")
    def _has_rows_that_fit(self) -> Self:
        return check_rows(self)

    def all_rows(self) -> list[list[str]]:
        return all_rows(self)


class Attach(Parameters):
    ticket: FilledText = Field(description="Key, such as SEC-12.")
    filename: FilledText = Field(description="Name without a path.")
    content: Text | None = Field(None, description="The file as text; written as UTF-8.")
    content_base64: Annotated[str, BeforeValidator(as_base64)] | None = Field(
        None, description="The file as base64 instead of `content`."
    )

    @model_validator(mode="after")
    def _has_one_content(self) -> Self:
        if (self.content is None) == (self.content_base64 is None):
            raise ValueError("give `content` or `content_base64`, one of the two")
        return self

    def data(self) -> bytes:
        if self.content_base64 is not None:
            return base64.b64decode(self.content_base64)
        return (self.content or "").encode()


class Notify(Parameters):
    channel: FilledText | None = Field(
        None, description="Channel's id, such as C0123456789, or #name; else the integration's."
    )
    text: FilledText = Field(description="Text; with `blocks` what notifications show.")
    blocks: list[dict[str, JsonValue]] | None = Field(
        None, description="Block Kit, passed on; what an event says is escaped in its texts."
    )
    thread: Text | None = Field(
        None, description="The `thread` of an earlier message to answer; empty: a new one."
    )
    replace: Text | None = Field(
        None, description="The `thread` of an earlier message to write anew instead of posting."
    )


class UpdateAlert(Parameters):
    alert: FilledText = Field(
        description="Which one, as its event names it: owner/name/code-scanning/7, a Sentry id."
    )
    state: FilledText = Field(
        description="`open`, `resolved` or `dismissed`, in the system's own words too."
    )
    reason: Text | None = Field(None, description="Why it is dismissed, such as false positive.")
    comment: Text | None = Field(None, description="A sentence for people; plain text.")


class SyncStatus(Parameters):
    to: Literal["case", "scan", "finding", "alert", "ticket"] = Field(
        description="What gets the status; found through the link of the event's subject. A case "
        "is moved in its own system too, where its source names an `integration`."
    )
    map: dict[str, Text] = Field(min_length=1, description="From their status to ours, by name.")
    default: Text | None = Field(None, description="For a status not in `map`; else it is skipped.")


class SendWebhook(Parameters):
    url: FilledText = Field(description="Where to; http or https.")
    body: JsonValue = Field(description="JSON to send; text is sent as JSON text too.")
    secret: Text | None = Field(
        None, description="Name of one of the integration's secrets; else its `secret`, if any."
    )
    headers: dict[str, Text] | None = Field(None, description="Further headers.")


class Log(Parameters):
    message: Text = Field(description="What to write.")
    level: Literal["debug", "info", "warning", "error"] = Field("info", description="How loud.")
