"""comment: added once, recognised by a mark that does not show."""

from __future__ import annotations

from bridge.action import Call, Outcome
from bridge.connectors.answers import as_list, as_object, child
from bridge.connectors.parameters import Comment, TextFormat
from bridge.connectors.prose import markdown_text
from bridge.connectors.sentry.client import Sentry
from bridge.errors import GiveUp, TryAgain
from bridge.event import JSON
from bridge.text.ink import LENGTH, ink
from bridge.text.tree import Written

TEXT_LIMIT = 60_000
"""Characters of a comment. Sentry names no limit; arbitrary, and more than anybody reads."""
PAGE = 100
MOST_PAGES = 20
ALREADY = "already posted that comment"


async def comment(sentry: Sentry, call: Call[Comment]) -> Outcome:
    """Looks for the mark where an earlier try may have been carried out, then adds."""
    written = comment_text(call.parameters.body, call.parameters.format)
    if not written.text.strip():
        raise GiveUp("the comment is empty")
    path = await sentry.issue_path(call.parameters.ticket)
    made, found = await add_comment(sentry, path, written.text, call.mark, may_exist=call.may_exist)
    return Outcome({"id": made}, found=found, lost=() if found else written.lost)


def comment_text(text: str, text_format: TextFormat) -> Written:
    """Markdown, with room for the mark. Raises GiveUp for broken ADF."""
    return markdown_text(text, text_format, TEXT_LIMIT - LENGTH)


async def add_comment(
    sentry: Sentry, issue_path: str, text: str, mark: str, *, may_exist: bool
) -> tuple[str, bool]:
    """The comment's id, and whether it was there already."""
    path = f"{issue_path}comments/"
    if may_exist and (known := await _find(sentry, path, mark)):
        return known, True
    status, answer = await sentry.site.fetch(
        "POST", path, body={"text": text + ink(mark)}, allow=frozenset({400})
    )
    if status == 400:
        words = sentry.site.redactor.cut(str(child(answer, "detail") or answer), 300)
        if ALREADY not in words:
            raise GiveUp(f"Sentry refuses the comment: {words}", status=400)
        return await _find(sentry, path, mark) or "", True
    made = child(answer, "id")
    if not made:
        raise TryAgain("Sentry's answer to the comment names none", may_have_happened=True)
    return str(made), False


async def _find(sentry: Sentry, path: str, mark: str) -> str | None:
    """The id of the comment carrying the mark; the newest come first."""
    for number in range(MOST_PAGES):
        query: dict[str, str | int] = {"per_page": PAGE, "cursor": f"0:{number * PAGE}:0"}
        page: list[dict[str, JSON]] = [
            as_object(one) for one in as_list(await sentry.get(path, query))
        ]
        for one in page:
            if ink(mark) in str(child(one, "data", "text") or ""):
                return str(one.get("id"))
        if len(page) < PAGE:
            return None
    return None
