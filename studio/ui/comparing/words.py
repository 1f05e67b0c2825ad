"""Words of Compare: what would be frozen, what was, and how the writing goes; never who leads."""

from collections.abc import Mapping, Sequence
from html import escape

from studio.domain.access import NEEDS, Right
from studio.domain.contest import Turns
from studio.domain.errors import StudioError
from studio.domain.gate import Gate, SqlResult, read_gates
from studio.domain.protocol import BASE_SINCE, Opponent, Rival, bar_sentence
from studio.domain.reading import Reading, Tone
from studio.domain.row import Message, Row
from studio.domain.sampling import Sampling
from studio.domain.study import TUNED, Ask, Card, Study, StudyState
from studio.flows.compare import StudyProgress
from studio.flows.draft import Draft
from studio.store.acting import may
from studio.ui.comparing.gates import titled
from studio.ui.parts import copying, html, talk
from studio.ui.rating import card as rating
from studio.verdict.rule import FEWEST_DECISIVE

UNWRITTEN = (StudyState.WRITING, StudyState.FAILED)
OPENED = "What was asked then is no longer new, so each further comparison on it needs more evidence: see what it takes below."
LOUD = 0.5  # of the answers that are the same with and without the training


def draft(made: Draft, *, checkpoints: int = 1) -> str:
    """What would be frozen: how much work, what it can settle, how much evidence it takes, and what stands against it."""
    if made.objections:
        return "".join(map(objection, made.objections))
    figures = [
        html.Figure("Ratings", f"{made.ratings:,}", _shared(made)),
        html.Figure("Time to rate", f"about {made.minutes:,} min", "at half a minute each, shared by all raters"),
        html.Figure("Evidence to ship", f"{made.protocol.bar:,.0f} to 1", _opened(made.protocol.opening)),
    ]
    opened = Tone.WARNING if made.protocol.opening > 1 else Tone.QUIET
    said = [Reading(opened, "What it takes.", made.bar), Reading(Tone.QUIET, "What it can settle.", made.plan)]
    said += [Reading(Tone.WARNING, "Note.", made.bars(checkpoints))] if checkpoints > 1 else []
    said += [Reading(Tone.WARNING, "Note.", warning) for warning in made.warnings]
    told = html.cards(figures) + "".join(map(html.reading, said)) + rater_page(made)
    return f'<div class="drafted">{told}</div>'


def _opened(opening: int) -> str:
    """Whether these prompts are new, which is what the evidence depends on."""
    if opening == 1:
        return "these prompts are new"
    return f"these prompts were opened {'once' if opening == 2 else f'{opening - 1} times'} before"


def _shared(made: Draft) -> str:
    """What the ratings are made of."""
    pairs = html.count(made.first, "pair")
    if not made.again:
        return f"one for each of {pairs}"
    return f"{pairs}; {made.again:,} of them once more, by a second person"


def rater_page(made: Draft) -> str:
    """What a rater will see, with words in the place of prompt and answers; sealed rows are shown to nobody here."""
    card = Card(
        id="",
        question=made.protocol.criterion,
        prompt=(Message("user", "The prompt stands here, word for word as the models get it."),),
        left="One answer stands here.",
        right="The other answer stands here; which is which, nobody is told.",
        position=1,
        total=made.first,
        rated=0,
        seconds_left=None,
        together=0,
        needed=made.ratings,
        rubric=made.protocol.rubric,
    )
    return f"<details><summary>Preview a rater's page</summary>{rating.head(card)}{rating.body(card)}</details>"


def objection(error: StudioError) -> str:
    """Why it cannot be frozen, beside the name of the field that is meant."""
    return html.reading(Reading(Tone.BAD, f"{FIELDS.get(error.field, 'Comparison')}:", error.sentence))


FIELDS: Mapping[str, str] = {
    "prompts": "Prompts",
    "cap": "Prompts",
    "own": "Your own prompts",
    "opponents": "Against",
    "examples": "Examples",
    "instructions": "Best prompt",
    "candidate": "Checkpoints",
    "criterion": "Question to the raters",
    "rubric": "Rubric",
    "margin": "Margin",
    "twice": "Rated twice",
    "identical": "Identical pairs",
}


def sealed(number: int, name: str, *, is_opened: bool = False) -> str:
    """What there is to compare on; after a comparison `is_opened`."""
    if is_opened and number >= FEWEST_DECISIVE:
        return html.reading(Reading(Tone.QUIET, f"{name} was compared before.", OPENED))
    title = f"{html.count(number, 'test row')} of {name} {'is' if number == 1 else 'are'} sealed."
    said = Reading(
        Tone.QUIET,
        title,
        "Training never saw them. Once this is frozen, every model answers the same ones, before anybody rates.",
    )
    if number < FEWEST_DECISIVE:
        fix = f"To ship takes at least {FEWEST_DECISIVE}. Hold out more on Inspect, or bring more examples, and train again."
        said = Reading(Tone.WARNING, f"{title[:-1]}: too few for a verdict.", fix)
    return html.reading(said)


def situation(study: Study, far: StudyProgress) -> Reading:
    """Where the comparison is, without a word on who leads."""
    if study.state in UNWRITTEN and study.job.is_live:
        return Reading(
            Tone.QUIET,
            "The answers are being written.",
            "Every contestant answers every prompt beforehand, so that nothing about timing can tell them apart. "
            "Meanwhile the raters' links can be made below: their page waits for the answers by itself.",
        )
    if study.state in UNWRITTEN:
        return Reading(Tone.BAD, "The answers were not all written.", f"{study.job.message} {study.job.fix}".strip())
    if study.state is StudyState.CLOSED:
        return Reading(Tone.GOOD, "Closed.", "The verdict is there.")
    if far.rated == far.total and (missing := far.twice - far.again) > 0:
        left = f"{html.count(missing, 'second rating')} by another person {'is' if missing == 1 else 'are'} missing."
        return Reading(
            Tone.GOOD,
            "Every pair has been rated.",
            f"{left} They show whether people agree; wait for them, or close the rating to see the verdict.",
        )
    if far.rated == far.total:
        return Reading(Tone.GOOD, "Everything has been rated.", "Close the rating to see the verdict.")
    return Reading(Tone.QUIET, "Open for rating.", "All scores stay hidden until it is closed, from you too.")


def identical(study: Study) -> str:
    """A loud warning where training changed few answers or none; nobody should rate what is the same."""
    same, compared = (study.job.result.get(name, 0) for name in ("identical", "compared"))
    if not compared or study.state in UNWRITTEN or same < LOUD * compared:
        return ""
    if same == compared:
        title = f"All {html.count(compared, 'fine-tuned answer')} equal the base model's."
        fix = "There is nothing to judge: the adapter may not be what you think, or training changed nothing. Train again."
        return html.reading(Reading(Tone.BAD, title, fix))
    title = f"{same:,} of {html.count(compared, 'fine-tuned answer')} equal the base model's."
    return html.reading(Reading(Tone.WARNING, title, "Raters can only call these equally good; train longer first."))


def unfinished(study: Study) -> str:
    """A warning before anybody rates where answers were cut off or are empty, by who gave them."""
    if study.state in UNWRITTEN:
        return ""
    said = [
        f"{_who(who)} {counts['cut']:,} of {counts['of']:,} cut off, {counts['empty']:,} empty"
        for who, counts in study.job.result.get("unfinished", {}).items()
    ]
    if not said:
        return ""
    most = study.protocol.sampling.max_new_tokens
    fix = f"Raters judge them as they stand. If that is not what you mean, allow more than {most:,} tokens and freeze anew."
    return html.reading(Reading(Tone.WARNING, f"Not every answer came to its end: {'; '.join(said)}.", fix))


def thought(study: Study) -> str:
    """How many answers began with thoughts, which nobody sees who rates."""
    if study.state in UNWRITTEN or not (began := study.job.result.get("thought", 0)):
        return ""
    title = f"{began:,} of {html.count(study.job.result['answers'], 'answer')} began with thoughts."
    return html.reading(Reading(Tone.QUIET, title, "They are left out: raters and gates see what was said after them."))


def _who(contestant: str) -> str:
    return "the fine-tuned model" if contestant == TUNED else Rival(contestant).title


def progress(study: Study, far: StudyProgress) -> str:
    if study.state in UNWRITTEN:
        job = study.job
        total = job.total or len(study.protocol.prompts) * len(study.contestants)
        left = f"about {html.duration(job.seconds_left)} left" if job.seconds_left is not None else job.message
        words = left if job.is_live else ""  # how it ended is told above it
        return html.bar(job.done / total, f"{job.done:,} of {total:,} answers written", words)
    again = f", {far.again:,} of {far.twice:,} a second time" if far.twice else ""
    words = f"{far.rated:,} of {html.count(far.total, 'pair')} rated{again}"
    return html.bar((far.rated + far.again) / (far.total + far.twice), words, html.count(far.raters, "rater"))


def rate_link(token: str, *, is_done: bool = False) -> str:
    """The link for raters; it holds nothing but an opaque token."""
    if not token:
        return '<p class="help">Every invitation was taken back.</p>'
    if not may(Right.RATE):
        return f'<p class="help">The link to rate by is shown to those who may rate. {NEEDS[Right.RATE]}</p>'
    look = "" if is_done else ' class="button"'
    address = f"/rate/?t={token}"
    return (
        f'<a{look} href="{address}" target="_blank" rel="noopener">{"Look at the rating page" if is_done else "Rate now"}</a> '
        f"{copying.address_button('Copy the link for others', address)}"
        '<p class="help">Whoever has the link may rate, on a phone too, and sees nothing else. '
        f"{html.REACH}</p>"
    )


def doubts(far: StudyProgress) -> str:
    """What closing means, and what would stay undone."""
    left = far.total - far.rated
    said = [
        f"{html.count(left, 'pair')} {'is' if left == 1 else 'are'} not rated." if left else "",
        "Only one person has rated; a second one would show whether others agree." if far.raters == 1 else "",
        "Nobody can rate after this, and the sides become visible. Close it now?",
    ]
    return f'<p class="help">{" ".join(part for part in said if part)}</p>'


def frozen(study: Study, examples: Sequence[Turns] = (), own: Sequence[Ask] = ()) -> str:
    """What was fixed before the first rating, with every contestant as it was asked, and people's own prompts."""
    protocol = study.protocol
    opponents = sorted(protocol.opponents, key=lambda each: list(Rival).index(each.rival))
    theirs = f", {protocol.own_prompts:,} of them somebody's own (marked)" if protocol.own_prompts else ""
    more, each = len(protocol.prompts) - protocol.cap, " against each opponent" if len(opponents) > 1 else ""
    spare = f"; {more:,} more for the identical pairs" if more > 0 else ""
    twice = f"{html.percent(protocol.twice)} of the pairs by a second person" if protocol.twice else "no pair twice"
    same = html.count(protocol.identical, "pair") if protocol.identical else "none"
    rows = [
        ("Judged", f"the fine-tuned model, checkpoint of step {study.checkpoint_step:,}"),
        ("Against", "; ".join(opponent.rival.title for opponent in opponents)),
        ("Prompts", f"{protocol.cap:,}{each}{theirs or ', all of them sealed test rows'}{spare}"),
        ("Question", protocol.criterion),
        (
            "Rated",
            f"{twice}; {same} with one answer on both sides{', which decide nothing' if protocol.identical else ''}",
        ),
        ("Answers", f"{way(protocol.sampling)}; the same for everybody"),
        ("To ship", to_ship(study)),
        ("Opening", bar_sentence(protocol.opening)),
        *([("Gates", "; ".join(map(gate_words, read_gates(protocol.gates))))] if protocol.gates else []),
        *([("Masked words", ", ".join(protocol.masked))] if protocol.masked else []),
        ("Base model", base_files(study)),
        ("Fingerprint", study.fingerprint),
    ]
    rubric = (
        f"<details><summary>Rubric</summary><pre>{escape(protocol.rubric)}</pre></details>" if protocol.rubric else ""
    )
    told = "".join(contestant(opponent, examples) for opponent in opponents)
    table = html.facts(rows)
    marked = own_prompts(own) if own else ""
    return f'<div class="panel"><h3>Frozen before the first rating</h3>{table}{rubric}{told}{marked}</div>'


def base_files(study: Study) -> str:
    """By which hash the base is known, and since when."""
    protocol = study.protocol
    if protocol.candidate.base:
        return f"{protocol.candidate.model}, files {protocol.candidate.base[:16]}"
    if written := study.job.result.get("base_sha256"):
        return f"{protocol.candidate.model}, files {written[:16]}, hashed when the answers were written"
    if protocol.format < BASE_SINCE or study.state not in UNWRITTEN:
        return f"{protocol.candidate.model or 'as the run has it'}; its files were not hashed"
    return f"{protocol.candidate.model}; its files are hashed when the answers are written"


def gate_words(gate: Gate) -> str:
    """A frozen gate: its name, whether it is needed, and the files that it asks."""
    needed = "needed to ship" if gate.is_required else "shown only"
    files = f", on {', '.join(gate.databases)}" if isinstance(gate, SqlResult) else ""
    return f"{titled(gate)} ({needed}{files})"


def own_prompts(own: Sequence[Ask]) -> str:
    """People's own prompts, marked as such; sealed ones are listed nowhere before the verdict."""
    listed = html.table(["Prompt", "From"], [[html.Cell(ask.question, written=True), "● own"] for ask in own])
    return f"<details><summary>{html.count(len(own), 'prompt')} of your own, marked</summary>{listed}</details>"


def to_ship(study: Study) -> str:
    protocol = study.protocol
    wins = html.percent(0.5 + protocol.margin)
    each = (
        "each opponent"
        if len(protocol.opponents) > 1
        else "".join(opponent.rival.title for opponent in protocol.opponents)
    )
    return (
        f"preferred to {each} in more than {wins} of the ratings with a preference, with evidence of at least "
        f"{protocol.bar:,.0f} to 1 that this is no luck"
    )


def way(sampling: Sampling) -> str:
    drawn = f"temperature {sampling.temperature:g}, seed {sampling.seed}"
    chosen = "the most likely words (no chance)" if sampling.temperature == 0 else drawn
    return f"at most {sampling.max_new_tokens} tokens, {chosen}"


def contestant(opponent: Opponent, examples: Sequence[Turns]) -> str:
    """What an opponent is told and shown, to be opened."""
    if opponent.rival is Rival.PROMPT:
        told = f"<pre>{escape(opponent.instructions)}</pre>"
        return f"<details><summary>The best prompt</summary>{told}</details>"
    if opponent.rival is Rival.FEW_SHOT:
        shown = pairs(examples) or f'<p class="help">{html.count(len(opponent.examples), "training row")}.</p>'
        words = html.count(len(opponent.examples), "example")
        return f"<details><summary>The {words} in the prompt, all of them training rows</summary>{shown}</details>"
    return ""


def pairs(examples: Sequence[Turns]) -> str:
    """Examples as people read them."""
    return "".join(talk.bubbles([Row(number, number + 1, turns)]) for number, turns in enumerate(examples))
