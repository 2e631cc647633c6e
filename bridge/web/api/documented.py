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

INTEGRATION_WANTED: dict[str, JSON] = {
    "name": "<string>",
    "integration_type": "sentry",
    "auth_data": {
        "access_token": "<string>",
        "refresh_token": "<string>",
        "token_type": "Bearer",
        "expires_at": "2023-11-07T05:31:56Z",
        "scope": "<string>",
        "code": "<string>",
    },
    "scope_data": {
        "org_slug": "<string>",
        "installation_id": "<string>",
        "workspace_id": "<string>",
        "project_id": "<string>",
    },
    "metadata": {
        "instance_name": "<string>",
        "created_via": "oauth_callback",
        "version": "<string>",
        "description": "<string>",
        "tags": ["<string>"],
    },
    "unique_identifier": "<string>",
    "created_by": "<string>",
}
INTEGRATION_MADE: JSON = {
    "success": True,
    "data": {
        "integration_id": "<string>",
        **INTEGRATION_WANTED,
        "status": "active",
        "active": True,
        "created_at": "2023-11-07T05:31:56Z",
        "updated_at": "2023-11-07T05:31:56Z",
    },
    "error": "<string>",
}

JOB: dict[str, JSON] = {"jobId": "job_abc123"}
JOB_PUSHED: dict[str, JSON] = {
    "pushed": {"success": True},
    "without a ticket": {"success": False, "error": "Job is not linked to a Jira ticket"},
    "without paths": {"success": False, "error": "Job has no paths"},
}

CASE_PUSHED: JSON = {
    "id": "b917f300-0ed9-11ed-bd18-65557fe66949",
    "version": "WzE3NjgsM10=",
    "comments": [],
    "totalComment": 0,
    "totalAlerts": 0,
    "description": "A case description.",
    "title": "Case title 1",
    "tags": ["tag 1"],
    "settings": {"syncAlerts": True},
    "owner": "cases",
    "duration": None,
    "severity": "low",
    "closed_at": None,
    "closed_by": None,
    "created_at": "2022-07-29T00:59:39.444Z",
    "created_by": {"username": "elastic", "email": None, "full_name": None},
    "status": "open",
    "updated_at": "2022-07-29T01:20:58.436Z",
    "updated_by": {"username": "elastic", "full_name": None, "email": None},
    "connector": {
        "id": "09f8c0b0-0eda-11ed-bd18-65557fe66949",
        "name": "My connector",
        "type": ".jira",
        "fields": {"issueType": "10006", "parent": None, "priority": "Low"},
    },
    "external_service": {
        "pushed_at": "2022-07-29T01:20:58.436Z",
        "pushed_by": {"username": "elastic", "full_name": None, "email": None},
        "connector_name": "My connector",
        "external_id": "71926",
        "external_title": "ES-554",
        "external_url": "https://cases.jira.com",
        "connector_id": "09f8c0b0-0eda-11ed-bd18-65557fe66949",
    },
}
