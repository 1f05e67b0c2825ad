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
BEGIN, END = "<!-- cases -->\n", "<!-- /cases -->\n"
WORDS = {Verdict.ACCEPT: "accept", Verdict.REPAIR: "repair, and tell", Verdict.REJECT: "refuse"}
BOUNDED, ESCAPING = "tests/data/test_bounded.py", "tests/ui/test_escaping.py"
SANDBOX, LIMITED = (
    "test_a_template_reaches_nothing_but_the_conversation",
    "test_a_template_that_would_take_everything_ends_in_a_sentence",
)
# What other tests hold.
ELSEWHERE = {
    "E79": ("weights that are not numbers", "accept; the run says so", "tests/engine/test_faults.py::test_a_model_that_is_broken_before_it_learned_anything_is_blamed_and_not_the_learning_rate"),
    "E88": ("a chat template in either place where it can lie", "accept as text", "tests/recipes/test_local.py::test_a_chat_template_of_a_book_is_none"),
    "E104": ("a page of a list that there is not", "accept: the last page", "tests/flows/test_browse.py::test_beyond_the_end_is_the_last_page"),
    "E105": ("a chat template that climbs to every class there is", "refuse", f"{BOUNDED}::{SANDBOX}"),
    "E106": ("a chat template that asks the system", "refuse", f"{BOUNDED}::{SANDBOX}"),
    "E107": ("a chat template that reaches out through a filter or a format", "refuse", f"{BOUNDED}::{SANDBOX}"),
    "E108": ("a chat template that takes in a file", "refuse", f"{BOUNDED}::{SANDBOX}"),
    "E109": ("a chat template of loops, products and powers without end", "refuse", f"{BOUNDED}::{LIMITED}"),
    "E110": ("a chat template with a list that grows", "refuse", f"{BOUNDED}::{LIMITED}"),
    "E111": ("a chat template of 5,000 nested ifs, or of 200 kB", "refuse", f"{BOUNDED}::{LIMITED}"),
    "E112": ("a chat template that says something of its own in a refusal", "refuse, with its words as text", "tests/data/test_measure.py::test_a_row_that_the_template_refuses_is_set_aside_with_its_reason_and_stops_no_other"),
    "E113": ("a chat template that leaves something out", "accept, and tell", "tests/data/test_measure.py::test_what_a_template_leaves_out_is_said_and_the_rows_that_have_it_are_marked"),
    "E114": ("a chat template that asks for what is not its own", "refuse", f"{BOUNDED}::{SANDBOX}"),
    "E115": ("scripts in every text that people write", "accept as text", f"{ESCAPING}::test_no_known_attack_becomes_a_tag_or_an_attribute"),
    "E116": ("Markdown and HTML that would do something", "accept as text", f"{ESCAPING}::test_what_people_wrote_never_becomes_a_tag_or_an_attribute"),
    "E117": ("a picture that tells somebody elsewhere", "accept as text", f"{ESCAPING}::test_what_people_wrote_never_becomes_a_tag_or_an_attribute"),
    "E119": ("a vote by somebody who may only look, or no longer", "refuse", "tests/flows/test_judge.py::test_who_was_taken_back_judges_no_more_and_does_not_join_again_while_others_go_on"),
    "E120": ("the same press twice", "counts once", "tests/store/test_jobs.py::test_fifty_presses_from_ten_pages_have_one_effect_each"),
    "E126": ("passwords that are tried by the thousand", "refuse", "tests/flows/test_access.py::test_fifty_tries_from_one_address_are_stopped_at_twenty"),
    "E127": ("tokens of a provider that are forged, late or for others", "refuse", "tests/web/test_openid.py::test_a_token_that_proves_nothing_lets_nobody_in"),
    "E129": ("formulas in what is downloaded", "repair: a sign before each", "tests/data/test_ledger.py::test_a_downloaded_table_holds_no_formula"),
    "E130": ("a name that breaks out of a header", "accept, harmlessly", "tests/web/test_downloads.py::test_every_file_comes_as_an_attachment_that_no_browser_opens_as_a_page"),
    "E131": ("a download of more rows than fit into memory", "accept, a part at a time", "tests/hostile/test_long.py::test_a_long_bin_is_sent_with_few_of_its_rows_in_memory"),
    "E132": ("letters that turn the page around, and marks upon marks", "accept, shown as signs", "tests/domain/test_excerpt.py::test_what_is_not_to_be_seen_has_a_sign"),
    "E133": ("keys and passwords among the rows", "accept, and tell", "tests/data/checks/test_secrets.py::test_a_key_is_found_as_a_whole_and_named"),
    "E134": ("addresses inside the network in place of a model", "refuse", "tests/recipes/test_hub_names.py::test_what_is_no_name_on_a_hub_is_refused_with_an_example"),
    "E135": ("a thousand files of one byte at once", "accept, each of them", "tests/hostile/test_meanwhile.py::test_everybody_is_answered_while_a_thousand_files_of_one_byte_come_at_once"),
}  # fmt: skip


def cases() -> Iterator[tuple[str, str, str, str]]:
    """Number, what it is, the verdict, and by which ways in it comes."""
    for case in FILES:
        yield case.number, case.about, WORDS[case.verdict], "reader, command line, screen"
    for name in NAMES:
        shown = "as it is" if name.written == name.shown else f"as {name.shown[:30]}"
        yield name.number, ascii(name.written)[1:-1][:40], f"accept, {shown}", "flow, command line, HTTP"
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
    return {number for number, *_ in cases()} | ELSEWHERE.keys()


if __name__ == "__main__":
    before, _, rest = PAGE.read_text().partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2])
