"""Tests of params.yaml: what it may say, and what is said of anything else."""

import re
from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from charrnn.errors import ConfigError
from charrnn.files.params import PARAMS, load_section
from charrnn.settings import (
    SECTIONS,
    ModelConfig,
    PrepareConfig,
    Section,
    meanings,
)
from tests.conftest import VALUES

ROOT = Path(__file__).parents[2]
BY_NAME = {kind.section: kind for kind in SECTIONS}
NUMBERS = {
    "1e-8": 1e-8,
    "1e-08": 1e-8,
    ".1": 0.1,
    "1": 1.0,
    "1.": 1.0,
    "1e3": 1000.0,
    "1.5E+3": 1500.0,
}
NO_INTEGER = ["1e3", "1.0", ".5", ".nan", "nan", ".inf", "'1'", "true", "yes", "[1]"]
NO_NUMBER = ["nan", "'1'", "true", "yes", "[1]", "1_000", "1:30", "0b1", "{a: 1}"]


def load(path: Path, kind: type[Section], text: str | bytes) -> Section:
    """Read a section out of a file with this content."""
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return load_section(kind, path)


def with_value(name: str, key: str, value: str) -> str:
    """Give a section as text, with one value written just so."""
    values = {
        k: f'"{v}"' if isinstance(v, str) else str(v) for k, v in VALUES[name].items()
    }
    values = {k: "null" if v == "None" else v for k, v in values.items()} | {key: value}
    return f"{name}:\n" + "".join(f"  {k}: {v}\n" for k, v in values.items())


def refuses(path: Path, kind: type[Section], text: str | bytes, rule: str) -> None:
    """Expect a message of the file's name and exactly this rule."""
    with pytest.raises(ConfigError, match=f"^{re.escape(f'{path}{rule}')}$"):
        load(path, kind, text)


@pytest.mark.parametrize("kind", SECTIONS)
def test_a_section_cannot_be_changed(kind: type[Section]) -> None:
    section = load_section(kind, ROOT / PARAMS)
    with pytest.raises(FrozenInstanceError):
        setattr(section, next(iter(meanings(kind))), 1)


@pytest.mark.parametrize(("text", "value"), NUMBERS.items())
def test_a_number_may_be_written_in_any_way_of_yaml_1_2(
    scratch: Path, text: str, value: float
) -> None:
    section = load(scratch, ModelConfig, with_value("model", "sigma", text))
    assert vars(section)["sigma"] == value


@pytest.mark.parametrize(
    ("name", "key"),
    [("model", "hidden_size"), ("model", "seed"), ("train", "warmup_updates")],
)
@pytest.mark.parametrize("value", [*NO_INTEGER, "null"])
def test_what_is_no_integer_is_named_and_refused(
    scratch: Path, name: str, key: str, value: str
) -> None:
    rule = rf"{name}\.{key} is .+: it should be a valid integer \("
    with pytest.raises(ConfigError, match=rule):
        load(scratch, BY_NAME[name], with_value(name, key, value))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("model", "sigma"),
        ("train", "l2"),
        ("prepare", "test_fraction"),
        ("plot", "width"),
        ("plot", "highest_loss"),
    ],
)
@pytest.mark.parametrize(
    "value", [*NO_NUMBER, ".nan", ".NaN", ".inf", "-.inf", "1e400"]
)
def test_what_is_no_finite_number_is_named_and_refused(
    scratch: Path, name: str, key: str, value: str
) -> None:
    rule = rf"{name}\.{key} is .+: it should be a (valid|finite) number \("
    with pytest.raises(ConfigError, match=rule):
        load(scratch, BY_NAME[name], with_value(name, key, value))


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
        (
            "train.warmup_updates",
            "1" + "0" * 30,
            f"{10**30}: it should be at most {10**9}",
        ),
        ("train.rows_per_epoch", "501", "501: it should be at most 500"),
        (
            "train.precision",
            "float16",
            "'float16': it should be 'float32' or 'float64'",
        ),
        ("prepare.test_fraction", "1", "1: it should be below 1"),
        ("evaluate.blocks", "1", "1: it should be at least 2"),
        ("plot.height", "41", "41: it should be at most 40"),
        ("plot.highest_loss", "0", "0: it should be at least 1e-30"),
        ("sample.temperature", "-1", "-1: it should be at least 0"),
        ("sample.prime", "7", "7: it should be a valid string"),
    ],
)
def test_what_is_out_of_range_is_named_with_its_rule(
    scratch: Path, key: str, value: str, rule: str
) -> None:
    name, _, key = key.partition(".")
    text = with_value(name, key, value)
    meaning = meanings(BY_NAME[name])[key]
    refuses(scratch, BY_NAME[name], text, f": {name}.{key} is {rule} ({meaning})")


def test_something_must_be_left_to_train_on(scratch: Path) -> None:
    text = "prepare: {book: b, validation_fraction: 0.5, test_fraction: 0.5}"
    rule = (
        ": prepare.validation_fraction + prepare.test_fraction is 1.0: it should be "
        "below 1"
    )
    refuses(scratch, PrepareConfig, text, rule)
