"""Books on disk: a file, or a folder of files."""

import re
from pathlib import Path

import pytest

from charrnn.errors import ArtifactError, BookError
from charrnn.files.books import read_book


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "b.txt").write_bytes(b"two\r\n")
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone")
    (tmp_path / "c.md").write_bytes(b"no")
    return tmp_path


def test_the_texts_of_a_folder_are_joined_in_the_order_of_their_names(
    folder: Path,
) -> None:
    text, notes = read_book(folder, "utf-8")
    assert text == "one\ntwo\n"
    assert notes == (
        f"{folder / 'a.txt'}: dropped the byte order mark at its start",
        f"{folder / 'b.txt'}: turned 1 line ends with \\r into \\n",
        f"{folder}: joined 2 files: a.txt, b.txt",
    )
    assert read_book(folder / "b.txt", "utf-8").text == "two\n"
    (folder / "c.txt").write_bytes(b"three")
    assert read_book(folder, "utf-8").text == "one\ntwo\nthree"


def test_what_cannot_be_read_is_named(folder: Path) -> None:
    bad = folder / "d.txt"
    bad.write_bytes("Il était une fois, où tout dure.".encode("cp1252"))
    rule = (
        f"{bad}: not UTF-8: byte 0xe9 at offset 3; it looks like cp1252: type "
        "-S prepare.encoding=cp1252"
    )
    with pytest.raises(BookError, match=f"^{re.escape(rule)}$"):
        read_book(folder, "utf-8")
    for file in folder.iterdir():
        file.unlink()
    with pytest.raises(BookError, match=r": the folder has no file \*\.txt$"):
        read_book(folder, "utf-8")
    (folder / "a.txt").mkdir()
    with pytest.raises(ArtifactError, match=r"a\.txt: cannot be read: Is a directory$"):
        read_book(folder, "utf-8")
    with pytest.raises(ArtifactError, match=r": cannot be read: No such file"):
        read_book(folder / "none", "utf-8")
