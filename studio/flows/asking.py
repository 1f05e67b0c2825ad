"""Asking: which prompts a study puts to its contestants, and what each of them is really asked."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import islice
from typing import Any

from studio.data.normalising import normalised
from studio.data.rows import load_rows
from studio.data.said import said_key
from studio.domain.contest import Turns, composed
from studio.domain.errors import StudyError
from studio.domain.protocol import Opponent, Protocol, Source
from studio.domain.row import Message, Row, messages_from, records_of
from studio.domain.run import Run
from studio.domain.study import STUDY, TUNED, Ask, Study, prompt_key
from studio.flows import bring, inspect, split, train
from studio.flows.split import Dealt
from studio.flows.studio import Studio
from studio.store import splits
from studio.store import studies as stored

REMEMBERED = 2  # runs whose rows are in memory once they were dealt; a form asks for them at each keystroke
READ = 500  # training rows that are read to see what instructions they share
SHARED = 0.9  # of them


def sealed_rows(studio: Studio, run_id: str) -> tuple[int, ...]:
    """Test rows of the run's own split that fit its cut-off; training never saw them."""
    return used(studio, train.run(studio, run_id)).test


def used(studio: Studio, run: Run) -> Dealt:
    """The rows that the run really used of each part; for good, so they are worked out once."""
    return _used(studio, run.id)


@lru_cache(maxsize=REMEMBERED)
def _used(studio: Studio, run_id: str) -> Dealt:
    run = train.run(studio, run_id)
    lengths = inspect.measured(studio, run.dataset_id, run.model_id)
    if lengths is None:
        raise StudyError("The token lengths of this dataset are missing.", fix="Open Inspect once to measure them.")
    return split.used(splits.get(studio.store, run.split_id), lengths, run.recipe.max_length)


def sealed_asks(studio: Studio, run_id: str) -> list[Ask]:
    """The prompts of the sealed test rows, each of them once, in an order that nobody chose and that never changes.

    So every study of a test set asks the first of them, and each is counted as an opening of the same prompts. What a
    run learned or was checked on that this one goes on from is no sealed prompt any more.
    """
    return list(_sealed_asks(studio, run_id)[0])


def learned_earlier(studio: Studio, run_id: str) -> int:
    """How many test rows are no sealed prompts because a run that this one goes on from has seen them."""
    return _sealed_asks(studio, run_id)[1]


@lru_cache(maxsize=REMEMBERED)
def _sealed_asks(studio: Studio, run_id: str) -> tuple[tuple[Ask, ...], int]:
    run = train.run(studio, run_id)
    found: dict[str, Ask] = {}
    for row in load_rows(studio.workspace.dataset(run.dataset_id)).only(used(studio, run).test):
        key = prompt_key(row.prompt, row.tools)
        found.setdefault(key, Ask(key, 0, row.prompt, row.answer, row.tools, row.number))
    earlier = [stage for stage in stages(studio, run_id) if stage.id != run_id]
    seen = {words for stage in earlier for row in _read(studio, stage) for words in _answered(row.prompt)}
    news = [ask for ask in found.values() if _words(ask.prompt) not in seen]
    ordered = sorted(news, key=lambda ask: hashlib.sha256(ask.key.encode()).digest())
    return tuple(ordered), len(found) - len(news)


def stages(studio: Studio, run_id: str) -> Iterator[Run]:
    """The run, and each earlier one whose adapter it goes on from."""
    run = train.run(studio, run_id)
    yield run
    while run.origin is not None and run.origin.step is not None:
        run = train.run(studio, run.origin.run_id)
        yield run


def _read(studio: Studio, run: Run) -> Iterable[Row]:
    """The rows that a run learned or was checked on; plain text asks nothing."""
    dataset, dealt = bring.dataset(studio, run.dataset_id), used(studio, run)
    if dataset.is_text:
        return ()
    return load_rows(studio.workspace.dataset(dataset.id)).only((*dealt.train, *dealt.validation))


def _answered(prompt: Turns) -> Iterator[tuple[str, str]]:
    """All that was answered in a conversation, its beginnings included."""
    return (_words(prompt[:place]) for place, turn in enumerate(prompt, start=1) if turn.role == "user")


def _words(prompt: Turns) -> tuple[str, str]:
    """What a prompt asks, by the words of its user and of its instructions, as copies are known."""
    return said_key(prompt), instructions_of(prompt)


def instructions_of(prompt: Turns) -> str:
    """The instructions of a prompt, as copies are known by."""
    return normalised("\n".join(turn.content for turn in prompt if turn.role == "system"))


def own_prompts(studio: Studio, study: Study) -> tuple[Ask, ...]:
    """The prompts of a study that are somebody's own."""
    if not study.protocol.own_prompts:
        return ()
    return tuple(ask for ask in stored.asks(studio.store, study.id) if ask.source is Source.OWN)


def shared_instructions(studio: Studio, run: Run) -> str:
    """The system prompt that nearly all training rows have; "" where they have none or different ones."""
    rows = load_rows(studio.workspace.dataset(run.dataset_id)).only(islice(used(studio, run).train, READ))
    said = [next((turn.content.strip() for turn in row.prompt if turn.role == "system"), "") for row in rows]
    if not said:
        return ""
    text, times = Counter(said).most_common(1)[0]
    return text if times >= SHARED * len(said) else ""


def drawn(sealed: Sequence[Ask], own: Sequence[Ask], *, count: int) -> tuple[Ask, ...]:
    """`count` prompts with their places: all own ones, and so many sealed ones that are not the same words."""
    known = {ask.key for ask in own}
    others = [ask for ask in sealed if ask.key not in known]
    chosen = [*own, *others[: max(0, count - len(own))]]
    return tuple(replace(ask, position=position) for position, ask in enumerate(chosen))


def shots_of(studio: Studio, run: Run, opponents: Iterable[Opponent], *, hint: Sequence[int] = ()) -> dict[str, Turns]:
    """The training rows that opponents are shown, by fingerprint; `hint` are row numbers that are looked at first.

    StudyError where one is no row that training saw.
    """
    wanted = {example for opponent in opponents for example in opponent.examples}
    if not wanted:
        return {}
    data, allowed = load_rows(studio.workspace.dataset(run.dataset_id)), used(studio, run).train
    found: dict[str, Turns] = {}
    known = set(allowed)
    for numbers in ([number for number in hint if number in known], allowed):
        for row in data.only(numbers):
            if (key := prompt_key(row.messages)) in wanted:
                found[key] = row.messages
        if found.keys() >= wanted:
            return found
    raise StudyError(
        "An example is no training row of this run.",
        fix="Choose examples from the rows that training saw.",
        field="examples",
    )


def questions(
    studio: Studio, run: Run, protocol: Protocol, asks: Sequence[Ask], shots: dict[str, Turns]
) -> Iterator[dict[str, Any]]:
    """A line for every answer that is wanted: each prompt as each contestant is asked it."""
    data = load_rows(studio.workspace.dataset(run.dataset_id))
    for ask in asks:
        reference = None if ask.row_number is None else records_of(data[ask.row_number].messages[-1:])
        for opponent in (None, *protocol.opponents):
            shown = [shots[example] for example in opponent.examples] if opponent else []
            yield {
                "key": ask.key,
                "set": STUDY,
                "contestant": opponent.rival.value if opponent else TUNED,
                "tuned": opponent is None,
                "messages": records_of(composed(ask.prompt, opponent, shown)),
                "tools": ask.tools,
                "reference": reference,
            }


def shown_examples(studio: Studio, study_id: str, contestant: str) -> tuple[Turns, ...]:
    """The examples that a contestant of a study was really shown, as question and answer; from what was asked."""
    path = studio.workspace.study(study_id) / "asks.jsonl"
    if not path.exists():
        return ()
    with path.open("rb") as file:
        asked = [json.loads(line) for line in islice(file, 8)]
    ask = next((each for each in asked if each["contestant"] == contestant), None)
    plain = next((each for each in asked if ask and each["tuned"] and each["key"] == ask["key"]), None)
    if not ask or not plain:
        return ()
    turns = [turn for turn in messages_from(ask["messages"]) if turn.role != "system"]
    count = sum(turn["role"] != "system" for turn in plain["messages"])
    return tuple(_pairs(turns[: len(turns) - count]))


def _pairs(turns: Sequence[Message]) -> Iterator[Turns]:
    """One conversation after the other: each begins with what a user says after an answer."""
    begun: list[Message] = []
    for turn in turns:
        if turn.role == "user" and begun and begun[-1].role == "assistant":
            yield tuple(begun)
            begun = []
        begun.append(turn)
    if begun:
        yield tuple(begun)
