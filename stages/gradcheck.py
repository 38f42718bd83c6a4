"""Check every gradient numerically before training; fail if one is wrong."""

from stages.runtime import signals

if __name__ == "__main__":  # before the slow imports
    signals.end_at_once("gradcheck")

import itertools
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from tqdm import tqdm

from charrnn.errors import BookError
from charrnn.files.metrics.gradient_metrics import (
    GradientCheckMetrics,
    GradientCheckSettings,
    ParameterErrors,
)
from charrnn.files.metrics.schema import GradientCheckVerdict
from charrnn.files.params import load_section
from charrnn.files.prepared import load_book, load_vocabulary
from charrnn.gradcheck.check import affordable, calm_sigma, check
from charrnn.gradcheck.comparison import table
from charrnn.gradcheck.differences import choose_elements
from charrnn.gradcheck.updates import check_updates
from charrnn.network.model import initial_weights
from charrnn.network.streams import Purpose, stream
from charrnn.settings import GradcheckConfig, ModelConfig
from charrnn.text.parts import cut, joined
from stages.runtime.inputs import Inputs
from stages.runtime.paths import GRADIENTS, IDS, PARTS, VERDICT, VOCABULARY
from stages.runtime.running import log, run

_SECONDS = 5.0  # between two lines of progress where there is no terminal


def main() -> None:
    """Run the stage ``gradcheck``."""
    inputs = Inputs([GradcheckConfig, ModelConfig], [IDS, PARTS, VOCABULARY])
    config, model = load_section(GradcheckConfig), load_section(ModelConfig)
    vocabulary = load_vocabulary(VOCABULARY)
    needed = 2 * config.sequence_length + 1
    book = load_book(IDS, PARTS, vocabulary)
    ids = joined(book.ids, cut(book.training, needed)[0])
    if len(ids) < needed:
        message = (
            f"the book is too short: {len(ids)} characters for training, but two windows of "
            f"gradcheck.sequence_length {config.sequence_length} need {needed}"
        )
        raise BookError(message)
    sigma = calm_sigma(model.sigma, model.hidden_size)
    weights = initial_weights(
        model.hidden_size,
        vocabulary.size,
        sigma=sigma,
        dtype=np.float64,
        rng=stream(Purpose.INITIAL_WEIGHTS, model.seed),
    )
    rng = stream(Purpose.GRADIENT_CHECK, config.seed)
    hidden = 2 * rng.random(model.hidden_size) - 1
    most = affordable(config.most_elements, weights, config.sequence_length)
    chosen = choose_elements(weights, ids, most, rng=rng)
    elements = sum(int(which.sum()) for which in chosen)
    log.info(
        "%s of %s elements, each in 3 windows of T = %d; m = %d, sigma = %.3g%s, h = %g "
        "(central) and %g (fourth order), float64",
        f"{elements:,}",
        f"{sum(array.size for array in weights):,}",
        config.sequence_length,
        model.hidden_size,
        sigma,
        "" if sigma == model.sigma else " (not model.sigma: at most 1 / sqrt(m))",
        config.step,
        config.fourth_order_step,
    )
    with (
        ThreadPoolExecutor() as executor,
        tqdm(
            total=3 * elements,
            unit="element",
            desc="gradcheck",
            disable=None,
            leave=False,
        ) as bar,
    ):
        count, told = itertools.count(1), time.monotonic()

        def on_element() -> None:
            nonlocal told
            checked = next(count)
            bar.update()
            if bar.disable and time.monotonic() - told > _SECONDS:
                told = time.monotonic()
                log.info("%s of %s derivatives", f"{checked:,}", f"{bar.total:,}")

        # In parallel, because this compiles the training code first.
        update_check = executor.submit(
            check_updates, weights, ids, hidden, config.sequence_length, l2=config.l2
        )
        checks = check(
            weights,
            ids,
            hidden,
            chosen,
            config,
            on_element=on_element,
        )
    updates = update_check.result()
    log.info(
        "errors |analytic - numerical| / max(%g, |analytic| + |numerical|), of 2-norms "
        "or of single elements:",
        config.floor,
    )
    for line in table(checks):
        log.info("%s", line)
    log.info(
        "%d updates of the training code, float32 and float64: each equals AdaGrad's "
        "step with these gradients, bit for bit",
        updates,
    )
    settings = GradientCheckSettings(
        elements=elements,
        characters=config.sequence_length,
        hidden_size=model.hidden_size,
        sigma=sigma,
        floor=config.floor,
        norm="2-norm: |analytic - numerical| / max(floor, |analytic| + |numerical|)",
        updates=updates,
        step=config.step,
        fourth_order_step=config.fourth_order_step,
    )
    errors = {name: ParameterErrors(**one) for name, one in checks.items()}
    metrics = GradientCheckMetrics(settings=settings, **errors)
    with inputs.outputs() as out:
        out.json(GRADIENTS, metrics.content())
        out.json(VERDICT, GradientCheckVerdict(passed=True).content())


if __name__ == "__main__":
    run("gradcheck", main)
