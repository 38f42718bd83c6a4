"""Telling how far a training is: a bar in a terminal, a line now and then elsewhere."""

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

_SECONDS = 30.0
_SAMPLE = 24  # characters, so that a line of it fits a terminal of 100


class Progress:
    """Tells about a run, at the end of each epoch and in between.

    Parameters
    ----------
    run : Run
    windows : int
        Updates in an epoch.
    epochs : int
    is_validated : bool
        Whether there is a validation at the end of each epoch.
    first : (1,) unsigned integer
        What the short samples continue.
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
        self._told = self._finished_epochs()
        self._told_at = time.monotonic()
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
        """Leave the bar as it is."""
        self._bar.close()

    def tell(self) -> None:
        """Tell what is new."""
        run = self._run
        self._bar.update(run.update - self._bar.n)
        losses = f"smooth loss {run.smooth_loss:.2f}"
        if run.validations:
            losses += f", validation {run.validations[-1].nats_per_character:.4f}"
        self._bar.set_postfix_str(losses, refresh=False)
        if (finished := self._finished_epochs()) > self._told:
            log.info(
                "epoch %d, update %s: %s; %s",
                finished,
                f"{run.update:,}",
                losses,
                self._sample(),
            )
            self._told, self._told_at = finished, time.monotonic()
        elif self._bar.disable and time.monotonic() - self._told_at > _SECONDS:
            log.info(
                "update %s of %s: %s", f"{run.update:,}", f"{self.total:,}", losses
            )
            self._told_at = time.monotonic()

    def _finished_epochs(self) -> int:
        """Return how many epochs are behind, their validation included."""
        run, finished = self._run, len(self._run.epochs)
        last = run.validations[-1].update if run.validations else 0
        if self._is_validated and last < finished * self._windows:
            return finished - 1
        return finished

    def _sample(self) -> str:
        """Return a short text, on one line, whatever is in it."""
        weights = self._run.weights
        ids = continue_text(
            weights,
            self._first,
            np.zeros_like(weights.b),
            length=_SAMPLE,
            choice=Choice(),
            rng=self._text_rng(self._run.update),
        )
        text = self._vocabulary.decode(np.concatenate([self._first, ids]))
        return "".join(c if c.isprintable() else " " for c in text)
