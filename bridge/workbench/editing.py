"""Rule files read, checked and saved for an editor: whole, after the check, the old version kept.

Where the operator has not allowed saving (`rules.editable`), what comes out is a patch to copy.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from glob import escape
from itertools import count
from pathlib import Path, PurePosixPath

from bridge.clock import Clock, iso
from bridge.configured import NOTHING, Configured, rules_from
from bridge.document import read
from bridge.errors import BridgeError, Conflict, Invalid, NotFound, Place, Problem
from bridge.match.rules import SUFFIXES, read_files
from bridge.registry import Offers
from bridge.sections import RulesSettings

OLD = ".old"
"""The folder beside the rules in which old versions are kept. Their names end in `.old`, so that
they are no rules."""

MOST_OLD = 100
"""Old versions kept of one file; beyond it the oldest goes."""

MOST_CHARACTERS = 1_000_000
"""Of one rule file. Arbitrary: ten thousand rules take twice as much, and nobody types those."""

MOST_NAME_BYTES = 200
"""Of a name as it is kept: file systems take 255, and the time and a draft's mark are added."""

NEW_FILE = ""
"""The digest of a file that is not there."""


@dataclass(frozen=True, slots=True)
class RuleText:
    """One rule file. name: from the folder of the rules, with slashes.

    digest: tells whether it has changed since; `NEW_FILE` where it is not there.
    """

    name: str
    text: str
    digest: str


@dataclass(frozen=True, slots=True)
class Saved:
    """What became of an edit.

    patch: the change as a unified diff; empty where there is none.
    written: whether it is in the file. kept: where the old version lies; empty where none was.
    version: of the whole set with this edit. warnings: what was found odd and does not stop it.
    """

    name: str
    digest: str
    patch: str
    written: bool
    kept: str
    version: str
    warnings: tuple[Problem, ...]


def list_rule_files(settings: RulesSettings) -> Sequence[str]:
    """The names of the rule files, in the order in which they are read."""
    root = settings.path
    if not root.is_dir():
        return [root.name]
    problems: list[Problem] = []
    return [Path(file).relative_to(root).as_posix() for file in read_files([root], problems)]


def read_rule_file(settings: RulesSettings, name: str) -> RuleText:
    """One rule file. Raises NotFound, and Invalid where it is no text."""
    file = file_of(settings, name)
    if not file.is_file():
        raise NotFound(f"there is no rule file {name}")
    text = read(file)
    return RuleText(name, text, digest_of(text))


def digest_of(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def files_with(settings: RulesSettings, name: str, text: str | None) -> Mapping[str, str]:
    """The rule files as they are read, with one of them changed, or left out. Raises Invalid."""
    problems: list[Problem] = []
    files = read_files([settings.path], problems)
    if problems:
        raise Invalid(problems)
    file = str(file_of(settings, name))
    changed = {**files, file: text or ""}
    if text is None:
        del changed[file]
    return {one: changed[one] for one in sorted(changed, key=Path)}


def save_rule_file(
    configured: Configured,
    name: str,
    text: str | None,
    base: str,
    clock: Clock,
    made: Offers = NOTHING,
) -> Saved:
    """Checks an edit and writes it, where that is allowed; else only says what it would change.

    text: None takes the file away. base: the digest of what was edited; `NEW_FILE` for a new one.
    The file is replaced as a whole, so that a server that looks sees one or the other.

    Raises Invalid where the set would have mistakes, Conflict where the file has changed since,
    BridgeError where it cannot be written.
    """
    settings = configured.settings.rules
    file = file_of(settings, name)
    before = _text_of(file)
    if digest_of(before) != base if before is not None else base != NEW_FILE:
        raise Conflict(f"{name} has changed since it was opened; open it again")
    if text is None and before is None:
        raise NotFound(f"there is no rule file {name}")
    if text is not None and len(text) > MOST_CHARACTERS:
        words = f"the file has {len(text):,} characters; at most {MOST_CHARACTERS:,} are saved"
        raise Invalid([Problem(Place(str(file), 1, 1), words)])
    rules = rules_from(configured, files_with(settings, name, text), made)
    patch = patch_of(name, before, text)
    kept = ""
    if settings.editable and patch:
        try:
            kept = _keep(settings, name, before, clock()) if before is not None else ""
            _replace(file, text)
        except OSError as error:
            raise BridgeError(f"{name} cannot be saved: {error.strerror or error}") from error
    digest = NEW_FILE if text is None else digest_of(text)
    written = settings.editable and bool(patch)
    return Saved(name, digest, patch, written, kept, rules.version, rules.warnings)


def patch_of(name: str, before: str | None, after: str | None) -> str:
    """The change as a unified diff, as `patch -p1` and `git apply` take it."""
    old = "/dev/null" if before is None else f"a/{name}"
    new = "/dev/null" if after is None else f"b/{name}"
    lines = difflib.unified_diff(_lines(before), _lines(after), old, new)
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str | None) -> list[str]:
    """Lines as they end in the file; no other character ends one."""
    if not text:
        return []
    parts = text.split("\n")
    lines = [f"{part}\n" for part in parts[:-1]]
    return [*lines, parts[-1]] if parts[-1] else lines


def file_of(settings: RulesSettings, name: str) -> Path:
    """Where a rule file lies. Raises NotFound for what is no place for one."""
    root = settings.path
    path = PurePosixPath(name)
    strange = path.is_absolute() or "\\" in name or "\0" in name or not name.isprintable()
    strange = strange or path.as_posix() != name or len(_flat(name).encode()) > MOST_NAME_BYTES
    hidden = any(part.startswith(".") for part in path.parts)
    if strange or hidden or path.suffix not in SUFFIXES:
        raise NotFound(f"{name[:100]!r} is no name of a rule file; such as scans.yaml")
    if not root.is_dir():
        if name != root.name:
            raise NotFound(f"there is one rule file, {root.name}")
        return root
    file = root.joinpath(*path.parts)
    if any(one.is_file() for one in file.parents):
        raise NotFound(f"{name!r} would lie below a file")
    if not file.parent.resolve().is_relative_to(root.resolve()):
        raise NotFound(f"{name!r} lies outside the rules")
    return file


def _flat(name: str) -> str:
    """A name without folders, as old versions lie side by side."""
    return name.replace("/", "__")


def _text_of(file: Path) -> str | None:
    """What is in a file; None where there is none. Raises Invalid where it is no text."""
    return read(file) if file.is_file() else None


def _keep(settings: RulesSettings, name: str, text: str, now: int) -> str:
    """Puts an old version aside; gives where."""
    root = settings.path if settings.path.is_dir() else settings.path.parent
    folder = root / OLD
    folder.mkdir(exist_ok=True)
    flat = _flat(name)
    moment = iso(now).replace(":", "").replace(".", "")
    kept = folder / f"{flat}.{moment}.old"
    for number in count(2):  # nothing that was kept is ever written over
        if not kept.exists():
            break
        kept = folder / f"{flat}.{moment}-{number}.old"
    _write(kept, text, 0o600)
    for oldest in sorted(folder.glob(f"{escape(flat)}.*.old"))[:-MOST_OLD]:
        oldest.unlink()
    return str(kept)


def _replace(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink()
        _sync(file.parent)
        return
    target = file.resolve()  # a link stays one: what it leads to is replaced
    mode = target.stat().st_mode & 0o777 if target.exists() else 0o644
    target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, text, mode)


def _write(file: Path, text: str, mode: int) -> None:
    """The file as a whole, or not at all; on the disk when this returns."""
    handle, draft = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.", suffix=".draft")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fchmod(out.fileno(), mode)
            os.fsync(out.fileno())
        Path(draft).replace(file)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
    _sync(file.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
