"""Asking: have many prompts answered in batches, each answer kept as soon as it is there, and none written twice."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateError

from studio.domain.chat import Chat
from studio.domain.errors import StudyError
from studio.domain.event import EventKind, Reporter
from studio.domain.intact import cut_to_whole_lines
from studio.domain.row import Message, messages_from
from studio.domain.sampling import Sampling
from studio.domain.thoughts import spoken
from studio.engine.answering import Written, context_of, encode, write
from studio.engine.load import device
from studio.engine.memory import is_out_of_memory, release_memory, total_memory
from studio.engine.sides import BASE, TUNED, Sides

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MOST_AT_ONCE = {"cpu": 32, "cuda:0": 128}
# Of the memory beside the weights; the rest is for what this reckoning does not see. Main memory is never refused, only
# taken from other programs.
FOR_ANSWERS = {"cpu": 0.2, "cuda:0": 0.5}


Done = dict[tuple[str, str, str], dict[str, Any]]  # lines of answers.jsonl by set, key and contestant


@dataclass(frozen=True, slots=True)
class Ask:
    """One answer that is wanted: of which contestant, to what, and whether what was trained is on."""

    key: str
    set: str
    contestant: str
    tuned: bool
    chat: Chat
    reference: tuple[Message, ...] = ()

    @property
    def id(self) -> tuple[str, str, str]:
        return self.set, self.key, self.contestant


def read_asks(path: Path) -> list[Ask]:
    """Every line of asks.jsonl; StudyError where there is none."""
    asks = [_ask(json.loads(line)) for line in path.read_bytes().splitlines()]
    if not asks:
        raise StudyError("There are no prompts to answer.", fix="Keep test rows aside, or write prompts of your own.")
    return asks


def _ask(record: dict[str, Any]) -> Ask:
    return Ask(
        key=record["key"],
        set=record["set"],
        contestant=record["contestant"],
        tuned=record["tuned"],
        chat=Chat(messages_from(record["messages"]), record["tools"] or ""),
        reference=messages_from(record.get("reference") or ()),
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """answers.jsonl, which only grows; `who` is the model and the adapter that all of it was asked of."""

    out: Path
    who: dict[str, Any]

    def read(self) -> Done:
        """Answers already there; a line torn by a crash is cut off, answers of another model are refused."""
        lines = [json.loads(line) for line in cut_to_whole_lines(self.out).splitlines()]
        if any({name: line["identity"].get(name) for name in self.who} != self.who for line in lines):
            raise StudyError(
                "Some answers here were written by another model or adapter.", fix="Create the comparison anew."
            )
        return {(line["set"], line["key"], line["contestant"]): line for line in lines}

    def line(self, ask: Ask, written: Written) -> dict[str, Any]:
        """What is kept of one answer; `written` is there where the answer is not all that was written."""
        text = spoken(written.text)
        return {
            "key": ask.key,
            "set": ask.set,
            "contestant": ask.contestant,
            "text": text,
            "tokens": written.tokens,
            "cut": written.cut,
            "identity": {**self.who, "adapter_on": ask.tuned},
        } | ({} if text == written.text else {"written": written.text})

    def append(self, lines: Sequence[dict[str, Any]]) -> None:
        """Add lines and wait until they are on the disk."""
        self.out.parent.mkdir(parents=True, exist_ok=True)
        with self.out.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class Sized:
    """An ask, the tokens of its prompt, and the most that its answer may have."""

    ask: Ask
    prompt: int
    most: int


@dataclass(slots=True)
class Scribe:
    """Has one batch after the other answered, each row by the side that it asks for."""

    sides: Sides
    tokenizer: "PreTrainedTokenizerBase"
    sampling: Sampling
    reporter: Reporter
    at_once: int = 10**9  # answers, from when memory ran out

    def answer_all(self, sized: Sequence[Sized], answers: Answers, done: Done) -> bool:
        """Write what is not yet done, and add it there; False where somebody wanted an end of it before.

        The batches are the same for every attempt, so that an answer is the same whatever interrupts the writing.
        """
        pace = Pace(self.reporter, total=len(sized), done=len(done))
        for on in (None,) if self.sides.can_mix else (False, True):
            wanted = [one for one in sized if on is None or one.ask.tuned == on]
            if all(one.ask.id in done for one in wanted):
                continue
            with self.sides.side(on=on is not False) as model:
                for batch in in_batches(wanted, model):
                    missing = [one.ask.id not in done for one in batch]
                    if not any(missing):
                        continue
                    if self.reporter.should_stop():
                        return False
                    written = self._written(model, batch, mixed=on is None)
                    lines = [answers.line(one.ask, each) for one, each in zip(batch, written, strict=True)]
                    answers.append([line for line, is_missing in zip(lines, missing, strict=True) if is_missing])
                    for one, line in zip(batch, lines, strict=True):
                        done.setdefault(one.ask.id, line)
                    pace.tell(len(done))
        return True

    def sized(self, asks: Sequence[Ask]) -> list[Sized]:
        """How long each prompt is; StudyError where the model cannot read one, or leaves no room for an answer."""
        with self.sides.side(on=True) as model:
            context = context_of(model)
        lengths: dict[Chat, int] = {}
        for ask in asks:
            if ask.chat not in lengths:
                lengths[ask.chat] = self._length(ask)
            if lengths[ask.chat] >= context:
                raise StudyError(
                    f"A prompt of the contestant {ask.contestant} has {lengths[ask.chat]:,} tokens, and this model can "
                    f"hold {context:,} with the answer.",
                    fix="Shorten the instructions or the examples, or leave that prompt out.",
                )
        most = self.sampling.max_new_tokens
        return [Sized(ask, lengths[ask.chat], min(most, context - lengths[ask.chat])) for ask in asks]

    def _length(self, ask: Ask) -> int:
        try:
            return int(encode(self.tokenizer, [ask.chat])["input_ids"].shape[1])
        except (TemplateError, TypeError, ValueError) as error:
            raise StudyError(
                f"This model's chat template refuses a prompt of the contestant {ask.contestant}: {error}.",
                fix="Leave that contestant out, or choose another model.",
            ) from error

    def _written(self, model: Any, batch: Sequence[Sized], *, mixed: bool) -> list[Written]:
        """The answers of a batch; where memory does not hold it, its halves one after the other."""
        if len(batch) <= self.at_once:
            try:
                return write(
                    model,
                    self.tokenizer,
                    [one.ask.chat for one in batch],
                    sampling=self.sampling,
                    keys=[one.ask.key for one in batch],
                    budgets=[one.most for one in batch],
                    adapters=[TUNED if one.ask.tuned else BASE for one in batch] if mixed else None,
                )
            except Exception as error:
                if not is_out_of_memory(error) or len(batch) == 1:
                    raise
            release_memory()
            self.at_once = len(batch) // 2
            self.reporter.report(
                EventKind.NOTE,
                text=f"Memory did not hold {len(batch)} answers at once. From here on at most {self.at_once} are "
                "written at once, which takes longer and changes nothing else.",
            )
        half = len(batch) // 2
        return [answer for part in (batch[:half], batch[half:]) for answer in self._written(model, part, mixed=mixed)]


def in_batches(wanted: Sequence[Sized], model: Any) -> Iterator[list[Sized]]:
    """Prompts of like length together, the longest first: if memory does not hold them, that shows at once.

    Whatever answers the same words stands side by side, so that what is compared is computed together.
    """
    alike: dict[tuple[str, str, Chat], list[Sized]] = {}
    for one in wanted:
        alike.setdefault((one.ask.set, one.ask.key, one.ask.chat), []).append(one)
    batch: list[Sized] = []
    most = 0
    for group in sorted(alike.values(), key=lambda group: (-group[0].prompt, *group[0].ask.id)):
        if batch and len(batch) + len(group) > most:
            yield batch
            batch = []
        most = most if batch else answers_at_once(model, group[0])
        batch += group
    if batch:
        yield batch


def answers_at_once(model: Any, longest: Sized) -> int:
    """How many rows no longer than this one are answered together: as many as memory takes, since a word for many rows
    takes hardly longer than a word for one; on a processor up to where that ends."""
    room = FOR_ANSWERS[device()] * (total_memory() - model.get_memory_footprint())
    rows = int(room / bytes_of_a_row(model.config, longest.prompt, longest.most))
    return max(1, min(MOST_AT_ONCE[device()], rows))


def bytes_of_a_row(config: Any, prompt: int, answer: int) -> int:
    """What answering one row takes in 16 bits: what the model remembers of each token, twice where it is copied to
    grow; the widest layer over the prompt; and the scores of every word in 32 bits, with what draws from them."""
    text = config.get_text_config()
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    size = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    remembered = 2 * 2 * text.num_hidden_layers * heads * size * (prompt + answer)
    widest = 2 * (4 * text.hidden_size + 3 * getattr(text, "intermediate_size", 4 * text.hidden_size)) * prompt
    return 2 * remembered + widest + 8 * 4 * text.vocab_size


@dataclass(slots=True)
class Pace:
    """Tells how far the work is and how long the rest will take at the pace since it began here."""

    reporter: Reporter
    total: int
    done: int
    began: float = field(default_factory=time.perf_counter)

    def tell(self, done: int) -> None:
        each = (time.perf_counter() - self.began) / max(1, done - self.done)
        left = round(each * (self.total - done), 1)
        self.reporter.report(EventKind.PROGRESS, done=done, total=self.total, seconds_left=left)
