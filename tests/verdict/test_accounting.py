"""The prompts behind each figure of a verdict are told in one table that adds up."""

from studio.domain.gate import ExactMatch, Gate, Pattern, PromptSet, Speed
from studio.domain.protocol import Asked, Candidate, Opponent, Protocol, Rival, Source
from studio.verdict.accounting import account

GATES: tuple[Gate, ...] = (ExactMatch(), Pattern(pattern=".*"), Speed(), PromptSet())


def protocol(*, sealed: int = 26, own: int = 2, cap: int = 24) -> Protocol:
    prompts = [*(Asked(f"s{n}") for n in range(sealed)), *(Asked(f"o{n}", Source.OWN) for n in range(own))]
    opponents = (Opponent(Rival.BASE), Opponent(Rival.PROMPT, "Be kind."))
    return Protocol(Candidate("starter", "ab"), opponents, tuple(prompts), "Better?", cap=cap)


def told(found: Protocol, *judged: tuple[int, int], gates: tuple[Gate, ...] = GATES) -> list[tuple[str, int, int, int]]:
    said = [(each.rival, *one) for each, one in zip(found.opponents, judged, strict=True)]
    return [(line.what, line.sealed, line.own, line.every) for line in account(found, said, gates).lines]


def test_what_is_judged_and_what_is_kept_add_up_to_what_is_asked() -> None:
    assert told(protocol(), (24, 2), (24, 2)) == [
        ("Asked of every model", 26, 2, 28),
        ("Judged by people, against each opponent", 22, 2, 24),
        ("Kept for identical pairs, not for judging", 4, 0, 4),
        ("Gates that compare with a reference", 26, 0, 26),
        ("Gates that look at the answer alone", 26, 2, 28),
    ]


def test_what_people_left_is_told_for_each_opponent() -> None:
    assert told(protocol(cap=28), (28, 2), (9, 1), gates=()) == [
        ("Asked of every model", 26, 2, 28),
        ("To be judged by people, against each opponent", 26, 2, 28),
        ("… judged against the base model", 26, 2, 28),
        ("… judged against the base model with its best prompt", 8, 1, 9),
    ]


def test_why_the_counts_differ_is_said_where_they_do() -> None:
    whole = [(Rival.BASE, 24, 2), (Rival.PROMPT, 24, 2)]
    found = account(protocol(), whole, GATES)
    assert found.has_own and found.why == (
        "Gates need no people, so they look at more prompts than people judge. Somebody's own prompts have no reference to "
        "compare with. Speed is measured on the first 20 at most. Shipped prompts and tasks of lm-evaluation-harness are "
        "counted apart, with their gates."
    )
    plain = account(protocol(sealed=24, own=0), [(Rival.BASE, 24, 0), (Rival.PROMPT, 24, 0)], (ExactMatch(),))
    assert (plain.has_own, plain.why) == (False, "")
