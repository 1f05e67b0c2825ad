"""How often the checks of a dataset are right: what they look for is planted, read by the studio, and counted.

    python -m bench.accuracy                   100,000 rows of the held-out generator; writes docs/accuracy.md
    python -m bench.accuracy --rows 5000       the same in seconds; only printed
    python -m bench.accuracy --tuning          the rows that checks may be settled with; only printed
    python -m bench.accuracy --tuning --show refusal     and what was missed and mistaken of one finding

What the held-out generator says is never shown row by row, so that no check can be mended for it.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.accuracy.measuring import Measured, measure, missed
from bench.accuracy.page import page
from studio.domain.finding import FindingKind

DOCUMENT = Path(__file__).parents[2] / "docs" / "accuracy.md"
ROWS = 100_000
SHOWN = 40


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--tuning", action="store_true", help="plant with the generator that checks are settled with")
    parser.add_argument("--show", type=FindingKind, choices=list(FindingKind), metavar="FINDING")
    given = parser.parse_args()
    if given.show and not given.tuning:
        parser.error("only the tuning generator is shown row by row")
    with TemporaryDirectory() as folder:
        measured = measure("tuning" if given.tuning else "held_out", rows=given.rows, folder=Path(folder))
    written = page(measured)
    print(written)
    if given.show:
        show(measured, given.show)
    if given.rows == ROWS and not given.tuning:
        DOCUMENT.write_text(written, encoding="utf-8")
        print(f"written: {DOCUMENT}")
    for number in missed(measured):
        print(f"NOT HELD: {number}", file=sys.stderr)
    return 1 if missed(measured) else 0


def show(measured: Measured, kind: FindingKind) -> None:
    scores = measured.cases.kinds[kind]
    for title, texts in (("missed", scores.missed), ("mistaken", scores.mistaken)):
        print(f"\n{title}")
        for text, count in Counter(texts).most_common(SHOWN):
            print(f"{count:6}  {text!r}"[:240])


if __name__ == "__main__":
    sys.exit(main())
