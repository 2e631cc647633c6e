"""The examples of the documents, word for word: `/openapi.json` and `/docs` show them.

Some of their answers are shortened there, so they hold less than the schema beside them says.
"""

from __future__ import annotations

from bridge.event import JSON

PUSH: JSON = {"remediationId": "rem_001", "provider": "jira"}

TICKET_WANTED: JSON = {
    "summary": "Reflected XSS in the login redirect",
    "description": "Reflected XSS via the redirect_url parameter on /login",
    "issue_type": "Bug",
}
TICKET_MADE: JSON = {
    "success": True,
    "data": {
        "id": 87,
        "jira_issue_key": "SCYTALEIN-204",
        "jira_issue_id": "10542",
        "user_id": 42,
        "summary": "Reflected XSS in the login redirect",
        "description": "Reflected XSS via the redirect_url parameter on /login",
        "issue_type": "Bug",
        "priority": "Medium",
        "status": "TO DO",
        "assigned_to": None,
        "created_at": "2026-02-18 09:14:02",
        "updated_at": "2026-02-18 09:14:02",
    },
}
TICKET_READ: JSON = {
    "success": True,
    "data": {
        "id": 87,
        "jira_issue_key": "SCYTALEIN-204",
        "summary": "Reflected XSS in the login redirect",
        "issue_type": "Bug",
        "priority": "Medium",
        "status": "In Progress",
        "assigned_to": "Dana Lee",
        "user_email": "alice@example.com",
        "username": "alice",
        "comments": [
            {
                "id": "10231",
                "author": "You",
                "body": "Repro steps attached.",
                "created": "2026-02-18 09:20:11",
                "updated": "2026-02-18 09:20:11",
            }
        ],
        "attachments": [
            {
                "id": "10688",
                "filename": "xss-poc.png",
                "mime_type": "image/png",
                "size": 84213,
                "author": "alice",
                "created": "2026-02-18 09:21:40",
            }
        ],
    },
}
TICKET_SYNCED: JSON = {
    "success": True,
    "data": {
        "id": 87,
        "jira_issue_key": "SCYTALEIN-204",
        "status": "Done",
        "assigned_to": "Dana Lee",
    },
}
TICKET_DELETED: JSON = {"success": True, "data": {"message": "Ticket deleted successfully"}}
COMMENT: JSON = {"comment": "Confirmed on staging — escalating to high."}
COMMENT_DELETED: JSON = {"success": True, "data": {"message": "Comment deleted successfully"}}
