"""update_page: rows for the bridge's own table on a page."""

from __future__ import annotations

from collections.abc import Sequence

from bridge.action import Call, Outcome
from bridge.connectors.confluence.client import Confluence, Page
from bridge.connectors.confluence.own_tables import holds_anchor, with_rows
from bridge.connectors.parameters import UpdatePage
from bridge.errors import TryAgain

CONFLICTS = 5


async def update_page(confluence: Confluence, call: Call[UpdatePage]) -> Outcome:
    """Adds the rows unless the page holds their mark already."""
    (outcome,) = await update_pages(confluence, [call])
    return outcome


async def update_pages(confluence: Confluence, calls: Sequence[Call[UpdatePage]]) -> list[Outcome]:
    """Rows for one page, in their order, with one new version.

    Saved with the version that was read: where somebody else was faster, the page is read again.
    """
    page_id = await confluence.page_id(calls[0].parameters.page)
    for _ in range(CONFLICTS):
        page = await confluence.page(page_id)
        new = [call for call in calls if not holds_anchor(page.body, call.mark)]
        if not new:
            return [_outcome(confluence, page, page.version, found=True) for _ in calls]
        body = page.body
        for call in new:
            given = call.parameters
            body = with_rows(body, call.mark, given.title or "", given.columns, given.all_rows())
        if await confluence.save(page, body, f"Rows added by the rule {new[0].rule}"):
            return [
                _outcome(confluence, page, page.version + 1, found=call not in new)
                for call in calls
            ]
    raise TryAgain(f"page {page_id}: somebody else keeps saving this page", after_seconds=1.0)


def _outcome(confluence: Confluence, page: Page, version: int, *, found: bool) -> Outcome:
    url = confluence.address(page.id)
    return Outcome({"page": page.id, "url": url, "version": version}, found=found)
