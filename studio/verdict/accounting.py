"""Accounting: which prompts each figure of a verdict is of, as one table that adds up."""

from collections.abc import Iterator, Sequence

from studio.domain.gate import Gate, PromptSet, Speed, Tasks, needs_references
from studio.domain.protocol import Protocol, Rival
from studio.domain.report import Account, Line

APART = "Shipped prompts and tasks of lm-evaluation-harness are counted apart, with their gates."
TIMED = "Speed is measured on the first 20 at most."


def account(protocol: Protocol, judged: Sequence[tuple[Rival, int, int]], gates: Sequence[Gate]) -> Account:
    """The prompts of a study by what became of them; `judged` are the opponents with how many prompts people judged
    against each, and how many of these are somebody's own."""
    return Account(tuple(_lines(protocol, judged, gates)), " ".join(_why(protocol, gates)))


def _lines(protocol: Protocol, judged: Sequence[tuple[Rival, int, int]], gates: Sequence[Gate]) -> Iterator[Line]:
    asked, own = len(protocol.prompts), protocol.own_prompts
    yield Line("Asked of every model", asked - own, own)
    planned = (protocol.cap, own)
    if all((whole, theirs) == planned for _, whole, theirs in judged):
        yield Line("Judged by people, against each opponent", protocol.cap - own, own)
    else:
        yield Line("To be judged by people, against each opponent", protocol.cap - own, own)
        for rival, whole, theirs in judged:
            yield Line(f"… judged against {rival.title}", whole - theirs, theirs)
    if asked > protocol.cap:
        yield Line("Kept for identical pairs, not for judging", asked - protocol.cap, 0)
    looking = [gate for gate in gates if not isinstance(gate, PromptSet | Tasks | Speed)]
    if any(needs_references(gate) for gate in looking):
        yield Line("Gates that compare with a reference", asked - own, 0)
    if any(not needs_references(gate) for gate in looking):
        yield Line("Gates that look at the answer alone", asked - own, own)


def _why(protocol: Protocol, gates: Sequence[Gate]) -> Iterator[str]:
    """Why the counts differ, where they do."""
    if gates and len(protocol.prompts) > protocol.cap:
        yield "Gates need no people, so they look at more prompts than people judge."
    if protocol.own_prompts and any(needs_references(gate) for gate in gates):
        yield "Somebody's own prompts have no reference to compare with."
    if any(isinstance(gate, Speed) for gate in gates):
        yield TIMED
    if any(isinstance(gate, PromptSet | Tasks) for gate in gates):
        yield APART
