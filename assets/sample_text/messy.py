"""Messy: a file with every kind of fault planted in it, and the list of what was planted where."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sample_text.triage import Case, case, cases, messages

LINES = 220


@dataclass(slots=True)
class MessyFile:
    """Lines as they will stand in the file, and the planted faults: kind and the places of the lines (from 1)."""

    lines: list[str] = field(default_factory=list)
    faults: list[dict[str, object]] = field(default_factory=list)

    def plant(self, kind: str, lines: Iterable[str]) -> None:
        first = len(self.lines) + 1
        self.lines += lines
        self.faults.append({"kind": kind, "lines": list(range(first, len(self.lines) + 1))})


def messy_file(rng: random.Random) -> tuple[list[str], list[dict[str, object]]]:
    """The lines of the messy file and its faults, in the order of their first line; the first line carries a byte order mark."""
    pool = iter(cases(rng, taken=set()))
    planted = MessyFile()
    for plant in (broken_rows, broken_answers, broken_turns, copies, conflicts, long_rows, odd_characters):
        plant(planted, pool, rng)
    planted.plant("blank_line", [""])
    planted.plant("blank_line", ["   "])
    planted.plant("blank_line", ["\t", ""])
    return scattered(planted, pool, rng)


def scattered(
    planted: MessyFile, pool: Iterable[Case], rng: random.Random
) -> tuple[list[str], list[dict[str, object]]]:
    """The planted lines and good rows in mixed order, with the faults' line numbers following their lines."""
    rows = planted.lines + [row(one) for one, _ in zip(pool, range(LINES - len(planted.lines) - 1), strict=False)]
    order = list(range(len(rows)))
    rng.shuffle(order)
    where = {old + 1: new + 2 for new, old in enumerate(order)}
    faults = [
        {"kind": fault["kind"], "lines": sorted(where[line] for line in lines)}
        for fault in planted.faults
        if isinstance(lines := fault["lines"], list)
    ]
    first = "\ufeff" + row(case(rng, "billing"))
    faults.append({"kind": "byte_order_mark", "lines": [1]})
    return [first, *(rows[old] for old in order)], sorted(faults, key=lambda fault: fault["lines"])


def row(one: Case) -> str:
    return json.dumps(messages(one), ensure_ascii=False)


def turns(*pairs: tuple[str, object]) -> str:
    return json.dumps({"messages": [{"role": role, "content": content} for role, content in pairs]}, ensure_ascii=False)


Pool = Iterable[Case]


def take(pool: Pool) -> Case:
    return next(iter(pool))


def broken_rows(planted: MessyFile, pool: Pool, rng: random.Random) -> None:
    """Lines that are no JSON, or no object."""
    spoil: tuple[Callable[[str], str], ...] = (
        lambda text: text[:-1] + ",}", lambda text: text[:-2] + ",]}", lambda text: text[: len(text) * 2 // 3], lambda text: text[: len(text) // 4],
        lambda text: str(json.loads(text)), lambda text: text.replace('"role":', "role:"), lambda text: text + text,
    )  # fmt: skip
    for change in spoil:
        planted.plant("broken_json", [change(row(take(pool)))])
    for line in ('["a customer asks", "category: billing"]', '"The parcel is late."', "42", "null"):
        planted.plant("not_an_object", [line])


def broken_answers(planted: MessyFile, pool: Pool, rng: random.Random) -> None:
    """Rows with no answer, or an empty one."""
    for _ in range(4):
        planted.plant("no_answer", [turns(("user", take(pool).message))])
    for empty in ("", "", "   ", "\n"):
        planted.plant("empty_answer", [turns(("user", take(pool).message), ("assistant", empty))])


def broken_turns(planted: MessyFile, pool: Pool, rng: random.Random) -> None:
    """Unknown roles, two answers in a row, an answer before the question."""
    for role in ("bot", "customer", "agent"):
        one = take(pool)
        pairs = (
            [("user", one.message), (role, one.answer)]
            if role != "customer"
            else [(role, one.message), ("assistant", one.answer)]
        )
        planted.plant("unknown_role", [turns(*pairs)])
    for _ in range(3):
        one = take(pool)
        planted.plant(
            "role_order",
            [turns(("user", one.message), ("assistant", one.answer), ("assistant", "Is there anything else?"))],
        )
    one = take(pool)
    planted.plant("role_order", [turns(("assistant", one.answer), ("user", one.message), ("assistant", one.answer))])


def copies(planted: MessyFile, pool: Pool, rng: random.Random) -> None:
    """The same row two to four times, and rows that differ in case, spacing or final punctuation alone."""
    for times in (2, 2, 2, 3, 3, 4):
        planted.plant("duplicate", [row(take(pool))] * times)
    changes: tuple[Callable[[str], str], ...] = (
        str.upper,
        str.lower,
        lambda text: text.replace(" ", "  "),
        lambda text: f"  {text} ",
        lambda text: text.rstrip(".!?"),
        lambda text: text.rstrip(".?") + "!!",
    )
    for change in changes:
        one = take(pool)
        while change(one.message) == one.message:
            one = take(pool)
        planted.plant("trivial_duplicate", [row(one), turns(("user", change(one.message)), ("assistant", one.answer))])


def conflicts(planted: MessyFile, pool: Pool, rng: random.Random) -> None:
    """The same question with different answers."""
    for _ in range(5):
        one, other = take(pool), take(pool)
        while other.answer == one.answer:
            other = take(pool)
        planted.plant("conflict", [row(one), turns(("user", one.message), ("assistant", other.answer))])


def long_rows(planted: MessyFile, pool: Pool, rng: random.Random) -> None:
    """Rows longer than 512 and than 1024 tokens of the starter model."""
    for kind, words in (
        ("longer_than_512", 480),
        ("longer_than_512", 540),
        ("longer_than_512", 580),
        ("longer_than_1024", 1100),
        ("longer_than_1024", 1500),
    ):
        one = take(pool)
        parts = [one.message]
        while sum(len(part.split()) for part in parts) < words:
            parts.append(case(rng, one.category).message)
        planted.plant(kind, [turns(("user", " ".join(parts)), ("assistant", one.answer))])


def odd_characters(planted: MessyFile, pool: Pool, rng: random.Random) -> None:
    """No-break and zero-width spaces, a byte order mark inside a text, and a control character."""
    for odd in ("\u00a0", "\u2009", "\u200b ", "\u3000"):
        one = take(pool)
        planted.plant("odd_characters", [turns(("user", one.message.replace(" ", odd)), ("assistant", one.answer))])
    for mark in ("\ufeff", "\u0007"):
        one = take(pool)
        planted.plant("odd_characters", [turns(("user", mark + one.message), ("assistant", one.answer))])
