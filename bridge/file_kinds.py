"""What a file is, by its content: the eight kinds that tickets take.

A name is a claim. The content has to be of the kind that the name's extension says, as far as a
reader of that kind would go to tell; nothing in it is run, unpacked or fetched.
"""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import BinaryIO
from xml.parsers import expat

from bridge.errors import NotOfKind

PROLOG_BYTES = 256 * 1024
"""How far into an XML file its root has to begin. Arbitrary: a licence in a comment has room."""

PIECE_BYTES = 4096

DIRECTORY_BYTES = 256 * 1024
"""Of a zip's table of contents. A document has some dozens of parts; a table that fills a whole
upload would take a hundred megabytes to read."""

SVG = "http://www.w3.org/2000/svg"


@dataclass(frozen=True, slots=True)
class Kind:
    """media_type: what it is served as. check: raises NotOfKind; the file stands at its start."""

    media_type: str
    check: Callable[[BinaryIO], None]


def check_kind(filename: str, file: BinaryIO) -> str:
    """The media type of a file whose content is what its name says. Raises NotOfKind.

    The file stands at its start afterwards.
    """
    extension = extension_of(filename)
    kind = KINDS.get(extension)
    if kind is None:
        raise NotOfKind(f"files of this type are not allowed; allowed are {', '.join(KINDS)}")
    file.seek(0)
    if not file.read(1):
        raise NotOfKind("the file is empty")
    file.seek(0)
    try:
        kind.check(file)
    except NotOfKind as error:
        raise NotOfKind(f"the content of the file is not {extension}: {error}") from error
    finally:
        file.seek(0)
    return kind.media_type


def media_type_of(filename: str) -> str | None:
    """What a file of an allowed kind is served as, by its name; None for all others."""
    kind = KINDS.get(extension_of(filename))
    return kind.media_type if kind else None


def extension_of(filename: str) -> str:
    return filename.rpartition(".")[2].strip().lower() if "." in filename else ""


def _begins(*forms: bytes) -> Callable[[BinaryIO], None]:
    """`.` stands for any byte."""

    def check(file: BinaryIO) -> None:
        head = file.read(max(len(form) for form in forms))
        if not any(_fits(head, form) for form in forms):
            raise NotOfKind("it begins otherwise")

    return check


def _fits(head: bytes, form: bytes) -> bool:
    return len(head) >= len(form) and all(
        wanted in (given, ord(".")) for given, wanted in zip(head, form, strict=False)
    )


def _check_docx(file: BinaryIO) -> None:
    """A zip with the parts that make a Word document; its table of contents alone is read."""
    if file.read(4) != b"PK\x03\x04":
        raise NotOfKind("it is no zip file")
    _check_directory(file)
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
    # zipfile raises NotImplementedError for a file whose format is newer than what it can read.
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OverflowError) as error:
        raise NotOfKind("its zip cannot be read") from error
    if not {"[Content_Types].xml", "word/document.xml"} <= names:
        raise NotOfKind("the zip holds no word/document.xml")


def _check_directory(file: BinaryIO) -> None:
    """Refuses a table of contents that would be large in memory.

    Source: APPNOTE.TXT 4.3.16, https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT,
    read 2026-11.
    """
    size = file.seek(0, 2)
    start = max(0, size - 65_557)
    file.seek(start)
    tail = file.read()
    file.seek(0)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0 or len(tail) - end < 22:
        raise NotOfKind("its zip has no end")
    (directory,) = struct.unpack("<I", tail[end + 12 : end + 16])
    if directory > DIRECTORY_BYTES or b"PK\x06\x07" in tail[max(0, end - 20) : end]:
        raise NotOfKind("its zip has too many parts")


def _check_svg(file: BinaryIO) -> None:
    """XML whose root is `svg`. Read as far as the root, before which alone entities can be
    declared; they are refused before any is expanded, and nothing outside is asked for."""
    parser = expat.ParserCreate(namespace_separator=" ")
    root = ""

    def begin(name: str, attributes: Mapping[str, str]) -> None:
        nonlocal root
        del attributes
        root = root or name

    def declare(*declared: object) -> None:
        del declared
        raise NotOfKind("its XML declares entities")

    parser.StartElementHandler = begin
    parser.EntityDeclHandler = declare
    try:
        while not root:
            piece = file.read(PIECE_BYTES)
            parser.Parse(piece, not piece)
            if file.tell() > PROLOG_BYTES:
                raise NotOfKind("its XML has no root in its beginning")
    except expat.ExpatError as error:
        if not root:
            words = expat.ErrorString(error.code)
            raise NotOfKind(f"it is no XML: {words}") from error
    except (ValueError, LookupError) as error:
        raise NotOfKind("its XML has an encoding that is not known") from error
    if root not in (f"{SVG} svg", "svg"):
        raise NotOfKind(f"the root of its XML is {root.rpartition(' ')[2][:50]!r}")


_JPEG = Kind("image/jpeg", _begins(b"\xff\xd8\xff"))

KINDS: Mapping[str, Kind] = {
    "png": Kind("image/png", _begins(b"\x89PNG\r\n\x1a\n....IHDR")),
    "jpg": _JPEG,
    "jpeg": _JPEG,
    "gif": Kind("image/gif", _begins(b"GIF87a", b"GIF89a")),
    "webp": Kind("image/webp", _begins(b"RIFF....WEBP")),
    "svg": Kind("image/svg+xml", _check_svg),
    "pdf": Kind("application/pdf", _begins(b"%PDF-")),
    "docx": Kind(
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document", _check_docx
    ),
}
"""By extension, in the document's order."""
