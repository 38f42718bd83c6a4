"""Write the default book: a part of the Bible, one verse per line."""

from stages.runtime import signals

if __name__ == "__main__":  # before the slow imports
    signals.end_at_once("fetch")


from charrnn.files.bible import bible_source, verses
from charrnn.files.params import load_section
from charrnn.settings import FetchConfig
from stages.runtime.inputs import Inputs
from stages.runtime.paths import BOOK
from stages.runtime.running import log, run


def main() -> None:
    """Run the stage ``fetch``."""
    inputs = Inputs([FetchConfig])
    config = load_section(FetchConfig)
    text = verses(bible_source(), config.first_book, config.last_book)
    with inputs.outputs() as out:
        out.text(BOOK, text)
    log.info(
        "%s to %s, %s characters, to %s",
        config.first_book,
        config.last_book,
        f"{len(text):,}",
        BOOK,
    )
    if config != FetchConfig():
        log.info("the file keeps its name, though it holds other books of the Bible")


if __name__ == "__main__":
    run("fetch", main)
