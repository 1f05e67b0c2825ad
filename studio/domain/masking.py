"""Masking: a model's own name in an answer is shown as [name] on both sides, so that no answer says whose it is."""

import re
from collections.abc import Iterable, Sequence

NAME = "[name]"
MOST_WORDS = 20
LONGEST_WORD = 64
SHORTEST_PROPOSED = 3  # "my" of "my-model" would be masked in every other sentence
LETTERS = "A-Za-zÀ-ʯͰ-ӿ"  # of scripts that part words; beside others, and beside digits, a name is still a name


def masked(text: str, words: Sequence[str]) -> str:
    """The text with every one of the words, wherever it stands as a whole word in any case, shown as [name].

    A version may follow (Qwen2.5), and where words are not parted by blanks anything may stand beside it.
    """
    meant = sorted({word.strip() for word in words if word.strip()}, key=len, reverse=True)
    if not meant:
        return text
    either = "|".join(r"\s+".join(map(re.escape, word.split())) for word in meant)
    return re.sub(rf"(?<![{LETTERS}])(?:{either})(?![{LETTERS}])", NAME, text, flags=re.IGNORECASE)


def proposals(title: str, maker: str = "") -> tuple[str, ...]:
    """Names under which a model may speak of itself: its title, its family with and without the version, its makers.

    `Qwen3 4B Instruct` by `Qwen (Alibaba)` gives the title, Qwen3, Qwen and Alibaba.
    """
    family = re.match(r"[^\W\d_]+(?:[\d.]*\d)?", title)
    found = [title, *_with_stem(family[0] if family else ""), *re.findall(r"[^\W\d_]+(?:\s+[^\W\d_]+)*", maker)]
    return tuple(_once(word.strip() for word in found))


def _with_stem(family: str) -> tuple[str, str]:
    return family, re.sub(r"[\d.]+$", "", family)


def _once(words: Iterable[str]) -> list[str]:
    """Each word once, whatever its case; a letter or two name nobody."""
    seen: dict[str, str] = {}
    for word in words:
        if len(word) >= SHORTEST_PROPOSED:
            seen.setdefault(word.casefold(), word)
    return list(seen.values())
