"""Progress of a training: a bar in a terminal, elsewhere a log line every 30 s."""

import logging
import time

import numpy as np
from tqdm import tqdm

from charrnn.network.sampling import continue_text
from charrnn.settings import Choice
from charrnn.text.vocabulary import Ids, Vocabulary
from charrnn.training.loop import TextRng
from charrnn.training.state import Run

log = logging.getLogger("charrnn")

_SECONDS = 30.0  # between two log lines
_SAMPLE = 24  # characters, so that the log line fits a terminal of 100 columns


class Progress:
    """Shows the progress of a run, at the end of each epoch and in between.

    Parameters
    ----------
    run : Run
    windows : int
        Updates in an epoch.
    epochs : int
    is_validated : bool
        Whether each epoch ends with a validation.
    first : (1,) unsigned integer
        The character that the short samples continue.
    text_rng : callable
        Returns the random generator of a sample at a given update.
    vocabulary : Vocabulary
    """

    def __init__(
        self,
        run: Run,
        *,
        windows: int,
        epochs: int,
        is_validated: bool,
        first: Ids,
        text_rng: TextRng,
        vocabulary: Vocabulary,
    ) -> None:
        self._run, self._windows, self.total = run, windows, epochs * windows
        self._is_validated = is_validated
        self._first, self._text_rng, self._vocabulary = first, text_rng, vocabulary
        self._shown_epochs = self._finished_epochs()
        self._shown_at = time.monotonic()
        self._bar = tqdm(
            total=self.total,
            initial=run.update,
            unit=" updates",
            unit_scale=True,
            desc="train",
            disable=None,  # where there is no terminal
            dynamic_ncols=True,
        )

    def close(self) -> None:
        """Close the bar; it stays visible."""
        self._bar.close()

    def show(self) -> None:
        """Update the bar; log a finished epoch."""
        run = self._run
        self._bar.update(run.update - self._bar.n)
        losses = f"smooth loss {run.smooth_loss:.2f}"
        if run.validations:
            losses += f", validation {run.validations[-1].nats_per_character:.4f}"
        self._bar.set_postfix_str(losses, refresh=False)
        if (finished := self._finished_epochs()) > self._shown_epochs:
            log.info(
                "epoch %d, update %s: %s; %s",
                finished,
                f"{run.update:,}",
                losses,
                self._sample(),
            )
            self._shown_epochs, self._shown_at = finished, time.monotonic()
        elif self._bar.disable and time.monotonic() - self._shown_at > _SECONDS:
            log.info(
                "update %s of %s: %s", f"{run.update:,}", f"{self.total:,}", losses
            )
            self._shown_at = time.monotonic()

    def _finished_epochs(self) -> int:
        """Return the number of finished epochs, their validation included."""
        run, finished = self._run, len(self._run.epochs)
        last = run.validations[-1].update if run.validations else 0
        if self._is_validated and last < finished * self._windows:
            return finished - 1
        return finished

    def _sample(self) -> str:
        """Return a short sampled text; unprintable characters become spaces."""
        weights = self._run.weights
        ids = continue_text(
            weights,
            self._first,
            weights.zero_state(),
            length=_SAMPLE,
            choice=Choice(),
            rng=self._text_rng(self._run.update),
        )
        text = self._vocabulary.decode(np.concatenate([self._first, ids]))
        return "".join(c if c.isprintable() else " " for c in text)
