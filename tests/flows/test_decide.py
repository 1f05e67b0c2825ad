"""A closed study is opened: the verdict, its evidence and the files to check it by."""

import csv
import json
import re
from collections import Counter
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest

from studio.domain.dealing import Dealt
from studio.domain.errors import StudyError
from studio.domain.run import Run
from studio.domain.study import Choice, Side, Study
from studio.domain.verdict import Decision
from studio.flows import bring, compare, decide, judge
from studio.flows.decide import Decided
from studio.flows.studio import Studio
from studio.store import cards, studies
from tests.flows.conftest import for_base, for_tuned

MakeStudy = Callable[..., Study]
JudgeAll = Callable[..., None]
Close = Callable[..., Decided]


@pytest.fixture
def decided(quiet: Studio, judge_all: JudgeAll) -> Close:
    """The verdict of a study of which one rater said the same everywhere."""

    def close(study: Study, choose: Choice | Callable[[Dealt], Choice]) -> Decided:
        judge_all(study, choose)
        compare.close(quiet, study.id)
        return decide.verdict(quiet, study.id)

    return close


def test_nothing_is_revealed_before_the_rating_is_closed(opened: MakeStudy, quiet: Studio, judge_all: JudgeAll):
    study = opened()
    judge_all(study, for_tuned)
    for reveal in (decide.verdict, decide.ratings_csv, decide.ratings_jsonl, decide.report_page, decide.report_html):
        with pytest.raises(StudyError, match="still open"):
            reveal(quiet, study.id)
    assert list(quiet.workspace.exports.glob(f"{study.id}*")) == []


@pytest.mark.parametrize("choose, winner", [(for_tuned, "tuned"), (for_base, "base")])
def test_a_preference_counts_for_the_model_whatever_side_it_was_on(
    opened: MakeStudy, quiet: Studio, decided: Close, choose: Callable[[Dealt], Choice], winner: str
):
    study = opened()
    said = decided(study, choose).verdict
    assert getattr(said.tally, winner) == said.tally.decisive == said.tally.rated == 10
    assert (said.side_bias.left, said.side_bias.right) == (5, 5)


def test_a_second_study_on_the_same_rows_says_that_its_bar_is_higher(opened: MakeStudy, decided: Close):
    first = decided(opened(key="first"), for_tuned)
    second = decided(opened(key="second"), for_tuned)
    assert "for the first time" in first.ruling.reasons[-1] and "40 to 1" in first.ruling.reasons[-1]
    assert "for the 2nd time" in second.ruling.reasons[-1] and "80 to 1 instead" in second.ruling.reasons[-1]


def test_a_rater_who_always_picks_left_prefers_nobody(opened: MakeStudy, quiet: Studio, decided: Close):
    study = opened()
    said = decided(study, Choice.LEFT).verdict
    sides = Counter(card.side for card in cards.dealt(quiet.store, study.id))
    assert (said.tally.tuned, said.tally.base) == (sides[Side.LEFT], sides[Side.RIGHT]) == (5, 5)
    assert (said.side_bias.left, said.side_bias.right) == (10, 0)
    assert said.decision is not Decision.SHIP


def test_ties_bad_pairs_and_skips_are_counted_apart(opened: MakeStudy, quiet: Studio, decided: Close):
    study = opened()
    wanted = iter([Choice.TIE] * 2 + [Choice.BOTH_BAD] * 3 + [Choice.SKIP] + [Choice.LEFT] * 4)
    tally = decided(study, lambda _: next(wanted)).verdict.tally
    assert (tally.tie, tally.both_bad, tally.skipped, tally.decisive, tally.rated) == (2, 3, 1, 4, 9)


def test_a_prompt_that_one_skipped_and_another_judged_is_not_counted_as_skipped(
    opened: MakeStudy, quiet: Studio, judge_all: JudgeAll, decided: Close
):
    study = opened(twice=1.0)
    judge_all(study, Choice.SKIP, rater="ben")
    tally = decided(study, for_tuned).verdict.tally
    assert (tally.skipped, tally.tuned) == (0, 10)


def test_a_study_in_which_everything_was_skipped_has_a_verdict_too(opened: MakeStudy, decided: Close):
    said = decided(opened(), Choice.SKIP).verdict
    assert said.decision is not Decision.SHIP
    assert (said.tally.rated, said.tally.skipped) == (0, 10)


def test_answers_that_equal_the_reference_are_counted_over_all_prompts(
    opened: MakeStudy, quiet: Studio, decided: Close, trained: Run
):
    rows = bring.preview(quiet, trained.dataset_id, count=64)
    study = opened(tuned=lambda row: f"\n{rows[row].answer}  \n", base=lambda row: f"{rows[row].answer}!")
    found = decided(study, Choice.TIE)
    assert (found.exact.tuned, found.exact.base, found.exact.total) == (10, 0, 10)
    assert found.identical == 0


def test_examples_are_told_by_model_and_those_with_a_comment_come_first(
    opened: MakeStudy, quiet: Studio, judge_all: JudgeAll, decided: Close
):
    study = opened()
    token = judge.named(quiet, study.id, "ann").token
    judge.next_card(quiet, token)
    held = cards.dealt(quiet.store, study.id)[0]
    judge.rate(quiet, token, held.id, for_tuned(held), comment="Far kinder.")
    found = decided(study, for_tuned)
    assert found.losses == () and found.both_bad == ()
    assert len(found.wins) == decide.EXAMPLES
    assert found.wins[0].comment == "Far kinder."
    asks = {ask.key: ask.row_number for ask in studies.asks(quiet.store, study.id)}
    row = asks[held.pair_id.partition("/")[0]]
    assert (found.wins[0].tuned, found.wins[0].base) == (f"tuned {row}", f"base {row}")


def test_a_table_of_all_ratings_runs_nothing_in_a_spreadsheet(opened: MakeStudy, quiet: Studio, decided: Close):
    study = opened(tuned=lambda row: f'=HYPERLINK("x";{row})\nsecond line', base=lambda row: "-1")
    decided(study, for_tuned)
    with decide.ratings_csv(quiet, study.id).open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 10
    for row in rows:
        assert row["tuned_answer"].startswith("'=HYPERLINK") and row["base_answer"] == "'-1"
        assert row["outcome"] == "tuned" and row["choice"] == row["tuned_side"]
        assert (row["rater"], row["protocol"]) == ("ann", study.fingerprint)


def test_all_ratings_as_jsonl_are_exactly_what_was_said(opened: MakeStudy, quiet: Studio, decided: Close):
    study = opened(tuned=lambda row: "=1\u2028ü")
    decided(study, for_base)
    records = [json.loads(line) for line in decide.ratings_jsonl(quiet, study.id).read_bytes().splitlines()]
    assert {record["card"] for record in records} == {card.id for card in cards.dealt(quiet.store, study.id)}
    said = {answer.text for answer in studies.answers(quiet.store, study.id).values()}
    for record in records:
        assert (record["outcome"], record["tuned_answer"]) == ("base", "=1\u2028ü")
        assert record["base_answer"].startswith("base ") and record["base_answer"] in said


class Page(HTMLParser):
    """The tags of a page and every address in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: Counter[str] = Counter()
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]


def test_the_report_opens_without_the_studio_and_runs_nothing_of_an_answer(
    opened: MakeStudy, quiet: Studio, decided: Close
):
    study = opened(tuned=lambda row: f"<script>alert({row})</script>", base=lambda row: "<img src=x onerror=alert(1)>")
    found = decided(study, for_tuned)
    path: Path = decide.report_html(quiet, study.id)
    text = path.read_text(encoding="utf-8")
    page = Page(text)
    assert page.addresses == []
    assert not page.tags.keys() & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not re.search(r"url\(|@import|https?://(?!www\.w3\.org)", text)
    assert "&lt;script&gt;alert(" in text
    assert found.verdict.headline in text and found.verdict.sentence.split(".")[0] in text
    assert study.fingerprint in text
