"""The sieve: whatever a check would find in a row, its texts are let through to that check."""

from collections.abc import Callable

import pytest

from bench.accuracy.files import planted_files
from bench.accuracy.text import banks
from studio.data.checks import personal, placeholders, refusals, roles, secrets, self_reference, tokens, toxic
from studio.data.checks.places import marks_of
from studio.data.checks.sieve import Sieve
from studio.domain.finding import FindingKind, Mark
from studio.domain.row import Message, Row
from tests.data.checks.conftest import row

MARKS: dict[FindingKind, Callable[[Row], list[Mark]]] = {
    FindingKind.SECRET: secrets.marks,
    FindingKind.PERSONAL: personal.marks,
    FindingKind.REFUSAL: refusals.marks,
    FindingKind.SELF_REFERENCE: self_reference.marks,
    FindingKind.TOKENS: tokens.marks,
    FindingKind.PLACEHOLDER: placeholders.marks,
    FindingKind.TOXIC: toxic.marks,
    FindingKind.ROLE_ORDER: lambda row: marks_of(row, roles.spans),
}


@pytest.fixture(scope="module")
def sieve() -> Sieve:
    return Sieve()


@pytest.mark.parametrize("world", ["held_out", "tuning"])
def test_every_planted_case_is_let_through(sieve: Sieve, world: str) -> None:
    told = 0
    for file in planted_files(banks(world), rows=2000, seed=7):
        for case in file.cases:
            one = row(case.question, case.answer)
            found = {kind for kind, marks in MARKS.items() if marks(one)}
            assert found <= sieve.kinds(one), one
            told += len(found)
    assert told > 200


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FindingKind.SECRET, "PASSWORD: hunter22x"),
        (FindingKind.SECRET, "MOT DE PASSE : azerty77"),
        (FindingKind.SECRET, "Contraseña: lechuza99"),
        (FindingKind.PERSONAL, "+49\u00a030\u00a0901820"),
        (FindingKind.PERSONAL, "it answers at 2a00:1450:4001::8e"),
        (FindingKind.PERSONAL, "it answers at 8.34.8.81"),
        (FindingKind.REFUSAL, "I’M SORRY, BUT I CAN’T HELP WITH THAT."),
        (FindingKind.SELF_REFERENCE, "As an AI language model, I have no body."),
        (FindingKind.TOKENS, "<｜end▁of▁sentence｜>"),
        (FindingKind.PLACEHOLDER, "尊敬的【姓名】："),
        (FindingKind.TOXIC, "Fuck that!"),
        (FindingKind.ROLE_ORDER, "用户：你好\n助手：你好"),
    ],
)
def test_what_only_a_case_or_a_script_tells_apart_is_let_through(sieve: Sieve, kind: FindingKind, text: str) -> None:
    one = row("Well?", text)

    assert MARKS[kind](one)
    assert kind in sieve.kinds(one)


def test_a_worse_answer_is_looked_at_as_well(sieve: Sieve) -> None:
    one = row("Whom do I write to?", "To us.")
    pair = Row(0, 1, one.messages, rejected=(Message("assistant", "To anna@posteo.de."),))

    assert sieve.kinds(one) == frozenset()
    assert sieve.kinds(pair) == {FindingKind.PERSONAL}
