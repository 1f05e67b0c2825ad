"""Make the sample datasets: four small files from invented shops, written by sample_text.

python assets/make_samples.py --out assets/samples --seed 11

The same seed writes the same files, byte for byte. Nobody in them is real.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterable, Mapping
from pathlib import Path

from sample_text import brand_voice, messy, orders, triage

# The passes read about 9,000 rows with a fifth held out: what a very small model needs to learn a format.
INDEX = (
    {"file": "triage.jsonl", "title": "Sort customers' messages", "layout": "messages", "passes": 25,
     "description": "Messages to a shop for home goods, each sorted into a category, a priority and a team on three lines."},
    {"file": "brand-voice.jsonl", "title": "Answer in a shop's own voice", "layout": "instruction", "passes": 38,
     "description": "What customers of a tea shop say, and replies in its calm and recognisable voice."},
    {"file": "orders-json.jsonl", "title": "Turn orders into JSON", "layout": "completion", "passes": 32,
     "description": "Orders to a bakery in free text, each as a small JSON object that a program can read."},
    {"file": "messy.jsonl", "title": "A file with problems", "layout": "messages", "passes": 40,
     "description": "A file with every kind of fault planted in it, to see what the inspection finds."},
)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "samples")
    parser.add_argument("--seed", type=int, default=11)
    asked = parser.parse_args()
    write_samples(asked.out, seed=asked.seed)


def write_samples(folder: Path, *, seed: int) -> None:
    """Write the four files, the list of planted faults and the index into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    sorted_cases = triage.cases(random.Random(f"triage {seed}"), taken=set())
    lines, faults = messy.messy_file(random.Random(f"messy {seed}"))
    files = {
        "triage.jsonl": as_lines(triage.messages(one) for one in sorted_cases),
        "brand-voice.jsonl": as_lines(brand_voice.exchanges(random.Random(f"voice {seed}"), rows=300)),
        "orders-json.jsonl": as_lines(orders.orders(random.Random(f"orders {seed}"), rows=350)),
        "messy.jsonl": lines,
    }
    for name, rows in files.items():
        (folder / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
    index = [{**entry, "rows": len(files[str(entry["file"])])} for entry in INDEX]
    (folder / "index.json").write_text(json.dumps(index, indent=1) + "\n", encoding="utf-8")
    listed = ",\n".join(f" {json.dumps(fault)}" for fault in faults)
    (folder / "messy.faults.json").write_text(f"[\n{listed}\n]\n", encoding="utf-8")


def as_lines(rows: Iterable[Mapping[str, object]]) -> list[str]:
    return [json.dumps(row, ensure_ascii=False) for row in rows]


if __name__ == "__main__":
    main()
