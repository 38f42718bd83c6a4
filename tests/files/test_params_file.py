"""Tests of params.yaml as a file: its form, and the writing of DVC."""

import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from charrnn.errors import ConfigError
from charrnn.files.params import load_section
from charrnn.settings import ModelConfig
from tests.files.test_params import load, refuses, with_value

NOT_UTF8 = "'utf-8' codec can't decode byte 0xff in position 7: invalid start byte"
# Texts of these fragments are nearer to YAML than random letters.
FRAGMENTS = [
    " ", "  ", "\n", "\t", "|\n", "%YAML 1.2\n", "---\n", "...", ": ", ", ", "? ", "- ",
    "{", "}", "[", "]", "&a ", "*a", "'", '"', "\\", "!", "#", "1", "-", ".nan", "1e-8",
    "~", "<<: ", "model:", "hidden_size: ", "sigma: ", "seed: ",
]  # fmt: skip
TAGS = [
    "float", "int", "bool", "null", "str", "map", "seq", "set", "omap", "pairs",
    "binary", "timestamp", "merge", "python/none",
]  # fmt: skip
ANYTHING = st.text() | st.lists(st.sampled_from(FRAGMENTS)).map("".join)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", ": holds NoneType, not sections"),
        ("- model", ": holds list, not sections"),
        ("models: {}", ": models is not a known section; did you mean 'model'?"),
        ("model:", ": model is None, not a section of 'key: value'"),
        ("model: 3", ": model is 3, not a section of 'key: value'"),
        (
            "model: {hidden_size: 1, sigma: 1}",
            ": model.seed is missing (of the initial weights)",
        ),
        (
            "model: {hidden_size: 1, sigma: 1, seed: 1, hidden_sise: 1}",
            ": model.hidden_sise is not a known key; did you mean 'hidden_size'?",
        ),
        (
            "model: {hidden_size: 1, sigma: 1, seed: 1, zzz: 1}",
            ": model.zzz is not a known key",
        ),
        (
            "model: {hidden_size: 1, sigma: x}",
            (
                ": model.sigma is 'x': it should be a valid number (standard deviation of "
                "the initial weights; report: 0.1); model.seed is missing (of the initial "
                "weights)"
            ),
        ),
        (
            "a: 1\nmodel: 2\nmodel: 3",
            ", line 3: not valid YAML: duplicate key 'model'",
        ),
        (
            "model:\n  seed: 1\n  seed: 1",
            ", line 3: not valid YAML: duplicate key 'seed'",
        ),
        ("model: {1: 2}", ", line 1: not valid YAML: the key 1 is not a string"),
        (
            "a: b\nmodel: @",
            ", line 2: not valid YAML: found character '@' that cannot start any token",
        ),
        *(
            (
                f"model: {{seed: {digits}}}",
                ", line 1: not valid YAML: an integer of more than 1,000 digits",
            )
            for digits in ("9" * 5000, "0x" + "f" * 5000, "0o" + "7" * 9000)
        ),
        (
            "model: &a {hidden_size: 1}\ntrain: [*a]\n",
            ", line 2: not valid YAML: the alias *a: write the value itself",
        ),
        ("# " + "x" * 10**6, ": has more than 1,000,000 bytes"),
        (b"model: \xff", f": not valid YAML: {NOT_UTF8}"),
    ],
)
def test_a_file_of_another_form_is_refused(
    scratch: Path, text: str | bytes, rule: str
) -> None:
    refuses(scratch, ModelConfig, text, rule)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.yaml: cannot be read: No such file"):
        load_section(ModelConfig, tmp_path / "no.yaml")
    with pytest.raises(ConfigError, match=r": cannot be read: Is a directory$"):
        load_section(ModelConfig, tmp_path)


@pytest.mark.slow
@given(ANYTHING)
@example("[" * 5000)
@example("model: " + "9" * 5000)
@example("model: &a [*a]")
@example(r'model: "\UFFFFFFFF"')
@example(r'model: {"a\nb": 1}')
@example(r'{"a\nb": 1, "a\nb": 2}')
def test_any_text_loads_or_is_refused(scratch: Path, text: str) -> None:
    message = str(scratch)
    try:
        load(scratch, ModelConfig, text.encode("utf-8", "surrogatepass"))
    except ConfigError as error:
        message = str(error)
    assert message.startswith(str(scratch))
    assert "\n" not in message


@given(st.sampled_from(TAGS), st.sampled_from(["", "''", "a", "[x, y]", "{x: y}"]))
def test_explicit_types_are_refused(scratch: Path, tag: str, value: str) -> None:
    with pytest.raises(ConfigError):
        load(scratch, ModelConfig, f"model: {{hidden_size: 1, sigma: !!{tag} {value}}}")


def by_dvc(values: Any) -> str:
    """Write values as DVC does."""
    text = io.StringIO()
    YAML().dump(values, text)
    return text.getvalue()


@given(
    st.floats(min_value=1e-30, max_value=1e30),
    st.integers(0, 2**32 - 1),
)
@example(1e-8, 1)
@example(1e16, 2**32 - 1)
def test_what_dvc_writes_is_read_back_as_it_was(
    scratch: Path, number: float, integer: int
) -> None:
    values = {"hidden_size": 1, "sigma": number, "seed": integer}
    section = load(scratch, ModelConfig, by_dvc({"model": values}))
    assert vars(section) == values


@given(
    st.from_regex(r"[-+]?(0[xob])?[0-9._]{1,4}([eE][-+]?[0-9]{1,2})?", fullmatch=True)
)
def test_a_number_is_what_dvc_takes_it_for_or_refused(scratch: Path, text: str) -> None:
    try:
        section = load(scratch, ModelConfig, with_value("model", "sigma", text))
    except ConfigError:
        return
    assert vars(section)["sigma"] == YAML(typ="safe").load(text)
