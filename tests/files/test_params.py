"""params.yaml: what the file may hold, the message for anything else, DVC's writing."""

import io
import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from charrnn.errors import ConfigError
from charrnn.files.params import PARAMS, load_section
from charrnn.settings import SECTIONS, ModelConfig, PrepareConfig, Section, meanings
from tests.conftest import VALUES
from tests.imports import ROOT

BY_NAME = {kind.section: kind for kind in SECTIONS}
NUMBERS = {
    "1e-8": 1e-8, "1e-08": 1e-8, ".1": 0.1, "1": 1.0, "1.": 1.0, "1e3": 1e3,
    "1.5E+3": 1500.0,
}  # fmt: skip
NO_NUMBER = ["nan", "'1'", "true", "yes", "[1]", "1_000", "1:30", "0b1", "{a: 1}"]
NOT_FINITE = [".nan", ".NaN", ".inf", "-.inf", "1e400"]
NO_INTEGER = ["1e3", "1.0", ".5", "null"]  # but numbers, or null where it is allowed
INTEGERS = ["model.hidden_size", "model.seed", "train.warmup_updates"]
FLOATS = [
    "model.sigma", "train.l2", "prepare.test_fraction", "plot.width",
    "plot.highest_loss",
]  # fmt: skip


def load(path: Path, kind: type[Section], text: str | bytes) -> Section:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_section(kind, path)


def load_value(path: Path, dotted: str, value: str) -> object:
    """Read a section in which one value is written just so; return the value."""
    name, _, key = dotted.partition(".")
    values = {
        k: "null" if v is None else f'"{v}"' if isinstance(v, str) else str(v)
        for k, v in VALUES[name].items()
    } | {key: value}
    text = f"{name}:\n" + "".join(f"  {k}: {v}\n" for k, v in values.items())
    return vars(load(path, BY_NAME[name], text))[key]


@pytest.mark.parametrize("kind", SECTIONS)
def test_a_section_cannot_be_changed(kind: type[Section]) -> None:
    section = load_section(kind, ROOT / PARAMS)
    with pytest.raises(FrozenInstanceError):
        setattr(section, next(iter(meanings(kind))), 1)


def test_a_number_may_be_written_in_any_way_of_yaml_1_2(scratch: Path) -> None:
    for text, value in NUMBERS.items():
        assert load_value(scratch, "model.sigma", text) == value


@pytest.mark.parametrize("value", [*NO_NUMBER, *NOT_FINITE, *NO_INTEGER])
def test_what_is_no_number_is_named_and_refused(scratch: Path, value: str) -> None:
    for key in [*INTEGERS, *(FLOATS if value not in NO_INTEGER else [])]:
        kind = "valid integer" if key in INTEGERS else "(valid|finite) number"
        rule = rf"{re.escape(key)} is .+: it should be a {kind} \("
        with pytest.raises(ConfigError, match=rule):
            load_value(scratch, key, value)


@pytest.mark.parametrize(
    ("key", "value", "rule"),
    [
        ("model.hidden_size", "0", "0: it should be at least 1"),
        ("model.sigma", "0", "0: it should be at least 1e-30"),
        ("model.seed", "-1", "-1: it should be at least 0"),
        ("model.seed", str(2**32), f"{2**32}: it should be below {2**32}"),
        ("train.clip", "-.5", "-0.5: it should be at least 1e-30"),
        ("train.l2", "-1e-9", "-1e-09: it should be at least 0"),
        ("train.warmup_updates", "-1", "-1: it should be at least 0"),
        ("train.warmup_updates", "9" * 30, f"{'9' * 30}: it should be at most {10**9}"),
        ("train.rows_per_epoch", "501", "501: it should be at most 500"),
        ("train.precision", "x", "'x': it should be 'float32' or 'float64'"),
        ("prepare.test_fraction", "1", "1: it should be below 1"),
        ("evaluate.segments", "1", "1: it should be at least 2"),
        ("plot.height", "41", "41: it should be at most 40"),
        ("plot.highest_loss", "0", "0: it should be at least 1e-30"),
        ("sample.temperature", "-1", "-1: it should be at least 0"),
        ("sample.top_p", "0", "0: it should be above 0"),
        ("sample.prime", "7", "7: it should be a valid string"),
    ],
)
def test_what_is_out_of_range_is_named_with_its_rule(
    scratch: Path, key: str, value: str, rule: str
) -> None:
    name, _, field = key.partition(".")
    message = f"{scratch}: {key} is {rule} ({meanings(BY_NAME[name])[field]})"
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        load_value(scratch, key, value)


MODEL = "model: {hidden_size: 1, sigma: 1, seed: 1, "
SIGMA = "standard deviation of the initial weights; report: 0.1"
MISSING = "model.seed is missing (of the initial weights)"
NOT_UTF8 = "'utf-8' codec can't decode byte 0xff in position 7: invalid start byte"
DIGITS = ", line 1: not valid YAML: an integer of more than 1,000 digits"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("", ": holds NoneType, not sections"),
        ("- model", ": holds list, not sections"),
        ("train: {}", ": the section 'model' is missing"),
        ("models: {}", ": models is not a known section; did you mean 'model'?"),
        ("model:", ": model is None, not a section of 'key: value'"),
        ("model: 3", ": model is 3, not a section of 'key: value'"),
        (
            MODEL + "hidden_sise: 1}",
            ": model.hidden_sise is not a known key; did you mean 'hidden_size'?",
        ),
        (MODEL + "zzz: 1}", ": model.zzz is not a known key"),
        (
            "model: {hidden_size: 1, sigma: x}",
            f": model.sigma is 'x': it should be a valid number ({SIGMA}); {MISSING}",
        ),
        ("a: 1\nb: 2\nb: 3", ", line 3: not valid YAML: duplicate key 'b'"),
        ("model:\n  a: 1\n  a: 1", ", line 3: not valid YAML: duplicate key 'a'"),
        ("model: {1: 2}", ", line 1: not valid YAML: the key 1 is not a string"),
        (
            "a: b\nmodel: @",
            ", line 2: not valid YAML: found character '@' that cannot start any token",
        ),
        (f"model: {'9' * 5000}", DIGITS),
        (f"model: 0x{'f' * 5000}", DIGITS),
        (f"model: 0o{'7' * 9000}", DIGITS),
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
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{scratch}{rule}')}$"):
        load(scratch, ModelConfig, text)


def test_something_must_be_left_to_train_on(scratch: Path) -> None:
    text = (
        "prepare: {book: b, encoding: utf-8, validation_fraction: 0.5, "
        "test_fraction: 0.5, blocks: 2, items: null, seed: 1}"
    )
    rule = (
        r": prepare\.validation_fraction \+ prepare\.test_fraction is 1\.0: it should"
    )
    with pytest.raises(ConfigError, match=f"^{scratch}{rule} be below 1$"):
        load(scratch, PrepareConfig, text)


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no\.yaml: cannot be read: No such file"):
        load_section(ModelConfig, tmp_path / "no.yaml")
    with pytest.raises(ConfigError, match=r": cannot be read: Is a directory$"):
        load_section(ModelConfig, tmp_path)


# Texts of these fragments are nearer to YAML than random letters.
FRAGMENTS = [
    " ", "  ", "\n", "\t", "|\n", "%YAML 1.2\n", "---\n", "...", ": ", ", ", "? ", "- ",
    "{", "}", "[", "]", "&a ", "*a", "'", '"', "\\", "!", "#", "1", "-", ".nan", "1e-8",
    "~", "<<: ", "model:", "hidden_size: ", "sigma: ", "seed: ",
]  # fmt: skip


@pytest.mark.slow
@settings(max_examples=50)
@given(st.text() | st.lists(st.sampled_from(FRAGMENTS)).map("".join))
@example("[" * 5000)
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


TAGS = [
    "float", "int", "bool", "null", "str", "map", "seq", "set", "omap", "pairs",
    "binary", "timestamp", "merge", "python/none",
]  # fmt: skip


@given(st.sampled_from(TAGS), st.sampled_from(["", "''", "a", "[x, y]", "{x: y}"]))
def test_explicit_types_are_refused(scratch: Path, tag: str, value: str) -> None:
    with pytest.raises(ConfigError):
        load_value(scratch, "model.sigma", f"!!{tag} {value}")


@given(st.floats(min_value=1e-30, max_value=1e30), st.integers(0, 2**32 - 1))
@example(1e-8, 1)
@example(1e16, 2**32 - 1)
def test_what_dvc_writes_is_read_back_as_it_was(
    scratch: Path, number: float, integer: int
) -> None:
    values = {"hidden_size": 1, "sigma": number, "seed": integer}
    YAML().dump({"model": values}, text := io.StringIO())
    assert vars(load(scratch, ModelConfig, text.getvalue())) == values


@given(
    st.from_regex(r"[-+]?(0[xob])?[0-9._]{1,4}([eE][-+]?[0-9]{1,2})?", fullmatch=True)
)
def test_a_number_is_what_dvc_takes_it_for_or_refused(scratch: Path, text: str) -> None:
    try:
        value = load_value(scratch, "model.sigma", text)
    except ConfigError:
        return
    assert value == YAML(typ="safe").load(text)
