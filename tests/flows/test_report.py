"""A closed study is told: by opponent, blind, agreement, override, as a page, a PDF, votes and preference pairs."""

import csv
import json
import re
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path

import pytest

from studio.data.ingest import ingest
from studio.domain.errors import StudyError
from studio.domain.event import EventKind
from studio.domain.job import JobKind, JobState
from studio.domain.protocol import Rival
from studio.domain.study import Choice
from studio.domain.verdict import Decision
from studio.flows import bring, compare, decide, judge, paper, preferences, report, sharing, votes
from studio.flows.judge import Vote
from studio.flows.preferences import LeftOut
from studio.flows.studio import ASSETS, open_studio
from studio.recipes.fonts import script
from studio.store import jobs
from tests.flows.closed import Desk
from tests.judged import judge_waiting
from tests.store.examples import Examples
from tests.ui import examples

ALL = tuple(Rival)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    studio = open_studio(tmp_path_factory.mktemp("report") / "workspace")
    yield Desk(studio, Examples(studio.store).run())
    studio.store.close()


def test_each_opponent_has_its_own_verdict_votes_and_examples(desk: Desk):
    study = desk.closed(lambda n, rival: "-" if rival == "prompt" else "+", rivals=ALL)
    found = decide.verdict(desk.studio, study.id)
    assert [each.rival for each in found.against] == list(ALL)
    assert [(each.verdict.tally.tuned, each.verdict.tally.base) for each in found.against] == [(8, 0), (0, 8), (8, 0)]
    base, prompt, _ = found.against
    assert base.losses == () and prompt.wins == ()
    assert {example.opponent for example in prompt.losses} == {Rival.PROMPT}
    assert prompt.losses[0].other.startswith("prompt ")
    assert found.recurring == 16  # each of eight prompts came back twice to the only rater
    told = report.told(desk.studio, found)
    assert [band.title for band in told.bands] == [rival.title for rival in ALL]
    assert any(sentence.startswith("16 votes showed a fine-tuned answer that the same") for sentence in told.blind)


def test_how_many_more_ratings_would_settle_it_is_told_on_the_page(desk: Desk):
    study = desk.closed(lambda n, _: "" if n >= 20 else "-" if n % 3 == 0 else "+", prompts=60)
    found = decide.verdict(desk.studio, study.id)
    (base,) = found.against
    assert found.ruling.decision is Decision.NOT_YET and base.verdict.more_needed
    page = report.report_page(desk.studio, study.id)
    assert f"about {found.ruling.more_needed} more comparisons" in page


def test_guesses_are_counted_by_the_side_on_which_the_new_model_was(desk: Desk):
    guesses = ["right"] * 10 + ["wrong"] * 2 + ["unsure"]
    study = desk.closed(lambda n, _: "+", prompts=24, guesses=guesses)
    found = decide.verdict(desk.studio, study.id)
    assert (found.blind.correct, found.blind.mistaken, found.blind.unsure) == (10, 2, 1)
    assert found.blind.held is False and found.ruling.decision is Decision.NOT_YET
    assert [light.kind for light in found.ruling.lights] == ["blind"]
    (band,) = report.report_of(desk.studio, study.id).bands
    assert found.against[0].verdict.decision is Decision.SHIP
    assert (band.decision, band.headline) == (Decision.NOT_YET, "Not to be relied on.")


def test_where_it_does_not_ship_and_votes_are_doubted_both_are_said(desk: Desk):
    study = desk.closed(lambda n, _: "-", prompts=24, guesses=["right"] * 12)
    told = report.report_of(desk.studio, study.id)
    assert (told.headline, told.bands[0].headline) == ("Don't ship it.", "Not to be relied on.")
    assert told.warnings[0] == "The votes cannot be relied on: the blind did not hold."


def test_marks_are_told_by_model_and_not_by_side_where_both_answers_have_one(desk: Desk):
    marks = {"tuned": {"tone": 5, "format": 4}, "other": {"tone": 2}}
    study = desk.closed(
        lambda n, _: "s" if n == 0 else "+", marks=marks, raters=("Ann", "Ben"), second=lambda n, _: "+"
    )
    (marked,) = decide.verdict(desk.studio, study.id).against[0].marks
    assert (marked.criterion, marked.prompts, marked.tuned, marked.other) == ("tone", 8, 5.0, 2.0)
    page = report.details_page(desk.studio, study.id)
    assert "Marks of raters, against the base model" in page and "<td>Tone</td><td>8</td><td>5.00</td>" in page
    without = desk.closed(lambda n, _: "+")
    assert "Marks of raters" not in report.details_page(desk.studio, without.id)


def test_raters_are_told_by_the_names_they_chose_and_never_by_an_address(desk: Desk):
    study = desk.closed(
        lambda n, _: "s" if n == 0 else "+",
        raters=("Ann", "eve@example.org"),
        second=lambda n, _: "+",
        comment="Clear.",
    )
    found = decide.verdict(desk.studio, study.id)
    assert [(each.name, each.judged, each.skipped) for each in found.raters] == [("Ann", 7, 1), ("rater 2", 8, 0)]
    assert found.agreement is not None and (found.agreement.prompts, found.agreement.same) == (7, 7)
    page = report.report_page(desk.studio, study.id)
    assert "Ann (7 judged, 1 skipped); rater 2 (8 judged)" in page and "example.org" not in page


def test_answers_that_are_word_for_word_the_opponents_are_said_aloud(desk: Desk):
    some = desk.closed(lambda n, _: "=", texts={"tuned": lambda n: "same" if n < 3 else "x", "base": lambda n: "same"})
    assert report.report_of(desk.studio, some.id).warnings[0] == (
        "The fine-tuned model's answers are word for word those of the base model on 3 of 8 prompts. There, nothing "
        "can be preferred."
    )
    all_ = desk.closed(lambda n, _: "=", texts={"tuned": lambda n: "same", "base": lambda n: "same"})
    assert report.report_of(desk.studio, all_.id).warnings[0].startswith("All 8 answers of the fine-tuned model are")


def test_only_prompts_with_a_reference_can_be_met_exactly(desk: Desk):
    says = {"tuned": lambda n: "" if n > 5 else f"Answer {n % 4}."}
    mixed = desk.closed(lambda n, _: "+", prompts=10, own=4, texts=says)
    assert "fine-tuned 4 of 6; the base model 0." in report.report_of(desk.studio, mixed.id).exact
    alone = desk.closed(lambda n, _: "+", prompts=2, own=2)
    assert (
        report.report_of(desk.studio, alone.id).exact == "No prompt has a reference answer that could be met exactly."
    )


def test_what_was_not_compared_is_said_with_the_verdict(desk: Desk):
    alone = desk.closed(lambda n, _: "+")
    assert report.report_of(desk.studio, alone.id).warnings[-1].startswith("Not compared with the base model with its")


def test_each_label_of_the_references_is_a_place_to_be_worse_on_with_its_gate_as_a_light(desk: Desk):
    study = desk.closed(lambda n, _: "-", gates=({"kind": "labels", "labels": ["Answer 1", "Answer 2"]},))
    judge_waiting(desk.studio)
    found = decide.verdict(desk.studio, study.id)
    assert {place.label: place.tally.base for place in found.against[0].places} == {"Answer 1": 1, "Answer 2": 1}
    assert [light.kind for light in found.ruling.lights] == ["labels"]
    told = report.told(desk.studio, found)
    assert told.worse[-1] == "2 topics or labels had too few votes to say anything."
    assert [figures.title for figures in told.figures][1] == "By topic and label, against the base model"
    assert any(figures.title.startswith("Gate: ") for figures in told.figures)


def test_an_override_is_shown_everywhere_and_changes_no_figure(desk: Desk):
    study = desk.closed(lambda n, _: "-", prompts=24)
    before = decide.verdict(desk.studio, study.id)
    with pytest.raises(StudyError, match="needs a reason"):
        decide.override(desk.studio, study.id, decision=Decision.SHIP, reason="ok", by="Ann")
    with pytest.raises(StudyError, match="Nothing is decided"):
        decide.override(desk.studio, study.id, decision=None, reason="For an internal trial.", by="Ann")
    after = decide.override(desk.studio, study.id, decision=Decision.SHIP, reason="For an internal trial.", by="Ann")
    assert (after.ruling.stands, after.ruling.decision) == (Decision.SHIP, Decision.DONT_SHIP)
    assert after.against == before.against
    page = report.report_page(desk.studio, study.id)
    assert "Ann decided: Ship it." in page and page.count("For an internal trial.") == 2


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


def test_the_report_opens_without_the_studio_and_runs_nothing_of_an_answer(desk: Desk):
    hostile = {"tuned": lambda n: f"<script>alert({n})</script>", "base": lambda n: "<img src=x onerror=alert(1)>"}
    study = desk.closed(lambda n, _: "+", texts=hostile)
    text = report.report_html(desk.studio, study.id).read_text(encoding="utf-8")
    page = Page(text)
    assert page.addresses == []
    assert not page.tags.keys() & {"script", "img", "link", "iframe", "object", "form", "base"}
    assert not re.search(r"url\(|@import|https?://", text)
    assert "&lt;script&gt;alert(" in text and study.fingerprint in text and "Krippendorff" not in text
    assert str(desk.studio.workspace.root) not in text
    assert "Apache 2.0" in text and "Evidence for better; 40 to 1 settles it" in text


def test_an_answer_of_megabytes_is_cut_on_a_page_and_says_by_how_much(desk: Desk):
    texts = {"tuned": lambda n: "y" * 1_000_000, "base": lambda n: f"base {n}"}
    study = desk.closed(lambda n, _: "+", prompts=6, texts=texts, gates=({"kind": "labels"},))
    judge_waiting(desk.studio)
    page = report.report_page(desk.studio, study.id) + report.details_page(desk.studio, study.id)
    assert len(page) < 300_000 and "… (goes on for 980,000 characters)" in page


def test_what_is_personal_in_a_text_is_hidden_on_every_page_and_whole_in_the_votes(desk: Desk):
    study = desk.closed(lambda n, _: "+", comment="Wrong address: enid.varga@chopanib.org.")
    told = report.report_of(desk.studio, study.id)
    assert told.chapters[0].examples[0].comment == "Wrong address: e•••@c•••.org."
    assert "enid.varga" not in report.details_page(desk.studio, study.id)
    assert "enid.varga@chopanib.org" in votes.votes_jsonl(desk.studio, study.id).read_text()


def test_a_pdf_shows_what_its_fonts_have_and_says_what_it_cannot_show():
    pair = examples.report().chapters[0].examples[0]
    asked = "Straße, Ω, Ж, سلام, 你好\x07\tend"
    chapter = examples.report().chapters[0]
    long = "y" * (paper.LONGEST + 5)
    told = examples.report(
        chapters=(type(chapter)("base", "Won", "Base", (type(pair)(asked, long, "", "", "", True),)),)
    )
    opened = paper._opened(told, ASSETS / "fonts")
    assert opened.shown(asked) == "Straße, Ω, Ж, سلام, □□    end"
    assert {script(letter) for letter in opened.missing} == {"Chinese"}
    assert opened.shown(long).endswith("… (goes on for 5 characters)") and opened.cut == 1
    said: list[str] = []
    opened.write = lambda text, **_: said.append(text)
    paper._admissions(opened)
    assert (
        "2 letters cannot be set" in said[1] and "printed from a browser they are a PDF that shows them too" in said[1]
    )
    document = paper._written(paper._opened(told, ASSETS / "fonts"), told, made="today")
    assert document.startswith(b"%PDF-") and b"/JavaScript" not in document and b"/URI" not in document


def test_votes_run_nothing_in_a_spreadsheet(desk: Desk):
    study = desk.closed(
        lambda n, _: "+", texts={"tuned": lambda n: f'=HYPERLINK("x";{n})\nmore', "base": lambda n: "-1"}
    )
    with votes.votes_csv(desk.studio, study.id).open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 8
    for row in rows:
        assert row["tuned_answer"].startswith("'=HYPERLINK") and row["opponent_answer"] == "'-1"
        assert (row["outcome"], row["choice"]) == ("tuned", row["tuned_side"])
        assert (row["rater"], row["protocol"], row["opponent"]) == ("Ann", study.fingerprint, "base")


def test_votes_as_jsonl_are_exactly_what_was_said_and_recompute_the_verdict(desk: Desk):
    said = {0: "-", 1: "=", 2: "x", 3: "s"}
    study = desk.closed(lambda n, _: said.get(n, "+"), texts={"tuned": lambda n: "=1\u2028ü"}, comment="Так")
    records = [json.loads(line) for line in votes.votes_jsonl(desk.studio, study.id).read_bytes().splitlines()]
    assert Counter(record["outcome"] for record in records) == {
        "tuned": 4, "base": 1, "tie": 1, "both_bad": 1, "skip": 1,
    }  # fmt: skip
    assert {(record["tuned_answer"], record["comment"]) for record in records} == {("=1\u2028ü", "Так")}
    tally = decide.verdict(desk.studio, study.id).verdict.tally
    first = {record["prompt_key"]: record["outcome"] for record in reversed(records) if record["outcome"] != "skip"}
    assert Counter(first.values()) == {
        "tuned": tally.tuned, "base": tally.base, "tie": tally.tie, "both_bad": tally.both_bad,
    }  # fmt: skip


def test_votes_tell_what_replaced_what_and_what_was_taken_back_with_the_times(desk: Desk):
    studio, study = desk.studio, Examples(desk.studio.store).open_study(run=desk.run, prompts=3)
    ann = judge.named(studio, study.id, "Ann").token
    changed, back, kept = (card.id for card in judge.remaining_cards(studio, ann))
    judge.rate(studio, ann, kept, Choice.BOTH_BAD)
    judge.rate(studio, ann, changed, Choice.SKIP, comment="Unsure.")
    judge.rate(studio, ann, changed, Choice.TIE, marks={"left": {"tone": 2}})
    judge.undo(studio, ann)
    judge.rate(studio, ann, changed, Choice.LEFT)
    judge.rate(studio, ann, back, Choice.RIGHT)
    judge.undo(studio, ann)
    compare.close(studio, study.id)
    records = [json.loads(line) for line in votes.votes_jsonl(studio, study.id).read_bytes().splitlines()]
    assert [record["card"] for record in records] == [kept, changed, back]
    told = [[(each["choice"], each["why"]) for each in record["earlier"]] for record in records]
    assert told == [[], [("skip", "replaced"), ("tie", "taken_back")], [("right", "taken_back")]]
    skipped, tied = records[1]["earlier"]
    assert (skipped["outcome"], skipped["comment"], tied["marks"]) == ("skip", "Unsure.", {"left": {"tone": 2}})
    assert skipped["at"] <= skipped["left_at"] <= tied["left_at"] <= records[1]["at"]
    assert [record["outcome"] for record in records[::2]] == ["both_bad", "none"] and records[2]["choice"] == ""
    assert decide.verdict(studio, study.id).verdict.tally.rated == 2
    with votes.votes_csv(studio, study.id).open(newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert [json.loads(row["earlier"] or "[]") for row in rows] == [record["earlier"] for record in records]
    assert rows[2]["outcome"] == "none"


class Silent:
    """A reporter for work that nobody watches."""

    def report(self, kind: EventKind, **data) -> None:
        pass

    def should_stop(self) -> bool:
        return False


def test_votes_become_pairs_of_which_nothing_undecided_is_one(desk: Desk):
    said = {0: "=", 1: "x", 2: "s", 3: "+"}
    study = desk.closed(
        lambda n, _: said.get(n, "+"),
        texts={"tuned": lambda n: "same" if n == 5 else f"better {n}", "base": lambda n: "same"},
        raters=("Ann", "Bob"),
        second=lambda n, _: {3: "-"}.get(n, said.get(n, "+")),
    )
    found = preferences.pairs(desk.studio, study.id)
    assert found.left_out == {
        LeftOut.EQUAL: 1, LeftOut.BOTH_BAD: 1, LeftOut.SKIPPED: 1, LeftOut.DISAGREE: 1, LeftOut.SAME_TEXT: 1,
    }  # fmt: skip
    assert len(found.rows) == found.sealed == 3
    with pytest.raises(StudyError, match="3 sealed test prompts of this comparison become training data"):
        preferences.bring_pairs(desk.studio, study.id, is_confirmed=False)
    made = preferences.bring_pairs(desk.studio, study.id, is_confirmed=True)
    while (claimed := jobs.claim(desk.studio.store, kinds=[JobKind.INGEST])) and claimed[0].id != made.job_id:
        pass  # the reading of the run's own dataset, which nobody did
    assert claimed is not None
    outcome = ingest(claimed[1], Silent())
    jobs.move(desk.studio.store, made.job_id, attempt=1, to=JobState.DONE, result=outcome.result)
    ready = bring.ready(desk.studio, made.id)
    assert ready.is_of_pairs and (ready.rows, ready.rejects) == (3, 0)
    row = bring.preview(desk.studio, made.id)[0]
    assert [turn.role for turn in row.prompt] == ["system", "user"]
    assert row.answer.startswith("better ") and row.rejected[-1].content == "same"
    assert study.id in made.source_name


def test_votes_become_one_dataset_however_often_and_from_wherever_it_is_asked_for(desk: Desk):
    studio, study = desk.studio, desk.closed(lambda n, _: "+")
    together = threading.Barrier(4)

    def press(_: int) -> str:
        together.wait(30)
        return preferences.bring_pairs(studio, study.id, is_confirmed=True).id

    with ThreadPoolExecutor(4) as pool:
        (made,) = set(pool.map(press, range(4)))
    assert [each.id for each in bring.datasets(studio) if study.id in each.source_name] == [made]
    folders = [each for each in studio.workspace.dataset(made).parent.iterdir() if f"{study.id}" in _source(each)]
    assert [folder.name for folder in folders] == [made]


def _source(folder: Path) -> str:
    source = folder / "source"
    return source.read_text() if source.exists() else ""


@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.STOPPED])
def test_votes_that_could_not_be_read_are_brought_in_anew(desk: Desk, ended: JobState):
    studio, study = desk.studio, desk.closed(lambda n, _: "+")
    first = preferences.bring_pairs(studio, study.id, is_confirmed=True)
    while (claimed := jobs.claim(studio.store, kinds=[JobKind.INGEST])) and claimed[0].id != first.job_id:
        pass
    jobs.move(studio.store, first.job_id, attempt=1, to=ended)
    again = preferences.bring_pairs(studio, study.id, is_confirmed=True)
    assert again.id != first.id and preferences.bring_pairs(studio, study.id, is_confirmed=True).id == again.id


@pytest.mark.parametrize(
    ("undone", "then", "tally", "says"),
    [
        (0, "", (0, 24), "Nobody could judge any of the 24 planned prompts"),
        (1, "", (0, 23), "No comparison is judged yet (23 prompts were skipped)"),
        (1, "s", (0, 24), "Nobody could judge any of the 24 planned prompts"),
        (2, "ss", (0, 24), "Nobody could judge any of the 24 planned prompts"),
        (1, "=", (1, 23), "So far 1 comparison showed no preference. 23 of 24 planned prompts were only ever skipped"),
    ],
)
def test_a_sole_rater_who_skipped_everything_has_said_nothing_against_the_model(desk: Desk, undone, then, tally, says):
    study = Examples(desk.studio.store).open_study(run=desk.run, prompts=24)
    ann = judge.named(desk.studio, study.id, "Ann").token
    judge.rate_all(desk.studio, ann, [Vote(card.id, Choice.SKIP) for card in judge.remaining_cards(desk.studio, ann)])
    for _ in range(undone):
        judge.undo(desk.studio, ann)
    for said in then:
        card = judge.next_card(desk.studio, ann)
        assert card is not None
        judge.rate(desk.studio, ann, card.id, Choice.SKIP if said == "s" else Choice.TIE)
    compare.close(desk.studio, study.id)
    found = decide.verdict(desk.studio, study.id)
    assert (found.verdict.tally.rated, found.verdict.tally.skipped) == tally
    assert found.ruling.decision is Decision.NOT_YET and says in found.ruling.reasons[0]
    assert found.ruling.next_step and report.told(desk.studio, found).bands


def test_a_study_without_a_preference_makes_no_dataset(desk: Desk):
    study = desk.closed(lambda n, _: "=")
    with pytest.raises(StudyError, match="No vote"):
        preferences.bring_pairs(desk.studio, study.id, is_confirmed=True)


def test_an_address_is_read_until_it_is_taken_back(desk: Desk):
    study, other = (desk.closed(lambda n, _: "+") for _ in range(2))
    link = sharing.share(desk.studio, study.id, " The board ")
    assert link.label == "The board" and sharing.study_at(desk.studio, link.token) == study.id
    with pytest.raises(StudyError, match="no such link"):
        sharing.take_back(desk.studio, other.id, link.id)
    sharing.take_back(desk.studio, study.id, link.id)
    with pytest.raises(StudyError, match="taken back"):
        sharing.study_at(desk.studio, link.token)
    assert [each.is_revoked for each in sharing.shared(desk.studio, study.id)] == [True]
