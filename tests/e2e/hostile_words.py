"""A workspace in which every text that somebody can give is an attack; filled by the flows, without training anything."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from studio.domain.access import Mode, Role, Scope
from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.judge import endpoint
from studio.domain.protocol import Opponent, Rival
from studio.domain.recipe import Recipe
from studio.domain.release import Form
from studio.domain.run import Run
from studio.domain.split import SplitChoices
from studio.domain.study import Choice, Study
from studio.domain.verdict import Decision
from studio.flows import (
    bring,
    chat,
    compare,
    decide,
    deleted,
    inspect,
    invite,
    judge,
    keys,
    logbook,
    mend,
    models,
    opinion,
    people,
    sharing,
    signing,
    split,
    train,
)  # fmt: skip
from studio.flows.chat import Setup
from studio.flows.draft import Wanted
from studio.flows.judge import Vote
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import jobs, releases
from studio.store.ids import new_id
from studio.worker import carry_out
from tests.judged import Listener
from tests.saved import save_checkpoint
from tests.store.examples import Examples

FOREIGN = "attack.invalid"
# Every element that an attack makes has this attribute, and every script of one sets this variable.
MARK, SET = "data-attack", "attacked"
SHORT = f"<img {MARK} src=x onerror={SET}=1>"
ATTACKS = (
    SHORT, f"<script {MARK}>{SET}=1</script>", f"<svg {MARK} onload={SET}=1>", f"\"'><b {MARK} onmouseover='{SET}=1'>",
    f"<a {MARK} href='javascript:{SET}=1'>press</a>", f"[press](javascript:{SET}=1)", f"[look](https://{FOREIGN}/l)",
    f"![seen](https://{FOREIGN}/pixel.png)", f"<iframe {MARK} src=https://{FOREIGN}/f>", f"https://{FOREIGN}/plain",
    f"<style {MARK}>*{{display:none}}</style>", "</div></td></table><!-- <textarea><b>", "{{7*7}} {% raw %} ${7*7}", "&lt;b&gt;",
    f"<{MARK}", "\u202eright to left\u202c", "e\u0301" + "\u0301" * 40, "W" * 300, "\x1b[31m", "\u2028", "<!--",
)  # fmt: skip
LONG = "\n".join(ATTACKS)
ROWS, PROMPTS = 40, 12
LABELS = "category: {}\npriority: low"


def said(place: str) -> str:
    """What is written in one place, short enough for a name."""
    return f"{place} {SHORT}"


def much(place: str) -> str:
    """The same where much may be written."""
    return f"{said(place)}\n{LONG}"


@dataclass(frozen=True, slots=True)
class Attacked:
    """What is in the workspace: two datasets, a run of each kind, an open and a closed comparison, and their addresses."""

    studio: Studio
    dataset: str
    run: str
    failed: str
    open: Study
    closed: Study
    rating: str
    verdict: str
    sign_in: str


def attacked(studio: Studio, folder: Path) -> Attacked:
    """Everything, written by hostile people; no job waits when it is done."""
    dataset = _data(studio, folder)
    run, failed = _trained(studio, dataset), _failed(studio, dataset)
    closed, opened = (_study(studio, run, key) for key in ("closed", "open"))
    for name in ("Rater", "Other"):
        invite.invite(studio, opened.id, said(name))
    rating = judge.named(studio, opened.id, said("Rater")).token
    _judged(studio, closed)
    _opinion(studio, closed)
    _delivered(studio, run)
    _talked(studio, run)
    shown = sharing.share(studio, closed.id, said("Board"))
    return Attacked(
        studio, dataset, run.id, failed.id, opened, compare.study(studio, closed.id), rating, sharing.address(shown),
        _people(studio),
    )  # fmt: skip


def carry_on(studio: Studio, *kinds: JobKind) -> None:
    """Carry out what waits, in this process."""
    while claimed := jobs.claim(studio.store, kinds=kinds):
        job, spec = claimed
        end(studio, job.id, outcome=carry_out(spec, Listener()))


def end(studio: Studio, job_id: str, *, outcome: Any) -> None:
    job = jobs.get(studio.store, job_id)
    assert jobs.move(
        studio.store, job_id, attempt=job.attempt, to=JobState(outcome.state), message=outcome.message, fix=outcome.fix,
        result=outcome.result,
    ), outcome  # fmt: skip


def _data(studio: Studio, folder: Path) -> str:
    """Two files: one is dealt and measured, the other lies in the bin."""
    rows = [
        {"messages": [
            {"role": "system", "content": said("System")}, {"role": "user", "content": f"{number}. {much('Question')}"},
            {"role": "assistant", "content": LABELS.format(said(f"Label {number % 2}"))},
        ]}
        for number in range(ROWS)
    ]  # fmt: skip
    rows += [rows[0], rows[1]]
    refused = [
        json.dumps({"messages": [{"role": said("Role"), "content": much("Refused")}]}),
        f"{{{much('Broken')[:300]}",
    ]
    path = folder / "attack.jsonl"
    path.write_text(
        "".join(json.dumps(row) + "\n" for row in rows) + "\n".join(line.replace("\n", " ") for line in refused)
    )
    made = [bring.bring_file(studio, path, source_name=f"{said(name)}.jsonl") for name in ("File", "Binned")]
    carry_on(studio, JobKind.INGEST)
    deleted.delete(studio, [made[1].id])
    changed = mend.drop(studio, made[0].id, [3], why=said("Because"))
    carry_on(studio, JobKind.EXAMINE, JobKind.INGEST)
    split.choose(studio, changed.id, SplitChoices(held_out=0.6))
    folder = folder / said("Model")
    shutil.copytree(models.model(studio, STARTER).path or "", folder)
    models.add_model(studio, str(folder))
    inspect.look(studio, changed.id, STARTER)
    carry_on(studio, JobKind.MEASURE)
    return changed.id


def _begun(studio: Studio, dataset: str, name: str) -> Run:
    run = train.start(studio, dataset, STARTER, Recipe(epochs=1, rank=8, max_length=2048), name=said(name), key=name)
    claimed = jobs.claim(studio.store, kinds=[JobKind.TRAIN])
    assert claimed is not None and claimed[0].id == run.job.id
    logbook.write(studio, run.id, notes=much("Note"), tags=said("Tag"))
    return train.run(studio, run.id)


def _trained(studio: Studio, dataset: str) -> Run:
    """A run with a checkpoint, and with answers that it gave while it learned."""
    run = _begun(studio, dataset, "Run")
    save_checkpoint(studio.workspace.run(run.id), step=40)
    kept = {
        "step": 40,
        "epoch": 1.0,
        "validation_loss": 1.5,
        "path": "checkpoints/step-40",
        "sha256": "ad" * 32,
        "bytes": 10,
    }
    items = [{"prompt": much("Watched"), "answer": much("Learned")}]
    Examples(studio.store).report(
        run.job, (EventKind.NOTE, {"text": much("Worker")}), (EventKind.ANSWERS, {"step": 40, "items": items}),
        (EventKind.METRIC, {"step": 40, "epoch": 1.0, "loss": 1.6, "validation_loss": 1.5}), (EventKind.CHECKPOINT, kept),
    )  # fmt: skip
    assert jobs.move(studio.store, run.job.id, attempt=run.job.attempt, to=JobState.DONE, message="Trained.")
    return train.run(studio, run.id)


def _failed(studio: Studio, dataset: str) -> Run:
    """A run that ended with what a library said."""
    run = _begun(studio, dataset, "Failed")
    assert jobs.move(
        studio.store,
        run.job.id,
        attempt=run.job.attempt,
        to=JobState.FAILED,
        message=much("Happened"),
        fix=said("Mend"),
    )
    return train.run(studio, run.id)


def _study(studio: Studio, run: Run, key: str) -> Study:
    """A comparison with words of one's own in every place, to which the answers are written."""
    wanted = Wanted(
        opponents=(Opponent(Rival.BASE), Opponent(Rival.PROMPT, much("Instructions"))), cap=PROMPTS,
        own=f"{said('Own')} {LONG}".replace("\n", " ").replace("\u2028", " "), question=said("Criterion"), rubric=much("Rubric"),
        twice=0.0, identical=0,
    )  # fmt: skip
    made = compare.freeze(studio, run.id, wanted, key=key)
    claimed = jobs.claim(studio.store, kinds=[JobKind.GENERATE])
    assert claimed is not None and claimed[0].id == made.job.id
    lines = []
    for ask in map(json.loads, Path(claimed[1]["asks"]).read_bytes().splitlines()):
        who = {"model": STARTER, "adapter_sha256": claimed[1]["adapter_sha256"], "adapter_on": ask["tuned"]}
        named = {name: ask[name] for name in ("key", "set", "contestant")}
        text = f"{len(lines)}. {much('Answer of ' + ask['contestant'])}"
        lines.append(named | {"text": text, "tokens": 3, "cut": False, "identity": who})
    Path(claimed[1]["out"]).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert jobs.move(studio.store, made.job.id, attempt=1, to=JobState.DONE, message="Written.")
    return compare.study(studio, made.id)


def _judged(studio: Studio, study: Study) -> None:
    """Closed, with a comment on every card, and decided otherwise."""
    token = judge.named(studio, study.id, said("Judge")).token
    held = judge.remaining_cards(studio, token)
    choices = (Choice.LEFT, Choice.RIGHT, Choice.BOTH_BAD)
    judge.rate_all(studio, token, [Vote(card.id, choices[n % 3], 9.0, much("Comment")) for n, card in enumerate(held)])
    compare.close(studio, study.id)
    carry_on(studio, JobKind.GATES)
    decide.override(studio, study.id, decision=Decision.SHIP, reason=much("Reason"), by=said("Boss"))


def _opinion(studio: Studio, study: Study) -> None:
    """A model that was asked, and never answered."""
    job = opinion.start(studio, study.id, endpoint("http://127.0.0.1:9/v1", said("Wise")))
    assert jobs.claim(studio.store, kinds=[JobKind.OPINION]) is not None
    assert jobs.move(studio.store, job.id, attempt=1, to=JobState.FAILED, message=said("Silent"), fix=said("Again"))


def _delivered(studio: Studio, run: Run) -> None:
    release_id = new_id("release")
    folder = studio.workspace.release(release_id)
    made = releases.add(
        studio.store, id=release_id, run_id=run.id, run_name=run.name, step=40, form=Form.ADAPTER, path=folder, spec={},
        key=release_id,
    )  # fmt: skip
    folder.mkdir()
    (folder / "adapter_model.safetensors").write_bytes(b"weights")
    assert jobs.claim(studio.store, kinds=[JobKind.EXPORT]) is not None
    files = [{"name": said("Weights"), "bytes": 7, "sha256": "-"}]
    result = {"files": files, "measured": said("Measured")}
    assert jobs.move(studio.store, made.job.id, attempt=1, to=JobState.DONE, result=result)


def _talked(studio: Studio, run: Run) -> None:
    """One message to the base and to the run, and what both said."""
    talk = chat.screen_talk(STARTER)
    chat.ask(studio, talk, much("Message"), Setup(STARTER, ("base", f"{run.id}:40"), much("Told")))
    (entry,) = studio.workspace.chat_inbox.glob("*.json")
    place = Path(json.loads(entry.read_bytes())["turn"])
    told = [{"pane": pane, "end": "whole", "text": much(f"Reply {pane}")} for pane in range(2)]
    place.with_suffix(".said").write_text("".join(json.dumps(line) + "\n" for line in told))
    entry.unlink()
    claimed = jobs.claim(studio.store, kinds=[JobKind.CHAT])
    assert claimed is not None
    assert jobs.move(studio.store, claimed[0].id, attempt=1, to=JobState.STOPPED, result={"idle": True})


def _people(studio: Studio) -> str:
    """Two people with a key and an invitation; what the browser of the first is given."""
    owner = people.add(studio, said("Owner"), Role.OWNER, mode=Mode.PASSWORD, password="seven quiet lanterns")
    people.add(studio, said("Viewer"), Role.VIEWER, mode=Mode.PASSWORD, password="seven quiet lanterns")
    keys.make(studio, owner, said("Key"), Scope.LOOK)
    people.invite(studio, Role.RATER, said("Guest"))
    return signing.begin(studio, owner, address="127.0.0.1", device=said("Browser"))
