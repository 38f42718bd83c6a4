"""What is found by looking into a network, as the report shows it.

Everything is a number, a text or a tuple of these, so that it can go through a file.
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
        A letter for each character: its level of colour, from a on, as a capital if the
        character is underlined.
    """

    text: str
    looks: str

    @property
    def runs(self) -> list[tuple[int, bool, str]]:
        """The consecutive characters that look the same: level, underlined, text."""
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
        Bits, from the one on and below the other; the last level's `most` is None.
    characters : int
        Of the page.
    share, bits_share : float
        Of the page's characters, and of all its bits.
    """

    least: float
    most: float | None
    characters: int
    share: float
    bits_share: float


class Guess(NamedTuple):
    """A character that the network expected, and its probability."""

    character: str
    probability: float


class Moment(NamedTuple):
    """A character that surprised.

    Attributes
    ----------
    before, character, after : str
        The text there.
    bits : float
    expected : tuple of Guess
        The most likely ones, with the most likely first.
    """

    before: str
    character: str
    after: str
    bits: float
    expected: tuple[Guess, ...]


class Surprise(NamedTuple):
    """A page of the test part.

    Attributes
    ----------
    page : Passage
    levels : tuple of Level
    moments : tuple of Moment
        The greatest surprises, no two in a word, with the greatest first.
    start, characters : int
        Where in the test part the page begins, counted from 0, and its length.
    read : int
        Characters of the test part among which the page was chosen.
    is_whole_part : bool
        Whether these are all of them.
    bits, part_bits : float
        Per character, of the page and of the whole test part.
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
    """The unit that tells a property best.

    Attributes
    ----------
    name, meaning, among : str
        The property, when a place has it, and which places are looked at.
    is_graded : bool
        Whether the measure is a rank correlation, 0 to 1, and not an area, 0.5 to 1; on
        the second half it can be lower.
    unit : int
        Counted from 0.
    is_higher : bool
        Whether the unit is the higher, and not the lower, with the property.
    chosen_by, measure : float
        On the half that it was chosen on, and on the other.
    of_median, of_character : float
        On the other half, of the median unit and of the last character alone.
    places, having : int
        On the other half; `having` of a graded property is how often it is not 0.
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
        """Whether the unit tells more than the last character alone does."""
        return self.measure > self.of_character

    @property
    def strength(self) -> float:
        """How well the property is told in the first half, 0 to 1 of either kind."""
        return self.chosen_by if self.is_graded else 2 * self.chosen_by - 1


class Picture(NamedTuple):
    """A passage of the second half, coloured by a unit's activation.

    Attributes
    ----------
    finding : Finding
    passage : Passage
        Level 0 is lowest; underlined is where the property holds, if it is not graded.
    start : int
        Where in the test part it begins, counted from 0.
    measure : float
        How well the unit tells the property in this passage.
    """

    finding: Finding
    passage: Passage
    start: int
    measure: float


class Units(NamedTuple):
    """What single units follow.

    Attributes
    ----------
    findings : tuple of Finding
        Of each property; the one that was told best in the first half first.
    pictures : tuple of Picture
        Of a few, each of another unit: first those that remember something.
    skipped : tuple of str
        The names of the properties for which the text has not enough places.
    edges : tuple of float
        Between the levels of colour of the pictures.
    hidden_size, read : int
        m, and how many characters of the test part were read.
    """

    findings: tuple[Finding, ...]
    pictures: tuple[Picture, ...]
    skipped: tuple[str, ...]
    edges: tuple[float, ...]
    hidden_size: int
    read: int
