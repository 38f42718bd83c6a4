"""From the text of a book to its vocabulary, its ids and its parts."""

from typing import NamedTuple

from charrnn.errors import BookError
from charrnn.network.streams import Purpose, stream
from charrnn.settings import PrepareConfig
from charrnn.text.parts import Corpus, size, split, split_items
from charrnn.text.vocabulary import Vocabulary


class PreparedBook(NamedTuple):
    """A prepared book.

    Attributes
    ----------
    text : str
        In a list the items are in their drawn order, and each ends with a newline.
    items : dict
        The numbers of the held-out items of a list by the name of their part; empty
        for a running text.
    vocabulary : Vocabulary
    corpus : Corpus
    """

    text: str
    items: dict[str, tuple[int, ...]]
    vocabulary: Vocabulary
    corpus: Corpus


def prepare_book(
    text: str, config: PrepareConfig, vocabulary: Vocabulary
) -> PreparedBook:
    """Split a text into its parts, and encode it.

    Parameters
    ----------
    text : str
    config : PrepareConfig
    vocabulary : Vocabulary
        That of the text, or of the model that training goes on from.

    Raises
    ------
    BookError
        If the text is too short.
    """
    items: dict[str, tuple[int, ...]] = {}
    fractions = {
        "validation_fraction": config.validation_fraction,
        "test_fraction": config.test_fraction,
    }
    if config.items is None:
        parts = split(len(text), blocks=config.blocks, **fractions)
    else:
        try:
            drawn = split_items(
                text, rng=stream(Purpose.ITEMS, config.seed), **fractions
            )
        except BookError as error:
            message = f"{config.book}: {error}"
            raise BookError(message) from None
        text, parts = drawn.text, drawn.parts
        items = {"validation": drawn.validation, "test": drawn.test}
    if size(parts.training) < 2:
        message = (
            f"{config.book}: too short: {size(parts.training)} of its {len(text)} "
            f"characters are for training, which needs at least 2"
        )
        raise BookError(message)
    return PreparedBook(
        text, items, vocabulary, Corpus(vocabulary.encode(text), *parts)
    )


def text_vocabulary(text: str, config: PrepareConfig) -> Vocabulary:
    """Return the vocabulary of a text; a list has the newline that ends its last item.

    Raises
    ------
    BookError
        If the text has only one distinct character.
    """
    vocabulary = Vocabulary.of(text if config.items is None else f"{text}\n")
    if vocabulary.size == 1:
        message = f"{config.book}: has only one distinct character, {text[0]!r}"
        raise BookError(message)
    return vocabulary
