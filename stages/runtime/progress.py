"""Progress of a training: a bar in a terminal, elsewhere a log line every 30 s."""

import logging
import time

import numpy as np
from tqdm import tqdm

from charrnn.exact import bits
from charrnn.network.sampling import continue_text
from charrnn.settings import Choice
from charrnn.text.parts import Corpus
from charrnn.text.vocabulary import Vocabulary, entropy_bits
from charrnn.training.between import TextRng
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
    book : Corpus
        The short samples continue its first character.
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
        book: Corpus,
        text_rng: TextRng,
        vocabulary: Vocabulary,
    ) -> None:
        self._run, self._windows, self.total = run, windows, epochs * windows
        self._book, self._text_rng, self._vocabulary = book, text_rng, vocabulary
        self._has_warned = not book.validation
        self._unigram_bits = entropy_bits(book.ids, vocabulary.size)
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
        if run.validations and not self._has_warned:
            self._warn_above_unigram(run.validations[-1].nats_per_character)
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

    def _warn_above_unigram(self, loss: float) -> None:
        """Say it if the network predicts worse than the characters' frequencies do."""
        if bits(loss) > self._unigram_bits:
            self._has_warned = True
            log.warning(
                "update %s: the validation loss of %.2f bits per character is above %.2f, "
                "the entropy of the book's single characters: the network predicts worse "
                "than their frequencies; if that lasts, train more updates, or type "
                "dvc exp run -S train.warmup_updates=1000",
                f"{self._run.update:,}",
                bits(loss),
                self._unigram_bits,
            )

    def _finished_epochs(self) -> int:
        """Return the number of finished epochs, their validation included."""
        run, finished = self._run, len(self._run.epochs)
        last = run.validations[-1].update if run.validations else 0
        if self._book.validation and last < finished * self._windows:
            return finished - 1
        return finished

    def _sample(self) -> str:
        """Return a short sampled text; unprintable characters become spaces."""
        first = self._book.ids[:1]
        ids = continue_text(
            self._run.model.weights,
            first,
            self._run.model.hidden,
            length=_SAMPLE,
            choice=Choice(),
            rng=self._text_rng(self._run.update),
        )
        text = self._vocabulary.decode(np.concatenate([first, ids]))
        return "".join(c if c.isprintable() else " " for c in text)
