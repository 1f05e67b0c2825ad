"""Advice: how ready a dataset is to train on, what to expect of so many rows, and what is most worth mending."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from studio.domain.dataset import TEXT_TRAINING
from studio.domain.fields import Field
from studio.domain.finding import TREATMENTS, Action, Finding, FindingKind, Grade
from studio.domain.reading import Reading, Tone
from studio.domain.topics import Topics

FEWEST_ROWS, SOME_ROWS, MANY_ROWS, VERY_MANY_ROWS = 50, 200, 1_000, 10_000
FEWEST_TEST = 20
UNEVEN, HALF = 5, 0.5  # times as many rows of the commonest kind as of the rarest; share of the rows
NAMED = 2
# How much a finding weighs before its share of the rows (0 to 1) is added. What can do harm outside weighs most; a
# kind that teaches something wrong for sure needs a third of the rows less than one that only may.
BASE = {Grade.HIGH: 0.4, Grade.MEDIUM: 0.1, Grade.INFO: 0.0}
HARMFUL = {FindingKind.SECRET: 0.8, FindingKind.PERSONAL: 0.6}
LEAST = 0.1
DONE_ALREADY = (FindingKind.EXACT_DUPLICATE, FindingKind.NEAR_EXACT_DUPLICATE)  # one is kept without being asked
TO_DO = {
    Action.MASK: "mask, or leave out",
    Action.LEAVE_OUT: "leave out, or write anew",
    Action.KEEP_ONE: "keep one of each, if that is enough",
    Action.LOOK: "worth a look",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What is known of a dataset that may be trained on.

    `train` and `test` count rows as they are dealt, `cut_rows` and `partial_rows` those that a model could not be shown
    whole. `touched` tells how many rows of a kind of finding are still in use, where some were left out; other kinds
    count as they were found. `fields` and `topics` count the rows as they were read.
    """

    rows: int
    lines: int
    train: int
    test: int
    findings: Sequence[Finding] = ()
    touched: Mapping[FindingKind, int] = field(default_factory=dict)
    fields: Sequence[Field] = ()
    topics: Topics | None = None
    cut_rows: int = 0
    partial_rows: int = 0
    keeps_copies: bool = False
    is_text: bool = False


@dataclass(frozen=True, slots=True)
class Issue:
    """Something worth mending: how much it weighs, what it is, and what to do about it."""

    weight: float
    what: str
    to_do: str


@dataclass(frozen=True, slots=True)
class Advice:
    """At most five sentences, title included, and the issues that they name."""

    reading: Reading
    first: tuple[Issue, ...]


def advise(situation: Situation) -> Advice:
    """How ready the rows are: the title, what to expect, how uneven they are, and the two things most worth mending."""
    issues = sorted(_issues(situation), key=lambda issue: -issue.weight)
    first = tuple(issue for issue in issues if issue.weight >= LEAST)[:NAMED]
    sentences = [expectation(situation.train), imbalance(situation), *_to_mend(first)]
    title, tone = _title(situation, first)
    return Advice(Reading(tone, title, " ".join(sentence for sentence in sentences if sentence)), first)


def expectation(train: int) -> str:
    """What so many training rows can be expected to teach.

    The bounds are those of published reports, rounded: a clear change from 50 to 100 rows on (OpenAI's guide to
    fine-tuning); style and format from 1,000 well-chosen ones (LIMA, Zhou et al. 2023); 9,000 good rows that beat
    450,000 others (QLoRA, Dettmers et al. 2023), or the 52,000 they were chosen from (AlpaGasus, Chen et al. 2023).
    Most were measured on larger models than those here, and no number is a promise.
    """
    said = f"{train:,} training {'row is' if train == 1 else 'rows are'}"
    if train < FEWEST_ROWS:
        return f"{said} few: others report a clear change from 50 to 100 on, and below that mostly a copied format."
    if train < SOME_ROWS:
        return f"{said} often enough for a fixed format or tone, seldom for anything that varies."
    if train < MANY_ROWS:
        return f"{said} usually enough for a format, a tone or a few labels, and not for new facts."
    if train < VERY_MANY_ROWS:
        return f"{said} usually enough for a style, or a task of many kinds; better rows now do more than further ones."
    return f"{said} plenty: the best fifth of them may teach as much as all."


def imbalance(situation: Situation) -> str:
    """How unevenly labels or topics are spread, in a sentence; nothing where they are even or there are none."""
    found = max(_spreads(situation), key=lambda spread: spread.most / spread.least, default=None)
    if found is None or found.most < UNEVEN * found.least:
        return ""
    share = found.most / found.rows
    meaning = "the model will lean to the first" if share >= HALF else "the model may miss the rare ones"
    return (
        f"Of {found.kinds} {found.title}, “{found.commonest}” has {100 * share:.0f} % of the rows and “{found.rarest}” "
        f"{found.least:,}: {meaning}."
    )


@dataclass(frozen=True, slots=True)
class _Spread:
    """How many rows the commonest and the rarest of some kinds have."""

    title: str
    kinds: int
    rows: int
    commonest: str
    most: int
    rarest: str
    least: int


def _spreads(situation: Situation) -> Iterator[_Spread]:
    for labels in situation.fields:
        if labels.has_labels and 1 < labels.values <= len(labels.common):
            yield _spread(f"values of {labels.title}", labels.common)
    if situation.topics and len(situation.topics.topics) > 1:
        yield _spread("topics", [(topic.name, topic.rows) for topic in situation.topics.topics])


def _spread(title: str, counts: Sequence[tuple[str, int]]) -> _Spread:
    (commonest, most), (rarest, least) = counts[0], counts[-1]
    return _Spread(title, len(counts), sum(count for _, count in counts), commonest, most, rarest, least)


def _issues(situation: Situation) -> Iterator[Issue]:
    rows = max(situation.rows, 1)
    for finding in situation.findings:
        treatment = TREATMENTS[finding.kind]
        left = situation.touched.get(finding.kind, finding.count)
        is_done = finding.kind in DONE_ALREADY and not situation.keeps_copies
        if not left or is_done or finding.grade is Grade.INFO:
            continue
        is_whole = left == finding.count
        whole = situation.lines if finding.kind is FindingKind.MALFORMED else rows
        base = HARMFUL.get(finding.kind, BASE[finding.grade])
        what = finding.title if is_whole else f"{treatment.name.lower()} in {left:,} {'row' if left == 1 else 'rows'}"
        yield Issue(base + min(left / max(whole, 1), 1), what, TO_DO[treatment.action])
    for count, what, to_do in (
        (situation.cut_rows, "too long for the advised cut-off", "shorten, or raise the cut-off"),
        (situation.partial_rows, "not whole in this model's template", "choose another model, or leave out"),
    ):
        if count:
            said = f"{count:,} {'row is' if count == 1 else 'rows are'} {what}"
            yield Issue(BASE[Grade.MEDIUM] + count / rows, said, to_do)
    if situation.test < FEWEST_TEST and not situation.is_text:  # of plain text nothing is judged
        said = f"the test has only {situation.test:,} {'row' if situation.test == 1 else 'rows'}"
        yield Issue(0.35, said, "hold more rows out, or add some, for a verdict that means something")


def _to_mend(first: Sequence[Issue]) -> Iterator[str]:
    for issue, lead in zip(first, ("Most worth mending", "Then"), strict=False):
        yield f"{lead}: {issue.what[0].lower()}{issue.what[1:].rstrip('.')} ({issue.to_do})."


def _title(situation: Situation, first: Sequence[Issue]) -> tuple[str, Tone]:
    if situation.train < 1 or situation.test < 1:
        return "Not ready to train on yet.", Tone.BAD
    if first and first[0].weight >= BASE[Grade.HIGH]:
        return "Usable once the worst is mended.", Tone.WARNING
    if first:
        return "Usable, with a few things to look at.", Tone.WARNING
    return f"Ready to train on.{f' {TEXT_TRAINING}' if situation.is_text else ''}", Tone.GOOD
