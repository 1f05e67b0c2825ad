"""Fonts: which of this machine's own fonts show letters that the fonts of the studio do not, asked of fontconfig.

A font for Chinese, Japanese or Korean is as large as all else that the studio ships, and most machines have one.
"""

import shutil
import subprocess
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

ASK = "fc-match"
SECONDS = 10
FIX = (
    "Install fontconfig and a font for Chinese, Japanese and Korean, such as the packages fontconfig and "
    "fonts-wqy-microhei (small) or fonts-noto-cjk of Debian and Ubuntu."
)
# One letter that any font for the language has.
LANGUAGES = (("Chinese", "这"), ("Japanese", "の"), ("Korean", "한"))
SCRIPTS = {
    "CJK": "Chinese", "IDEOGRAPHIC": "Chinese", "FULLWIDTH": "Chinese", "HIRAGANA": "Japanese", "KATAKANA": "Japanese",
    "HANGUL": "Korean",
}  # fmt: skip
OUTLINES, PICTURES = {"glyf", "CFF "}, {"CBDT", "sbix", "SVG ", "COLR"}  # tables of a font file
TAGS = {"Chinese": "zh-cn", "Japanese": "ja", "Korean": "ko"}


@dataclass(frozen=True, slots=True)
class Face:
    """One font of a file that may hold several, and the code points that it shows."""

    path: Path
    number: int
    letters: frozenset[int]


def covering(letters: Collection[str]) -> Iterator[Face]:
    """Fonts of this machine that show these letters, as many as it takes; none where nothing can be asked."""
    left = set(letters)
    while left:
        first = min(left)
        face = _face(first, language=_language(first, among=letters))
        if face and ord(first) in face.letters:
            yield face
            left = {letter for letter in left if ord(letter) not in face.letters}
        else:  # then there is none for the others of its kind either
            left = {letter for letter in left if script(letter) != script(first)}


def languages() -> list[str]:
    """Which of Chinese, Japanese and Korean can be set with fonts of this machine."""
    return [name for name, letter in LANGUAGES if any(covering([letter]))]


def script(letter: str) -> str:
    """What kind of letter it is, by the first word of its name: Chinese, Korean, Arabic, and so on."""
    name = unicodedata.name(letter, "")
    first = name.partition(" ")[0]
    if first in SCRIPTS:
        return SCRIPTS[first]
    return first.capitalize() if unicodedata.category(letter).startswith("L") and first else "signs and emoji"


def _language(letter: str, *, among: Collection[str]) -> str:
    """The language tag to look for: Japanese and Chinese write many letters alike and a little differently."""
    kind = script(letter)
    if kind == "Chinese" and any(script(other) == "Japanese" for other in among):
        kind = "Japanese"
    return TAGS.get(kind, "")


def _face(letter: str, *, language: str) -> Face | None:
    """The font that fontconfig would show a letter with."""
    found = shutil.which(ASK)
    if not found:
        return None
    pattern = f":charset={ord(letter):x}" + (f":lang={language}" if language else "")
    command = [found, "--format=%{file}\\t%{index}", pattern]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    path, _, number = done.stdout.partition("\t")
    if done.returncode or not number.isdecimal():
        return None
    return read_face(Path(path), number=int(number) & 0xFFFF)  # above that stands which variant of a variable font


def read_face(path: Path, *, number: int = 0) -> Face | None:
    """What a font file shows; None where it cannot be read or holds pictures in place of outlines."""
    from fontTools.ttLib import TTFont, TTLibError  # here, so that the studio starts without it

    try:
        with TTFont(path, fontNumber=number, lazy=True) as font:
            tables = set(font.keys())
            if tables & PICTURES or not tables & OUTLINES:
                return None
            return Face(path, number, frozenset(font.getBestCmap() or ()))
    except (OSError, TTLibError, ValueError, AssertionError):
        return None
