"""Finding the issue that an earlier try may have created, without trusting the search alone."""

from __future__ import annotations

from datetime import UTC, datetime

from bridge.connectors.answers import as_list, as_object
from bridge.connectors.github.client import GitHub
from bridge.connectors.github.marks import holds_mark, mark_comment
from bridge.event import JSON

BACK_MS = 24 * 3_600_000
"""How much older than the intention an issue may seem and still be looked at in the list: what our
clock and GitHub's may differ by. Arbitrary, and far more than clocks that are set do."""
MOST_PAGES = 30


async def find_made(
    github: GitHub, repository: str, mark: str, intended_at: int
) -> dict[str, JSON] | None:
    """The issue carrying the mark, or None when there is none for all that can be known.

    First the list, the newest first, down to a day before the intention: it does not go through
    the search's index. Then the search, whose lag does not matter for what is older than that.

    What remains: a create whose answer was lost and which GitHub carries out only after this look
    is not seen; nor is one whose mark somebody took out of the text.
    """
    found = await _in_list(github, repository, mark, intended_at - BACK_MS)
    return found or await _by_search(github, repository, mark)


async def _in_list(
    github: GitHub, repository: str, mark: str, oldest_ms: int
) -> dict[str, JSON] | None:
    query = {"state": "all", "sort": "created", "direction": "desc"}
    oldest = datetime.fromtimestamp(oldest_ms / 1000, UTC)
    async for page in github.pages(f"/repos/{repository}/issues", query, MOST_PAGES):
        for issue in page:
            if holds_mark(issue.get("body"), mark):
                return issue
        if page and datetime.fromisoformat(str(page[-1].get("created_at"))) < oldest:
            return None
    return None


async def _by_search(github: GitHub, repository: str, mark: str) -> dict[str, JSON] | None:
    """https://docs.github.com/en/rest/search/search#search-issues-and-pull-requests."""
    words = f'repo:{repository} is:issue in:body "scanbridge:{mark}"'
    found = as_object(await github.get("/search/issues", {"q": words, "per_page": 10}))
    for issue in map(as_object, as_list(found.get("items"))):
        if mark_comment(mark) in str(issue.get("body")):
            return issue
    return None
