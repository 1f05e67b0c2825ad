"""Chat: talk with the base and any checkpoint beside each other; nothing of it counts for a verdict."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from studio.data.rows import load_rows
from studio.domain.errors import DatasetError, RunError
from studio.domain.job import Job, JobKind, JobState, Wish
from studio.domain.talk import AnswerSettings, Contestant, End, Exchange, Pane, Turn, as_lines, as_markdown, history
from studio.flows import models, talks, train
from studio.flows.studio import Studio
from studio.store import jobs
from studio.store.ids import new_id
from studio.store.jobs.line import STOPPED_IN_TIME
from studio.store.workspace import slug

KEY = "chat"  # there is one worker for all talks: it goes, and comes again
KEPT_WARM = 300.0  # seconds for which the model stays in memory after the last answer
ROWS_READ = 2000
LONGEST_MESSAGE = 200_000
OTHER_WORK = {
    JobKind.GENERATE: "the answers of a comparison",
    JobKind.PROBE: "a try of two steps",
    JobKind.LOCAL_OPINION: "a model that judges answers",
}


@dataclass(frozen=True, slots=True)
class Setup:
    """Who is asked and how: the keys of contestants of a model, what they are told first, and the settings."""

    model_id: str
    panes: tuple[str, ...]
    instructions: str = ""
    settings: AnswerSettings = field(default_factory=lambda: AnswerSettings.model_validate({}))


@dataclass(frozen=True, slots=True)
class Look:
    """A talk as it is now: its turns, the worker behind it, and the names of what goes before it."""

    exchanges: list[Exchange]
    job: Job | None
    ahead: list[str]

    @property
    def last(self) -> Exchange | None:
        return self.exchanges[-1] if self.exchanges else None

    @property
    def is_open(self) -> bool:
        """Whether the last message is still to be answered, or answered to its end."""
        return self.last is not None and self.last.is_open

    @property
    def is_alive(self) -> bool:
        """Whether more will come without anybody doing anything."""
        return self.is_open and self.job is not None and self.job.is_live

    @property
    def can_start(self) -> bool:
        """Whether an answer is owed and nobody is there to give it."""
        if self.last is None or (self.job is not None and self.job.is_live):
            return False
        return self.is_open or any(answer.end in (End.LEFT, End.CUT) for answer in self.last.answers)

    @property
    def has_gone(self) -> bool:
        """Whether the worker went otherwise than by having nothing to do, or by being called off before it came."""
        if self.job is None or self.job.is_live or self.last is None:
            return False
        return self.can_start or not (self.job.result.get("idle") or self.job.message == STOPPED_IN_TIME)


def screen_talk(model_id: str | None) -> str:
    """The talk that everybody sees who looks at this model."""
    if not model_id:
        raise RunError("No model is chosen.", fix="Choose one above, then try again.")
    return f"talk-{slug(model_id)}"


def new_talk() -> str:
    return new_id("chat")


def contestants(studio: Studio, model_id: str) -> list[Contestant]:
    """The base, and every checkpoint of every run of a model, the newest run first."""
    found = [Contestant()]
    runs = train.runs(studio, model_id=model_id)
    saved = train.saved_of(studio, [run.id for run in runs])
    for run in runs:
        if kept := [each for each in saved[run.id] if not each.harm]:
            best = min(kept, key=lambda checkpoint: (checkpoint.validation_loss, checkpoint.step)).step
            found += [
                Contestant(run_id=run.id, run=run.name, step=each.step, sha256=each.sha256, is_best=each.step == best)
                for each in kept
            ]
    return found


def usual_choice(studio: Studio, model_id: str, run_id: str | None) -> str | None:
    """The checkpoint that people most likely want to talk with: that of this run which is used, or of the newest."""
    can_talk = dict.fromkeys(each.run_id for each in contestants(studio, model_id) if each.run_id)
    run = run_id if run_id in can_talk else next(iter(can_talk), None)
    return f"{run}:{train.checkpoint_at(studio, run, None).step}" if run else None


def usual_instructions(studio: Studio, dataset_id: str | None) -> str:
    """The instructions that most rows begin with, as far as rows spread over the dataset tell; else none."""
    if dataset_id is None:
        return ""
    try:
        rows = load_rows(studio.workspace.dataset(dataset_id))
    except (FileNotFoundError, DatasetError):  # it is still being read
        return ""
    chosen = range(0, len(rows), max(1, len(rows) // ROWS_READ))
    told = Counter(row.messages[0].content for row in rows.only(chosen) if row.messages[0].role == "system")
    text, count = next(iter(told.most_common(1)), ("", 0))
    return text if 2 * count > len(chosen) else ""


def settings_of(values: Mapping[str, object]) -> AnswerSettings:
    """Settings that hold; RunError names the first that is out of its bounds."""
    try:
        return AnswerSettings.model_validate(values)
    except ValidationError as error:
        detail = error.errors()[0]
        name = str(detail["loc"][0])
        known = AnswerSettings.model_fields.get(name)
        title = known.title if known else name
        raise RunError(f"{title}: {detail['msg'].lower()}.", fix="Change it under Settings.", field=name) from error


def ask(studio: Studio, talk: str, text: str, setup: Setup) -> Turn:
    """Put a message to every pane and return at once; `look` tells what they answer."""
    said = talks.exchanges(studio, talk)
    _must_be_free(said)
    if not text.strip():
        raise RunError("There is no message.", fix="Type what a user would write.", field="message")
    if len(text) > LONGEST_MESSAGE:
        raise RunError(
            f"The message has {len(text):,} letters, more than any model here reads at once.",
            fix=f"Keep it below {LONGEST_MESSAGE:,}.",
            field="message",
        )
    number = said[-1].turn.number + 1 if said else 1
    turn = _turn(studio, said, number, text, setup)
    talks.hand_in(studio, talk, turn)
    _serve(studio)
    return turn


def again(studio: Studio, talk: str, setup: Setup) -> Turn:
    """Ask the last message once more, with what is chosen now; the new answers take the place of the old ones."""
    said = talks.exchanges(studio, talk)
    _must_be_free(said)
    if not said:
        raise RunError("Nothing has been asked yet.", fix="Type a message first.")
    last = said[-1].turn
    turn = _turn(studio, said[:-1], last.number, last.text, setup)
    talks.hand_in(studio, talk, turn, anew=True)
    _serve(studio)
    return turn


def start(studio: Studio, talk: str) -> None:
    """Start the worker again, and have it answer what is still owed, as it was asked."""
    said = talks.exchanges(studio, talk)
    if said and not said[-1].is_open:
        talks.hand_in(studio, talk, said[-1].turn, anew=True)
    _serve(studio)


def stop(studio: Studio, talk: str) -> None:
    """Nobody wants more of the last answer; what is there of it stays."""
    said = talks.exchanges(studio, talk)
    if not said or not said[-1].is_open:
        return
    talks.ask_to_stop(studio, talk, said[-1].turn)
    job = service(studio)
    if job is None or job.state is not JobState.RUNNING:
        talks.take_back(studio, talk, said[-1].turn)
        if job is not None and job.state is JobState.QUEUED and not talks.is_waiting(studio):
            jobs.wish(studio.store, job.id, Wish.STOP)


def clear(studio: Studio, talk: str) -> None:
    """Begin anew: whatever was said is gone, also from the disk."""
    stop(studio, talk)
    talks.clear(studio, talk)


def look(studio: Studio, talk: str) -> Look:
    """The talk as it is now. A message that came just as the worker left for want of work brings it back."""
    said, job = talks.exchanges(studio, talk), service(studio)
    is_owed = bool(said) and said[-1].is_open
    if is_owed and job is not None and job.state is JobState.STOPPED and job.result.get("idle"):
        job = _serve(studio)
    is_away = job is not None and job.state is not JobState.RUNNING
    return Look(said, job, _ahead(studio) if is_away else [])


def _ahead(studio: Studio) -> list[str]:
    """What has the place that the chat needs, or comes to have it before: runs by name, the first of them first."""
    runs = [run.name for run in reversed(train.runs(studio, live=True))]
    return [*runs, *(OTHER_WORK[job.kind] for job in jobs.live(studio.store, kinds=OTHER_WORK))]


def service(studio: Studio) -> Job | None:
    """The job of the worker that answers; None before anybody has asked anything."""
    return jobs.by_key(studio.store, kind=JobKind.CHAT, key=KEY)


def told(studio: Studio, talk: str, *, kind: str) -> str:
    """The talk as a file: jsonl or md."""
    makers = {"jsonl": as_lines, "md": as_markdown}
    if kind not in makers:
        raise RunError("A talk comes as jsonl or md.", fix="Choose one of the two.")
    said = talks.exchanges(studio, talk)
    if not said:
        raise RunError("There is nothing in this talk.", fix="Ask something first.")
    return makers[kind](said)


def _must_be_free(said: Sequence[Exchange]) -> None:
    if said and said[-1].is_open:
        raise RunError("The last message is still being answered.", fix="Wait for the answer, or stop it.")


def _turn(studio: Studio, said: Sequence[Exchange], number: int, text: str, setup: Setup) -> Turn:
    model = models.usable(studio, setup.model_id)
    known = {each.key: each for each in contestants(studio, setup.model_id)}
    if not setup.panes:
        raise RunError("Nobody is asked.", fix="Choose the base or a checkpoint.")
    read = [history(said, place, instructions=setup.instructions, text=text) for place in range(len(setup.panes))]
    return Turn(
        number=number,
        text=text,
        at=time.time(),
        model=str(model.path),
        model_id=model.id,
        model_title=model.title,
        settings=setup.settings,
        panes=tuple(_pane(studio, known.get(key), told) for key, told in zip(setup.panes, read, strict=True)),
    )


def _pane(studio: Studio, who: Contestant | None, read: tuple[tuple[str, str], ...]) -> Pane:
    if who is None:
        raise RunError("A checkpoint that was chosen is not there any more.", fix="Choose another one of the list.")
    if who.run_id is None or who.step is None:
        return Pane(who=who, history=read)
    path = train.checkpoint_at(studio, who.run_id, who.step).path
    return Pane(who=who, weights=str(studio.workspace.run(who.run_id) / path), history=read)


def _serve(studio: Studio) -> Job:
    """Have a worker there for what waits; one that is there already takes it up by itself."""
    spec = {"inbox": str(studio.workspace.chat_inbox), "idle": KEPT_WARM}
    job = jobs.submit(studio.store, kind=JobKind.CHAT, subject_id=KEY, spec=spec, key=KEY)
    return job if job.is_live else jobs.requeue(studio.store, job.id)
