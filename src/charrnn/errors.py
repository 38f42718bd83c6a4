"""One family of errors.

Each message names the thing (a file, a key, an update), the bad value and the rule
that it breaks, in one line: it is what a user of the pipeline gets to read.
"""


def one_line(message: str) -> str:
    """Return a message as one line of what can be printed, its middle cut if it is long."""
    shown = "".join(c if c.isprintable() else repr(c)[1:-1] for c in message[:_READ])
    if len(message) <= _READ and len(shown) <= _MOST:
        return shown
    return f"{shown[: _MOST // 2]} ... {message[-_MOST // 2 :]!a}"


_MOST, _READ = 4_000, 20_000  # characters


class CharRnnError(Exception):
    """Anything that charrnn refuses; the base of the others."""


class ConfigError(CharRnnError):
    """params.yaml has a missing, unknown, mistyped or impossible value."""


class BookError(CharRnnError):
    """A book cannot be read, or is too short for what is asked of it."""


class VocabularyError(CharRnnError):
    """A character or id outside the vocabulary, or a damaged vocabulary."""


class ArtifactError(CharRnnError):
    """A file of the pipeline cannot be read or written, or does not fit another."""


class GradientError(CharRnnError):
    """The analytic gradient disagrees with the numerical one."""


class CheckpointError(CharRnnError):
    """A checkpoint is damaged, or another process is writing here."""


class SamplingError(CharRnnError):
    """A text cannot be written as it is asked for."""


class InputError(CharRnnError):
    """Something that a stage reads changed while it ran."""


class TrainingError(CharRnnError):
    """Training cannot go on, for example because the loss is not finite."""
