"""Wiki markup as a document and back, as far as the sandbox plays what Cloud does with them.

On its own, without the bridge's codecs: what is tested cannot vouch for itself. Headings, lists,
tables, code and the plain marks keep their structure; all else becomes its words. An anchor in wiki
markup is gone, as it is behind Cloud's editor.
"""

from __future__ import annotations

import re

from bridge.event import JSON
from bridge.sandbox.exchange import as_list, as_object

ACTS = re.compile(r"[\\|{}\[\]*_!^~+?]")
ANCHOR = re.compile(r"\{anchor:[^}\n]*\}\n?")
ESCAPED = re.compile(r"\\([|{}\[\]*_!^~+?#-])")
HEADING = re.compile(r"h([1-6])\.\s+(.*)")
SIGNS = {"strong": "*", "em": "_", "strike": "-"}


def wiki_of(document: JSON) -> str:
    """An ADF document as wiki markup."""
    return "\n\n".join(_block(node, "") for node in as_list(as_object(document).get("content")))


def _block(node: JSON, bullets: str) -> str:
    inner = as_object(node)
    content = as_list(inner.get("content"))
    attributes = as_object(inner.get("attrs"))
    match inner.get("type"):
        case "heading":
            return f"h{attributes.get('level', 1)}. {_line(content)}"
        case "bulletList" | "orderedList":
            bullets += "#" if inner["type"] == "orderedList" else "*"
            return "\n".join(_item(item, bullets) for item in content)
        case "codeBlock":
            return (
                "{code}\n"
                + "".join(str(as_object(one).get("text")) for one in content)
                + "\n{code}"
            )
        case "blockquote" | "panel":
            return "{quote}\n" + "\n\n".join(_block(one, "") for one in content) + "\n{quote}"
        case "table":
            return "\n".join(map(_row, content))
        case "rule":
            return "----"
        case _:
            return _line(content)


def _item(item: JSON, bullets: str) -> str:
    parts = as_list(as_object(item).get("content"))
    lists = [one for one in parts if str(as_object(one).get("type")).endswith("List")]
    words = r" \\ ".join(_block(one, "") for one in parts if one not in lists)
    return "\n".join([f"{bullets} {words}", *(_block(one, bullets) for one in lists)])


def _row(row: JSON) -> str:
    text = bar = ""
    for one in as_list(as_object(row).get("content")):
        cell = as_object(one)
        bar = "||" if cell.get("type") == "tableHeader" else "|"
        words = r" \\ ".join(_block(block, "") for block in as_list(cell.get("content")))
        text += bar + (words.replace("\n", r" \\ ") or " ")
    return text + bar


def _line(content: list[JSON]) -> str:
    return "".join(map(_inline, content))


def _inline(node: JSON) -> str:
    inner = as_object(node)
    attributes = as_object(inner.get("attrs"))
    match inner.get("type"):
        case "hardBreak":
            return "\n"
        case "mention":
            return f"[~accountid:{attributes.get('id')}]"
        case "text":
            text = ACTS.sub(lambda found: "\\" + found[0], str(inner.get("text")))
            for one in map(as_object, as_list(inner.get("marks"))):
                kind = str(one.get("type"))
                sign = SIGNS.get(kind, "")
                if kind == "code":
                    text = "{{" + text + "}}"
                elif kind == "link":
                    text = f"[{text}|{as_object(one.get('attrs')).get('href')}]"
                text = f"{sign}{text}{sign}"
            return text
        case _:
            return _line(as_list(inner.get("content")))


def document_of(text: str) -> JSON:
    """Wiki markup as an ADF document."""
    blocks: list[JSON] = []
    for part in re.split(r"\n\s*\n", ANCHOR.sub("", text.replace("\r\n", "\n"))):
        rows: list[JSON] = []
        lines: list[str] = []
        for line in part.strip("\n").split("\n"):
            heading = HEADING.fullmatch(line)
            if line.startswith("|"):
                rows.append(_table_row(line))
            elif heading:
                inner = [*_texts([heading[2]])]
                level: JSON = int(heading[1])
                blocks.append({"type": "heading", "attrs": {"level": level}, "content": inner})
            else:
                lines.append(line)
        if any(lines):
            blocks.append({"type": "paragraph", "content": _texts(lines)})
        if rows:
            blocks.append({"type": "table", "content": rows})
    return {"version": 1, "type": "doc", "content": blocks}


def _table_row(line: str) -> JSON:
    kind = "tableHeader" if line.startswith("||") else "tableCell"
    cells: list[JSON] = [
        {"type": kind, "content": [{"type": "paragraph", "content": _texts([cell.strip()])}]}
        for cell in re.split(r"(?<!\\)\|\|?", line.strip())[1:-1]
    ]
    return {"type": "tableRow", "content": cells}


def _texts(lines: list[str]) -> list[JSON]:
    found: list[JSON] = []
    for number, line in enumerate(lines):
        found += [{"type": "hardBreak"}] if number else []
        found += [{"type": "text", "text": ESCAPED.sub(r"\1", line)}] if line else []
    return found
