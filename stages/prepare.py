"""Read the book; write its vocabulary, its character ids and the bounds of its parts."""

from stages.runtime import signals

if __name__ == "__main__":  # before the slow imports
    signals.end_at_once("prepare")

from pathlib import Path

from charrnn.errors import VocabularyError
from charrnn.files.arrays import bytes_of_array
from charrnn.files.books import PATTERN, read_book
from charrnn.files.metrics.schema import CorpusMetrics
from charrnn.files.params import load_section
from charrnn.files.prepared import parts_content, vocabulary_content
from charrnn.files.preparing import prepare_book, text_vocabulary
from charrnn.files.start import PATTERN_OF_MODELS, start_file, start_vocabulary
from charrnn.settings import PrepareConfig, TrainConfig
from charrnn.text.parts import LEAST_BLOCK, Parts, size
from charrnn.text.vocabulary import entropy_bits
from stages.runtime.inputs import Inputs
from stages.runtime.paths import CORPUS, IDS, PARTS, VOCABULARY
from stages.runtime.running import log, run


def main() -> None:
    """Run the stage ``prepare``."""
    inputs = Inputs([PrepareConfig, "train.start"])
    config = load_section(PrepareConfig)
    folder = Path(load_section(TrainConfig).start)
    inputs.add(Path(config.book), PATTERN)
    inputs.add(folder, PATTERN_OF_MODELS)
    text, notes = read_book(Path(config.book), config.encoding)
    for note in notes:
        log.info("%s", note)
    vocabulary = text_vocabulary(text, config)
    if (file := start_file(folder)) is not None:
        try:
            vocabulary = start_vocabulary(file, vocabulary)
        except VocabularyError as error:
            message = f"{config.book}: {error}"
            raise VocabularyError(message) from None
    text, items, vocabulary, corpus = prepare_book(text, config, vocabulary)
    ids, parts = corpus.ids, Parts(*corpus[1:])
    sizes = {f"{name}_characters": size(part) for name, part in parts._asdict().items()}
    blocks = max(len(parts.validation), len(parts.test))
    if items:
        log.info(
            "%s: a list of %s items, of which %s were drawn for validation and %s for the "
            "test; prepare.blocks has no effect",
            config.book,
            f"{text.count(chr(10)):,}",
            *(f"{len(numbers):,}" for numbers in items.values()),
        )
    elif 0 < blocks < config.blocks:
        log.info(
            "%s: each held-out part is %d block%s, not %d: more would have under %d characters each",
            config.book,
            blocks,
            "s" if blocks > 1 else "",
            config.blocks,
            LEAST_BLOCK,
        )
    metrics = CorpusMetrics(
        blocks=blocks,
        items=text.count("\n") if items else None,
        characters=len(text),
        distinct_characters=vocabulary.size,
        unigram_entropy_bits=entropy_bits(ids, vocabulary.size),
        **sizes,
    )
    with inputs.outputs() as out:
        out.write(IDS, bytes_of_array(ids))
        out.json(PARTS, parts_content(parts, **items))
        out.json(VOCABULARY, vocabulary_content(vocabulary))
        out.json(CORPUS, metrics.content())
    log.info(
        "%s: %s characters, %d distinct; %s for training, %s for validation, %s for the test",
        config.book,
        f"{len(text):,}",
        vocabulary.size,
        *(f"{size:,}" for size in sizes.values()),
    )


if __name__ == "__main__":
    run("prepare", main)
