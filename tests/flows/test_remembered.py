"""What is remembered between two votes is what the database has, whoever wrote last and whatever came of it."""

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from studio.domain.dealing import Deck, deck_of
from studio.domain.errors import StudyError
from studio.domain.study import Choice, Guessed, Study
from studio.flows import judge
from studio.flows.studio import Studio, open_studio
from studio.store import cards, links, remembered, studies
from tests.questions import asked
from tests.store.examples import Examples

NAMES = ("Ann", "Ben", "Cem", "Dee")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def studio(folder: Path) -> Iterator[Studio]:
    opened = open_studio(folder)
    yield opened
    opened.store.close()


@pytest.fixture
def other(studio: Studio, folder: Path) -> Iterator[Studio]:
    """The same workspace, as another process has it open."""
    opened = open_studio(folder)
    yield opened
    opened.store.close()


@pytest.fixture
def study(studio: Studio) -> Study:
    return Examples(studio.store).open_study(prompts=12, twice=0.5, identical=2)


@pytest.fixture
def raters(studio: Studio, study: Study) -> dict[str, str]:
    """Everybody's link by their name."""
    return {name: judge.named(studio, study.id, name).token for name in NAMES}


def told(studio: Studio, study: Study, raters: dict[str, str], deck: Deck, *, together: bool) -> list[object]:
    """All that is dealt by, as far as it is remembered or as it is read anew."""
    found = list[object]()
    with studio.store.write(together=together) as connection:
        for token in raters.values():
            seat = studies.seat(connection, token)
            assert seat is not None
            known, own = cards._remembered(connection, study.id, seat.rater)
            open_now, far = list(known.ratings.open_in(deck)), known.ratings.progress(deck)
            found.append(
                (dict(known.ratings), open_now, far, known.held, list(own.cards.items()), list(own.paces.items()))
            )
    return found


def press(studio: Studio, token: str, chance: random.Random) -> None:
    """Whatever somebody on the rating page may do next."""
    turn = judge.turn(studio, token)
    if turn.asked_about:
        judge.suspect(studio, token, turn.asked_about, chance.choice([Guessed.LEFT, None]))
    elif chance.random() < 0.15:
        judge.undo(studio, token)
    elif turn.card is not None:
        judge.rate(studio, token, turn.card.id, chance.choice(list(Choice)), seconds=chance.random() * 9)
        if chance.random() < 0.2:  # said otherwise, or once more
            judge.rate(studio, token, turn.card.id, chance.choice(list(Choice)))


@pytest.mark.parametrize("seed", range(3))
def test_after_every_press_here_and_elsewhere_what_is_remembered_is_what_is_there(
    studio: Studio, other: Studio, study: Study, raters: dict[str, str], seed: int
):
    chance, deck = random.Random(seed), deck_of(study.protocol, seed=study.seed)
    for _ in range(30):
        press(studio if chance.random() < 0.8 else other, chance.choice(list(raters.values())), chance)
        assert told(studio, study, raters, deck, together=True) == told(studio, study, raters, deck, together=False)
    assert len(cards.ratings(studio.store, study.id)) > len(cards.history(studio.store, study.id)) > 0


def test_a_second_vote_looks_through_no_votes_and_one_elsewhere_is_seen(
    studio: Studio, other: Studio, study: Study, raters: dict[str, str]
):
    def vote(of: Studio) -> int:
        """How many looks through a study it took."""
        card = judge.next_card(studio, raters["Ann"])
        assert card is not None
        with asked(of.store) as questions:
            judge.rate(of, raters["Ann"], card.id, Choice.LEFT)
        return sum("group_concat" in question for question in questions)

    vote(studio)
    assert vote(studio) == 0
    assert vote(other) == 1
    with asked(studio.store) as questions:
        judge.turn(studio, raters["Ann"])
    assert sum("group_concat" in question for question in questions) == 1, "somebody else has written since"


def test_what_was_taken_back_is_not_remembered(studio: Studio, study: Study, raters: dict[str, str]):
    deck, card = deck_of(study.protocol, seed=study.seed), judge.next_card(studio, raters["Ann"])
    assert card is not None
    with pytest.raises(RuntimeError), studio.store.write(together=True) as connection:
        seat = studies.seat(connection, raters["Ann"])
        assert seat is not None
        cards.keep(connection, [judge.Rating(card.id, study.id, seat.rater, Choice.LEFT, datetime.now(UTC))])
        raise RuntimeError("the power went")
    assert told(studio, study, raters, deck, together=True) == told(studio, study, raters, deck, together=False)
    assert judge.next_card(studio, raters["Ann"]) == card


def test_who_is_gone_in_between_judges_no_more(studio: Studio, other: Studio, study: Study, raters: dict[str, str]):
    held = [judge.next_card(studio, raters[name]) for name in ("Ann", "Ben")]
    (ann,) = [link for link in judge.raters(studio, study.id) if link.label == "Ann"]
    links.revoke(other.store, ann.id, at=datetime.now(UTC))
    with pytest.raises(StudyError, match="taken back"):
        judge.rate(studio, raters["Ann"], held[0].id if held[0] else "", Choice.LEFT)
    studies.close(other.store, study.id, at=datetime.now(UTC))
    with pytest.raises(StudyError, match="closed"):
        judge.rate(studio, raters["Ben"], held[1].id if held[1] else "", Choice.LEFT)
    assert cards.ratings(studio.store, study.id) == []


def test_no_more_studies_are_remembered_than_a_few(studio: Studio):
    for _ in range(remembered.MOST + 2):
        study = Examples(studio.store).open_study(prompts=2)
        judge.turn(studio, judge.named(studio, study.id, "Ann").token)
        with studio.store.write(together=True) as connection:
            cards._remembered(connection, study.id, "nobody")
            assert 1 <= len(remembered.studies(connection)) <= remembered.MOST
