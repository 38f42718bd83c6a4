"""Verify every gradient before anything is learned; fail if one is wrong."""

from pathlib import Path

import numpy as np
from tqdm import tqdm

from charrnn.arrays import read_ids
from charrnn.artifacts import write_json
from charrnn.config import GradcheckConfig, ModelConfig, load_section
from charrnn.differences import (
    Derivatives,
    choose_elements,
    numerical_derivatives,
    with_penalty,
)
from charrnn.errors import BookError, GradientError
from charrnn.experiment import first_weights
from charrnn.gradcheck import Errors, compare, largest, problems
from charrnn.model import Weights
from charrnn.saving import check_ids, load_vocabulary
from charrnn.streams import Purpose, stream
from stages.inputs import Inputs
from stages.running import log, run

TRAINING = Path("data/prepared/training.npy")
VOCABULARY = Path("data/prepared/vocabulary.json")
FIGURES = Path("metrics/gradient_check.json")
VERDICT = Path("metrics/gradient_check_passed.json")


def main() -> None:
    """Run the stage ``gradcheck``."""
    inputs = Inputs([GradcheckConfig, ModelConfig], [TRAINING, VOCABULARY])
    config, model = load_section(GradcheckConfig), load_section(ModelConfig)
    vocabulary = load_vocabulary(VOCABULARY)
    needed = 2 * config.sequence_length + 1
    ids = read_ids(TRAINING)[:needed]
    check_ids(TRAINING, ids, vocabulary)
    if len(ids) < needed:
        message = (
            f"the book is too short: {TRAINING} has {len(ids)} characters, but two windows of "
            f"gradcheck.sequence_length {config.sequence_length} need {needed}"
        )
        raise BookError(message)
    weights = first_weights(model, vocabulary.size, dtype=np.float64)
    rng = stream(Purpose.GRADIENT_CHECK, config.seed)
    hidden = 2 * rng.random(model.hidden_size) - 1
    steps = {"step": config.step, "fourth_order_step": config.fourth_order_step}
    limits = {
        "floor": config.floor,
        "tolerance": config.tolerance,
        "fourth_order_tolerance": config.fourth_order_tolerance,
        "element_tolerance": config.element_tolerance,
    }
    chosen = choose_elements(weights, config.most_elements, rng=rng)
    elements = sum(int(which.sum()) for which in chosen)
    log.info(
        "%s of %s elements, each in 3 windows of T = %d; m = %d, sigma = %g, h = %g "
        "(central) and %g (fourth order), float64",
        f"{elements:,}",
        f"{sum(array.size for array in weights):,}",
        config.sequence_length,
        model.hidden_size,
        model.sigma,
        config.step,
        config.fourth_order_step,
    )
    checks: dict[str, dict[str, Errors]] = {}
    with tqdm(
        total=3 * elements, unit="element", desc="gradcheck", disable=None, leave=False
    ) as bar:
        for state, problem in problems(
            weights, ids, hidden, config.sequence_length
        ).items():
            derivatives = numerical_derivatives(
                problem, chosen, **steps, on_element=lambda: bool(bar.update())
            )
            for l2 in (0.0, config.l2):
                numerical = with_penalty(derivatives, weights, l2=l2, **steps)
                name = f"{state}_state" + ("_with_penalty" if l2 else "")
                checks[name] = _compared(
                    problem.gradients(l2), numerical, chosen, limits, model
                )
    log.info(
        "errors |analytic - numerical| / max(%g, |analytic| + |numerical|): with 2-norms "
        "against the central, against the fourth-order difference; of the worst element",
        config.floor,
    )
    for name, check in (
        *checks.items(),
        ("largest of all", dict(largest(checks.values()))),
    ):
        log.info("%s", _line(name, check))
    settings = {
        "elements": elements,
        "characters": config.sequence_length,
        "hidden_size": model.hidden_size,
        "sigma": model.sigma,
        "floor": config.floor,
        "norm": "2-norm: |analytic - numerical| / max(floor, |analytic| + |numerical|)",
        **steps,
    }
    figures = {name: _figures(check) for name, check in checks.items()}
    with inputs.written():
        write_json(FIGURES, {"settings": settings} | figures)
        write_json(VERDICT, {"passed": True})


def _compared(
    analytic: Weights,
    numerical: Derivatives,
    chosen: Weights,
    limits: dict[str, float],
    model: ModelConfig,
) -> dict[str, Errors]:
    gain = model.sigma * model.hidden_size**0.5
    try:
        return compare(analytic, numerical, chosen, **limits)
    except GradientError as error:
        if gain <= 2:
            raise
        message = (
            f"{error}; but with model.sigma * sqrt(model.hidden_size) = {gain:.1f}, far "
            f"above 1, the network is chaotic and differences cannot judge it: "
            f"lower model.sigma"
        )
        raise GradientError(message) from None


def _figures(check: dict[str, Errors]) -> dict[str, dict[str, float]]:
    return {name: errors._asdict() for name, errors in check.items()}


def _line(name: str, check: dict[str, Errors]) -> str:
    figures = "  ".join(
        f"{parameter} {errors.central:.1e} {errors.fourth_order:.1e} {errors.element:.1e}"
        for parameter, errors in check.items()
    )
    return f"{name:<26} {figures}"


if __name__ == "__main__":
    run("gradcheck", main)
