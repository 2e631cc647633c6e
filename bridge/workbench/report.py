"""A back-test's report for people: lines for a terminal, and Markdown for a pull request."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from bridge.clock import iso
from bridge.counting import counted
from bridge.text.characters import one_line
from bridge.text.escape import escape_markdown
from bridge.workbench.backtest import Report
from bridge.workbench.difference import Change, Count, Tally
from bridge.workbench.items import HELD, Item

SAYS_IT = ("summary", "ticket", "to", "title", "url", "message", "body", "text", "row")
"""Parameters that tell one action from another, in this order."""

MOST_CHARACTERS = 100


def report_lines(report: Report, shown: int) -> Iterator[str]:
    """The headline, the counts, and the first events with a difference."""
    tally = report.tally
    yield tally.headline
    yield f"{_extent(report)}; {_sets(report)}"
    for title, columns, rows in _tables(tally):
        yield ""
        yield from _aligned([[title.upper(), *(one.upper() for one in columns)], *rows])
    for change in tally.changes[:shown]:
        yield ""
        event = change.event
        yield f"{event.id}  {iso(event.received_at)}  {event.type} from {event.source}"
        for sign, item, words in _changes(change):
            yield f"  {sign} {item.rule}: {item.action} {words}"
    left = tally.differing - min(shown, len(tally.changes))
    if left:
        yield ""
        yield f"… and {counted(left, 'more event')} with a difference"


def report_markdown(report: Report, shown: int) -> str:
    """The same as Markdown of GitHub's kind. What came from events stands in code, escaped: it is
    shown as it is, and nobody is mentioned by it."""
    tally = report.tally
    lines = [f"### Back-test: {tally.headline}", "", f"{_extent(report)}; {_sets(report)}."]
    for title, columns, rows in _tables(tally):
        lines += ["", f"| {title} | {' | '.join(columns)} |", f"|---|{'---:|' * len(columns)}"]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    if tally.changes:
        count = f"{counted(tally.differing, 'event')} with a difference"
        lines += ["", "<details>", f"<summary>{count}</summary>", ""]
        lines += ["| Event | | Rule | Action |", "|---|---|---|---|"]
        for change in tally.changes[:shown]:
            lines += _markdown_rows(change)
        left = tally.differing - min(shown, len(tally.changes))
        if left:
            lines += ["", f"… and {left:,} more."]
        lines += ["", "</details>"]
    return "\n".join(lines) + "\n"


def _markdown_rows(change: Change) -> Iterator[str]:
    event = change.event
    named = f"{_code(event.id)}<br>{_code(f'{event.type} from {event.source}')}"
    for sign, item, words in _changes(change):
        shown = _code(f"{item.action} {words}")
        yield f"| {named} | {SIGNS[sign]} | {_code(item.rule)} | {shown} |"
        named = ""


SIGNS = {"+": "more", "-": "fewer", "~": "changed", "!": "held back"}


def _extent(report: Report) -> str:
    tally, asked = report.tally, report.asked
    since = f" since {iso(asked.since)}" if asked.since else ""
    source = f" from {asked.source}" if asked.source else ""
    return f"{counted(tally.events, 'event')}{source}{since}, {tally.differing:,} with a difference"


def _sets(report: Report) -> str:
    before = f"those in force ({report.before})" if report.before else "what was done"
    return f"rules {report.after} against {before}"


Table = tuple[str, Sequence[str], list[list[str]]]


def _tables(tally: Tally) -> Iterator[Table]:
    """The counts that tell something: title, columns, rows of texts."""
    counts = ("before", "after", "more", "fewer", "changed")
    if tally.actions:
        yield "action", counts, [_numbers(name, one) for name, one in tally.sorted_actions()]
    # Most rules stay as they are; only the others are worth a line.
    rules = [_numbers(name, one) for name, one in sorted(tally.rules.items()) if one.differs]
    if rules:
        yield "rule", counts, rules
    held = [
        [fate.value, f"{tally.held[fate].before:,}", f"{tally.held[fate].after:,}"]
        for fate in HELD
        if fate in tally.held
    ]
    if held:
        yield "held back", ("before", "after"), held
    errors = [
        [rule, f"{one.before:,}", f"{one.after:,}", _short(one.text)]
        for rule, one in sorted(tally.errors.items())
    ]
    if errors:
        yield "errors", ("before", "after", "the last"), errors


def _numbers(name: str, count: Count) -> list[str]:
    numbers = (count.before, count.after, count.more, count.fewer, count.changed)
    return [name, *(f"{number:,}" for number in numbers)]


def _changes(change: Change) -> Iterator[tuple[str, Item, str]]:
    for item in change.more:
        yield "+", item, item_words(item)
    held = {item.place for item in change.held}
    for item in change.fewer:
        if item.place not in held:
            yield "-", item, item_words(item)
    for one, other in change.changed:
        yield "~", other, _change_words(one, other)
    for item in change.held:
        yield "!", item, f"{item.fate.value} {item_words(item)}".strip()


def item_words(item: Item) -> str:
    """What tells this action from others of its kind, as one line."""
    parameters = json.loads(item.parameters)
    words = [str(parameters[name]) for name in SAYS_IT if parameters.get(name) is not None]
    return _short(" · ".join(words[:3]) if words else item.parameters)


def _change_words(one: Item, other: Item) -> str:
    before, after = json.loads(one.parameters), json.loads(other.parameters)
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    if one.integration != other.integration:
        return f"in: {one.integration} → {other.integration}"
    words = (f"{name}: {_value(before, name)} → {_value(after, name)}" for name in names[:2])
    return "; ".join(words)


def _value(parameters: dict[str, object], name: str) -> str:
    if name not in parameters:
        return "(absent)"
    return _short(json.dumps(parameters[name], ensure_ascii=False))


def _short(text: str) -> str:
    return one_line(text, MOST_CHARACTERS)


def _cell(text: str) -> str:
    """Numbers as they are, anything else as code."""
    return text if text.replace(",", "").isdigit() else _code(text)


def _code(text: str) -> str:
    return f"<code>{escape_markdown(text)}</code>" if text else ""


def _aligned(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Columns as wide as their cells; the first to the left, numbers to the right."""
    widths = [max(len(line[index]) for line in lines) for index in range(len(lines[0]))]
    for line in lines:
        cells = [line[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)]
        yield "  ".join(cells).rstrip()
