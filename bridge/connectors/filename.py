"""The name of a file that is attached somewhere."""

from __future__ import annotations

import re

from bridge.errors import GiveUp
from bridge.text.characters import head, tidy

NAME_LIMIT = 255


def file_name(text: str) -> str:
    """A bare name: what stands before the last slash goes, odd characters become `_`."""
    name = re.sub(r"[\s]+", " ", tidy(text).replace("\\", "/").rpartition("/")[2])
    name = re.sub(r"[\"<>:|?*%\ufffd]", "_", name).strip(" .")
    if not name:
        raise GiveUp(f"{text[:100]!r} is no file name")
    return head(name, NAME_LIMIT)
