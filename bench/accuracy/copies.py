"""Planted: rows of which it is known what repeats what, made by two generators that share no words and no grammar.

`TUNING` is there to choose thresholds with; `HELD_OUT` only to report how the checks do on text they were not made on.
Both write English business text, Chinese, code and mathematics. What is planted (see `Row`) is dealt by `planted`.
"""

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

NEAR_KINDS = ("case", "punct", "space", "swap", "subst", "drop", "affix", "typo")
CONFLICT_KINDS = ("other wording", "other number", "yes or no", "other label")
SHARES = {
    "family": 0.07,
    "in family": 0.008,
    "exact": 0.1,
    "normalised": 0.03,
    "near": 0.1,
    "twin": 0.015,
    "conflict": 0.015,
}
FAMILY_SIZES = (3, 150)
PROTECTED = frozenset("not never cannot without does what which that this with have from your there".split())


@dataclass(frozen=True, slots=True)
class Row:
    """A question, its answer, and the truth: rows of one `origin` are copies of each other, made as `how` says.

    `family` is the template that a row was made from; `twin` numbers a pair that is the same but for what it `differs`
    in (a number, a sign …); `conflict` a pair of rows that answer one question, `conflict_kind` how the answers differ.
    """

    question: str
    answer: str
    topic: str
    origin: int
    how: str = "original"
    family: int = -1
    twin: int = -1
    differs: str = ""
    conflict: int = -1
    conflict_kind: str = ""


@dataclass(frozen=True, slots=True)
class Topic:
    """A kind of text: how a row of it is written, what its words are, and what can be done to them.

    `twins` are sentences of which only one half holds: (what differs, one, the other).
    """

    name: str
    write: Callable[[random.Random], tuple[str, str]]
    word: re.Pattern[str]
    words: Sequence[str]
    entity: Callable[[random.Random], str]
    affixes: tuple[Sequence[str], Sequence[str]]
    twins: Sequence[tuple[str, str, str]]
    gap: str = " "


@dataclass(frozen=True, slots=True)
class World:
    """A generator: topics with their share of the rows, a seed, and the answers of a classifier."""

    seed: int
    topics: Sequence[tuple[Topic, float]]
    labels: Sequence[str]


def planted(world: World, *, rows: int) -> list[Row]:
    """About `rows` rows in random order, always the same for the same world and number."""
    draw = random.Random(world.seed * 1_000_003 + rows)
    made: list[Row] = []
    counts = {name: round(rows * share) for name, share in SHARES.items()}
    topics, shares = zip(*world.topics, strict=True)

    def fresh() -> Row:
        topic: Topic = draw.choices(topics, shares)[0]
        return Row(*topic.write(draw), topic=topic.name, origin=len(made))

    by_name = {topic.name: topic for topic in topics}
    for _ in range(rows - sum(counts.values())):
        made.append(fresh())
    originals = list(made)
    _plant_families(made, fresh, by_name, draw, rows=counts["family"])
    members = made[len(originals) :]
    for number in range(counts["in family"]):
        kind = NEAR_KINDS[number % len(NEAR_KINDS)]
        made.append(altered(draw.choice(members), kind, by_name, draw))
    for _ in range(counts["exact"]):
        made.append(replace(draw.choice(originals), how="exact"))
    for _ in range(counts["normalised"]):
        made.append(retyped(draw.choice(originals), draw))
    for number in range(counts["near"]):
        made.append(altered(draw.choice(originals), NEAR_KINDS[number % len(NEAR_KINDS)], by_name, draw))
    for _ in range(counts["twin"] // 2):
        _plant_twins(made, fresh(), by_name, draw)
    for number in range(counts["conflict"] // 2):
        _plant_conflict(made, fresh, CONFLICT_KINDS[number % len(CONFLICT_KINDS)], world, draw)
    draw.shuffle(made)
    return made


def _plant_families(
    made: list[Row], fresh: Callable[..., Row], topics: dict[str, Topic], draw: random.Random, *, rows: int
) -> None:
    """Templates of which one to three words are filled in anew for every row, with names and numbers."""
    low, high = FAMILY_SIZES
    family = 0
    while rows > 0:
        template = fresh()
        topic = topics[template.topic]
        places = list(topic.word.finditer(template.question))
        slots = sorted(draw.sample(places, min(len(places) - 1, draw.randint(1, 3))), key=lambda place: place.start())
        has_number = draw.random() < 0.3
        size = round(low * (high / low) ** draw.random())
        seen = set()
        while len(seen) < size:
            question, end = "", 0
            for slot in slots:
                question += template.question[end : slot.start()] + topic.entity(draw)
                end = slot.end()
            question += template.question[end:] + (f" ({draw.randint(1, 9999)})" if has_number else "")
            if question not in seen:
                seen.add(question)
                made.append(replace(template, question=question, origin=len(made), family=family))
        rows -= size
        family += 1


def _plant_twins(made: list[Row], base: Row, topics: dict[str, Topic], draw: random.Random) -> None:
    topic = topics[base.topic]
    differs, one, other = draw.choice(topic.twins)
    number = draw.randint(12, 97)
    twin = len(made)
    for sentence in (one, other):
        said = sentence.replace("NUMBER", str(number)).replace("NEXT", str(number + 1))
        made.append(replace(base, answer=base.answer + topic.gap + said, origin=len(made), twin=twin, differs=differs))


def _plant_conflict(made: list[Row], fresh: Callable[..., Row], kind: str, world: World, draw: random.Random) -> None:
    first, second = fresh(), fresh()
    number = draw.randint(2, 60)
    label = draw.sample(list(world.labels), 2)
    answers = {
        "other wording": (first.answer, second.answer),
        "other number": (f"{first.answer} = {number}", f"{first.answer} = {number + draw.randint(1, 9)}"),
        "yes or no": ("Yes.", "No."),
        "other label": (label[0], label[1]),
    }[kind]
    question = len(made)
    for answer in answers:
        made.append(replace(first, answer=answer, origin=len(made), conflict=question, conflict_kind=kind))


def retyped(row: Row, draw: random.Random) -> Row:
    """Other capitals, spaces and sentence marks: the same row once these are ignored."""
    question, answer = row.question, row.answer
    if draw.random() < 0.5:
        question = question.upper() if draw.random() < 0.5 else question.capitalize()
    else:
        answer = answer.replace(" ", "  ", 2)
    if draw.random() < 0.5:
        question = question.rstrip(".?。？") + "!"
        question = question if not question[-2:-1].isdigit() and question[-2:-1] != ")" else question[:-1]
    if (question, answer) == (row.question, row.answer):
        question = " " + question
    return replace(row, question=question, answer=answer, how="normalised")


def altered(row: Row, kind: str, topics: dict[str, Topic], draw: random.Random) -> Row:
    """A near copy: one slip of this kind, now and then a second one in a long row; code and formulas are left alone."""
    topic = topics[row.topic]
    is_question = row.topic in ("code", "maths") or draw.random() * len(row.question + row.answer) < len(row.question)
    text = row.question if is_question else row.answer
    for _ in range(1 + (kind in ("subst", "drop", "typo", "swap") and len(text) > 250 and draw.random() < 0.3)):
        text = _slip(text, kind, topic, draw)
    return replace(row, how=kind, **{"question" if is_question else "answer": text})


def _slip(text: str, kind: str, topic: Topic, draw: random.Random) -> str:
    words = [found for found in topic.word.finditer(text) if found[0].lower() not in PROTECTED]
    place = draw.randrange(max(1, len(words) - 1))
    found = words[place]
    before, word, after = text[: found.start()], found[0], text[found.end() :]
    match kind:
        case "case":
            turned = word.upper() if word.upper() != word else word.lower()
            return before + turned + after if turned != word else _slip(text, "punct", topic, draw)
        case "punct":
            return before + draw.choice([f'"{word}"', f"({word})", f"{word},", f"“{word}”"]) + after
        case "space":
            return before + draw.choice(["  ", "\n", " \n"]) + word + after
        case "swap":
            if len(words) == 1:
                return _slip(text, "affix", topic, draw)
            following = words[place + 1]
            between = text[found.end() : following.start()]
            return before + following[0] + between + word + text[following.end() :]
        case "subst":
            return before + draw.choice([other for other in topic.words if other != word.lower()]) + after
        case "drop":
            return (
                before.removesuffix(topic.gap) + after
                if topic.gap and before
                else before + after.removeprefix(topic.gap)
            )
        case "affix":
            first, last = topic.affixes
            return (
                draw.choice(first) + topic.gap + text if draw.random() < 0.5 else text + topic.gap + draw.choice(last)
            )
        case _:
            return before + _mistyped(word, topic, draw) + after


def _mistyped(word: str, topic: Topic, draw: random.Random) -> str:
    at = draw.randrange(len(word) - 1)
    if not word.isascii():
        return word[:at] + draw.choice("".join(topic.words).replace(word[at], "")) + word[at + 1 :]
    turned, shorter, longer = (
        word[:at] + word[at + 1] + word[at] + word[at + 2 :],
        word[:at] + word[at + 1 :],
        word[: at + 1] + word[at:],
    )
    return draw.choice([shorter, longer, turned if turned != word else longer])
