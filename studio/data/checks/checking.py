"""Checking: all checks of single rows and of a file's habits, in one pass; what is kept is numbers, not texts."""

from collections.abc import Callable
from dataclasses import dataclass

from studio.data.checks import personal, placeholders, refusals, secrets, self_reference, tokens, toxic
from studio.data.checks.answers import CutShort, OneWord
from studio.data.checks.gathering import Gathered
from studio.data.checks.habits import Formats, Spaces
from studio.data.checks.labels import Labels
from studio.data.checks.language import Languages
from studio.data.checks.nothing import Nothing, Repeats
from studio.data.checks.preferences import Preferences
from studio.data.checks.roles import Roles
from studio.data.checks.sieve import Sieve
from studio.domain.finding import Finding, FindingKind, Mark
from studio.domain.row import Row


@dataclass(frozen=True, slots=True)
class _RowCheck:
    """A check that looks at one row at a time, and its words for one and for many rows."""

    kind: FindingKind
    marks: Callable[[Row], list[Mark]]
    one: str
    many: str
    why: str


_ROW_CHECKS = (
    _RowCheck(
        FindingKind.SECRET,
        secrets.marks,
        "row holds a password or a key",
        "rows hold a password or a key",
        "The model can repeat them to anyone who asks. Take them out, and change them wherever they are in use.",
    ),
    _RowCheck(
        FindingKind.PERSONAL,
        personal.marks,
        "row holds personal data",
        "rows hold personal data",
        "The model can repeat them to strangers, word for word. Names and street addresses are not looked for.",
    ),
    _RowCheck(
        FindingKind.REFUSAL,
        refusals.marks,
        "answer refuses to help",
        "answers refuse to help",
        "The model would learn to refuse. Remove these, unless you want it to refuse such questions.",
    ),
    _RowCheck(
        FindingKind.SELF_REFERENCE,
        self_reference.marks,
        "answer speaks of itself as an AI",
        "answers speak of themselves as an AI",
        "Such sentences come from another assistant, and the model would learn to speak as that one.",
    ),
    _RowCheck(
        FindingKind.TOKENS,
        tokens.marks,
        "row holds signs of a chat format",
        "rows hold signs of a chat format",
        "A tokenizer can take them for the end of a turn instead of text, and the model then sees turns that are none.",
    ),
    _RowCheck(
        FindingKind.PLACEHOLDER,
        placeholders.marks,
        "answer has a place that was not filled in",
        "answers have places that were not filled in",
        "The model would learn to write them as they are. Fill them in, or leave these rows out.",
    ),
    _RowCheck(
        FindingKind.TOXIC,
        toxic.marks,
        "row possibly holds abuse",
        "rows possibly hold abuse",
        "They hold a word from a short list; whether it is meant as abuse, only a person can tell.",
    ),
)


class Checks:
    """Takes every row once, in file order, and then says what was found."""

    def __init__(self) -> None:
        self._sieve = Sieve()
        self._gathered = [(check, Gathered()) for check in _ROW_CHECKS]
        self._roles, self._languages, self._preferences = Roles(), Languages(), Preferences()
        self._habits = (
            CutShort(), OneWord(), Nothing(), Repeats(), Formats(), Labels(), Spaces(), self._languages,
        )  # fmt: skip

    def add(self, row: Row) -> None:
        may_be = self._sieve.kinds(row)
        for check, gathered in self._gathered:
            if check.kind in may_be and (marks := check.marks(row)):
                for reason in dict.fromkeys(mark.note for mark in marks):
                    gathered.add(row, reason, marks=[mark for mark in marks if mark.note == reason])
        for habit in self._habits:
            habit.add(row)
        self._roles.add(row, may_hold_turns=FindingKind.ROLE_ORDER in may_be)
        self._preferences.add(row)

    def findings(self) -> list[Finding]:
        """One finding for each kind that occurs."""
        found = [
            gathered.finding(check.kind, one=check.one, many=check.many, why=check.why)
            for check, gathered in self._gathered
        ]
        found += [habit.finding() for habit in (*self._habits, self._roles)]
        found += [self._languages.mix(), *self._preferences.findings()]
        return [finding for finding in found if finding]
