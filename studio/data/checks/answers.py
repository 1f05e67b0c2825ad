"""Answers: those that stop before they are finished, and single words among long ones."""

import re
from array import array
from collections import Counter

from studio.data.checks.forms import Format, form_of
from studio.data.checks.gathering import Gathered
from studio.data.checks.nothing import says_nothing
from studio.data.checks.words import word_count
from studio.domain.finding import Finding, FindingKind, Mark
from studio.domain.row import Row

FENCE, OPEN_JSON = "a block of code is not closed", "JSON is not closed"
COMMA, CONJUNCTION = "ends with a comma or a colon", "ends with a word that needs another"
NO_END_MARK = "ends without an end mark, unlike most"

HABIT = 0.8  # share of answers that make an end mark the habit of a file
SAMPLE = 10  # answers that it takes to speak of a habit
PROSE = 6  # words that make an answer prose
END = 24  # characters that show how an answer ends
ONE_WORD_BESIDE = 8  # words of the middle answer that make one word short
ONE_WORD_SHARE = 0.2  # more than this and one word is the habit of the file

_CONJUNCTIONS = set(
    "and or but because the und oder aber weil dass et ou mais y pero porque el los les e ma perché en maar".split()
)
_END_MARK = re.compile(r"[.!?…。！？؟।;)\]}\"'”’»“`*_>|\u2600-\u27bf\U0001f000-\U0001faff\ufe0f]")
_SIGNATURE = 4  # words: a last line that is shorter closes a letter or names a thing
_SOURCE, _LONGEST_SOURCE = re.compile(r"[\"”»'’] ?[-–—~(] ?[\w. ]{1,60}$"), 64
_LIST_LINE = re.compile(r"\s{0,6}(?:[-*+•|>#]|[0-9]{1,3}[.)]|https?://)")


class CutShort:
    """Answers that end in mid-sentence, with an open block of code, or within JSON."""

    def __init__(self) -> None:
        self._found = Gathered()
        self._prose = Counter[bool]()
        self._rows = 0

    def add(self, row: Row) -> None:
        self._rows += 1
        answer = row.answer.rstrip()
        reason = _open_end(answer)
        if not reason and form_of(row.answer).format in (Format.PLAIN, Format.MARKDOWN):
            reason = self._prose_end(answer)
        if reason:
            mark = Mark(row.number, len(row.messages) - 1, *end_of(answer), reason)
            self._found.add(row, reason, marks=[mark])

    def _prose_end(self, answer: str) -> str:
        """How a sentence breaks off; counts whether prose in this file ends with an end mark."""
        if answer.count(" ") < PROSE - 1 and (answer.isascii() or word_count(answer) < PROSE):
            return ""
        ended = bool(_END_MARK.match(answer[-1]))
        last_line = answer[answer.rfind("\n") + 1 :]
        stands_alone = _stands_alone(last_line, is_first=len(last_line) == len(answer))
        if not stands_alone:
            self._prose[ended] += 1
        if ended:
            return ""
        if answer.endswith((",", ":", "，", "、", "：")):
            return COMMA
        if answer[answer.rfind(" ") + 1 :] in _CONJUNCTIONS:
            return CONJUNCTION
        return NO_END_MARK if answer[-1].isalpha() and not stands_alone else ""

    def finding(self) -> Finding | None:
        seen = self._prose.total()
        has_habit = seen >= SAMPLE and self._prose[True] >= HABIT * seen
        sure = [FENCE, OPEN_JSON]
        # A file of lines of verse, say, has many commas at the end.
        sure += [reason for reason in (COMMA, CONJUNCTION) if 2 * self._found.count(reason) < self._rows]
        return self._found.finding(
            FindingKind.CUT_SHORT,
            one="answer stops before it is finished",
            many="answers stop before they are finished",
            why="The model would learn to stop in the middle. Finish these answers, or remove them.",
            only=[*sure, NO_END_MARK] if has_habit else sure,
        )


def end_of(answer: str) -> tuple[int, int]:
    """The last words of an answer, from where to where."""
    end = len(answer.rstrip())
    start = max(0, end - END)
    space = answer.find(" ", start, end - 1) if start else -1
    return (space + 1 if space > 0 else start), end


def _stands_alone(line: str, *, is_first: bool) -> bool:
    """Whether a last line needs no end mark: a signature, the item of a list, a formula, tags, whom a quote is by."""
    if (
        "=" in line
        or line[line.rfind(" ") + 1 :].startswith(("#", "@", "http"))
        or _SOURCE.search(line, max(0, len(line) - _LONGEST_SOURCE))
    ):
        return True
    return not is_first and (len(line.split()) <= _SIGNATURE or _LIST_LINE.match(line) is not None)


def _open_end(answer: str) -> str:
    """What an answer has opened and not closed."""
    if answer.count("```") % 2:
        return FENCE
    if form_of(answer).format is Format.BROKEN_JSON and _depth(answer) > 0:
        return OPEN_JSON
    return ""


_BRACKETS = re.compile(r'"(?:[^"\\]|\\.|\\\Z)*+(?:"|$)|[{}\[\]]', re.DOTALL)


def _depth(text: str) -> int:
    """How many brackets stay open outside of quoted texts; a quote that stays open counts too."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        found = match[0]
        if found[0] == '"':
            depth += len(found) == 1 or found[-1] != '"'
        else:
            depth += 1 if found in "{[" else -1
    return depth


class OneWord:
    """Answers of one word in a file whose other answers are long; a number alone can be all that was asked for."""

    def __init__(self) -> None:
        self._found = Gathered()
        self._words = array("i")

    def add(self, row: Row) -> None:
        words = word_count(row.answer)
        self._words.append(words)
        if words == 1 and not _DIGIT.search(row.answer) and not says_nothing(row.answer):
            mark = Mark(row.number, len(row.messages) - 1, 0, len(row.answer), "one word")
            self._found.add(row, "", marks=[mark])

    def finding(self) -> Finding | None:
        """Nothing in a file of labels: where one word is usual, or the middle one of all answers is short."""
        words = sorted(self._words)
        if (
            len(words) < SAMPLE
            or words[len(words) // 2] < ONE_WORD_BESIDE
            or words[int(len(words) * ONE_WORD_SHARE)] == 1
        ):
            return None
        return self._found.finding(
            FindingKind.ONE_WORD,
            one="answer is a single word",
            many="answers are a single word",
            why="The other answers are long, so these look unfinished, and the model would learn to be that short.",
        )


_DIGIT = re.compile(r"\d")
