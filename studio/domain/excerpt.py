"""Excerpt: the part of a written line around the place that is meant, cut so that no character is torn."""

import re
import unicodedata
from dataclasses import dataclass

MORE = "…"
AROUND = 72
LONGEST_PLACE = 40
JOINER, EMOJI_SIGN = "\u200d", "\ufe0f"
FLAGS = re.compile("[\U0001f1e6-\U0001f1ff]+")
TONES = re.compile("[\U0001f3fb-\U0001f3ff]")
# What is not to be seen, but for what shapes the letters and emoji beside it.
UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff\ufff9-\ufffb]"
)


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A line as it is written: `at` is what is meant, `before` and `after` end in "…" where the line goes on.

    `at` is empty where something is missing: at the end of a line, for one.
    """

    before: str
    at: str
    after: str

    @property
    def seen(self) -> "Excerpt":
        """The same with a sign for every character that is not to be seen."""
        return Excerpt(visible(self.before), visible(self.at), visible(self.after))

    @property
    def lines(self) -> tuple[str, str]:
        """For a terminal: the line, and a caret below every column of what is meant."""
        seen = self.seen
        carets = "^" * max(width(seen.at), 1)
        return seen.before + seen.at + seen.after, " " * width(seen.before) + carets


def excerpt(line: str, start: int, end: int | None = None) -> Excerpt:
    """The part of a line around the characters from `start` to before `end`: one as people see it, unless told."""
    start = min(start, len(line))
    first = _begin(line, start)
    last = _end(line, start) if end is None or end - start > LONGEST_PLACE else _whole(line, end)
    cut, rest = max(first - AROUND, 0), min(last + AROUND, len(line))
    cut, rest = (_begin(line, cut) if cut else 0), _whole(line, rest)
    return Excerpt(
        before=(MORE if cut else "") + line[cut:first],
        at=line[first:last],
        after=line[last:rest] + (MORE if rest < len(line) else ""),
    )


def visible(text: str) -> str:
    """The text with a sign for every character that is not to be seen."""
    return UNSEEN.sub(lambda found: _sign(found[0]), text)


def printable(text: str) -> str:
    """The same with one and the same sign for each of them, so that the text stays as long as it is."""
    return UNSEEN.sub("�", text)


def width(text: str) -> int:
    """How many columns of a terminal a text takes."""
    columns, place = 0, 0
    while place < len(text):
        end = _end(text, place)
        columns += _columns(text[place:end])
        place = end
    return columns


def _sign(character: str) -> str:
    code = ord(character)
    return chr(0x2400 + code) if code < 32 else "[BOM]" if code == 0xFEFF else f"[U+{code:04X}]"


def _columns(seen: str) -> int:
    if EMOJI_SIGN in seen or unicodedata.east_asian_width(seen[0]) in "WF" or FLAGS.match(seen):
        return 2
    return int(not _leans(seen[0]))


def _leans(character: str) -> bool:
    """Whether a character is drawn upon the one before it."""
    return (
        unicodedata.category(character) in ("Mn", "Me")
        or character in (JOINER, EMOJI_SIGN)
        or TONES.match(character) is not None
    )


def _begin(text: str, place: int) -> int:
    """Where the character begins, as people see it, of which the one at `place` is a part."""
    while 0 < place < len(text) and (_leans(text[place]) or text[place - 1] == JOINER):
        place -= 1
    if place < len(text) and FLAGS.match(text[place]):
        flags = next(found for found in FLAGS.finditer(text) if found.start() <= place < found.end())
        return place - (place - flags.start()) % 2
    return place


def _end(text: str, place: int) -> int:
    """Where the character ends, as people see it, of which the one at `place` is a part."""
    if place >= len(text):
        return len(text)
    begun = _begin(text, place)
    flags = FLAGS.match(text, begun)
    end = begun + (2 if flags and flags.end() - begun > 1 else 1)
    while end < len(text) and (_leans(text[end]) or text[end - 1] == JOINER):
        end += 1
    return max(end, place + 1)


def _whole(text: str, end: int) -> int:
    """The end of a part of a text, moved behind the character that it would tear."""
    return end if end >= len(text) or _begin(text, end) == end else _end(text, end)
