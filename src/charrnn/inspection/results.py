"""The results of the inspection, as the report shows them.

All values are numbers, strings or tuples of these, so that a JSON file can hold them.
"""

from itertools import groupby
from operator import itemgetter
from typing import NamedTuple


class Passage(NamedTuple):
    """A text in colour.

    Attributes
    ----------
    text : str
    looks : str
        A letter for each character: its level of colour, from a on; upper case if the
        character is underlined.
    """

    text: str
    looks: str

    @property
    def runs(self) -> list[tuple[int, bool, str]]:
        """The level, the underline and the text of each run of characters that look alike."""
        both = groupby(zip(self.looks, self.text, strict=True), key=itemgetter(0))
        return [
            (
                ord(look.lower()) - ord("a"),
                look.isupper(),
                "".join(character for _, character in group),
            )
            for look, group in both
        ]


class Level(NamedTuple):
    """A level of colour.

    Attributes
    ----------
    least, most : float
        Bits; `least` is inclusive, `most` exclusive, and None for the last level.
    characters : int
        Characters of the page in this level.
    share, bits_share : float
        The share of the page's characters, and of its total bits; 0 to 1.
    """

    least: float
    most: float | None
    characters: int
    share: float
    bits_share: float


class Guess(NamedTuple):
    """A character and the probability that the network gave to it."""

    character: str
    probability: float


class Moment(NamedTuple):
    """A character with a great surprise.

    Attributes
    ----------
    before, character, after : str
        The character and the text around it.
    bits : float
        The surprise.
    expected : tuple of Guess
        The most probable characters, in decreasing order.
    """

    before: str
    character: str
    after: str
    bits: float
    expected: tuple[Guess, ...]


class Surprise(NamedTuple):
    """A page of the part that is inspected.

    Attributes
    ----------
    page : Passage
    levels : tuple of Level
    moments : tuple of Moment
        The greatest surprises, each in another word, in decreasing order.
    start, characters : int
        The position of the page in the book, counted from 0, and its length.
    read : int
        Characters of the part among which the page was chosen.
    is_whole_part : bool
        Whether these are all characters of the part.
    bits, part_bits : float
        Bits per character of the page and of the whole part.
    """

    page: Passage
    levels: tuple[Level, ...]
    moments: tuple[Moment, ...]
    start: int
    characters: int
    read: int
    is_whole_part: bool
    bits: float
    part_bits: float


class Finding(NamedTuple):
    """The unit that predicts a property best.

    Attributes
    ----------
    name, meaning, among : str
        The property, its definition, and the positions at which it is defined.
    is_graded : bool
        Whether the property is a count and the measures are rank correlations; else they
        are AUCs.  On the half of the choice a correlation is 0 to 1 and an AUC 0.5 to 1;
        on the other half both can be lower.
    unit : int
        Counted from 0.
    is_higher : bool
        Whether the unit is higher, not lower, where the property holds.
    chosen_by, measure : float
        The measure on the half of the choice, and on the other half.
    of_median, of_character : float
        The measure on the other half of the median unit and of the last character alone.
    places, having : int
        The number of positions on the other half, and the number of those that have the
        property, or where the count is not 0.
    """

    name: str
    meaning: str
    among: str
    is_graded: bool
    unit: int
    is_higher: bool
    chosen_by: float
    measure: float
    of_median: float
    of_character: float
    places: int
    having: int

    @property
    def remembers(self) -> bool:
        """Whether the unit predicts the property better than the last character does."""
        return self.measure > self.of_character

    @property
    def strength(self) -> float:
        """The association in the first half, 0 to 1 for both kinds of property."""
        return self.chosen_by if self.is_graded else 2 * self.chosen_by - 1


class Picture(NamedTuple):
    """A passage of the second half, coloured by a unit's activation.

    Attributes
    ----------
    finding : Finding
    passage : Passage
        Level 0 is the lowest; characters with the property are underlined, unless it is a
        count.
    start : int
        The position of the passage in the book, counted from 0.
    measure : float
        The measure of the unit in this passage.
    """

    finding: Finding
    passage: Passage
    start: int
    measure: float


class Units(NamedTuple):
    """The properties that single units track.

    Attributes
    ----------
    findings : tuple of Finding
        One for each property, by decreasing association in the first half.
    pictures : tuple of Picture
        Of some findings, no two of the same unit: first those with `remembers`.
    skipped : tuple of str
        The names of the properties for which the text has too few positions.
    edges : tuple of float
        The activations between the levels of colour of the pictures.
    hidden_size, read : int
        m, and the characters of the part that were read.
    """

    findings: tuple[Finding, ...]
    pictures: tuple[Picture, ...]
    skipped: tuple[str, ...]
    edges: tuple[float, ...]
    hidden_size: int
    read: int
