"""Finding: one problem with one or more rows, how much it matters, and what is usually done about it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class FindingKind(StrEnum):
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_EXACT_DUPLICATE = "same_after_normalising"
    NEAR_DUPLICATE = "near_duplicate"
    FAMILY = "template_family"
    CONFLICT = "conflicting_answers"
    VARIETY = "varied_answers"
    SAME_PAIR = "preference_equal"
    SWAPPED_PAIR = "preference_swapped"
    PAIR_LENGTH = "preference_length"
    SECRET = "secret"
    PERSONAL = "personal_data"
    TOKENS = "special_tokens"
    REFUSAL = "refusal"
    SELF_REFERENCE = "ai_self_reference"
    PLACEHOLDER = "unfilled_placeholder"
    EMPTY = "empty_answer"
    REPEATS = "answer_repeats_question"
    CUT_SHORT = "answer_cut_short"
    ONE_WORD = "one_word_answer"
    ROLE_ORDER = "role_order"
    FORMAT = "mixed_format"
    LABELS = "inconsistent_labels"
    SPACES = "stray_spaces"
    LANGUAGE = "language_mismatch"
    LANGUAGE_MIX = "language_mix"
    TOXIC = "possibly_toxic"
    MEANING = "alike_in_meaning"
    MALFORMED = "malformed"
    TOO_LONG = "too_long"


class Grade(StrEnum):
    """How much a finding matters: mend it before training, look at it, or know it."""

    HIGH = "high"
    MEDIUM = "medium"
    INFO = "info"


GRADE_WORDS = {Grade.HIGH: "mend this", Grade.MEDIUM: "worth a look", Grade.INFO: "good to know"}


class Action(StrEnum):
    """What is usually done about a finding; it is offered, and nothing happens by itself."""

    LEAVE_OUT = "leave out"
    MASK = "mask"
    KEEP_ONE = "keep one"
    LOOK = "look at"


@dataclass(frozen=True, slots=True)
class Treatment:
    """A kind of finding in a word or two, how much it matters, and what is usually done."""

    name: str
    grade: Grade
    action: Action


_HIGH, _MEDIUM, _INFO = Grade

# In order of weight, which is the order in which to look at them. First what can do harm outside, since nothing later
# makes up for it; then what teaches the model something wrong in words that are sure; then what is likely but has to be
# looked at, copies before habits; last what is only to be known. docs/decisions/0013-what-first.md says more.
TREATMENTS: dict[FindingKind, Treatment] = {
    FindingKind.SECRET: Treatment("Secrets", _HIGH, Action.MASK),
    FindingKind.PERSONAL: Treatment("Personal data", _HIGH, Action.MASK),
    FindingKind.CONFLICT: Treatment("Contradiction", _HIGH, Action.LOOK),
    FindingKind.SWAPPED_PAIR: Treatment("Preferences at odds", _HIGH, Action.LOOK),
    FindingKind.SAME_PAIR: Treatment("Nothing to prefer", _HIGH, Action.LEAVE_OUT),
    FindingKind.TOKENS: Treatment("Signs of a chat format", _HIGH, Action.LEAVE_OUT),
    FindingKind.PLACEHOLDER: Treatment("Unfilled placeholders", _HIGH, Action.LEAVE_OUT),
    FindingKind.EMPTY: Treatment("Says nothing", _HIGH, Action.LEAVE_OUT),
    FindingKind.CUT_SHORT: Treatment("Cut short", _HIGH, Action.LEAVE_OUT),
    FindingKind.REPEATS: Treatment("Repeats the question", _HIGH, Action.LEAVE_OUT),
    FindingKind.MALFORMED: Treatment("Refused lines", _HIGH, Action.LOOK),
    FindingKind.EXACT_DUPLICATE: Treatment("Copies", _MEDIUM, Action.KEEP_ONE),
    FindingKind.NEAR_EXACT_DUPLICATE: Treatment("Almost copies", _MEDIUM, Action.KEEP_ONE),
    FindingKind.NEAR_DUPLICATE: Treatment("Nearly the same", _MEDIUM, Action.KEEP_ONE),
    FindingKind.REFUSAL: Treatment("Refusals", _MEDIUM, Action.LEAVE_OUT),
    FindingKind.SELF_REFERENCE: Treatment("Speaks as an AI", _MEDIUM, Action.LEAVE_OUT),
    FindingKind.TOXIC: Treatment("Possibly abuse", _MEDIUM, Action.LOOK),
    FindingKind.LANGUAGE: Treatment("Another language", _MEDIUM, Action.LEAVE_OUT),
    FindingKind.LABELS: Treatment("Labels written differently", _MEDIUM, Action.LOOK),
    FindingKind.FORMAT: Treatment("Another format", _MEDIUM, Action.LOOK),
    FindingKind.ROLE_ORDER: Treatment("Order of roles", _MEDIUM, Action.LOOK),
    FindingKind.ONE_WORD: Treatment("One word", _MEDIUM, Action.LOOK),
    FindingKind.TOO_LONG: Treatment("Too long", _MEDIUM, Action.LOOK),
    FindingKind.SPACES: Treatment("Stray spaces", _INFO, Action.LOOK),
    FindingKind.FAMILY: Treatment("One template", _INFO, Action.LOOK),
    FindingKind.PAIR_LENGTH: Treatment("Length decides", _INFO, Action.LOOK),
    FindingKind.LANGUAGE_MIX: Treatment("Languages", _INFO, Action.LOOK),
    FindingKind.VARIETY: Treatment("Several answers on purpose", _INFO, Action.LOOK),
    FindingKind.MEANING: Treatment("Alike in meaning", _INFO, Action.LOOK),
}


@dataclass(frozen=True, slots=True)
class Group:
    """Rows that belong together; `rows` are row numbers, `lines` their lines in the file, in file order.

    `reason` says in words why they belong together, where that needs saying; `grade` how much this group matters, where
    that differs from group to group; `likeness` how much each row is like the first (0 to 1), where that was measured.
    """

    rows: tuple[int, ...]
    lines: tuple[int, ...]
    reason: str = ""
    grade: Grade | None = None
    likeness: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A place in a row: which message (from 0), from which character to which (end excluded), and what stands there."""

    row: int
    message: int
    start: int
    end: int
    note: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One kind of problem: how many rows it touches, why it matters in one sentence, and which rows they are.

    For copies `count` leaves out the one of each group that is kept, so it is the number of rows that are too many.
    `marks` are examples of the places meant, not all of them. `graded` is the grade, where it is known without looking
    at every group.
    """

    kind: FindingKind
    title: str
    count: int
    why: str
    groups: Sequence[Group]
    marks: tuple[Mark, ...] = ()
    graded: Grade | None = field(default=None, compare=False, repr=False)

    @property
    def grade(self) -> Grade:
        """That of its gravest group, or of its kind where the groups have none."""
        if self.graded:
            return self.graded
        grades = [group.grade for group in self.groups if group.grade]
        return min(grades, key=list(Grade).index) if grades else TREATMENTS[self.kind].grade


def by_weight(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in the order in which to look at them: by grade, then by the order of TREATMENTS."""
    grades, kinds = list(Grade), list(TREATMENTS)
    return sorted(findings, key=lambda finding: (grades.index(finding.grade), kinds.index(finding.kind)))
