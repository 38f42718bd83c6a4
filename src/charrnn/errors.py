"""One family of errors.

Each message names the thing (a file, a key, an update), the bad value and the rule
that it breaks, in one line: it is what a user of the pipeline gets to read.
"""

_MOST = 4_000  # characters of a message


def one_line(message: str) -> str:
    """Return a message as one line of what can be printed, its middle cut if it is long."""
    if len(message) > _MOST:
        message = f"{message[: _MOST // 2]} ... {message[-_MOST // 2 :]}"
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in message)


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
    """What a stage reads or runs is not, or no longer, what dvc.lock would name."""


class TrainingError(CharRnnError):
    """Training cannot go on, for example because the loss is not finite."""
