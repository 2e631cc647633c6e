"""Every answer of the stand-in is as the vendor's OpenAPI description says."""

from __future__ import annotations

import httpx
import pytest

from bridge.event import JSON
from tests.sandbox.conftest import Jira
from tests.sandbox.oracle import Oracle

ADF: JSON = {
    "type": "doc",
    "version": 1,
    "content": [{"type": "paragraph", "content": [{"type": "text", "text": "words"}]}],
}


class Asked:
    """Asks one site and holds each answer against the description."""

    def __init__(self, jira: Jira, oracle: Oracle, base: str, api: int) -> None:
        self.jira, self.oracle, self.api = jira, oracle, api
        self.base = f"http://sandbox.test{jira.base}{base}"

    async def __call__(
        self, status: int, method: str, path: str, body: JSON = None, **headers: str
    ) -> httpx.Response:
        answer = await self.jira.ask(method, path, body, self.api, **headers)
        assert answer.status_code == status, f"{method} {path}: {answer.text[:500]}"
        assert self.oracle.check_httpx(self.base, answer), f"{path} is not described"
        return answer


async def all_of_an_issue(asked: Asked, text: JSON) -> None:
    body: JSON = {
        "fields": {
            "project": {"key": "SEC"},
            "issuetype": {"name": "Bug"},
            "summary": "s",
            "description": text,
            "priority": {"name": "High"},
            "labels": ["a", "b"],
            "customfield_10052": {"value": "High"},
        },
        "properties": [{"key": "bridge", "value": {"id": "x"}}],
    }
    key = (await asked(201, "POST", "issue", body)).json()["key"]
    await asked(400, "POST", "issue", {"fields": {}})
    await asked(201, "POST", "issue/bulk", {"issueUpdates": [body, {"fields": {}}]})
    await asked(200, "GET", f"issue/{key}?fields=*all&expand=changelog,names,transitions")
    await asked(404, "GET", "issue/SEC-999")
    await asked(204, "PUT", f"issue/{key}", {"update": {"labels": [{"add": "c"}]}})
    await asked(400, "PUT", f"issue/{key}", {"fields": {"nonsense": 1}})
    await asked(200, "GET", f"issue/{key}/editmeta")
    await asked(200, "GET", f"issue/{key}?expand=changelog")

    made = (await asked(201, "POST", f"issue/{key}/comment", {"body": text})).json()["id"]
    await asked(200, "GET", f"issue/{key}/comment")
    await asked(200, "GET", f"issue/{key}/comment/{made}?expand=properties")
    await asked(200, "PUT", f"issue/{key}/comment/{made}", {"body": text})
    await asked(204, "DELETE", f"issue/{key}/comment/{made}")

    await asked(200, "GET", f"issue/{key}/transitions?expand=transitions.fields")
    await asked(400, "POST", f"issue/{key}/transitions", {"transition": {"id": "999"}})
    await asked(204, "POST", f"issue/{key}/transitions", {"transition": {"id": "31"}})

    await asked(200, "GET", f"issue/{key}/properties")
    await asked(200, "GET", f"issue/{key}/properties/bridge")
    await asked(200, "PUT", f"issue/{key}/properties/bridge", {"id": "y"})
    await asked(201, "PUT", f"issue/{key}/properties/other", {"id": "y"})
    await asked(204, "DELETE", f"issue/{key}/properties/other")

    link: JSON = {"globalId": "g", "object": {"url": "https://x.example/", "title": "t"}}
    first = 200 if asked.jira.base else 201
    number = (await asked(first, "POST", f"issue/{key}/remotelink", link)).json()["id"]
    await asked(200, "POST", f"issue/{key}/remotelink", link)
    await asked(200, "GET", f"issue/{key}/remotelink/{number}")
    await asked(204, "PUT", f"issue/{key}/remotelink/{number}", link)
    await asked(204, "DELETE", f"issue/{key}/remotelink/{number}")

    ends: JSON = {
        "type": {"name": "Blocks"},
        "inwardIssue": {"key": key},
        "outwardIssue": {"key": "SEC-1"},
    }
    await asked(201, "POST", "issueLink", ends)
    linked = (await asked(200, "GET", f"issue/{key}")).json()["fields"]["issuelinks"][0]["id"]
    await asked(200, "GET", f"issueLink/{linked}")
    await asked(204, "DELETE", f"issueLink/{linked}")
    await asked(200, "GET", "issueLinkType")
    await asked(200, "GET", "issueLinkType/10000")

    file = {"file": ("a.txt", b"words", "text/plain")}
    base = f"{asked.jira.base}/rest/api/{asked.api}"
    sent = await asked.jira.client.post(
        f"{base}/issue/{key}/attachments", files=file, headers={"X-Atlassian-Token": "no-check"}
    )
    assert sent.status_code == 200, sent.text
    asked.oracle.check_httpx(asked.base, sent)
    attached = sent.json()[0]["id"]
    await asked(200, "GET", f"attachment/{attached}")
    await asked(200, "GET", "attachment/meta")
    await asked(204, "DELETE", f"attachment/{attached}")
    await asked(204, "DELETE", f"issue/{key}")


async def all_of_a_site(asked: Asked) -> None:
    for path in (
        "serverInfo",
        "myself",
        "mypermissions?permissions=CREATE_ISSUES,ADD_COMMENTS",
        "project",
        "project/SEC",
        "priority",
        "priority/3",
        "issuetype",
        "status",
        "field",
        "issue/createmeta/SEC/issuetypes",
        "issue/createmeta/SEC/issuetypes/10004",
    ):
        await asked(200, "GET", path)
    await asked(404, "GET", "project/NOPE")


async def all_of_cloud(asked: Asked) -> None:
    for path in (
        "user/search?query=anna",
        "user?accountId=5b0000000000000000000002",
        "project/search",
        "priority/search",
        "statuses/search",
        "field/search",
        "issue/createmeta?projectKeys=SEC&expand=projects.issuetypes.fields",
        "search/jql?jql=project%3DSEC&fields=*all",
        "issue/SEC-1/changelog",
        "issue/SEC-1/watchers",
        "webhook",
        "webhook/failed",
    ):
        await asked(200, "GET", path)
    await asked(400, "POST", "search/jql", {"jql": "nonsense = 1"})
    await asked(200, "POST", "search/jql", {"jql": "project = SEC", "fields": ["summary"]})
    await asked(200, "POST", "search/approximate-count", {"jql": "project = SEC"})
    await asked(200, "POST", "jql/match", {"issueIds": [10000], "jqls": ["project = SEC"]})
    wanted: JSON = {
        "url": "https://x.example/hook",
        "webhooks": [
            {"jqlFilter": "project = SEC", "events": ["jira:issue_created"]},
            {"jqlFilter": "project = (", "events": ["jira:issue_created"]},
        ],
    }
    results = (await asked(200, "POST", "webhook", wanted)).json()["webhookRegistrationResult"]
    number = results[0]["createdWebhookId"]
    assert "Error in the JQL Query" in results[1]["errors"][0]
    assert (await asked(200, "GET", "webhook")).json()["total"] == 1
    await asked(200, "PUT", "webhook/refresh", {"webhookIds": [number]})
    await asked(202, "DELETE", "webhook", {"webhookIds": [number]})
    comment = await asked(
        201, "POST", "issue/SEC-1/comment", {"body": ADF if asked.api == 3 else "c"}
    )
    made = comment.json()["id"]
    await asked(200, "POST", "comment/list", {"ids": [int(made)]})
    await asked(201, "PUT", f"comment/{made}/properties/bridge", {"a": 1})
    await asked(200, "GET", f"comment/{made}/properties/bridge")
    await asked(200, "GET", f"comment/{made}/properties")
    await asked(204, "DELETE", f"comment/{made}/properties/bridge")
    await asked(204, "PUT", "issue/SEC-1/assignee", {"accountId": "5b0000000000000000000002"})
    await asked(204, "POST", "issue/SEC-1/watchers", "5b0000000000000000000002")
    await asked(204, "DELETE", "issue/SEC-1/watchers?accountId=5b0000000000000000000002")


async def test_cloud_v2_answers_as_described(jira: Jira, cloud_oracle: Oracle) -> None:
    asked = Asked(jira, cloud_oracle, "", 2)
    before = cloud_oracle.checked
    await all_of_an_issue(asked, "h1. Words\n|a|b|")
    await all_of_a_site(asked)
    await all_of_cloud(asked)
    assert cloud_oracle.checked - before > 75


async def test_cloud_v3_answers_as_described(jira: Jira, cloud_v3_oracle: Oracle) -> None:
    asked = Asked(jira, cloud_v3_oracle, "", 3)
    before = cloud_v3_oracle.checked
    await all_of_an_issue(asked, ADF)
    await all_of_a_site(asked)
    await all_of_cloud(asked)
    assert cloud_v3_oracle.checked - before > 75


async def test_data_center_answers_as_described(
    data_center: Jira, data_center_oracle: Oracle
) -> None:
    asked = Asked(data_center, data_center_oracle, "/rest", 2)
    before = data_center_oracle.checked
    await all_of_an_issue(asked, "h1. Words\n|a|b|")
    await all_of_a_site(asked)
    await asked(200, "GET", "user/search?username=anna")
    await asked(200, "GET", "user?username=anna")
    await asked(200, "GET", "search?jql=project%3DSEC")
    await asked(200, "POST", "search", {"jql": "project = SEC", "fields": ["summary"]})
    await asked(400, "GET", "search?jql=nonsense%3D1")
    assert data_center_oracle.checked - before > 55


async def test_a_wrong_answer_would_be_noticed(cloud_oracle: Oracle) -> None:
    with pytest.raises(AssertionError, match="is not of type 'string'"):
        cloud_oracle.check(
            "http://sandbox.test",
            "POST",
            "http://sandbox.test/rest/api/2/issue",
            201,
            {"content-type": "application/json"},
            b'{"id": 10000}',
        )
