"""Opinion: ask a judge about pairs of answers, in both orders; every reply is on the disk before it counts."""

import asyncio
import hashlib
import json
import os
import time
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio.domain.asking import (
    instructions,
    material,
    prompt_fingerprint,
    read_reply,
    reply_from,
    reply_record,
)
from studio.domain.chat import Chat
from studio.domain.errors import StudioError, StudyError
from studio.domain.event import EventKind, Outcome, Reporter
from studio.domain.intact import cut_to_whole_lines
from studio.domain.judge import Endpoint, Judge, LocalJudge, judge_from
from studio.domain.opinion import Failure, Order, Reply, two_answers_from
from studio.domain.row import Message
from studio.domain.sampling import Sampling
from studio.engine.endpoint import Answer, Asker, client, key_of

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

AT_ONCE = 4  # questions to an endpoint
LOCAL_AT_ONCE = {"cpu": 4, "cuda:0": 8}
MOST_TOKENS, MOST_LOCAL_TOKENS = 1500, 300
LOOK_EVERY = 0.2  # seconds
LONGEST_RAW = 20_000
HOPELESS = 12  # replies from the first on of which not one can be read: more would only cost time or money
ASKING = "asking the judge"


@dataclass(frozen=True, slots=True)
class Question:
    """One pair in one order; `mark` changes with anything that is asked."""

    pair: str
    order: Order
    text: str

    @property
    def mark(self) -> str:
        return hashlib.sha256(self.text.encode(errors="replace")).hexdigest()[:16]


def opinion(spec: dict[str, Any], reporter: Reporter) -> Outcome:
    """Ask `spec["judge"]` about every pair of `spec["pairs"]` and keep what it says in `spec["out"]`.

    An earlier attempt's replies stand; only what is missing is asked.
    """
    judge, out = judge_from(spec["judge"]), Path(spec["out"])
    try:
        book = Book(judge, out, spec["question"], reporter)
        waiting = book.begin(_questions(Path(spec["pairs"]), question=spec["question"]))
        ended = not waiting or _ask(judge, waiting, book, reporter)
    except StudioError as error:
        return Outcome(state="failed", message=error.message, fix=error.fix, code=error.code)
    if not ended:
        told = f"Stopped after {book.done:,} of {book.total:,} questions."
        return Outcome(state="stopped", message=told, fix="Start it again to go on from there.", result=book.result)
    return Outcome(state="done", message=f"The judge was asked {book.total:,} times.", result=book.result)


def _questions(pairs: Path, *, question: str) -> list[Question]:
    read = [two_answers_from(json.loads(line)) for line in pairs.read_bytes().splitlines()]
    if not read:
        raise StudyError("There are no pairs to judge.", fix="Choose a comparison with answers.")
    return [Question(pair.pair, order, material(pair, order, question=question)) for pair in read for order in Order]


def _ask(judge: Judge, waiting: Sequence[Question], book: "Book", reporter: Reporter) -> bool:
    """Ask what is waiting; False where somebody wanted it to end before."""
    if isinstance(judge, Endpoint):
        reporter.report(EventKind.PHASE, name=ASKING)
        with ThreadPoolExecutor(1) as alone:  # a thread of its own, since the caller's may have a loop already
            return alone.submit(asyncio.run, _ask_endpoint(judge, waiting, book, reporter)).result()
    return _ask_model(judge, waiting, book, reporter)


@dataclass
class Book:
    """The replies, on the disk and counted; it says how far it is, and ends what leads nowhere."""

    judge: Judge
    out: Path
    question: str
    reporter: Reporter
    total: int = 0
    replies: dict[tuple[str, Order], Reply] = field(default_factory=dict)
    new: int = 0
    in_vain: int = 0  # questions in a row that brought no reply
    began: float = field(default_factory=time.monotonic)

    @property
    def identity(self) -> dict[str, str]:
        """Who was asked what: replies to another prompt, or of another judge, are never mixed with these."""
        return self.judge.identity | {"prompt": prompt_fingerprint(self.question)}

    @property
    def done(self) -> int:
        return len(self.replies)

    @property
    def result(self) -> dict[str, Any]:
        failed = sum(reply.failure is not None for reply in self.replies.values())
        return {"replies": self.done, "failed": failed, "asked": self.new}

    def begin(self, questions: Sequence[Question]) -> list[Question]:
        """The questions that no earlier reply answers; a line torn by a crash is cut off."""
        self.total = len(questions)
        marks = {(each.pair, each.order): each.mark for each in questions}
        for line in cut_to_whole_lines(self.out).splitlines():
            self._take(json.loads(line), marks)
        self._check_hope()
        return [each for each in questions if (each.pair, each.order) not in self.replies]

    def _take(self, record: dict[str, Any], marks: dict[tuple[str, Order], str]) -> None:
        if record["identity"] != self.identity:
            raise StudyError("Some replies here are of another judge.", fix="Ask this judge in a folder of its own.")
        place = (record["pair"], Order(record["order"]))
        if marks.get(place) == record["asked"] and record["failure"] != Failure.UNREACHED:
            self.replies[place] = reply_from(record)

    def keep(self, question: Question, answer: Answer) -> None:
        """One reply: on the disk first, then counted."""
        raw = answer.text[:LONGEST_RAW]
        reply = (
            Reply(question.pair, question.order, raw, failure=answer.failure, detail=answer.detail)
            if answer.failure
            else read_reply(raw, pair=question.pair, order=question.order, was_cut_off=answer.was_cut_off)
        )
        reply = replace(reply, tokens_in=answer.tokens_in, tokens_out=answer.tokens_out)
        cut_off = answer.was_cut_off
        _append(self.out, reply_record(reply, asked=question.mark, identity=self.identity, was_cut_off=cut_off))
        self.replies[question.pair, question.order] = reply
        self.new += 1
        self._check_answers(reply)
        self._check_hope()

    def tell(self) -> None:
        """How far it is, and how long the rest takes at this pace."""
        left = self.total - self.done
        seconds = (time.monotonic() - self.began) / self.new * left
        self.reporter.report(EventKind.PROGRESS, done=self.done, total=self.total, seconds_left=round(seconds, 1))

    def _check_answers(self, reply: Reply) -> None:
        """StudyError where one question after the other brings nothing: the others would not either."""
        self.in_vain = self.in_vain + 1 if reply.failure in (Failure.UNREACHED, Failure.REFUSED) else 0
        if self.in_vain >= AT_ONCE and reply.failure is Failure.UNREACHED:
            raise StudyError(
                f"{self.judge.title} no longer answers: it {reply.detail}.",
                fix="What it said so far is kept: start it again later to go on from there.",
            )

    def _check_hope(self) -> None:
        """StudyError where none of the first replies can be read."""
        if self.done < HOPELESS or any(reply.failure is None for reply in self.replies.values()):
            return
        last = list(self.replies.values())[-1]
        detail = f" ({last.detail})" if last.detail else ""
        raise StudyError(
            f"This judge cannot be used here: of its first {self.done:,} replies none could be read, the last because "
            f"{last.failure.words if last.failure else ''}{detail}.",
            fix="Choose a larger model, or one that is made to follow instructions.",
        )


async def _ask_endpoint(judge: Endpoint, questions: Sequence[Question], book: Book, reporter: Reporter) -> bool:
    """Several questions at once after the first was answered; a wish to stop ends those on their way."""

    async def pause(seconds: float, why: str) -> None:
        reporter.report(EventKind.PHASE, name=f"{why} in {max(1, round(seconds))} s")
        await asyncio.sleep(seconds)
        reporter.report(EventKind.PHASE, name=ASKING)

    def note(text: str) -> None:
        reporter.report(EventKind.NOTE, text=text)

    waiting, asked, told = deque(questions), {}, instructions()
    key = key_of(judge, os.environ)
    async with client(judge, key) as http:
        asker = Asker(judge, http, key, pause, note, MOST_TOKENS)
        try:
            while (waiting or asked) and not reporter.should_stop():
                while waiting and len(asked) < (AT_ONCE if asker.has_answered else 1):
                    question = waiting.popleft()
                    asked[asyncio.create_task(asker.ask(told, question.text))] = question
                ended, _ = await asyncio.wait(asked, timeout=LOOK_EVERY, return_when=asyncio.FIRST_COMPLETED)
                for task in sorted(ended, key=lambda task: task.exception() is not None):  # first what can be kept
                    book.keep(asked.pop(task), task.result())
                if ended:
                    book.tell()
        finally:
            for task in asked:
                task.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
    return not waiting and not asked


def _ask_model(judge: LocalJudge, questions: Sequence[Question], book: Book, reporter: Reporter) -> bool:
    """A batch of questions at a time, to a model of this machine."""
    from studio.engine.answering import answer
    from studio.engine.load import device, load_model, load_tokenizer, needs_template, prepare_process
    from studio.engine.memory import is_out_of_memory

    prepare_process()
    reporter.report(EventKind.PHASE, name="loading the judge")
    tokenizer = load_tokenizer(Path(judge.folder))
    needs_template(tokenizer)
    model = load_model(Path(judge.folder), quantisation="nf4").eval()
    room = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    reporter.report(EventKind.PHASE, name=ASKING)
    size = LOCAL_AT_ONCE[device()]
    for start in range(0, len(questions), size):
        if reporter.should_stop():
            return False
        batch = questions[start : start + size]
        chats = [_chat(question) for question in batch]
        lengths = [_tokens(tokenizer, chat) for chat in chats]
        fits = [room is None or length + MOST_LOCAL_TOKENS <= room for length in lengths]
        try:
            asked = [chat for chat, fit in zip(chats, fits, strict=True) if fit]
            sampling = Sampling(max_new_tokens=MOST_LOCAL_TOKENS)
            said = iter(answer(model, tokenizer, asked, sampling=sampling, listener=_Until(reporter)) if asked else ())
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            raise StudyError("There was not enough memory for this judge.", fix="Choose a smaller model.") from error
        if reporter.should_stop():  # what was being written is not whole
            return False
        for question, length, fit in zip(batch, lengths, fits, strict=True):
            book.keep(question, _answer(tokenizer, next(said), length) if fit else Answer(failure=Failure.TOO_LONG))
        book.tell()
    return True


@dataclass(frozen=True, slots=True)
class _Until:
    """Follows a batch only in order to end it when somebody wants it to end."""

    reporter: Reporter

    def put(self, value: Any) -> None:
        pass

    def end(self) -> None:
        pass

    def has_enough(self) -> bool:
        return self.reporter.should_stop()


def _chat(question: Question) -> Chat:
    """Everything in one turn: not every template knows a turn of the system."""
    return Chat((Message("user", f"{instructions()}\n\n{question.text}"),))


def _tokens(tokenizer: "PreTrainedTokenizerBase", chat: Chat) -> int:
    from studio.engine.answering import encode

    return encode(tokenizer, [chat])["input_ids"].shape[1]


def _answer(tokenizer: "PreTrainedTokenizerBase", text: str, length: int) -> Answer:
    written = len(tokenizer(text, add_special_tokens=False)["input_ids"])
    return Answer(text, was_cut_off=written >= MOST_LOCAL_TOKENS - 1, tokens_in=length, tokens_out=written)


def _append(out: Path, record: dict[str, Any]) -> None:
    """Add a line and wait until it is on the disk."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with out.open("a", encoding="utf-8", errors="replace") as file:
        file.write(json.dumps(record, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())
