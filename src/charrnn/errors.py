"""The errors of charrnn, and any text as a line or a page may show it.

Each message is one line that names the object (a file, a key, an update), the bad value
and the rule that the value breaks: users of the pipeline see this line, no traceback.
"""

import re

_MOST = 4_000  # characters of a message
# Characters that HTML does not allow, that a browser does not show, that change the
# direction of the text or the state of a terminal; newline and tab stay.
_CONTROL = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufffe\uffff]"
)


def one_line(message: str) -> str:
    """Return a message as one printable line; the middle of a long message is cut."""
    if len(message) > _MOST:
        message = f"{message[: _MOST // 2]} ... {message[-_MOST // 2 :]}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)


def visible(text: str) -> str:
    """Return a text with visible control characters; newlines and tabs stay.

    ASCII control characters become Unicode's control pictures, such as U+2400 for NUL;
    others become their codes, as in JSON.
    """
    return _CONTROL.sub(lambda match: _picture(ord(match[0])), text)


def _picture(code: int) -> str:
    if code < 0x20:
        return chr(0x2400 + code)
    return "\N{SYMBOL FOR DELETE}" if code == 0x7F else f"\\u{code:04x}"


class CharRnnError(Exception):
    """The base of all errors of charrnn."""


class ConfigError(CharRnnError):
    """A value of params.yaml is missing, unknown, of a wrong type or out of range."""


class BookError(CharRnnError):
    """A book cannot be read, or it is too short."""


class VocabularyError(CharRnnError):
    """A character or an id is not in the vocabulary, or a vocabulary is invalid."""


class ArtifactError(CharRnnError):
    """A file of the pipeline cannot be read or written, or does not match another."""


class GradientError(CharRnnError):
    """An analytic gradient differs from the numerical one."""


class CheckpointError(CharRnnError):
    """A checkpoint is damaged, or another process trains in the same folder."""


class SamplingError(CharRnnError):
    """A text cannot be sampled with these options."""


class InputError(CharRnnError):
    """An input or a source file of a stage differs from what dvc.lock would record."""


class TrainingError(CharRnnError):
    """Training cannot continue, for example because the loss is not finite."""
