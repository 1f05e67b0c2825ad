"""Words: how many an answer has, whatever the script."""

import re
from functools import lru_cache

_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


# The checks of one answer follow each other.
@lru_cache(maxsize=4)
def word_count(answer: str) -> int:
    """The words of an answer; scripts that put no space between words count two characters as one."""
    words = len(answer.split())
    if words > 1 or answer.isascii():
        # Code and JSON without spaces are no words.
        return words if words > 1 or len(answer) <= 30 else 2
    return max(1, len(_CJK.findall(answer)) // 2) if _CJK.search(answer) else words
