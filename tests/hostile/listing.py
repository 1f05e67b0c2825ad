"""Listing: docs/hostile.md's table of every case and its verdict, made from the cases themselves.

python -m tests.hostile.listing        writes the table into the page anew
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from tests.data.hostile.case import Verdict
from tests.data.hostile.listed import CASES as FILES
from tests.data.hostile.names import NAMES
from tests.hostile import models, recipes, requests, values, votes

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "hostile.md"
# Chat templates have limits of their own where they are rendered; streams and a thousand uploads at once are not held here.
NOT_HERE = {*(f"E{n}" for n in range(105, 115)), "E131", "E135"}
BEGIN, END = "<!-- cases -->\n", "<!-- /cases -->\n"
WORDS = {Verdict.ACCEPT: "accept", Verdict.REPAIR: "repair, and tell", Verdict.REJECT: "refuse"}
# What other tests hold.
ELSEWHERE = {
    "E132": ("letters that turn the page around, and marks upon marks", "accept, shown as signs", "tests/data/test_carets.py"),
    "E79": ("weights that are not numbers", "accept; the run says so", "tests/engine/test_faults.py"),
    "E88": ("a chat template in either place where it can lie", "accept as text", "tests/recipes/test_local.py"),
    "E115": ("scripts in every text that people write", "accept as text", "tests/ui/test_escaping.py"),
    "E116": ("Markdown and HTML that would do something", "accept as text", "tests/ui/test_escaping.py"),
    "E104": ("a page of a list that there is not", "accept: the last page", "tests/flows/test_browse.py"),
    "E117": ("a picture that tells somebody elsewhere", "accept as text", "tests/ui/test_escaping.py"),
    "E119": ("a vote by somebody who may only look, or no longer", "refuse", "tests/web/test_access.py"),
    "E120": ("the same press twice", "counts once", "tests/store/test_jobs.py"),
    "E126": ("passwords that are huge, odd, or tried by the thousand", "refuse", "tests/web/test_access.py"),
    "E127": ("tokens of a provider that are forged, late or for others", "refuse", "tests/web/test_openid.py"),
    "E129": ("formulas in what is downloaded", "repair: a sign before each", "tests/data/test_ledger.py"),
    "E130": ("a name that breaks out of a header", "accept, harmlessly", "tests/web/test_downloads.py"),
    "E133": ("keys and passwords among the rows", "accept, and tell", "tests/data/checks/test_secrets.py"),
    "E134": ("addresses inside the network in place of a model", "refuse", "tests/recipes/test_hub_names.py"),
}  # fmt: skip


def cases() -> Iterator[tuple[str, str, str, str]]:
    """Number, what it is, the verdict, and by which ways in it comes."""
    for case in FILES:
        yield case.number, case.about, WORDS[case.verdict], "reader"
    for name in NAMES:
        shown = "as it is" if name.written == name.shown else f"as {name.shown[:30]}"
        yield name.number, ascii(name.written)[1:-1][:40], f"accept, {shown}", "flow, HTTP"
    for listed, ways in (
        (models.CASES, "flow, command line, screen, engine"), (recipes.CASES, "flow, command line, screen"),
        (votes.CASES, "command line"),
    ):  # fmt: skip
        for case in listed:
            yield case.number, case.about, WORDS[case.verdict], ways
    for number, listed in (("E100", values.TEXTS), ("E101", values.IDS)):
        for name in listed:
            yield number, f"an id: {name}", "refuse", "command line, HTTP"
    for request in requests.CASES:
        said = ", ".join(str(status) if status else "closed" for status in request.statuses)
        yield request.number, request.about, said, "HTTP"


def rows() -> Iterator[str]:
    """One line of the table for each number, verdict and way in."""
    found: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for number, about, verdict, ways in cases():
        if about not in found[number, verdict, ways]:
            found[number, verdict, ways].append(about)
    for number, (about, verdict, test) in ELSEWHERE.items():
        found[number, verdict, f"`{test}`"].append(about)
    for number, verdict, ways in sorted(found, key=lambda key: (key[0][0], int(key[0][1:]), key[1])):
        yield f"| {number} | {_joined(found[number, verdict, ways])} | {verdict} | {ways} |"


def _joined(abouts: Iterable[str]) -> str:
    text = "; ".join(abouts)
    return re.sub(r"([|<>`*_\\{}$])", r"\\\1", "".join(letter if letter.isprintable() else "�" for letter in text))


def table() -> str:
    return "\n".join(["| case | what comes | verdict | way in |", "|---|---|---|---|", *rows(), ""])


def numbers() -> set[str]:
    return {number for number, *_ in cases()} | set(ELSEWHERE)


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2])
