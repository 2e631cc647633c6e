"""Finding the ticket that an earlier try may have created, without trusting the search alone."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass

from bridge.connectors.jira.client import Jira, as_list, as_object, issue_path
from bridge.connectors.jira.marks import PROPERTY, holds_mark, label
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON

FIELDS: list[JSON] = ["labels"]
BACK = 20
"""Keys looked at before the newest one that the index knows: it may know newer ones first."""
MISSES = 10
"""Absent keys in a row that mean the end of the project: deleted and moved tickets leave gaps."""
MOST_READS = 60
AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Made:
    """A ticket that exists."""

    key: str
    id: str


async def find_made(jira: Jira, project: str, mark: str) -> Made | None:
    """The ticket carrying the mark, or None when there is none for all that can be known.

    The mark alone decides, never a time: our clock may have jumped, and a run that takes over from
    one that died a month ago must find what that one made.

    First the search by label. It misses what was created in the last seconds, so then the keys
    around the newest known one are read directly, which is consistent: keys of a project count up.

    What remains: a create whose answer was lost and which Jira carries out only after this look
    (it hung somewhere for longer than the wait before the retry) is not seen; and one that was
    moved to another project within those seconds is seen only once the index knows it.

    Raises TryAgain when the project grows faster than it can be looked through: by the next try
    the index has caught up.
    """
    jql = f'labels = "{label(mark)}" ORDER BY created ASC'
    known = await jira.search(jql, FIELDS, 10)
    made = [found for issue in known if (found := _made(issue, mark))]
    if made:
        return made[0]  # the oldest: a person's clone of the ticket carries the label too
    return await _probe(jira, project, mark)


async def _probe(jira: Jira, project: str, mark: str) -> Made | None:
    newest = await _newest_number(jira, project)
    back = range(newest, max(newest - BACK, 0), -1)
    for issue in await _read(jira, project, list(back)):
        if issue and (found := _made(issue, mark)):
            return found
    misses = 0
    for start in range(newest + 1, newest + 1 + MOST_READS - BACK, AT_ONCE):
        for issue in await _read(jira, project, list(range(start, start + AT_ONCE))):
            misses = 0 if issue else misses + 1
            if issue and (found := _made(issue, mark)):
                return found
        if misses >= MISSES:
            return None
    raise TryAgain(
        f"{project} gets tickets faster than they can be looked through; waiting for the search",
        after_seconds=15.0,
    )


async def _newest_number(jira: Jira, project: str) -> int:
    """The number of the newest ticket the index knows; 0 for a project without any."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", project):
        raise GiveUp(f"{project[:100]!r} is no project key")
    found = await jira.search(f'project = "{project}" ORDER BY created DESC', ["created"], 1)
    if not found:
        return 0
    return int(str(found[0].get("key", "")).rpartition("-")[2] or 0)


async def _read(jira: Jira, project: str, numbers: list[int]) -> list[dict[str, JSON] | None]:
    """The tickets of these numbers in order, None for those that are not there."""
    keys = [f"{project}-{number}" for number in numbers]
    if not keys:
        return []
    if (await jira.facts()).cloud:
        names: list[JSON] = list(keys)
        asked: JSON = {"issueIdsOrKeys": names, "fields": FIELDS, "properties": [PROPERTY]}
        found = as_object(await jira.ask("/issue/bulkfetch", asked))
        issues = {str(as_object(one).get("key")): one for one in as_list(found.get("issues"))}
        return [as_object(issues[key]) if key in issues else None for key in keys]
    query = {"fields": "labels", "properties": PROPERTY}
    answers = await asyncio.gather(*(jira.find(issue_path(key), query) for key in keys))
    return [None if answer is None else as_object(answer) for answer in answers]


def _made(issue: dict[str, JSON], mark: str) -> Made | None:
    """The ticket, if it carries the mark."""
    fields = as_object(issue.get("fields", {}))
    properties = issue.get("properties")
    marked = label(mark) in as_list(fields.get("labels")) or (
        isinstance(properties, dict) and holds_mark(properties.get(PROPERTY), mark)
    )
    if not marked:
        return None
    return Made(str(issue.get("key")), str(issue.get("id")))
