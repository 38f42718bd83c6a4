"""Write the default book: a part of the Bible, one verse a line."""

from pathlib import Path

from charrnn.artifacts import write_text
from charrnn.config import FetchConfig, load_section
from charrnn.fetching import bible_source, verses
from stages.inputs import Inputs
from stages.running import log, run

BOOK = Path("data/raw/kjv-new-testament.txt")


def main() -> None:
    """Run the stage ``fetch``."""
    inputs = Inputs([FetchConfig])
    config = load_section(FetchConfig)
    text = verses(bible_source(), config.first_book, config.last_book)
    with inputs.written():
        write_text(BOOK, text)
    log.info(
        "%s to %s, %s characters, to %s",
        config.first_book,
        config.last_book,
        f"{len(text):,}",
        BOOK,
    )


if __name__ == "__main__":
    run("fetch", main)
