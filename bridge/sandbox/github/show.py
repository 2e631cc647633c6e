"""Everything as GitHub shows it."""

from __future__ import annotations

from bridge.event import JSON
from bridge.sandbox.exchange import as_object
from bridge.sandbox.github.state import (
    PEOPLE,
    REPOSITORY,
    Alert,
    Comment,
    GitHubState,
    Happening,
    Issue,
    moment,
)

WEB = "https://github.example"
"""Where a person would look; there is nothing there, the sandbox has no pages of its own."""


def user(login: str, base: str) -> JSON:
    api = f"{base}/users/{login}"
    return {
        "login": login,
        "id": PEOPLE.get(login, 1999),
        "node_id": f"U_{login}",
        "avatar_url": f"{WEB}/{login}.png",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{WEB}/{login}",
        "followers_url": f"{api}/followers",
        "following_url": f"{api}/following{{/other_user}}",
        "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}",
        "subscriptions_url": f"{api}/subscriptions",
        "organizations_url": f"{api}/orgs",
        "repos_url": f"{api}/repos",
        "events_url": f"{api}/events{{/privacy}}",
        "received_events_url": f"{api}/received_events",
        "type": "User",
        "site_admin": False,
    }


def happened(one: Happening, state: GitHubState, base: str) -> dict[str, JSON]:
    """What an entry of the history is about."""
    match one.event:
        case "labeled" | "unlabeled":
            shown = as_object(label(one.of, state, base))
            return {"label": {"name": shown["name"], "color": shown["color"]}}
        case "assigned" | "unassigned":
            return {"assignee": user(one.of, base), "assigner": user(one.actor, base)}
        case "renamed":
            return {"rename": {"from": one.of, "to": one.to}}
    return {}


def issue(one: Issue, state: GitHubState, base: str) -> dict[str, JSON]:
    api = f"{base}/repos/{REPOSITORY}"
    own = f"{api}/issues/{one.number}"
    people: list[JSON] = [user(login, base) for login in one.assignees]
    shown: dict[str, JSON] = {
        "url": own,
        "repository_url": api,
        "labels_url": f"{own}/labels{{/name}}",
        "comments_url": f"{own}/comments",
        "events_url": f"{own}/events",
        "html_url": f"{WEB}/{REPOSITORY}/issues/{one.number}",
        "id": one.id,
        "node_id": f"I_{one.id}",
        "number": one.number,
        "title": one.title,
        "user": user(one.author, base),
        "labels": [label(name, state, base) for name in one.labels],
        "state": one.state,
        "state_reason": one.reason or None,
        "locked": False,
        "assignee": people[0] if people else None,
        "assignees": people,
        "milestone": None,
        "comments": len(one.comments),
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "closed_at": moment(one.closed) if one.closed else None,
        "closed_by": user(one.closed_by, base) if one.closed_by else None,
        "author_association": "MEMBER",
        "active_lock_reason": None,
        "body": one.body,
    }
    if one.type:
        shown["type"] = {
            "id": 1, "node_id": "IT_1", "name": one.type, "description": None, "color": "red",
            "created_at": moment(state.started), "updated_at": moment(state.started),
            "is_enabled": True,
        }  # fmt: skip
    return shown


def label(name: str, state: GitHubState, base: str) -> JSON:
    label_id = state.label(name)
    return {
        "id": label_id,
        "node_id": f"LA_{label_id}",
        "url": f"{base}/repos/{REPOSITORY}/labels/{name}",
        "name": name,
        "description": None,
        "color": "ededed",
        "default": False,
    }


def comment(one: Comment, of: Issue, base: str) -> dict[str, JSON]:
    api = f"{base}/repos/{REPOSITORY}/issues"
    return {
        "url": f"{api}/comments/{one.id}",
        "html_url": f"{WEB}/{REPOSITORY}/issues/{of.number}#issuecomment-{one.id}",
        "issue_url": f"{api}/{of.number}",
        "id": one.id,
        "node_id": f"IC_{one.id}",
        "user": user(one.author, base),
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "author_association": "MEMBER",
        "body": one.body,
    }


def repository(base: str, state: GitHubState) -> dict[str, JSON]:
    """The part of a repository that stands in webhooks and that clients look at."""
    owner, _, name = REPOSITORY.partition("/")
    api = f"{base}/repos/{REPOSITORY}"
    return {
        "id": 5001,
        "node_id": "R_5001",
        "name": name,
        "full_name": REPOSITORY,
        "private": True,
        "owner": user(owner, base),
        "html_url": f"{WEB}/{REPOSITORY}",
        "description": "A repository of the sandbox; nothing in it is real.",
        "fork": False,
        "url": api,
        "default_branch": "main",
        "archived": False,
        "disabled": False,
        "has_issues": True,
        "open_issues_count": sum(one.state == "open" for one in state.issues.values()),
        "created_at": moment(state.started),
        "updated_at": moment(state.started),
        "permissions": {
            "admin": False,
            "maintain": False,
            "push": True,
            "triage": True,
            "pull": True,
        },
    }


def alert(one: Alert, base: str) -> dict[str, JSON]:
    api = f"{base}/repos/{REPOSITORY}/{one.kind}/alerts/{one.number}"
    shown: dict[str, JSON] = {
        "number": one.number,
        "created_at": moment(one.created),
        "updated_at": moment(one.updated),
        "url": api,
        "html_url": f"{WEB}/{REPOSITORY}/security/{one.kind}/{one.number}",
        "state": one.state,
    }
    by = user(one.by, base) if one.by else None
    at = moment(one.at) if one.at else None
    if one.kind == "secret-scanning":
        return shown | {
            "locations_url": f"{api}/locations",
            "resolution": one.reason,
            "resolution_comment": one.comment,
            "resolved_by": by,
            "resolved_at": at,
            "secret_type": "sandbox_token",
            "secret_type_display_name": "Sandbox token",
            "secret": "not-a-real-secret",
        }
    shown |= {
        "dismissed_by": by,
        "dismissed_at": at,
        "dismissed_reason": one.reason,
        "dismissed_comment": one.comment,
        "fixed_at": None,
    }
    if one.kind == "code-scanning":
        return shown | {
            "instances_url": f"{api}/instances",
            "rule": {
                "id": "py/sql-injection",
                "severity": "error",
                "security_severity_level": "high",
                "description": "SQL query built from user-controlled sources",
                "name": "py/sql-injection",
                "tags": ["security"],
            },
            "tool": {"name": "CodeQL", "guid": None, "version": "2.20.0"},
            "most_recent_instance": {
                "ref": "refs/heads/main",
                "analysis_key": "codeql.yml:analyze",
                "environment": "{}",
                "category": "codeql.yml:analyze",
                "state": one.state,
                "commit_sha": "39406e42cb832f683daa691dd652a8dc36ee8930",
                "message": {"text": "This query depends on a user-provided value."},
                "location": {
                    "path": "shop/orders.py", "start_line": 12, "end_line": 12,
                    "start_column": 5, "end_column": 40,
                },
                "classifications": [],
            },
        }  # fmt: skip
    package: JSON = {"ecosystem": "pip", "name": "requests"}
    vulnerability: JSON = {
        "package": package,
        "severity": "high",
        "vulnerable_version_range": "< 2.32.4",
        "first_patched_version": {"identifier": "2.32.4"},
    }
    return shown | {
        "dependency": {
            "package": package, "manifest_path": "requirements.txt", "scope": "runtime",
        },
        "security_advisory": {
            "ghsa_id": "GHSA-9hjg-9r4m-mvj7",
            "cve_id": "CVE-2024-47081",
            "summary": "Requests may leak credentials from .netrc",
            "description": "An advisory of the sandbox.",
            "vulnerabilities": [vulnerability],
            "severity": "high",
            "cvss": {"vector_string": None, "score": 5.3},
            "cwes": [],
            "identifiers": [{"type": "GHSA", "value": "GHSA-9hjg-9r4m-mvj7"}],
            "references": [],
            "published_at": moment(one.created),
            "updated_at": moment(one.created),
            "withdrawn_at": None,
        },
        "security_vulnerability": vulnerability,
    }  # fmt: skip
