"""An issue in Linear."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from bridge.event import JSON
from bridge.sandbox.linear.state import BRIDGE, PEOPLE, PRIORITIES, STATES, TEAM
from tests.sync.ends.end import Writes
from tests.sync.world import World

READ = """query Read($id: String!) { issue(id: $id) {
  id title priorityLabel state { name } assignee { email } comments(first: 10000) { nodes { body } }
  history(first: 10000) { nodes {
    actor { id } toTitle toPriority fromPriority fromAssignee { id } toAssignee { email }
    toState { name }
  } }
} }"""
CHANGE = """mutation Change($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success }
}"""
MAKE = """mutation Make($input: IssueCreateInput!) {
  issueCreate(input: $input) { success issue { identifier } }
}"""
SAY = """mutation Say($input: CommentCreateInput!) {
  commentCreate(input: $input) { success comment { id } }
}"""
EDIT = """mutation Edit($id: String!, $input: CommentUpdateInput!) {
  commentUpdate(id: $id, input: $input) { success }
}"""


@dataclass(frozen=True)
class LinearIssue:
    world: World

    def path(self, thing: str) -> str:
        return "/linear/graphql"

    async def make(self) -> str:
        (state,) = (one for one, has in STATES.items() if has[0] == "Todo")
        given: JSON = {"teamId": TEAM, "title": "Weak key", "priority": 4, "stateId": state}
        made = await self._ask(MAKE, {"input": given})
        return str(made["issueCreate"]["issue"]["identifier"])

    async def read(self, thing: str) -> dict[str, str]:
        issue = await self._issue(thing)
        return {
            "status": issue["state"]["name"],
            "priority": issue["priorityLabel"],
            "assignee": (issue["assignee"] or {}).get("email", ""),
            "summary": issue["title"],
        }

    async def change(self, thing: str, field: str, value: str) -> bool:
        given: dict[str, JSON] = {}
        match field:
            case "status":
                (given["stateId"],) = (one for one, has in STATES.items() if has[0] == value)
            case "priority":
                given["priority"] = PRIORITIES.index(value)
            case "assignee":
                given["assigneeId"] = PEOPLE[value.partition("@")[0]] if value else None
            case _:
                given["title"] = value
        await self._ask(CHANGE, {"id": thing, "input": given})
        return True

    async def remark(self, thing: str, text: str) -> str:
        issue = await self._issue(thing)
        made = await self._ask(SAY, {"input": {"issueId": issue["id"], "body": text}})
        return str(made["commentCreate"]["comment"]["id"])

    async def edit_remark(self, thing: str, remark_id: str, text: str) -> None:
        await self._ask(EDIT, {"id": remark_id, "input": {"body": text}})

    async def remarks(self, thing: str) -> list[str]:
        return [one["body"] for one in (await self._issue(thing))["comments"]["nodes"]]

    async def wrote(self, thing: str) -> Writes:
        found: Writes = Counter()
        for row in (await self._issue(thing))["history"]["nodes"]:
            if row["actor"]["id"] != PEOPLE[BRIDGE]:
                continue
            if row["toState"]:
                found["status", row["toState"]["name"]] += 1
            if row["toPriority"] is not None:
                found["priority", PRIORITIES[int(row["toPriority"])]] += 1
            if row["toTitle"] is not None:
                found["summary", row["toTitle"]] += 1
            if row["fromAssignee"] or row["toAssignee"]:
                found["assignee", (row["toAssignee"] or {}).get("email", "")] += 1
        return found

    async def _issue(self, thing: str) -> Any:
        return (await self._ask(READ, {"id": thing}))["issue"]

    async def _ask(self, query: str, variables: JSON) -> Any:
        body: JSON = {"query": query, "variables": variables}
        answer = await self.world.person("POST", "/linear/graphql", body)
        assert "errors" not in answer, answer
        return answer["data"]
