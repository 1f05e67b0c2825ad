"""Measuring: everything that one generator plants, read by the studio and scored."""

from dataclasses import dataclass
from pathlib import Path

from bench.accuracy.case_scores import CaseScores
from bench.accuracy.copies import World, planted
from bench.accuracy.copy_scores import CopyScores
from bench.accuracy.files import planted_files
from bench.accuracy.leakage import DEALT, Leakage, leakages
from bench.accuracy.reading import Cost, timed_read
from bench.accuracy.text import banks
from bench.accuracy.worlds import held_out, tuning
from studio.domain.finding import FindingKind

WORLDS = {"held_out": held_out.world, "tuning": tuning.world}
NEAR_RECALL, NEAR_PRECISION, MOST_LEAKED = 0.98, 0.97, 0.001
OUT_OF_PLACE = (FindingKind.SECRET, FindingKind.PERSONAL, FindingKind.REFUSAL, FindingKind.SELF_REFERENCE)


@dataclass(frozen=True, slots=True)
class Measured:
    """The scores of one generator; `out_of_place` counts what was named in the copies' file and not planted there."""

    world: str
    copies: CopyScores
    leakage: dict[str, Leakage]
    cases: CaseScores
    out_of_place: dict[FindingKind, int]
    cost: Cost


def measure(world: str, *, rows: int, folder: Path) -> Measured:
    """Plant about `rows` rows with copies, and a quarter as many with other problems; always the same in one world."""
    source: World = WORLDS[world]()
    copies = planted(source, rows=rows)
    said, cost = timed_read([(row.question, row.answer) for row in copies], folder / "copies")
    cases = CaseScores()
    for file in planted_files(banks(world), rows=rows // 4, seed=source.seed):
        cases.add(file, folder / file.name)
    return Measured(
        world=world,
        copies=CopyScores(copies, said),
        leakage=leakages(copies, said, seed=source.seed),
        cases=cases,
        out_of_place={kind: len(said.rows(kind)) for kind in OUT_OF_PLACE},
        cost=cost,
    )


def missed(measured: Measured) -> list[str]:
    """The numbers that the studio promises to hold, and does not; docs/accuracy.md tells them."""
    near, precise = measured.copies.recall["near"], measured.copies.precision["near"]
    leaked = measured.leakage[DEALT].outside
    held = (
        ("recall of near copies", near, near.value >= NEAR_RECALL),
        ("precision of near copies", precise, precise.value >= NEAR_PRECISION),
        ("held-out rows with a copy in training", leaked, leaked.hits <= max(1, MOST_LEAKED * leaked.of)),
    )
    return [f"{name}: {share}" for name, share, is_held in held if not is_held]
