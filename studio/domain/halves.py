"""Halves: characters that were cut in two (lone surrogates), which no UTF-8 can hold."""

import re

HALF = re.compile("[\ud800-\udfff]")


def whole(text: str) -> str:
    """The same with the sign � in place of each half of a character."""
    return HALF.sub("\ufffd", text)
