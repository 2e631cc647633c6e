"""Keys are those configured, or one that is made and kept beside the SQLite file."""

import base64
import stat
from pathlib import Path

import pytest
from pydantic import SecretStr

from bridge.errors import Invalid
from bridge.keyring import key_file, load_keys, new_key


def test_configured_keys_come_in_their_order() -> None:
    first, second = new_key(), new_key()
    keys = load_keys((SecretStr(first), SecretStr(second)), None)
    assert keys == (base64.b64decode(first), base64.b64decode(second))


def test_key_is_made_once_and_readable_by_its_owner_only(tmp_path: Path) -> None:
    database = tmp_path / "var" / "bridge.db"
    (made,) = load_keys((), database)
    assert len(made) == 32
    assert load_keys((), database) == (made,)
    assert stat.S_IMODE(key_file(database).stat().st_mode) == 0o600
    assert [file.name for file in database.parent.iterdir()] == ["bridge.db.key"]


def test_key_file_that_holds_no_key_is_refused(tmp_path: Path) -> None:
    key_file(tmp_path / "bridge.db").write_text("YWJj\n", encoding="ascii")
    with pytest.raises(Invalid, match="not base64 of 32 bytes"):
        load_keys((), tmp_path / "bridge.db")


def test_empty_key_file_is_refused(tmp_path: Path) -> None:
    key_file(tmp_path / "bridge.db").write_text("", encoding="ascii")
    with pytest.raises(Invalid, match="holds no key"):
        load_keys((), tmp_path / "bridge.db")


def test_postgresql_without_keys_is_refused() -> None:
    with pytest.raises(Invalid, match=r"encryption\.keys"):
        load_keys((), None)


def test_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", encoding="ascii")
    with pytest.raises(Invalid, match="cannot be read or made"):
        load_keys((), blocked / "bridge.db")
