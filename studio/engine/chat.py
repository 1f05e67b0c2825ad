"""Chat: answer messages as they come, with the base and a checkpoint beside each other, until nobody asks any more.

The inbox is a folder of small files, each naming a turn; the oldest comes first. Beside a turn's file lies what was
said, and where somebody wants no more of it, a file `stop`.
"""

import json
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from jinja2 import TemplateError

from studio.domain.chat import Chat
from studio.domain.errors import RunError, StudioError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.row import messages_from
from studio.domain.sampling import Sampling
from studio.domain.talk import End, Pane, Turn
from studio.engine.answering import answer, encode, end_tokens, training_matters
from studio.engine.load import load_tokenizer, needs_template, prepare_process
from studio.engine.memory import is_out_of_memory, release_memory
from studio.engine.seats import Seat, Seats
from studio.engine.sides import Pair

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

LOOK_EVERY = 0.05
TELL_EVERY = 0.1  # seconds between two pieces of an answer
HALF_A_LETTER = "�"


def chat(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Answer what comes to `spec["inbox"]` until told to stop, or until nothing has come for `spec["idle"]` seconds."""
    prepare_process()
    desk = Desk(reporter)
    inbox, patience = Path(spec["inbox"]), float(spec["idle"])
    asked_at = time.monotonic()
    while not reporter.should_stop():
        waiting = sorted(inbox.glob("*.json"))
        if waiting:
            desk.serve(waiting[0])
            asked_at = time.monotonic()
        elif time.monotonic() - asked_at >= patience:
            return Outcome(
                state="stopped",
                message="The model was let go because nobody asked anything for a while.",
                fix="The next message loads it again.",
                result={"idle": True},
            )
        else:
            time.sleep(LOOK_EVERY)
    return Outcome(state="stopped", message="The chat was ended.", fix="Start it again when you want to go on.")


@dataclass(slots=True)
class Desk:
    """What a worker needs to answer one turn after the other; the models stay in memory between them."""

    reporter: Reporter
    seats: Seats = field(default_factory=Seats)
    tokenizer: Any = None
    model: str = ""
    proven: set[str] = field(default_factory=set)  # adapters that were seen to compute something else than the base
    idle: set[str] = field(default_factory=set)

    def serve(self, entry: Path) -> None:
        """Answer the turn that an entry of the inbox names; whatever becomes of it, it does not come again."""
        place = Path(json.loads(entry.read_bytes())["turn"])
        try:
            turn = Turn.model_validate_json(place.read_bytes())
            said = place.with_suffix(".said").open("w", encoding="utf-8")
        except FileNotFoundError:  # the talk was cleared meanwhile
            entry.unlink(missing_ok=True)
            return
        with said:
            hand = Hand(said, entry, place.with_suffix(".stop"), self.reporter)
            try:
                self._answer(turn, hand)
            except Exception as error:
                hand.fail(error, len(turn.panes))
                if not isinstance(error, StudioError) and not is_out_of_memory(error):
                    raise
                release_memory()
            finally:
                entry.unlink(missing_ok=True)
        self.reporter.report(EventKind.PHASE, name="ready")

    def _answer(self, turn: Turn, hand: "Hand") -> None:
        if not self.seats.are_there(turn):
            self.reporter.report(EventKind.PHASE, name=f"loading {turn.model_title}")
        if turn.model != self.model:
            self.tokenizer, self.model = load_tokenizer(Path(turn.model)), turn.model
        needs_template(self.tokenizer)
        seats = self.seats.take(turn)
        self.reporter.report(EventKind.PHASE, name="answering")
        asked = [Asked(*each, _chat(each[1])) for each in zip(range(len(seats)), turn.panes, seats, strict=True)]
        fitting = [each for each in asked if hand.fits(each, self.tokenizer)]
        for each in fitting:
            self._prove(each)
        sampling = turn.settings.sampling()
        for together in _batches(fitting, sampling):
            _write(together, self.tokenizer, sampling, hand, idle=self.idle)

    def _prove(self, asked: "Asked") -> None:
        """Once for each adapter: whether the model computes anything else with it than without."""
        name, model = asked.seat.adapter, asked.seat.held.model
        if name is None or name in self.proven | self.idle:
            return
        model.set_adapter(name)
        matters = training_matters(Pair(model, model), self.tokenizer, asked.chat)
        (self.proven if matters else self.idle).add(name)


@dataclass(frozen=True, slots=True)
class Asked:
    """One pane of a turn with the seat that answers it."""

    place: int
    pane: Pane
    seat: Seat
    chat: Chat

    def turned_on(self) -> AbstractContextManager[Any]:
        """The model as this pane needs it: its adapter on, or none."""
        model, name = self.seat.held.model, self.seat.adapter
        if name is not None:
            model.set_adapter(name)
            return nullcontext()
        return model.disable_adapter() if self.seat.held.adapters else nullcontext()


@dataclass(slots=True)
class Hand:
    """Writes down what is said, line by line, and knows who wants an end to it."""

    said: IO[str]
    entry: Path
    stop: Path
    reporter: Reporter
    ended: set[int] = field(default_factory=set)

    def tell(self, place: int, **line: Any) -> None:
        self.said.write(json.dumps({"pane": place, **line}, ensure_ascii=False) + "\n")
        self.said.flush()
        if "end" in line:
            self.ended.add(place)

    def why_not_go_on(self) -> End | None:
        """STOPPED where a person wants no more of this answer, LEFT where the worker has to go."""
        if self.reporter.should_stop():
            return End.LEFT
        return End.STOPPED if self.stop.exists() or not self.entry.exists() else None

    def fits(self, asked: Asked, tokenizer: "PreTrainedTokenizerBase") -> bool:
        """Whether the model can hold what a pane has to read, and at least one word more; told where it cannot."""
        read, context = _length(tokenizer, asked.chat), _context(asked.seat)
        if read < context:
            return True
        self.tell(asked.place, end=End.TOO_LONG, read=read, context=context)
        return False

    def fail(self, error: Exception, panes: int) -> None:
        """Say of every pane that has not ended why it will not."""
        message, fix = "Something in the studio itself failed while it answered.", "The log has the details."
        if isinstance(error, StudioError):
            message, fix = error.message, error.fix
        elif is_out_of_memory(error):
            message, fix = "There was not enough memory to answer.", "Shorten the talk or the longest answer."
        for place in range(panes):
            if place not in self.ended:
                self.tell(place, end=End.FAILED, message=message, fix=fix)


class Ear:
    """Follows the writing of a few rows at once, and passes on the text of each as it grows."""

    def __init__(self, together: Sequence[Asked], tokenizer: "PreTrainedTokenizerBase", hand: Hand) -> None:
        self.rows: list[list[int]] = [[] for _ in together]
        self.over = [False] * len(together)
        self.why: End | None = None
        self._places = [asked.place for asked in together]
        self._tokenizer, self._hand = tokenizer, hand
        self._ends = set(end_tokens(together[0].seat.held.model, tokenizer))
        self._shown = [""] * len(together)
        self._has_read = False
        self._told_at = time.monotonic()

    def put(self, value: Any) -> None:
        if not self._has_read:  # first come the prompts
            self._has_read = True
            return
        for row, token in enumerate(value.reshape(-1).tolist()):
            if not self.over[row]:
                self.rows[row].append(token)
                self.over[row] = token in self._ends
        if time.monotonic() - self._told_at >= TELL_EVERY:
            self._tell()

    def end(self) -> None:
        self._tell()

    def has_enough(self) -> bool:
        self.why = self._hand.why_not_go_on()
        return self.why is not None

    def _tell(self) -> None:
        """What has changed since, from the first letter that is another; half a letter waits for its other half."""
        self._told_at = time.monotonic()
        for row, tokens in enumerate(self.rows):
            text = str(self._tokenizer.decode(tokens, skip_special_tokens=True)).rstrip(HALF_A_LETTER)
            same = _same(self._shown[row], text)
            if text != self._shown[row]:
                self._hand.tell(self._places[row], **{"from": same, "text": text[same:]})
                self._shown[row] = text


def _write(
    together: Sequence[Asked],
    tokenizer: "PreTrainedTokenizerBase",
    sampling: Sampling,
    hand: Hand,
    *,
    idle: set[str],
) -> None:
    """The answers of panes that go in one batch, passed on as they are written, and at last how each of them ended."""
    if why := hand.why_not_go_on():
        for asked in together:
            hand.tell(asked.place, end=why)
        return
    first, began = together[0], time.monotonic()
    context, read = _context(first.seat), [_length(tokenizer, asked.chat) for asked in together]
    allowed = min(sampling.max_new_tokens, context - max(read))
    mixed = [asked.seat.in_a_batch for asked in together] if len(together) > 1 else None
    ear = Ear(together, tokenizer, hand)
    with nullcontext() if mixed else first.turned_on():
        texts = answer(
            first.seat.held.model,
            tokenizer,
            [asked.chat for asked in together],
            sampling=replace(sampling, max_new_tokens=allowed),
            adapters=mixed,
            listener=ear,
        )
    seconds = round(time.monotonic() - began, 3)
    cut = End.LENGTH if allowed == sampling.max_new_tokens else End.CONTEXT
    for row, (asked, text) in enumerate(zip(together, texts, strict=True)):
        hand.tell(
            asked.place,
            end=End.WHOLE if ear.over[row] else ear.why or cut,
            text=text,
            tokens=len(ear.rows[row]),
            read=read[row],
            seconds=seconds,
            identity=asked.seat.identity.model_dump(),
            context=context,
            idle=asked.seat.adapter in idle,
        )


def _batches(asked: Sequence[Asked], sampling: Sampling) -> list[list[Asked]]:
    """Panes that answer at once, exactly as a comparison has both models answer.

    Where chance plays a part each goes alone, from the same seed: so what differs between them is the models alone.
    """
    models = {id(each.seat.held.model) for each in asked}
    if len(asked) > 1 and len(models) == 1 and sampling.temperature == 0 and all(each.seat.mixes for each in asked):
        return [[*asked]]
    return [[each] for each in asked]


def _chat(pane: Pane) -> Chat:
    return Chat(messages_from([{"role": role, "content": text} for role, text in pane.history]))


def _length(tokenizer: "PreTrainedTokenizerBase", prompt: Chat) -> int:
    """The tokens of a prompt; RunError where the template of the model does not take such a talk."""
    try:
        return int(encode(tokenizer, [prompt])["input_ids"].shape[1])
    except (TemplateError, TypeError, ValueError) as error:
        raise RunError(
            f"The chat template of this model does not take this talk: {error}.",
            fix="Leave the instructions empty, or clear the talk and begin anew.",
        ) from error


def _context(seat: Seat) -> int:
    """How many tokens the model can hold, those of a learned prefix left out."""
    model = seat.held.model
    config: Any = model.config
    config = config.get_text_config() if hasattr(config, "get_text_config") else config
    whole = int(getattr(config, "max_position_embeddings", 0) or 2**20)
    learned = model.peft_config[seat.adapter].num_virtual_tokens if _is_prefix(seat) else 0
    return whole - learned


def _is_prefix(seat: Seat) -> bool:
    return seat.adapter is not None and bool(seat.held.model.peft_config[seat.adapter].is_prompt_learning)


def _same(one: str, other: str) -> int:
    """How many letters two texts have in common from the start."""
    if other.startswith(one):
        return len(one)
    return next(place for place, (a, b) in enumerate(zip(one, other + "\0", strict=False)) if a != b)
