"""Nothing: answers that say nothing, and answers that only say the question again."""

from collections import Counter

from studio.data.checks.gathering import Gathered
from studio.data.checks.lists import words_of
from studio.data.checks.words import word_count
from studio.data.normalising import normalised
from studio.domain.finding import Finding, FindingKind, Mark
from studio.domain.row import Row

PUNCTUATION, NO_VALUE = "nothing but punctuation", "a word for “no value”"
LONGEST = 24  # characters of an answer that can say nothing
PROSE = 6  # words; where most answers have so many, “none” is no answer
FEWEST_WORDS = 4  # of a question; a greeting is answered with a greeting
_EMPTY = frozenset(".,;:!?-–—_…`'\"“”„’‘。，、！？\u200b\ufeff")  # a lone sign such as / or > can be an answer


class Nothing:
    """Answers without a word, and, among answers in prose, those that say “null”, “N/A” and the like."""

    def __init__(self) -> None:
        self._found = Gathered()
        self._prose = Counter[bool]()

    def add(self, row: Row) -> None:
        self._prose[row.answer.count(" ") >= PROSE - 1] += 1
        if reason := says_nothing(row.answer):
            self._found.add(row, reason, marks=[Mark(row.number, len(row.messages) - 1, 0, len(row.answer), reason)])

    def finding(self) -> Finding | None:
        is_prose = self._prose[True] > self._prose[False]
        return self._found.finding(
            FindingKind.EMPTY,
            one="answer says nothing",
            many="answers say nothing",
            why="The model would learn to say nothing as well. Write the answers, or leave these rows out.",
            only=[PUNCTUATION, NO_VALUE] if is_prose else [PUNCTUATION],
        )


def says_nothing(answer: str) -> str:
    """Why an answer says nothing, or an empty text where it does say something."""
    if len(answer) > LONGEST:
        return ""
    if all(character in _EMPTY or character.isspace() for character in answer):
        return PUNCTUATION
    plain = "_".join(answer.lower().strip(" .!\n\t\"'`").split())
    return NO_VALUE if plain in words_of("nothing", "no value") else ""


class Repeats:
    """Answers that are their question once more, whatever the capitals, spaces and marks."""

    def __init__(self) -> None:
        self._found = Gathered()

    def add(self, row: Row) -> None:
        answer, question = row.answer, row.question
        if 2 * len(answer) < len(question) or 2 * len(question) < len(answer) or word_count(answer) < FEWEST_WORDS:
            return
        if normalised(answer[:LONGEST]).split()[:2] != normalised(question[:LONGEST]).split()[:2]:
            return
        if normalised(answer) == normalised(question):
            self._found.add(row, "", marks=[Mark(row.number, len(row.messages) - 1, 0, len(answer), "the question")])

    def finding(self) -> Finding | None:
        return self._found.finding(
            FindingKind.REPEATS,
            one="answer only repeats its question",
            many="answers only repeat their questions",
            why="The model would learn to echo what it is asked. Write the answers, or leave these rows out.",
        )
