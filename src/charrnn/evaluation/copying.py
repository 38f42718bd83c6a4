"""How much of a written text is the book's own."""


def longest_copy(text: str, book: str) -> str:
    """Return the first of the longest runs of characters that stand in both."""
    longest = ""
    for start in range(len(text)):
        # A run that starts here counts only if it is longer than the longest so far.
        end = start + len(longest) + 1
        while end <= len(text) and text[start:end] in book:
            longest = text[start:end]
            end += 1
    return longest


def share_new(text: str, book: str, length: int) -> float | None:
    """Return the share of the text's strings of a length that the book does not have.

    Strings overlap: there is one from each character on.  None if the text is shorter.
    """
    starts = range(len(text) - length + 1)
    if not starts:
        return None
    new = sum(text[start : start + length] not in book for start in starts)
    return new / len(starts)
