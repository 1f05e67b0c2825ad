"""Grading: how badly two answers to one question contradict each other, told by their words alone."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import orjson

from studio.data.checks.forms import Format, form_of
from studio.data.checks.lists import holds_any, words_of
from studio.data.checks.words import word_count
from studio.data.differing import opcodes
from studio.data.normalising import normalised
from studio.data.numerals import Number, is_number, numbers, of_one_unit, value_of
from studio.data.veiling import veiled
from studio.data.words import changes_meaning, joined, tokenised
from studio.domain.finding import Grade

LABEL_WORDS, LABEL_LETTERS = 4, 40  # what is longer is no label
BRIEF_WORDS = 40  # an answer in which one number or one “not” more or less says something else
SHORT_WORDS = 16  # an answer in which one word in place of another does; in a longer one it is as often a slip
LIKE = 0.5  # share of words in common that makes two answers one sentence with something changed
SAME = 0.8  # and that makes them one text, however long, in which what changed is what matters
CHANGED_WORDS = 3
READ = 4_000  # characters; what two long answers disagree about shows in their beginnings, or not in their words
DEEPEST = 40  # levels of JSON
SHOWN = 40  # characters of what differs, in a reason

Place = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Graded:
    """How much two answers differ, why in words, and where in each text that shows."""

    grade: Grade
    reason: str
    first: tuple[Place, ...] = ()
    second: tuple[Place, ...] = ()


OTHER_WORDS = "They are worded differently"


def graded(first: str, second: str, *, is_near: bool = False) -> Graded:
    """The gravest thing in which two answers to the same question differ.

    HIGH: one says yes and the other no, or a number, a sign, a short label, a named value or a “not” differs. MEDIUM: a
    number differs in long answers that differ in more, or one word stands in place of another in a short answer. INFO:
    other words, as far as words tell. Of long answers that `is_near` calls near copies, some need not be looked for.
    """
    if found := _named_values(first, second):
        return found
    for rule in _RULES_OF_NEAR if is_near else _RULES:
        if found := rule(first[:READ], second[:READ]):
            return found
    return Graded(Grade.INFO, OTHER_WORDS)


# Named values


def _named_values(first: str, second: str) -> Graded | None:
    """Answers that are both JSON, or both lines of “name: value”: the values with one name are compared."""
    one, other = _values(first), _values(second)
    if one is None or other is None:
        return None
    differing = [name for name in one if name in other and not _same_value(one[name], other[name])]
    if differing:
        name = differing[0]
        said = graded(one[name], other[name]) if _is_prose(one[name]) and _is_prose(other[name]) else None
        grade = said.grade if said else Grade.HIGH
        more = f" and {len(differing) - 1} more" if len(differing) > 1 else ""
        places = [tuple(filter(None, (_place_of(text, held[n]) for n in differing))) for text, held in
                  ((first, one), (second, other))]  # fmt: skip
        return Graded(grade, f"“{name}” differs: {_pair(one[name], other[name])}{more}", *places)
    if missing := sorted(one.keys() ^ other.keys()):
        return Graded(Grade.MEDIUM, f"Only one of them has “{missing[0]}”")
    return Graded(Grade.INFO, "The same values, written in another way")


def _values(answer: str) -> dict[str, str] | None:
    form = form_of(answer)
    if form.format is Format.JSON:
        return dict(_flat(orjson.loads(answer)))
    return dict(form.fields) if form.format is Format.FIELDS else None


def _flat(value: Any, path: str = "", depth: int = 0) -> list[tuple[str, str]]:
    """The single values of a JSON value by their path; what lies very deep counts as one."""
    if isinstance(value, dict | list) and depth < DEEPEST:
        named = value.items() if isinstance(value, dict) else enumerate(value, start=1)
        return [found for name, held in named for found in _flat(held, f"{path}.{name}".lstrip("."), depth + 1)]
    return [(path, value if isinstance(value, str) else orjson.dumps(value).decode())]


def _same_value(one: str, other: str) -> bool:
    if is_number(one) and is_number(other):
        return value_of(one) == value_of(other)
    return normalised(one) == normalised(other)


def _place_of(text: str, value: str) -> Place | None:
    start = text.find(value) if value else -1
    return (start, start + len(value)) if start >= 0 else None


# Yes and no


@cache
def _leading() -> dict[str, bool]:
    """The words of yes and no that an answer can begin with; true for a yes."""
    return {normalised(word): heading == "yes" for heading in ("yes", "no") for word in words_of("replies", heading)}


_FIRST_WORD = re.compile(r"[\s\"'“‘*_(]*([^\W\d_]+)(?=[\s,.;:!–—，。、！)*_\"'”’-]|$)")
_NO_ANSWER = re.compile(r"\W*(?:no (?:problem|worries|doubt|matter|need|one)|right (?:now|away|click)|true to)\b", re.I)


def _yes_or_no(first: str, second: str) -> Graded | None:
    one, other = _said(first), _said(second)
    if one is None or other is None or one[0] == other[0]:
        return None
    return Graded(Grade.HIGH, "One says yes, the other no", (one[1],), (other[1],))


def _said(answer: str) -> tuple[bool, Place] | None:
    """Whether an answer begins with a yes or a no, and where that stands."""
    match = _FIRST_WORD.match(answer)
    said = _leading().get(normalised(match[1])) if match else None
    return None if match is None or said is None or _NO_ANSWER.match(answer) else (said, match.span(1))


# Short labels


def _labels(first: str, second: str) -> Graded | None:
    """Two answers of a few words; where one holds the other, it only says more."""
    if not (_is_label(first) and _is_label(second)):
        return None
    one, other = ({number.value for number in numbers(text)} for text in (first, second))
    plain_one, plain_other = (_bare(text) for text in (first, second))
    if one and one == other:
        return Graded(Grade.INFO, "The same number, written in another way")
    if plain_one == plain_other:
        return Graded(Grade.INFO, "The same answer, written in another way")
    if f" {plain_one} " in f" {plain_other} " or f" {plain_other} " in f" {plain_one} ":
        return Graded(Grade.MEDIUM, f"One says more: {_pair(first, second)}")
    grade = Grade.MEDIUM if first.rstrip().endswith("!") or second.rstrip().endswith("!") else Grade.HIGH
    return Graded(grade, f"The short answers differ: {_pair(first, second)}", _whole(first), _whole(second))


def _is_label(answer: str) -> bool:
    text = answer.strip()
    return len(text) <= LABEL_LETTERS and "\n" not in text and word_count(text) <= LABEL_WORDS


def _bare(text: str) -> str:
    """A label without case, joins and sentence marks."""
    return " ".join(re.sub(r"[\s_/-]+", " ", normalised(text)).strip(" \"'*`()").split())


def _whole(text: str) -> tuple[Place, ...]:
    start = len(text) - len(text.lstrip())
    return ((start, len(text.rstrip())),) if text.strip() else ()


def _is_prose(text: str) -> bool:
    return len(text.split()) > LABEL_WORDS


# Final answers

_FINAL = re.compile(
    r"(?:####|\\boxed\{|(?:the |final |correct |die |la |el )+(?:answer|antwort|réponse|respuesta)\s*"
    r"(?:is|ist|est|es|:)+"
    r"|^(?:answer|antwort|réponse|respuesta|答案)\s*[:：])\s*[*$]*\s*([^\n}*$]{1,40}?)\s*(?=[}\n*$]|\.(?:\s|$)|$)",
    re.IGNORECASE | re.MULTILINE,
)


def _may_end(answer: str) -> bool:
    return holds_any(answer.casefold(), ("####", "\\boxed{", "answer", "antwort", "réponse", "respuesta", "答案"))


def _final_answers(first: str, second: str) -> Graded | None:
    """What two ways to a result end in, where both say that it is the answer."""
    if not (_may_end(first) and _may_end(second)):
        return None
    one, other = ([*_FINAL.finditer(text)][-1:] for text in (first, second))
    if not one or not other:
        return None
    if _bare(one[0][1]) == _bare(other[0][1]) or _same_value(one[0][1], other[0][1]):
        return Graded(Grade.INFO, "The same final answer in other words")
    reason = f"The final answers differ: {_pair(one[0][1], other[0][1])}"
    return Graded(Grade.HIGH, reason, (one[0].span(1),), (other[0].span(1),))


# Numbers


def _different_numbers(first: str, second: str) -> Graded | None:
    """Numbers that count the same thing and differ; or, in brief answers that are otherwise alike, any that differ."""
    one, other = numbers(first), numbers(second)
    values, others = {n.value for n in one}, {n.value for n in other}
    left, right = [n for n in one if n.value not in others], [n for n in other if n.value not in values]
    if not left or not right:
        return None
    likeness, is_brief = _likeness(first, second), _is_brief(first, second)
    counted = of_one_unit(one, other)
    if not counted and not (is_brief and likeness >= LIKE):
        return None
    left, right = counted or (left, right)
    return Graded(
        Grade.HIGH if is_brief or likeness >= LIKE else Grade.MEDIUM,
        f"The numbers differ: {_pair(_with_unit(first, left[0]), _with_unit(second, right[0]))}",
        tuple(number.place for number in left),
        tuple(number.place for number in right),
    )


def _with_unit(text: str, number: Number) -> str:
    start, end = number.place
    after = re.match(r"\s?(?:[%€$£]|[^\W\d_]{1,12})", text[end:])
    return text[start : end + (after.end() if after else 0)]


# What turns a sentence round, and replaced words


def _turned_round(first: str, second: str) -> Graded | None:
    """One text with another number, sign or currency, or with a “not” more or less."""
    one, other = _words(first), _words(second)
    share = _share(one, other)
    if share < (LIKE if _is_brief(first, second) else SAME) or any(map(_NO_ANSWER.match, (first, second))):
        return None
    left, right = _telling(one, other, tells=changes_meaning if share >= SAME else _negates)
    if not left and not right:
        return None
    reason = (
        f"Here they differ: {_pair(' '.join(left), ' '.join(right))}"
        if left and right
        else (f"Only one of them says “{(left or right)[0]}”")
    )
    return Graded(Grade.HIGH, reason, _words_in(first, left), _words_in(second, right))


def _telling(one: list[str], other: list[str], *, tells: Callable[[str], bool]) -> tuple[list[str], list[str]]:
    """Of the words that tell, those that only one text has; nothing where both have the same in another order."""
    left, right = Counter(one), Counter(other)
    only_left, only_right = ({word for word in more if tells(word)} for more in (left - right, right - left))
    return [word for word in one if word in only_left], [word for word in other if word in only_right]


def _negates(word: str) -> bool:
    return word in words_of("replies", "not") or word.endswith("n't")


def _replaced(first: str, second: str) -> Graded | None:
    """One short sentence in which a word or two stand in place of others."""
    one, other = _words(first), _words(second)
    if max(word_count(first), word_count(second)) > SHORT_WORDS or _share(one, other) < LIKE:
        return None
    codes = [code for code in opcodes(one, other) if code[0] != "equal"]
    changed = [(one[i:j], other[k:m]) for tag, i, j, k, m in codes if tag == "replace"]
    changed = [pair for pair in changed if len(pair[0]) != len(pair[1]) or not all(map(is_slip, *pair))]
    if not changed or len(codes) > CHANGED_WORDS or max(len(w) for pair in changed for w in pair) > CHANGED_WORDS:
        return None
    left, right = ([word for pair in changed for word in pair[side]] for side in (0, 1))
    if Counter(left) == Counter(right):
        return None
    reason = f"Other words in one place: {_pair(joined(changed[0][0]), joined(changed[0][1]))}"
    return Graded(Grade.MEDIUM, reason, _words_in(first, left), _words_in(second, right))


def is_slip(one: str, other: str) -> bool:
    """Whether two words are one, mistyped: letters turned, left out, doubled or exchanged in a word that is long."""
    if min(len(one), len(other)) < 4 or abs(len(one) - len(other)) > 1 or one.isascii() != other.isascii():
        return one == other
    codes = [code for code in opcodes(one, other) if code[0] != "equal"]
    return sum(max(j - i, m - k) for _, i, j, k, m in codes) <= 2 and sorted(one[:1]) == sorted(other[:1])


def _words_in(text: str, words: Sequence[str]) -> tuple[Place, ...]:
    """Where these words stand, each in its place after the one before."""
    places, done, lower = [], 0, text.lower()
    if len(lower) != len(text):
        return ()
    for word in words:
        start = lower.find(word, done)
        if start >= 0:
            done = start + len(word)
            places.append((start, done))
    return tuple(places)


@lru_cache(maxsize=32)
def _words(text: str) -> list[str]:
    """The words of a text; several rules ask for those of the same two answers."""
    return tokenised(text)


def _is_brief(first: str, second: str) -> bool:
    return max(len(_words(first)), len(_words(second))) <= BRIEF_WORDS


def _likeness(first: str, second: str) -> float:
    return _share(_words(first), _words(second))


def _share(one: list[str], other: list[str]) -> float:
    """The share of words in common (of both, counted as often as they occur)."""
    left, right = Counter(one), Counter(other)
    return (left & right).total() / max(1, (left | right).total())


def _pair(one: str, other: str) -> str:
    return " / ".join(f"“{' '.join(veiled(text).shown.split())[:SHOWN]}”" for text in (one, other))


_RULES_OF_NEAR: tuple[Callable[[str, str], Graded | None], ...] = (_yes_or_no, _final_answers)
_RULES = (*_RULES_OF_NEAR, _different_numbers, _turned_round, _labels, _replaced)
