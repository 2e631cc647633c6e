"""Small files of every kind that tickets take, and ones that only claim to be."""

from __future__ import annotations

import io
import zipfile

SVG = b"""<?xml version="1.0" encoding="UTF-8"?>
<!-- made for these tests -->
<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"><rect width="4" height="4"/></svg>"""
SVG_WITH_SCRIPT = (
    b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script></svg>'
)
BOMB = b"""<!DOCTYPE svg [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>
<svg xmlns="http://www.w3.org/2000/svg"><text>&b;</text></svg>"""
OUTSIDE = b"""<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>
<svg xmlns="http://www.w3.org/2000/svg"><text>&a;</text></svg>"""
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
JPEG = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01"
GIF = b"GIF89a\x01\x00\x01\x00\x80\x00\x00"
WEBP = b"RIFF\x1a\x00\x00\x00WEBPVP8L"
PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\n"
HTML = b"<!doctype html><script>alert(document.domain)</script>"


def zipped(*names: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name in names:
            archive.writestr(name, "<x/>")
    return file.getvalue()


def of_version(archive: bytes, version: int) -> bytes:
    """The same zip, whose first part needs another version of the format to be read."""
    at = archive.index(b"PK\x01\x02") + 6
    return archive[:at] + bytes([version]) + archive[at + 1 :]


DOCX = zipped("[Content_Types].xml", "word/document.xml")

GOOD = {
    "a.png": (PNG, "image/png"),
    "a.jpg": (JPEG, "image/jpeg"),
    "a.jpeg": (JPEG, "image/jpeg"),
    "A.JPG": (JPEG, "image/jpeg"),
    "a.gif": (GIF, "image/gif"),
    "a.webp": (WEBP, "image/webp"),
    "a.svg": (SVG, "image/svg+xml"),
    "b.svg": (SVG_WITH_SCRIPT, "image/svg+xml"),
    "a.pdf": (PDF, "application/pdf"),
    "a.docx": (
        DOCX,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "report.final v2.png": (PNG, "image/png"),
    "påse \u202e日本.png": (PNG, "image/png"),
}

SPOOFED = {
    "html.png": HTML,
    "jpeg.png": JPEG,
    "png.jpg": PNG,
    "png.gif": PNG,
    "riff.webp": b"RIFF\x1a\x00\x00\x00WAVEfmt ",
    "cut.webp": b"RIFF",
    "html.svg": HTML,
    "xhtml.svg": b'<html xmlns="http://www.w3.org/1999/xhtml"><script/></html>',
    "other.svg": b'<svg xmlns="urn:other"/>',
    "text.svg": b"no XML at all",
    "png.svg": PNG,
    "bomb.svg": BOMB,
    "outside.svg": OUTSIDE,
    "late.svg": b"<!--" + b" " * 300_000 + b"--><svg/>",
    "encoding.svg": b'<?xml version="1.0" encoding="no-such"?><svg/>',
    "blank.svg": b" \n ",
    "html.pdf": HTML,
    "late.pdf": b"\n" * 10 + PDF,
    "zip.docx": zipped("word/other.xml"),
    "sheet.docx": zipped("[Content_Types].xml", "xl/workbook.xml"),
    "html.docx": HTML,
    "cut.docx": DOCX[:-30],
    "newer.docx": of_version(DOCX, 99),
    "start.docx": b"PK\x03\x04",
    "many.docx": zipped(
        "[Content_Types].xml", "word/document.xml", *(f"word/{n:050}" for n in range(3000))
    ),
    "empty.png": b"",
}

OF_NO_KIND = {
    "a.html": HTML,
    "a.exe": b"MZ",
    "a.txt": b"x",
    "a.zip": DOCX,
    "a.doc": b"\xd0\xcf\x11\xe0",
    "a.svgz": SVG,
    "a.png.html": PNG,
    "png": PNG,
    "a": PNG,
    "a.": PNG,
    ".": PNG,
    "..": PNG,
    "a.png/": PNG,
}
