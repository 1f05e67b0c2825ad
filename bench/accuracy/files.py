"""Files: planted cases put together as people's files are: one language, one habit, and rows that depart from it."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from bench.accuracy import cases as made
from bench.accuracy.cases import Case, Desk, K, Maker, Planted, cases_of
from bench.accuracy.text import Bank

HABITS = ("json", "fields", "markdown")
LABEL_ROWS = 120
VARIANTS = ("capitals", "joined", "end mark", "spaces", "typing slip")

# Of 100 rows of the English file, which departs from its habits in every way that is looked for.
ENGLISH: tuple[tuple[Maker, float], ...] = (
    (lambda desk, _: desk.plain(), 38),
    (made.refusal, 5), (made.no_refusal, 5), (made.self_reference, 4), (made.no_self_reference, 4),
    (made.personal_data, 7), (made.looks_personal, 5), (made.secret, 5), (made.looks_secret, 4),
    (made.cut_short, 4), (made.whole_ending, 3), (made.one_word, 2), (made.short_answer, 2),
    (made.other_format("markdown"), 1.5), (made.other_format("json"), 1.5), (made.other_format("fields"), 1),
    (made.plain_after_all, 2), (made.other_language, 3), (made.foreign_on_request, 2),
    (made.turn_inside, 1), (made.no_turn_inside, 1), (made.token, 1), (made.no_token, 1),
    (made.placeholder, 1.5), (made.no_placeholder, 1), (made.empty, 1), (made.no_empty, 1),
    (made.repeats, 1), (made.repeats_and_answers, 1), (made.stray_spaces, 2), (made.spaces_in_place, 1),
)  # fmt: skip
OTHERS: tuple[tuple[Maker, float], ...] = (
    (lambda desk, _: desk.plain(), 60),
    (made.refusal, 9), (made.no_refusal, 9), (made.self_reference, 7), (made.no_self_reference, 7),
    (made.cut_short, 4), (made.other_language, 4),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlantedFile:
    """A file, and the truth about every row of it."""

    name: str
    cases: Sequence[Case]


def planted_files(banks: dict[str, Bank], *, rows: int, seed: int) -> Iterator[PlantedFile]:
    """About `rows` rows in several files: half of them in English, others in each language, and files of habits."""
    draw = random.Random(seed)
    yield _mixed("English", Desk(banks, "en", draw), ENGLISH, rows // 2)
    languages = [name for name in banks if len(name) == 2 and name != "en"]
    for language in languages:
        yield _mixed(language, Desk(banks, language, draw), OTHERS, rows // 4 // len(languages))
    desk = Desk(banks, "en", draw)
    for habit in HABITS:
        yield _habitual(desk, habit, rows // 8 // len(HABITS))
    labels = [("set", line) for line in banks["labels"]["set"]] + [("apart", line) for line in banks["labels"]["apart"]]
    for number in range(max(1, rows // 8 // LABEL_ROWS // len(labels)) * len(labels)):
        kind, line = labels[number % len(labels)]
        yield _labelled(desk, line.split(", "), f"labels {number}", is_apart=kind == "apart")


def _mixed(name: str, desk: Desk, makers: Sequence[tuple[Maker, float]], rows: int) -> PlantedFile:
    whole = sum(weight for _, weight in makers)
    counts = [(make, round(rows * weight / whole)) for make, weight in makers]
    return _shuffled(name, list(cases_of(desk, counts)), desk)


def _shuffled(name: str, cases: list[Case], desk: Desk) -> PlantedFile:
    desk.draw.shuffle(cases)
    return PlantedFile(name, cases)


def _habitual(desk: Desk, habit: str, rows: int) -> PlantedFile:
    """Nearly all answers in one format; planted are plain ones, and JSON that was cut off."""

    def usual(desk: Desk, number: int) -> Case:
        case = made.other_format(habit)(desk, number)
        return replace(case, planted=(), also=frozenset({K.LABELS, K.CUT_SHORT}))

    def plain(desk: Desk, number: int) -> Case:
        return replace(desk.plain(), planted=(Planted(K.FORMAT, f"plain text among {made.NAMES[habit]}", str(number)),))

    def cut(desk: Desk, number: int) -> Case:
        _, said = desk.planted("json", number)
        planted = Planted(K.CUT_SHORT, "JSON that was cut off", str(number))
        answer = said[: desk.draw.randint(len(said) // 3, len(said) - 2)]
        return replace(desk.plain(), answer=answer, planted=(planted,), also=frozenset({K.FORMAT, K.LABELS, K.SPACES}))

    makers: list[tuple[Maker, int]] = [(usual, round(rows * 0.85)), (plain, round(rows * 0.08))]
    if habit == "json":
        makers.append((cut, round(rows * 0.07)))
    return _shuffled(habit, list(cases_of(desk, makers)), desk)


def _labelled(desk: Desk, labels: Sequence[str], name: str, *, is_apart: bool) -> PlantedFile:
    """A classifier's file: labels alone, of which a few are written in another way, or which only look alike."""
    cases = []
    one_word = Planted(K.ONE_WORD, "a file of labels", "labels", is_real=False)
    alike = (Planted(K.LABELS, "different labels", ", ".join(labels), is_real=False),) if is_apart else ()
    for number in range(LABEL_ROWS):
        label = labels[number % len(labels)]
        case = replace(desk.plain(), answer=label, planted=(one_word, *alike))
        if not is_apart and number % 12 == 11:
            sort = VARIANTS[number // 12 % len(VARIANTS)]
            written = _variant(label, sort, desk.draw)
            if written != label:
                case = replace(case, answer=written, planted=(one_word, Planted(K.LABELS, sort, f"{label} {sort}")),
                               also=frozenset({K.SPACES}))  # fmt: skip
        cases.append(case)
    return _shuffled(name, cases, desk)


def _variant(label: str, sort: str, draw: random.Random) -> str:
    match sort:
        case "capitals":
            return draw.choice([label.upper(), label.capitalize(), label.title()])
        case "joined":
            return label.replace(" ", draw.choice("_-"))
        case "end mark":
            return label + draw.choice(".!")
        case "spaces":
            return draw.choice([f" {label}", f"{label} ", label.replace(" ", "  ") if " " in label else f"{label}\n"])
        case _:
            place = draw.randrange(1, len(label) - 1)
            return label[:place] + label[place + 1] + label[place] + label[place + 2 :]
