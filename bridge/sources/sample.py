"""Recorded requests: `samples/<preset>/<case>/` with `headers.txt` and the untouched body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bridge.errors import Invalid, Place, Problem

HEADERS_FILE = "headers.txt"


@dataclass(frozen=True, slots=True)
class Sample:
    """One recorded request.

    name: `<preset>/<case>`.
    target: the path and query of the request line.
    headers: as recorded, names in small letters; the proof in them is of the recording's time.
    """

    name: str
    preset: str
    method: str
    target: str
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key == name), "")


def load_sample(folder: Path) -> Sample:
    """Read a sample. Raises Invalid when a file is missing or a header has no form.

    `headers.txt` begins with the request line, `POST /hooks/github`; then one `Name: value` a
    line. The body is the one other file whose name begins with `body`.
    """
    file = folder / HEADERS_FILE
    try:
        lines = file.read_text("utf-8").splitlines()
    except OSError as error:
        words = f"this is no sample: {HEADERS_FILE} cannot be read"
        raise Invalid([Problem(Place(str(folder), 1, 1), words)]) from error
    method, _, target = (lines[0] if lines else "").partition(" ")
    if not target.startswith("/"):
        words = "the first line is the request line, such as POST /hooks/github"
        raise Invalid([Problem(Place(str(file), 1, 1), words)])
    headers = tuple(
        _header(file, number, line) for number, line in enumerate(lines[1:], 2) if line.strip()
    )
    where = folder.resolve()
    return Sample(
        f"{where.parent.name}/{where.name}",
        where.parent.name,
        method,
        target,
        headers,
        _body(folder),
    )


def load_samples(folder: Path) -> Mapping[str, Sample]:
    """Every sample below a folder, by name. Raises Invalid."""
    found = [load_sample(file.parent) for file in sorted(folder.glob(f"*/*/{HEADERS_FILE}"))]
    return {sample.name: sample for sample in found}


def _header(file: Path, number: int, line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon or not name.strip():
        words = "a header is written Name: value"
        raise Invalid([Problem(Place(str(file), number, 1), words)])
    return name.strip().lower(), value.strip()


def _body(folder: Path) -> bytes:
    files = sorted(folder.glob("body*"))
    if len(files) != 1:
        words = f"a sample has one body file, here are {len(files)}"
        raise Invalid([Problem(Place(str(folder), 1, 1), words)])
    return files[0].read_bytes()
