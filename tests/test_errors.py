"""A message is one line that a terminal can be shown."""

from hypothesis import given
from hypothesis import strategies as st

from charrnn.errors import one_line


@given(st.text(max_size=300))
def test_it_is_one_printable_line(message: str) -> None:
    assert one_line(message).isprintable()
    if message.isprintable():
        assert one_line(message) == message


def test_control_characters_are_named() -> None:
    assert one_line("a\nb\x1b[31m\u202e é") == r"a\nb\x1b[31m\u202e é"


def test_a_long_one_loses_its_middle() -> None:
    found = one_line("begin" + "\n" * 10**6 + "end")
    assert found.startswith("begin")
    assert found.endswith("end")
    assert len(found) < 20_000
    assert found.isprintable()
