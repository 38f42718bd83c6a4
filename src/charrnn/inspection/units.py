"""The properties of held-out text that single hidden units track.

After Karpathy, Johnson and Fei-Fei, "Visualizing and Understanding Recurrent Networks",
2015, arXiv:1506.02078: passages coloured by the activation of one unit.  `findings`
chooses and measures the units.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from charrnn.inspection.findings import (
    Half,
    auc_or_correlation,
    find,
    half_of,
    is_enough,
)
from charrnn.inspection.passages import coloured, spans
from charrnn.inspection.properties import Property, properties
from charrnn.inspection.ranks import strengths, twice_ranks
from charrnn.inspection.results import Finding, Picture, Units
from charrnn.network.kernels import forward
from charrnn.network.model import Model
from charrnn.network.scoring import state_before, steps_at_once
from charrnn.text.parts import Piece, Pieces, cut, joined, size
from charrnn.text.vocabulary import Ids, Vocabulary

Array = NDArray[Any]

# Characters of the part that are read, by a network of any size.
MOST_READ = 20_000
# The number of pictures, and the characters of the passage of each.
MOST_PICTURES = 5
LEAST_PASSAGE, MOST_PASSAGE = 280, 400
# The activations between the levels of colour.
EDGES = (-0.9, -0.6, -0.2, 0.2, 0.6, 0.9)

# A passage should have this many positions with the property, and this many without.
_ENOUGH = 10
_MOST_PASSAGES = 500


def units(
    model: Model, ids: Ids, blocks: Pieces, vocabulary: Vocabulary
) -> Units | None:
    """Find the unit that predicts each property best.

    The network reads as in `charrnn.network.scoring.block_scores`.

    Parameters
    ----------
    model : Model
    ids : (N,) unsigned integer
        The book.
    blocks : tuple of Piece
        The part.
    vocabulary : Vocabulary

    Returns
    -------
    Units or None
        None if the part has too few positions for every property.
    """
    # A property may depend on the next character, which the last block lacks.
    read = max(0, min(MOST_READ, size(blocks) - 1))
    blocks, middle = cut(blocks, read)[0], read // 2
    halves = cut(blocks, middle)
    stretches = halves[0] + halves[1]
    parts = slice(0, middle), slice(middle, read)
    asked: list[Property] = []
    skipped: list[str] = []
    for one in _properties(ids, stretches, vocabulary):
        if all(is_enough(part, one) for part in parts):
            asked.append(one)
        else:
            skipped.append(one.name)
    if not asked:
        return None
    states = np.concatenate([_states(model, ids, block) for block in blocks], axis=1)
    text = joined(ids, stretches)
    first, second = (half_of(text, states, part, asked) for part in parts)
    texts = [(start, vocabulary.decode(ids[start:end])) for start, end in halves[1]]
    found = [(find(one, first, second), one) for one in asked]
    found.sort(key=lambda both: -both[0].strength)
    of_units: dict[int, tuple[Finding, Property]] = {}
    for finding, one in sorted(found, key=lambda both: not both[0].remembers):
        of_units.setdefault(finding.unit, (finding, one))
    pictures = [
        picture(finding, one, second, texts)
        for finding, one in list(of_units.values())[:MOST_PICTURES]
    ]
    return Units(
        findings=tuple(finding for finding, _ in found),
        pictures=tuple(pictures),
        skipped=tuple(skipped),
        edges=EDGES,
        hidden_size=model.weights.hidden_size,
        read=read,
    )


def _properties(
    ids: Ids, stretches: Pieces, vocabulary: Vocabulary
) -> Iterator[Property]:
    """Yield each property, with its values at all positions of the stretches."""
    texts = (vocabulary.decode(ids[start : end + 1]) for start, end in stretches)
    found = [properties(text) for text in texts]
    for same in zip(*found, strict=True):
        pieces = [
            (one.values[: end - start], one.among.chosen[: end - start])
            for one, (start, end) in zip(same, stretches, strict=True)
        ]
        values, chosen = map(np.concatenate, zip(*pieces, strict=True))
        yield same[0]._replace(
            values=values, among=same[0].among._replace(chosen=chosen)
        )


def _states(model: Model, ids: Ids, block: Piece) -> Array:
    """Return the activation of each unit after each character of a block, (m, n)."""
    weights, (start, end) = model.weights, block
    states = np.empty((weights.hidden_size, end - start), weights.b.dtype)
    hidden = state_before(weights, model.hidden, ids, start)
    step = steps_at_once(weights)
    for at in range(start, end, step):
        to = min(at + step, end)
        piece = forward.states_after(weights, ids[at:to], hidden)
        states[:, at - start : to - start] = piece.T
        hidden = piece[-1]
    return states


def picture(
    finding: Finding, one: Property, half: Half, texts: Sequence[tuple[int, str]]
) -> Picture:
    """Choose the passage of a half in which a unit's measure is nearest to the whole half's.

    Passages in which enough positions have the property, and enough lack it, come first;
    ties go to the first passage.

    Parameters
    ----------
    finding : Finding
    one : Property
    half : Half
    texts : sequence of (int, str)
        The stretches of the half: the position of each in the book, and its text.
    """
    h, graded = half.states[finding.unit], finding.is_graded
    chosen, values = one.among.chosen[half.at], one.values[half.at]
    sign = 1 if finding.is_higher else -1

    def measure_in(start: int, end: int) -> tuple[int, float]:
        """Return the number of positions of the rarer kind, at most `_ENOUGH`; the measure."""
        where = chosen[start:end]
        here = values[start:end][where]
        having = int(np.count_nonzero(here))
        ranks = twice_ranks(h[np.newaxis, start:end][:, where])
        strength = float(strengths(ranks, here, is_graded=graded)[0])
        rarer = min(having, len(here) - having, _ENOUGH)
        return rarer, auc_or_correlation(sign * strength, is_graded=graded)

    may_be, before = [], 0
    for at, text in texts:
        may_be += [
            (before + start, before + end, at - before, text[start:end])
            for start, end in spans(text, LEAST_PASSAGE, MOST_PASSAGE).tolist()
        ]
        before += len(text)
    may_be = may_be[:: -(-len(may_be) // _MOST_PASSAGES)]
    measured = [
        (*measure_in(start, end), start, end, *to) for start, end, *to in may_be
    ]
    _, here, start, end, to_book, text = min(
        measured, key=lambda it: (-it[0], abs(it[1] - finding.measure))
    )
    levels = np.searchsorted(np.array(EDGES), h[start:end], side="right")
    marks = chosen & (values > 0) & (not graded)
    return Picture(
        finding=finding,
        passage=coloured(text, levels, marks[start:end]),
        start=start + to_book,
        measure=here,
    )
