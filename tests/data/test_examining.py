"""Everything that is found in a file: copies, near copies, contradictions, secrets, refusals, in one place each."""

import gc
import json
import warnings
from pathlib import Path

import pytest

from studio.data.comparing import Comparing
from studio.data.progress import Stopped
from studio.domain.finding import FindingKind


def line(question: str, answer: str) -> str:
    return json.dumps({"prompt": question, "completion": answer})


PLAIN = [
    ("How do I change the filter of the coffee machine that you sold me?", "Turn the lid to the left and lift it out."),
    ("Which of the two bicycle pumps fits a racing wheel with narrow valves?", "The smaller one, with the brass head."),
    ("My garden chair came with one screw too few in the little paper bag.", "We send the missing screw tomorrow."),
    ("Is there a way to store the tent without the poles getting wet?", "Dry them first and keep them in the bag."),
]


def test_each_kind_of_problem_is_found_with_its_lines(bring):
    brought = bring(
        "\n".join(
            [
                *(line(*row) for row in PLAIN),
                line(*PLAIN[0]),
                line(PLAIN[1][0].replace("racing", "touring"), PLAIN[1][1]),
                line(PLAIN[2][0], "No screw was missing when it left our house."),
                line("Where do I write to?", "Write to jane.miller@hollin-fern.com and we will look into it."),
                line("Can you help me with my tent?", "I'm sorry, but I cannot help with that request."),
            ]
        )
    )
    lines = {kind: [group.lines for group in finding.groups] for kind, finding in brought.findings.items()}
    assert lines[FindingKind.EXACT_DUPLICATE] == [(1, 5)]
    assert lines[FindingKind.NEAR_DUPLICATE] == [(2, 6)]
    assert lines[FindingKind.CONFLICT] == [(3, 7)]
    assert lines[FindingKind.PERSONAL] == [(8,)]
    assert lines[FindingKind.REFUSAL] == [(9,)]


def test_a_near_copy_says_which_words_differ(bring):
    near = (PLAIN[1][0].replace("racing", "touring"), PLAIN[1][1])
    brought = bring("\n".join(line(*row) for row in [*PLAIN, near]))
    (group,) = brought.findings[FindingKind.NEAR_DUPLICATE].groups
    assert "racing" in group.reason and "touring" in group.reason


def test_a_place_that_is_meant_can_be_marked_in_its_row(bring):
    brought = bring("\n".join([*(line(*row) for row in PLAIN), line("Mail?", "It is a.b@example-shop.com, always.")]))
    (mark,) = brought.findings[FindingKind.PERSONAL].marks
    text = brought.rows[mark.row].messages[mark.message].content
    assert text[mark.start : mark.end] == "a.b@example-shop.com" and mark.note == "e-mail address"


def test_rows_of_nothing_special_have_no_findings(bring):
    assert bring("\n".join(line(*row) for row in PLAIN)).findings == {}


def test_what_waits_on_the_disk_is_closed_however_a_check_ends(tmp_path: Path) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always", ResourceWarning)
        with pytest.raises(Stopped), Comparing(tmp_path) as comparing:
            raise Stopped
        del comparing
        gc.collect()

    assert [str(each.message) for each in told if "SpooledTemporaryFile" in str(each.message)] == []
