"""A rater sees one prompt and two texts, and nothing that tells which is which; what they say counts once."""

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, event

from studio.domain.errors import StillWriting, StudyError
from studio.domain.job import JobKind, JobState
from studio.domain.protocol import Rival
from studio.domain.study import Card, Choice, Guessed, Link, LinkKind, Side, Study
from studio.flows import compare, invite, judge
from studio.flows.judge import Vote
from studio.flows.studio import Studio, open_studio
from studio.store import cards, jobs, links, studies, tables
from tests.store.examples import Examples, written

EVERYBODY = tuple(Rival)


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    opened = open_studio(tmp_path_factory.mktemp("judge") / "workspace")
    yield opened
    opened.store.close()


@pytest.fixture
def study(studio: Studio) -> Study:
    """Ten prompts, each with two answers."""
    return Examples(studio.store).open_study(prompts=10)


@pytest.fixture
def ann(studio: Studio, study: Study) -> str:
    return judge.named(studio, study.id, "Ann").token


@pytest.fixture
def ben(studio: Studio, study: Study) -> str:
    return judge.named(studio, study.id, "Ben").token


def first_card(studio: Studio, token: str) -> Card:
    card = judge.next_card(studio, token)
    assert card is not None
    return card


def judge_all(studio: Studio, token: str) -> list[Card]:
    """Every card of this rater, one after the other, each called equal."""
    seen = []
    while card := judge.next_card(studio, token):
        seen.append(card)
        judge.rate(studio, token, card.id, Choice.TIE, seconds=4.0)
    return seen


def test_each_answer_is_shown_on_the_side_that_was_drawn(studio: Studio):
    study = Examples(studio.store).open_study(prompts=10, rivals=EVERYBODY)
    ann = judge.named(studio, study.id, "Ann").token
    shown = {card.id: card for card in judge.remaining_cards(studio, ann)}
    assert len(shown) == 30
    for dealt in cards.dealt(studio.store, study.id):
        key, opponent = dealt.pair_id.split("/")
        number, card = key.removeprefix("key-"), shown[dealt.id]
        answers = {Side.LEFT: card.left, Side.RIGHT: card.right}
        assert answers == {dealt.side: f"tuned {number}", dealt.side.other: f"{opponent} {number}"}
        assert card.prompt[-1].text == f"Question {number}?"
    assert {dealt.side for dealt in cards.dealt(studio.store, study.id)} == set(Side)


def test_a_card_names_no_model_no_side_and_nothing_of_the_study(studio: Studio):
    study = Examples(studio.store).study(prompts=10, rivals=EVERYBODY, identical=2, cap=8)
    same = [replace(answer, text="An answer.") for answer in written(study)]
    studies.set_answers(studio.store, study.id, same)
    ann = judge.named(studio, study.id, "Ann").token
    for card in judge.remaining_cards(studio, ann):
        assert set(asdict(card)) == {
            "id", "question", "prompt", "left", "right", "position", "total", "rated", "seconds_left", "rubric",
            "together", "needed",
        }  # fmt: skip
        told = json.dumps(asdict(card)).lower()
        for secret in (
            study.id, study.run_id, study.fingerprint, study.name, str(study.seed), study.protocol.candidate.weights, "starter", "key-",
            "tuned", "base", "few_shot", "identical",
        ):  # fmt: skip
            assert secret.lower() not in told, secret


def test_an_identical_pair_looks_like_any_other_and_shows_one_answer_twice(studio: Studio):
    study = Examples(studio.store).open_study(prompts=10, rivals=EVERYBODY, identical=2, cap=8)
    ann = judge.named(studio, study.id, "Ann").token
    every = judge.remaining_cards(studio, ann)
    same = [card for card in every if card.left == card.right]
    assert len(every) == 8 * 3 + 2 and len(same) == 2
    assert all(len(card.id) == len(every[0].id) for card in every)


def test_the_words_that_are_masked_are_masked_in_answers_on_both_sides_and_in_no_prompt(studio: Studio):
    study = Examples(studio.store).open_study(prompts=2, masked=("tuned", "base", "question"))
    for card in judge.remaining_cards(studio, judge.named(studio, study.id, "Ann").token):
        number = card.prompt[-1].text.removeprefix("Question ").removesuffix("?")
        assert card.left == card.right == f"[name] {number}"


def test_every_card_comes_once_and_is_counted(studio: Studio, study: Study, ann: str):
    seen = judge_all(studio, ann)
    assert [(card.position, card.rated, card.total) for card in seen] == [(n + 1, n, 10) for n in range(10)]
    assert [(card.together, card.needed) for card in seen] == [(n, 10) for n in range(10)]
    assert len({card.prompt for card in seen}) == 10
    assert judge.turn(studio, ann).card is None and not judge.turn(studio, ann).is_waiting


def test_the_same_card_comes_again_until_it_is_judged(studio: Studio, ann: str):
    assert first_card(studio, ann) == first_card(studio, ann)


def test_three_raters_share_the_prompts_evenly_and_each_has_one_primary_rating(studio: Studio):
    study = Examples(studio.store).open_study(prompts=24, twice=0.25)
    tokens = [judge.named(studio, study.id, name).token for name in ("Ann", "Ben", "Cem")]
    while any(hand := [(token, judge.next_card(studio, token)) for token in tokens]) and any(card for _, card in hand):
        for token, card in hand:
            if card:
                judge.rate(studio, token, card.id, Choice.LEFT)
    times = Counter(card.pair_id for card in cards.dealt(studio.store, study.id))
    shares = Counter(card.rater for card in cards.dealt(studio.store, study.id))
    assert len(times) == 24 and Counter(times.values()) == {1: 18, 2: 6}
    assert max(shares.values()) - min(shares.values()) <= 2


def test_who_has_nothing_left_waits_only_while_somebody_holds_what_may_come_back(
    studio: Studio, study: Study, ann: str, ben: str
):
    held = first_card(studio, ben)
    judge_all(studio, ann)
    waiting = judge.turn(studio, ann)
    assert waiting.card is None and waiting.is_waiting and (waiting.rated, waiting.total) == (9, 9)
    judge.rate(studio, ben, held.id, Choice.LEFT)
    assert not judge.turn(studio, ann).is_waiting


def test_what_is_held_for_half_an_hour_goes_to_the_next(studio: Studio, study: Study, ann: str, ben: str):
    held = first_card(studio, ben)
    judge_all(studio, ann)
    long_ago = datetime.now(UTC) - timedelta(minutes=31)
    with studio.store.write() as connection:
        connection.execute(tables.cards.update().where(tables.cards.c.id == held.id).values(at=long_ago))
    assert first_card(studio, ann).prompt == held.prompt


def test_a_judgement_posted_twice_is_one(studio: Studio, study: Study, ann: str):
    card_id = first_card(studio, ann).id
    marks = {"left": {"tone": 4, "format": 1}, "right": {}}
    told = [judge.rate(studio, ann, card_id, Choice.LEFT, seconds=4.0, comment=" good ", marks=marks) for _ in range(2)]
    assert told[0] == told[1] and told[0].card is not None and told[0].card.id != card_id
    (kept,) = cards.ratings(studio.store, study.id)
    assert (kept.choice, kept.seconds, kept.comment) == (Choice.LEFT, 4.0, "good")
    assert kept.marks == {"left": {"tone": 4, "format": 1}}
    assert cards.history(studio.store, study.id) == []


def test_a_judgement_is_kept_also_where_no_next_card_can_be_dealt(
    studio: Studio, study: Study, ann: str, monkeypatch: pytest.MonkeyPatch
):
    def fails(connection: Connection, *_: object) -> None:
        connection.execute(tables.cards.update().values(at=datetime(2020, 1, 1, tzinfo=UTC)))
        raise StudyError("Nothing can be dealt.")

    card_id = first_card(studio, ann).id
    with monkeypatch.context() as patched:
        patched.setattr(cards, "deal_to", fails)
        with pytest.raises(StudyError, match="Nothing can be dealt"):
            judge.rate(studio, ann, card_id, Choice.LEFT)
    assert [kept.card_id for kept in cards.ratings(studio.store, study.id)] == [card_id]
    assert all(card.at.year > 2020 for card in cards.dealt(studio.store, study.id)), "half of a deal is none"
    again = judge.rate(studio, ann, card_id, Choice.LEFT)
    assert again.card and again.rated == 1


def test_a_vote_is_one_transaction_and_asks_no_more_where_more_was_judged(studio: Studio, study: Study, ann: str):
    asked = list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    card, counts = first_card(studio, ann), list[int]()
    event.listen(studio.store.engine, "before_cursor_execute", note)
    try:
        for _ in range(8):
            asked.clear()
            card = judge.rate(studio, ann, card.id, Choice.LEFT).card
            assert card is not None and asked.count("BEGIN IMMEDIATE") == 1
            counts.append(len(asked))
    finally:
        event.remove(studio.store.engine, "before_cursor_execute", note)
    assert len(set(counts)) == 1 and counts[0] <= 21


@pytest.mark.parametrize("marks", [{"left": {"tone": 6}}, {"left": {"taste": 3}}, {"top": {"tone": 3}}])
def test_what_is_no_mark_is_refused_and_nothing_is_kept(studio: Studio, study: Study, ann: str, marks: dict):
    card_id = first_card(studio, ann).id
    with pytest.raises(StudyError, match="no mark"):
        judge.rate(studio, ann, card_id, Choice.LEFT, marks=marks)
    assert cards.ratings(studio.store, study.id) == []


def test_the_last_judgement_can_be_taken_back_and_its_card_comes_again(studio: Studio, study: Study, ann: str):
    first = first_card(studio, ann)
    second = judge.rate(studio, ann, first.id, Choice.LEFT).card
    assert second is not None
    judge.rate(studio, ann, second.id, Choice.RIGHT)
    for expected in (second, first):
        card = judge.undo(studio, ann).card
        assert card is not None
        assert (card.id, card.left, card.right, card.position) == (
            expected.id, expected.left, expected.right, expected.position,
        )  # fmt: skip
    assert cards.ratings(studio.store, study.id) == []
    assert judge.undo(studio, ann).card is not None


def test_an_undo_that_arrives_twice_takes_back_one_judgement(studio: Studio, study: Study, ann: str, ben: str):
    said = first_card(studio, ann)
    for _ in range(2):
        turn = judge.rate(studio, ann, said.id, Choice.LEFT)
        assert turn.last == said.id and turn.card is not None
        said = turn.card
    last = judge.turn(studio, ann).last
    twice = [judge.undo(studio, ann, last) for _ in range(2)]
    assert [turn.card.id for turn in twice if turn.card] == [last, last]
    assert len(cards.ratings(studio.store, study.id)) == 1
    kept = judge.turn(studio, ann).last
    for other in ("", "no\x00card", first_card(studio, ben).id):
        assert judge.undo(studio, ann, other).last == kept
    assert judge.undo(studio, ann, first_card(studio, ben).id).card != first_card(studio, ben)
    assert len(cards.ratings(studio.store, study.id)) == 1


def test_nobody_takes_back_what_another_said(studio: Studio, study: Study, ann: str, ben: str):
    judge.rate(studio, ann, first_card(studio, ann).id, Choice.LEFT)
    judge.undo(studio, ben)
    assert len(cards.ratings(studio.store, study.id)) == 1


def test_how_long_it_still_takes_is_told_after_three_cards_at_the_raters_own_pace(studio: Studio, ann: str, ben: str):
    card: Card | None = first_card(studio, ann)
    for seconds in (2.0, 90.0, 5.0):
        assert card is not None and card.seconds_left is None
        card = judge.rate(studio, ann, card.id, Choice.TIE, seconds=seconds).card
    assert card is not None and card.seconds_left == 7 * 5.0
    assert first_card(studio, ben).seconds_left is None


def test_which_side_they_suspect_is_asked_after_every_tenth_card_and_the_last_whatever_the_pair(studio: Studio):
    study = Examples(studio.store).open_study(prompts=20, rivals=EVERYBODY[:2], cap=16, identical=4)
    ann = judge.named(studio, study.id, "Ann").token
    asked, same = [], 0
    for number in range(1, 37):
        card = first_card(studio, ann)
        same += card.left == card.right
        turn = judge.rate(studio, ann, card.id, Choice.RIGHT)
        if turn.asked_about:
            assert (turn.card, turn.asked_about, turn.rated, turn.total) == (None, card.id, number, 36)
            assert judge.rate(studio, ann, card.id, Choice.RIGHT) == turn, "sent twice, it is asked once more"
            guessed = Guessed.LEFT if len(asked) % 2 else None
            assert (judge.suspect(studio, ann, card.id, guessed).card is None) == (number == 36)
            asked.append(number)
    assert asked == [10, 20, 30, 36] and same == 4
    told = cards.suspicions(studio.store, study.id)
    assert [each.guessed for each in told] == [Guessed.LEFT, Guessed.LEFT]


def test_a_suspicion_is_only_of_the_card_that_was_judged_last(studio: Studio, study: Study, ann: str, ben: str):
    first = first_card(studio, ann)
    second = judge.rate(studio, ann, first.id, Choice.LEFT).card
    assert second is not None
    judge.rate(studio, ann, second.id, Choice.LEFT)
    judge.suspect(studio, ann, first.id, Guessed.LEFT)
    judge.suspect(studio, ben, second.id, Guessed.LEFT)
    assert cards.suspicions(studio.store, study.id) == []


def test_a_closed_study_takes_no_more(studio: Studio, study: Study, ann: str):
    card = first_card(studio, ann)
    judge.rate(studio, ann, card.id, Choice.LEFT)
    compare.close(studio, study.id)
    for act in (
        lambda: judge.rate(studio, ann, card.id, Choice.RIGHT),
        lambda: judge.rate_all(studio, ann, [Vote(card.id, Choice.RIGHT)]),
        lambda: judge.next_card(studio, ann),
        lambda: judge.undo(studio, ann),
        lambda: judge.suspect(studio, ann, card.id, Guessed.LEFT),
    ):
        with pytest.raises(StudyError, match="comparison is closed"):
            act()
    (kept,) = cards.ratings(studio.store, study.id)
    assert kept.choice is Choice.LEFT and cards.suspicions(studio.store, study.id) == []


def test_before_the_answers_are_written_there_is_nothing_to_judge(studio: Studio):
    waiting = Examples(studio.store).study()
    with pytest.raises(StudyError, match="still being written"):
        judge.turn(studio, judge.named(studio, waiting.id, "Ann").token)


@pytest.mark.parametrize("ended", [JobState.FAILED, JobState.STOPPED])
def test_a_study_whose_answers_were_never_written_says_so_and_does_not_let_raters_wait(studio: Studio, ended: JobState):
    broken = Examples(studio.store).study()
    while (claimed := jobs.claim(studio.store, kinds=[JobKind.GENERATE])) and claimed[0].id != broken.job.id:
        pass
    jobs.move(studio.store, broken.job.id, attempt=1, to=ended)
    with pytest.raises(StudyError, match="could not be written") as told:
        judge.turn(studio, judge.named(studio, broken.id, "Ann").token)
    assert not isinstance(told.value, StillWriting) and told.value.fix == "Ask whoever sent you the link."


def test_a_link_that_leads_nowhere_and_a_card_of_another_study_are_refused(studio: Studio, study: Study, ann: str):
    other = Examples(studio.store).open_study()
    theirs = first_card(studio, judge.named(studio, other.id, "Ann").token)
    with pytest.raises(StudyError, match="leads to no comparison"):
        judge.next_card(studio, study.id)
    with pytest.raises(StudyError, match="leads to no comparison"):
        judge.next_card(studio, invitation(studio, study).token)
    for wrong in (theirs.id, "", "no\x00card", "\ud800", "x" * 10_000, "' OR 1=1 --"):
        with pytest.raises(StudyError, match="not yours to judge"):
            judge.rate(studio, ann, wrong, Choice.LEFT)
    for wrong in ("", "no\x00link", "\ud800", "x" * 10_000, "%", ann[:-1]):
        with pytest.raises(StudyError, match="leads to no comparison"):
            judge.turn(studio, wrong)


def test_judgements_in_bulk_count_all_or_not_at_all(studio: Studio, study: Study, ann: str):
    votes = [Vote(card.id, Choice.TIE, marks={"left": {"tone": 2}}) for card in judge.remaining_cards(studio, ann)]
    for wrong in (Vote("nonsense", Choice.TIE), replace(votes[0], marks={"left": {"tone": 0}})):
        with pytest.raises(StudyError, match=r"nonsense is no card|no mark"):
            judge.rate_all(studio, ann, [*votes, wrong])
    assert cards.ratings(studio.store, study.id) == []
    judge.rate_all(studio, ann, votes)
    assert judge.remaining_cards(studio, ann) == [] and len(cards.ratings(studio.store, study.id)) == 10


def test_a_very_long_comment_is_kept_to_its_beginning(studio: Studio, study: Study, ann: str):
    judge.rate(studio, ann, first_card(studio, ann).id, Choice.TIE, comment="x" * 5000)
    assert len(cards.ratings(studio.store, study.id)[0].comment) == judge.LONGEST_COMMENT


# Who may rate


def invitation(studio: Studio, study: Study) -> Link:
    (link,) = links.all(studio.store, study.id, LinkKind.INVITATION)
    return link


def test_an_invitation_makes_each_browser_a_link_of_its_own_that_works_on_any_other(studio: Studio, study: Study):
    door = invitation(studio, study).token
    here, there = judge.enter(studio, door), judge.enter(studio, door)
    assert here.id != there.id and here.kind is LinkKind.RATER
    assert judge.enter(studio, door, known=["of another study", here.token]) == here
    assert judge.enter(studio, here.token) == here
    judge.rate(studio, here.token, first_card(studio, here.token).id, Choice.LEFT)
    assert first_card(studio, judge.enter(studio, here.token).token).position == 2


def test_a_browser_that_knows_a_link_of_another_study_joins_anew(studio: Studio, study: Study):
    other = Examples(studio.store).open_study()
    elsewhere = judge.enter(studio, invitation(studio, other).token)
    joined = judge.enter(studio, invitation(studio, study).token, known=[elsewhere.token])
    assert joined.study_id == study.id and joined.token != elsewhere.token


def test_who_was_taken_back_judges_no_more_and_does_not_join_again_while_others_go_on(studio: Studio, study: Study):
    door = invitation(studio, study).token
    out, stays = judge.enter(studio, door), judge.enter(studio, door)
    judge.rate(studio, out.token, first_card(studio, out.token).id, Choice.LEFT)
    invite.revoke(studio, study.id, out.token)
    for act in (
        lambda: judge.enter(studio, out.token),
        lambda: judge.enter(studio, door, known=[out.token]),
        lambda: judge.turn(studio, out.token),
        lambda: judge.undo(studio, out.token),
    ):
        with pytest.raises(StudyError, match="This link was taken back"):
            act()
    assert first_card(studio, stays.token) and len(cards.ratings(studio.store, study.id)) == 1


def test_an_invitation_that_was_taken_back_lets_nobody_in_but_who_has_joined(studio: Studio, study: Study):
    door = invitation(studio, study).token
    joined = judge.enter(studio, door)
    invite.revoke(studio, study.id, f"http://127.0.0.1:7860/rate/?t={door}")
    with pytest.raises(StudyError, match="This link was taken back"):
        judge.enter(studio, door)
    assert judge.enter(studio, door, known=[joined.token]) == joined


def test_people_are_invited_by_name_and_listed_with_how_many_they_judged_and_no_word_on_who_leads(
    studio: Studio, study: Study
):
    ann = invite.invite(studio, study.id, "  Ann   Example ")
    with pytest.raises(StudyError, match="Ann Example has a link already"):
        invite.invite(studio, study.id, "Ann Example")
    judge.rate(studio, ann.token, first_card(studio, ann.token).id, Choice.LEFT)
    judge.rate(studio, ann.token, first_card(studio, ann.token).id, Choice.SKIP)
    anybody = invite.invite(studio, study.id)
    listed = {seat.link.id: seat for seat in invite.seats(studio, study.id)}
    assert (listed[ann.id].link.label, listed[ann.id].judged, listed[ann.id].skipped) == ("Ann Example", 1, 1)
    assert (listed[anybody.id].is_open, listed[anybody.id].judged, listed[anybody.id].last) == (True, 0, None)
    assert set(asdict(listed[ann.id])) == {"link", "judged", "skipped", "last"}
    invite.revoke(studio, study.id, "Ann Example")
    assert invite.invite(studio, study.id, "Ann Example").id != ann.id


def test_a_rater_may_say_their_name_once(studio: Studio, study: Study):
    joined = judge.enter(studio, invitation(studio, study).token)
    assert joined.label == ""
    assert judge.call(studio, joined.token, " Dana ").label == "Dana"
    assert judge.call(studio, joined.token, "Somebody else").label == "Dana"


def test_a_link_is_taken_back_only_where_it_is_clear_which(studio: Studio, study: Study):
    for who in ("nobody", "", " "):
        with pytest.raises(StudyError, match="no such link"):
            invite.revoke(studio, study.id, who)
    for _ in range(2):
        judge.call(studio, judge.enter(studio, invitation(studio, study).token).token, "Twin")
    with pytest.raises(StudyError, match="2 links have this name"):
        invite.revoke(studio, study.id, "Twin")


@pytest.mark.parametrize("name", ["", " ", "a" * 65])
def test_what_cannot_be_a_name_is_no_rater(studio: Studio, study: Study, name: str):
    with pytest.raises(StudyError, match="cannot be a rater's name"):
        judge.named(studio, study.id, name)
    assert judge.raters(studio, study.id) == []
