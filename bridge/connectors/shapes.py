"""The table of actions: the shapes that rules are checked against."""

from __future__ import annotations

from collections.abc import Mapping

from bridge.action import ActionShape
from bridge.connectors.cases import PushCase
from bridge.connectors.parameters import (
    AppendTable,
    Attach,
    Comment,
    CreateTicket,
    EditComment,
    Log,
    Notify,
    SendWebhook,
    SyncStatus,
    Transition,
    UpdateAlert,
    UpdatePage,
    UpdateTicket,
)

MARKDOWN = "markdown"

SHAPES: tuple[ActionShape, ...] = (
    ActionShape(
        "create_ticket",
        "Creates a ticket, once, whatever happens to the answer.",
        CreateTicket,
        {
            "key": "The new ticket's key, such as SEC-12.",
            "id": "Its number inside the system.",
            "url": "Where a person opens it.",
        },
        """\
- create_ticket:
    id: ticket
    issue_type: Bug
    summary: "[${{ each.severity }}] ${{ each.title }}"
    description: ${{ each.description }}
    labels: [scanner]
""",
        {"description": MARKDOWN},
    ),
    ActionShape(
        "update_ticket",
        "Sets fields of a ticket.",
        UpdateTicket,
        {"key": "The ticket's key."},
        """\
- update_ticket:
    ticket: SEC-12
    priority: High
""",
        {"description": MARKDOWN},
    ),
    ActionShape(
        "transition",
        "Moves a ticket to a status, by the status's name.",
        Transition,
        {"status": "The status it has now."},
        """\
- transition:
    ticket: SEC-12
    to: Done
    fields: {resolution: {name: Fixed}}
""",
        {"comment": MARKDOWN},
    ),
    ActionShape(
        "comment",
        "Adds a comment to a ticket, once.",
        Comment,
        {"id": "The comment's id."},
        """\
- comment:
    ticket: SEC-12
    body: Seen again in **${{ data.target }}**.
""",
        {"body": MARKDOWN},
    ),
    ActionShape(
        "edit_comment",
        "Replaces the text of a comment.",
        EditComment,
        {"id": "The comment's id."},
        """\
- edit_comment:
    ticket: SEC-12
    comment: "10055"
    body: Now **${{ data.counts.high }}** findings in ${{ data.target }}.
""",
        {"body": MARKDOWN},
    ),
    ActionShape(
        "append_table",
        "Appends a table below what stands in a ticket's description; never replaces anything.",
        AppendTable,
        {"moved": "How many older tables went into a comment to make room."},
        """\
- append_table:
    ticket: SEC-12
    title: ${{ data.target }}
    columns: [Date, High, Critical]
    row: ["${{ today() }}", "${{ data.counts.high }}", "${{ data.counts.critical }}"]
""",
    ),
    ActionShape(
        "update_page",
        "Adds rows to the bridge's own table on a page; makes the table where there is none.",
        UpdatePage,
        {
            "page": "The page's id.",
            "url": "Where a person opens it.",
            "version": "The version of the page that holds the rows.",
        },
        """\
- update_page:
    page: "SEC:Scan results"
    title: ${{ data.target }}
    columns: [Date, High, Critical]
    row: ["${{ today() }}", "${{ data.counts.high }}", "${{ data.counts.critical }}"]
""",
    ),
    ActionShape(
        "attach",
        "Attaches a file to a ticket, once.",
        Attach,
        {"id": "The attachment's id."},
        """\
- attach:
    ticket: SEC-12
    filename: report.txt
    content: ${{ data.message }}
""",
    ),
    ActionShape(
        "notify",
        "Posts a message to a channel, once.",
        Notify,
        {"thread": "What a later message answers, or replaces."},
        """\
- notify:
    channel: "#security"
    text: "**${{ data.target }}**: ${{ data.message }}"
""",
        {"text": MARKDOWN, "blocks": "mrkdwn"},
    ),
    ActionShape(
        "update_alert",
        "Resolves, dismisses or reopens an alert of a scanner.",
        UpdateAlert,
        {"state": "The state it has now, in the system's words."},
        """\
- update_alert:
    alert: octo-org/shop/code-scanning/7
    state: dismissed
    reason: false positive
    comment: Accepted in SEC-12.
""",
    ),
    ActionShape(
        "sync_status",
        "Carries a status over to what the event's subject is linked with.",
        SyncStatus,
        {"status": "The status that was set."},
        """\
- sync_status:
    to: case
    map: {Done: closed, "In Progress": in-progress}
""",
        needs_integration=False,
    ),
    ActionShape(
        "push_case",
        "Brings a case and its comments into another system; made once, then kept up to date.",
        PushCase,
        {
            "key": "The ticket's key, such as SEC-12; of a case system, the case's id there.",
            "id": "Its number inside the system.",
            "url": "Where a person opens it.",
            "case": "The id of the case that was pushed.",
            "created": "Whether it was made by this push.",
            "changed": "The fields that this push wrote.",
            "comments": "The ids of the case's comments that this push added.",
        },
        """\
- push_case:
    priority: High
""",
    ),
    ActionShape(
        "send_webhook",
        "Posts JSON to an address, signed after Standard Webhooks where there is a secret.",
        SendWebhook,
        {"status": "The HTTP status of the answer."},
        """\
- send_webhook:
    url: https://hooks.example.com/scans
    body: {target: "${{ data.target }}"}
""",
        needs_integration=False,
    ),
    ActionShape(
        "log",
        "Writes one line to the bridge's log.",
        Log,
        {},
        """\
- log:
    message: Scan of ${{ data.target }} finished
""",
        needs_integration=False,
    ),
)


def shape(name: str) -> ActionShape:
    """The shape of this name; KeyError for one that is not in the table."""
    return BY_NAME[name]


BY_NAME: Mapping[str, ActionShape] = {one.name: one for one in SHAPES}
