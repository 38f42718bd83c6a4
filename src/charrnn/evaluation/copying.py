"""How much of a sampled text is copied from the book."""


def longest_copy(text: str, book: str) -> str:
    """Return the longest string that both contain; of several, the first in the text."""
    longest = ""
    for start in range(len(text)):
        # A string that starts here counts only if it is longer than the longest so far.
        end = start + len(longest) + 1
        while end <= len(text) and text[start:end] in book:
            longest = text[start:end]
            end += 1
    return longest


def share_new(text: str, book: str, length: int) -> float | None:
    """Return the share of the text's strings of this length that are not in the book.

    The strings overlap, one starts at each character.  None if the text is shorter.
    """
    starts = range(len(text) - length + 1)
    if not starts:
        return None
    new = sum(text[start : start + length] not in book for start in starts)
    return new / len(starts)
