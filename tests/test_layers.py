"""Imports go one way, third parties stay in their rooms, packages say what they promise."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "bridge"

ROWS: tuple[tuple[str, ...], ...] = (
    ("__main__",),
    ("cli",),
    ("demo",),
    ("process",),
    ("app",),
    ("front",),
    ("engine",),
    ("web", "worker", "sandbox", "retention", "reload"),
    ("doctor", "premises", "rotation"),
    ("workbench",),
    ("rehearse", "quarantine"),
    ("ticket_files",),
    ("ticket_parts", "ticket_making", "webhook_watch"),
    ("lane_turns",),
    ("replanning",),
    ("matching", "claims"),
    ("tokens", "remediation", "tickets"),
    ("token_requests",),
    ("made",),
    ("receive", "act", "backlog", "lane_queue", "configured", "trail"),
    ("progress", "casework"),
    ("progress_text", "case_find", "direct", "switches"),
    ("registry", "senders"),
    ("sync",),
    ("cases", "cases_known"),
    ("echo",),
    ("matcher", "status", "guards", "calling"),
    ("pacing",),
    ("record",),
    ("planning",),
    (
        "ties",
        "marks",
        "again",
        "about",
        "changes",
        "object_locks",
        "subscriptions",
        "shared_clock",
        "secrets_seen",
        "principal",
        "jobs",
    ),
    ("casebook", "case_view", "replaying"),
    ("store", "sources", "connectors", "access"),
    ("verify", "match", "text", "backoff", "breaker", "pace", "file_kinds"),
    ("configuration",),
    ("action", "settings", "vocabulary"),
    ("environment", "counting", "sections", "keyring", "clock", "fence", "logs", "rounds"),
    ("misfits",),
    ("document",),
    ("composer",),
    ("errors", "event"),
)
"""A part imports from the rows below its own, and from no other part of its row."""

ROOMS: dict[str, tuple[str, ...]] = {
    "starlette": ("bridge.web", "bridge.sandbox", "bridge.app", "bridge.front", "bridge.process"),
    "sse_starlette": ("bridge.web",),
    "uvicorn": ("bridge.process", "bridge.web.protocol", "bridge.sandbox.serve"),
    "httpx": ("bridge.connectors", "bridge.cli", "bridge.demo"),
    "httpx_aiohttp": ("bridge.connectors.transport",),
    "aiohttp": (
        "bridge.connectors.guard",
        "bridge.connectors.transport",
        "bridge.connectors.troubles",
    ),
    "sqlite3": ("bridge.store",),
    "aiosqlite": ("bridge.store",),
    "asyncpg": ("bridge.store",),
    "cel_expr_python": ("bridge.match.expression",),
    "google": ("bridge.match.checked",),
    "yaml": ("bridge.composer",),
    "cryptography": ("bridge.verify", "bridge.access"),
    "markdown_it": ("bridge.text",),
    "jinja2": ("bridge.web",),
    "prometheus_client": ("bridge.web",),
    "click": ("bridge.cli",),
    "rich_click": ("bridge.cli",),
    "rich": ("bridge.cli",),
}
"""Where each third party may be imported. Those that are not here may be imported anywhere."""

IMPURE = {
    "aiosqlite", "asyncio", "httpx", "logging", "os", "random", "secrets", "socket", "sqlite3",
    "structlog", "subprocess", "time", "urllib.request",
}  # fmt: skip
"""What a pure part does without: no clock, no network, no disk, no logging."""

SANDBOX_MAY = {"sandbox", "verify", "errors", "event", "clock"}
"""The sandbox plays the other side: a mistake of ours must not be repeated there."""


@dataclass(frozen=True, slots=True)
class Arrow:
    """One import: the module it stands in, what it names, and where."""

    module: str
    target: str
    line: int

    def __str__(self) -> str:
        return f"{self.module}:{self.line} imports {self.target}"


def arrows_of(folder: Path) -> Iterator[Arrow]:
    """Every import of every module, also those inside functions."""
    for file in sorted(folder.rglob("*.py")):
        parts = file.relative_to(folder.parent).with_suffix("").parts
        module = ".".join(parts).removesuffix(".__init__")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"), str(file))):
            if isinstance(node, ast.Import):
                yield from (Arrow(module, alias.name, node.lineno) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module}:{node.lineno}: write the whole name"
                yield from _named(module, node)


def _named(module: str, node: ast.ImportFrom) -> Iterator[Arrow]:
    """`from bridge import x` means the part x; every other form means the module it names."""
    assert node.module is not None
    if node.module == "bridge":
        yield from (Arrow(module, f"bridge.{alias.name}", node.lineno) for alias in node.names)
    else:
        yield Arrow(module, node.module, node.lineno)


def part_of(module: str) -> str:
    """`bridge.store.events` is of the part `store`."""
    return module.split(".")[1] if "." in module else ""


def wrong_arrow(arrow: Arrow) -> str:
    """Why this import goes the wrong way; empty when it does not."""
    if not arrow.target.startswith("bridge."):
        return ""
    rows = {part: index for index, row in enumerate(ROWS) for part in row}
    here, there = part_of(arrow.module), part_of(arrow.target)
    if here == there or not here or there == "__version__":
        return ""
    for part in (here, there):
        if part not in rows:
            return f"{arrow}: {part} stands in no row of this test"
    if rows[there] <= rows[here]:
        way = "of its own row" if rows[there] == rows[here] else "of a row above"
        return f"{arrow}: {there} is {way}"
    return ""


def wrong_room(arrow: Arrow) -> str:
    """Why this third party may not be imported here; empty when it may."""
    rooms = ROOMS.get(arrow.target.split(".")[0])
    if rooms is None:
        return ""
    if any(arrow.module == room or arrow.module.startswith(f"{room}.") for room in rooms):
        return ""
    return f"{arrow}: it belongs into {', '.join(rooms)}"


ARROWS = list(arrows_of(PACKAGE))


def test_imports_go_one_way() -> None:
    assert [words for arrow in ARROWS if (words := wrong_arrow(arrow))] == []


def test_third_parties_stay_in_their_rooms() -> None:
    assert [words for arrow in ARROWS if (words := wrong_room(arrow))] == []


def test_every_part_stands_in_a_row() -> None:
    placed = {part for row in ROWS for part in row}
    found = {file.stem for file in PACKAGE.iterdir() if file.suffix == ".py"} - {"__init__"}
    found |= {folder.name for folder in PACKAGE.iterdir() if (folder / "__init__.py").exists()}
    assert found - placed == set()


@pytest.mark.parametrize("part", ["verify", "match", "text"])
def test_pure_parts_do_without_clock_network_disk_and_log(part: str) -> None:
    inside = [arrow for arrow in ARROWS if part_of(arrow.module) == part]
    assert inside
    assert [str(arrow) for arrow in inside if arrow.target in IMPURE] == []


def test_sandbox_shares_no_code_with_what_it_tests() -> None:
    inside = [arrow for arrow in ARROWS if part_of(arrow.module) == "sandbox"]
    ours = [arrow for arrow in inside if arrow.target.startswith("bridge.")]
    assert [str(arrow) for arrow in ours if part_of(arrow.target) not in SANDBOX_MAY] == []


def test_only_the_cli_and_the_app_configure_logging() -> None:
    found = [
        file.relative_to(PACKAGE).as_posix()
        for file in PACKAGE.rglob("*.py")
        if "structlog.configure(" in file.read_text(encoding="utf-8")
    ]
    allowed = ("cli", "process.py", "logs.py")
    assert [name for name in found if name.split("/")[0] not in allowed] == []


@pytest.mark.parametrize(
    "file", sorted(PACKAGE.rglob("__init__.py")), ids=lambda file: file.parent.name
)
def test_package_says_what_it_promises_and_holds_no_code(file: Path) -> None:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    names = [
        node.targets[0].id
        for node in tree.body[1:]
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
    ]
    assert len(names) == len(tree.body) - 1
    assert set(names) <= ({"__version__"} if file.parent == PACKAGE else set())


def test_no_module_is_named_like_one_of_the_standard_library_or_like_nothing() -> None:
    vague = {"utils", "helpers", "common", "misc", "base", "core", "manager", "service", "handler"}
    kept = {"http"}  # bridge/connectors/http.py; packages keep it apart, and it is the word for it
    names = {file.stem for file in PACKAGE.rglob("*.py")} - {"__init__", "__main__"}
    assert names & vague == set()
    top = {file.stem for file in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert (top & set(sys.stdlib_module_names)) - kept == set()


@pytest.mark.parametrize(
    ("arrow", "words"),
    [
        (Arrow("bridge.web.hooks", "bridge.worker", 1), "worker is of its own row"),
        (Arrow("bridge.store.events", "bridge.record", 1), "record is of a row above"),
        (Arrow("bridge.store.events", "bridge.connectors.http", 1), "connectors is of its own row"),
        (Arrow("bridge.newcomer", "bridge.errors", 1), "newcomer stands in no row"),
    ],
)
def test_wrong_arrow_is_named(arrow: Arrow, words: str) -> None:
    assert words in wrong_arrow(arrow)


def test_third_party_outside_its_room_is_named() -> None:
    assert "belongs into bridge.store" in wrong_room(Arrow("bridge.web.hooks", "sqlite3", 3))
