"""Measuring: how long answers take, what reference answers cost each model, and tasks, as gates need them."""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from studio.domain.chat import Chat, left_out, parts_of, written
from studio.domain.errors import StudioError
from studio.domain.event import EventKind, Reporter
from studio.domain.gate import Tasks
from studio.domain.intact import cut_to_whole_lines
from studio.domain.protocol import Rival
from studio.domain.row import Row
from studio.domain.sampling import Sampling
from studio.domain.study import STUDY, TUNED
from studio.engine.answering import context_of, write
from studio.engine.asking import Ask, Pace
from studio.engine.harness import run_tasks
from studio.engine.sides import Sides

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

KINDS = {"timings": "timing", "losses": "loss"}
NOT_ASKED = "Neither the base nor the fine-tuned model was asked this prompt."


@dataclass(frozen=True, slots=True)
class Marked:
    """A conversation as tokens, and the places of those that are its reference answer."""

    key: str
    ids: list[int]
    places: list[int]


@dataclass(slots=True)
class Meter:
    """Measures what a study wants, and keeps each line in measured.jsonl as soon as it is known."""

    sides: Sides
    tokenizer: "PreTrainedTokenizerBase"
    sampling: Sampling
    reporter: Reporter
    out: Path
    lines: list[dict[str, Any]] = field(default_factory=list)

    def measure(self, wanted: dict[str, Any], asks: Sequence[Ask]) -> bool:
        """False when somebody wanted an end of it. What an earlier attempt measured is not measured again."""
        self.lines = [json.loads(line) for line in cut_to_whole_lines(self.out).splitlines()]
        asked = {
            ask.key: ask for who in (Rival.BASE, TUNED) for ask in asks if (ask.set, ask.contestant) == (STUDY, who)
        }
        timings, losses = (self._missing(wanted[what], kind, asked) for what, kind in KINDS.items())
        return self._time(timings) and self._score(losses) and self._run(wanted["tasks"], wanted["limit"])

    def _missing(self, keys: Sequence[str], kind: str, asked: dict[str, Ask]) -> list[Ask]:
        """What was asked under keys of which nothing is known yet."""
        known = {line["key"] for line in self.lines if line["kind"] in (kind, "unmeasured")}
        self._keep([_unmeasured(key, NOT_ASKED) for key in keys if key not in asked and key not in known])
        return [asked[key] for key in keys if key in asked and key not in known]

    def _time(self, asks: Sequence[Ask]) -> bool:
        """One prompt at a time, base and tuned in turns, each warmed up; where two models do not fit into memory at
        once, one after the other. The base is timed with its adapter switched off."""
        turns = [(ask, on) for place, ask in enumerate(asks) for on in ((False, True) if place % 2 else (True, False))]
        if not turns:
            return True
        self.reporter.report(EventKind.PHASE, name="measuring how long answers take")
        if not self.sides.takes_turns:
            turns.sort(key=lambda turn: turn[1])
            self.reporter.report(
                EventKind.NOTE,
                text="Memory does not hold both models at once, so that each was timed by itself instead of in turns.",
            )
        pace, warm, found = (
            Pace(self.reporter, total=len(asks), done=0),
            set[bool](),
            dict[str, dict[bool, dict[str, Any]]](),
        )
        for ask, on in turns:
            if self.reporter.should_stop():
                return False
            with self.sides.side(on=on) as model:
                if on not in warm:
                    self._timed(model, asks[0])
                    warm.add(on)
                both = found.setdefault(ask.key, {})
                both[on] = self._timed(model, ask)
            if len(both) == 2:
                self._keep([{"kind": "timing", "key": ask.key, "base": both[False], "tuned": both[True]}])
                pace.tell(sum(len(sides) == 2 for sides in found.values()))
        return True

    def _timed(self, model: Any, ask: Ask) -> dict[str, Any]:
        began = time.perf_counter()
        (said,) = write(model, self.tokenizer, [ask.chat], sampling=self.sampling, keys=[ask.key])
        return {"seconds": round(time.perf_counter() - began, 6), "tokens": said.tokens}

    def _score(self, asks: Sequence[Ask]) -> bool:
        """What the tokens of each reference answer cost both models, in nats."""
        if not asks:
            return True
        self.reporter.report(EventKind.PHASE, name="measuring losses")
        with self.sides.side(on=True) as model:
            context = context_of(model)
        marked = [one for ask in asks if (one := self._marked(ask, context))]
        pace, costs = Pace(self.reporter, total=2 * len(marked), done=0), dict[str, list[float]]()
        for on in (True, False):
            with self.sides.side(on=on) as model:
                for one in marked:
                    if self.reporter.should_stop():
                        return False
                    costs.setdefault(one.key, []).append(nll(model, one))
                    pace.tell(sum(map(len, costs.values())))
        self._keep(
            [
                {"kind": "loss", "key": one.key, "tokens": len(one.places), "base_nll": base, "tuned_nll": tuned}
                for one in marked
                for tuned, base in [costs[one.key]]
            ]
        )
        return True

    def _marked(self, ask: Ask, context: int) -> Marked | None:
        """The tokens of a reference answer; None where that is noted as unmeasured, and why."""
        try:
            marked = mark(ask, self.tokenizer)
        except (TemplateError, TypeError, ValueError) as error:
            self._keep([_unmeasured(ask.key, f"Its reference answer cannot be marked: {error}.")])
            return None
        if len(marked.ids) > context:
            why = f"With its reference answer it has {len(marked.ids):,} tokens, and this model can hold {context:,}."
            self._keep([_unmeasured(ask.key, why)])
            return None
        return marked

    def _run(self, tasks: Sequence[str], limit: int | None) -> bool:
        """Tasks of lm-evaluation-harness; one that cannot be run is told of, and takes nothing else with it."""
        if not tasks or any(line["kind"] == "task" or line["key"] in tasks for line in self.lines):
            return True
        found: list[dict[str, Any]] = []
        for name in tasks:
            if self.reporter.should_stop():
                return False
            self.reporter.report(EventKind.PHASE, name=f"running the task {name}")
            gate = Tasks(tasks=(name,), limit=limit or Tasks.model_fields["limit"].default)
            try:
                scores = run_tasks(gate, self.sides, self.tokenizer)
            except StudioError as error:
                found.append(_unmeasured(name, f"{error.message} {error.fix}".strip()))
            else:
                found += [{"kind": "task", **asdict(score)} for score in scores]
        self._keep(found)
        return True

    def _keep(self, lines: Sequence[dict[str, Any]]) -> None:
        """Add lines and wait until they are on the disk, all of them or none."""
        self.lines += lines
        self.out.parent.mkdir(parents=True, exist_ok=True)
        draft = self.out.with_suffix(".new")
        with draft.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.out)


def mark(ask: Ask, tokenizer: "PreTrainedTokenizerBase") -> Marked:
    """A prompt with its reference answer, as it is trained on; ValueError where nobody can say which tokens are that
    answer, or where training would set the row aside."""
    from studio.engine.trainer import training_template

    answers = sum(message.role == "assistant" for message in ask.reference)
    if not answers:
        raise ValueError("there is none")
    row = Row(number=0, line=0, messages=(*ask.chat.messages, *ask.reference), tools=ask.chat.tools)
    template = training_template(tokenizer)
    if row.uses_tools and (without := sorted(parts_of(row) & set(left_out(tokenizer, template=template)))):
        raise ValueError(f"the chat template leaves out {' and '.join(without)}")
    ((ids, mask),) = written(tokenizer, [Chat(row.messages, row.tools)], template=template)
    # Answers earlier in the conversation are marked as well: the last ones are the reference's.
    starts = [place for place, marked in enumerate(mask) if marked and not (place and mask[place - 1])]
    if len(starts) < answers:
        raise ValueError("the chat template runs answers together")
    return Marked(ask.key, ids, [place for place in range(starts[-answers], len(ids)) if mask[place]])


def nll(model: Any, marked: Marked) -> float:
    """Summed negative log-likelihood, in nats, of the marked tokens."""
    import torch

    ids, places = (torch.tensor(held, device=model.device) for held in (marked.ids, marked.places))
    with torch.no_grad():
        scores = model(input_ids=ids[None], attention_mask=torch.ones_like(ids[None])).logits[0]
        return float(torch.nn.functional.cross_entropy(scores[places - 1].float(), ids[places], reduction="sum"))


def _unmeasured(key: str, why: str) -> dict[str, Any]:
    return {"kind": "unmeasured", "key": key, "why": why}
