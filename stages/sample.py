"""Sample a text with the best model; measure how much is copied from the book."""

from stages.runtime import signals

if __name__ == "__main__":  # before the slow imports
    signals.end_at_once("sample")


from charrnn.errors import ConfigError, VocabularyError
from charrnn.evaluation.copying import compare_with_book
from charrnn.files.metrics.schema import SampleMetrics
from charrnn.files.models import load_model
from charrnn.files.params import load_section
from charrnn.files.prepared import load_book, load_vocabulary
from charrnn.network.sampling import continue_text
from charrnn.network.streams import Purpose, stream
from charrnn.settings import SampleConfig
from stages.runtime.inputs import Inputs
from stages.runtime.paths import BEST, COPYING, IDS, PARTS, SAMPLE, VOCABULARY
from stages.runtime.running import log, run


def main() -> None:
    """Run the stage ``sample``."""
    inputs = Inputs([SampleConfig], [IDS, PARTS, VOCABULARY, BEST])
    config = load_section(SampleConfig)
    vocabulary = load_vocabulary(VOCABULARY)
    model = load_model(BEST, vocabulary).model
    book = load_book(IDS, PARTS, vocabulary)
    try:
        prime = vocabulary.encode(config.prime or vocabulary.opening)
    except VocabularyError as error:
        message = f"params.yaml: sample.prime is {config.prime!r}: {error}"
        raise ConfigError(message) from None
    ids = continue_text(
        model.weights,
        prime,
        model.hidden,
        length=config.length,
        choice=config,
        rng=stream(Purpose.SAMPLE, config.seed),
    )
    text, begin = vocabulary.decode(ids), config.prime or ""
    copying = compare_with_book(
        ids, book.ids, book.training, vocabulary.size, length=10
    )
    copied = vocabulary.decode(copying.longest)
    metrics = SampleMetrics(
        longest_copy_characters=len(copied),
        share_of_new_10_character_strings=copying.share_new,
    )
    with inputs.outputs() as out:
        out.text(SAMPLE, begin + text + "\n")
        out.json(COPYING, metrics.content())
    log.info("%s", begin + text)
    log.info(
        "longest passage copied from the book: %d characters, %r", len(copied), copied
    )


if __name__ == "__main__":
    run("sample", main)
