"""A file is what its content says; its name is only a claim."""

from __future__ import annotations

import io

import pytest

from bridge.errors import NotOfKind
from bridge.file_kinds import check_kind, media_type_of
from tests.api.files import GOOD, OF_NO_KIND, SPOOFED


@pytest.mark.parametrize("name", GOOD)
def test_file_of_each_kind_is_taken_for_what_it_is(name: str) -> None:
    content, media_type = GOOD[name]
    file = io.BytesIO(content)
    file.seek(3)
    assert check_kind(name, file) == media_type == media_type_of(name)
    assert file.tell() == 0


@pytest.mark.parametrize("name", SPOOFED)
def test_spoofed_file_is_refused(name: str) -> None:
    file = io.BytesIO(SPOOFED[name])
    with pytest.raises(NotOfKind):
        check_kind(name, file)
    assert file.tell() == 0


@pytest.mark.parametrize("name", OF_NO_KIND)
def test_file_of_another_kind_is_refused_with_the_kinds_that_are_taken(name: str) -> None:
    with pytest.raises(NotOfKind, match="png, jpg, jpeg, gif, webp, svg, pdf, docx"):
        check_kind(name, io.BytesIO(OF_NO_KIND[name]))
    assert media_type_of(name) is None
