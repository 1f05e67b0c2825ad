"""The proof that the rating is blind, on every byte that a rater's browser is sent."""

import random
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import numpy as np
import pytest

from studio.domain.study import Choice, Side
from studio.flows.studio import Studio
from studio.store import studies
from studio.ui.theme import CSS
from tests.ui.guessing import chance, hits
from tests.ui.markup import words
from tests.ui.rating_room import Pair, Rater, open_study, pairs, secrets_of, served, swap_sides, without_chance

SIDES = [Side.LEFT, Side.RIGHT, Side.RIGHT, Side.LEFT, Side.RIGHT, Side.LEFT]
PRESSED = ["rate-left", "rate-tie", "rate-skip", "rate-undo", "rate-both-bad", "rate-right", "rate-left", "rate-right"]
GUESSED = 40


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, str]]:
    with served(tmp_path_factory.mktemp("blind") / "workspace") as opened:
        yield opened


def test_the_style_sheet_that_raters_get_names_no_side() -> None:
    assert not re.search(r"tuned|adapter|lora|checkpoint", CSS.read_text(), re.IGNORECASE)


def whole_session(rater: Rater) -> None:
    rater.arrive()
    for button in PRESSED:
        rater.press(button, comment="Because." if button == "rate-left" else "")


def test_a_whole_session_tells_nothing_that_unblinds(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, pairs(SIDES), name="whole")
    with Rater(address, study.rating_token) as rater:
        whole_session(rater)
        heard = "\n".join(rater.heard)
    assert "Thank you. You have judged everything here." in words(rater.page)
    assert "answer-left" in heard and "Which answer is kinder?" in heard
    for secret in secrets_of(studio, study):
        assert not told(heard, secret), f"the rater's browser was told {secret}"
    assert not re.search(r"\btuned|adapter|\blora\b|checkpoint|\bbase\b", "\n".join(rater.heard[3:]), re.IGNORECASE)
    for pair in pairs(SIDES):
        assert pair.base in heard and pair.tuned in heard and pair.prompt in heard
        assert pair.reference not in heard


def told(heard: str, secret: str) -> bool:
    """Whether `secret` was heard; a number counts as itself, not as digits within an id or a duration."""
    if not secret.isdigit():
        return secret in heard
    return re.search(rf"(?<![\w.]){secret}(?!\w)", heard) is not None


def test_no_text_arrives_before_its_turn(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, pairs(SIDES), name="turns")
    with Rater(address, study.rating_token) as rater:
        rater.arrive()
        for turn in range(1, len(SIDES) + 1):
            known = [pair for pair in pairs(SIDES) if pair.prompt in "\n".join(rater.heard)]
            for pair in set(pairs(SIDES)) - set(known):
                assert pair.base not in "\n".join(rater.heard) and pair.tuned not in "\n".join(rater.heard)
            assert len(known) == turn
            rater.press("rate-tie")


def test_with_all_sides_swapped_everything_that_is_sent_stays_the_same(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, pairs(SIDES), name="swapped")
    texts = [text for pair in pairs(SIDES) for text in (pair.base, pair.tuned)]
    heard: list[list[str]] = []
    for session in ("first", "second"):
        with Rater(address, study.rating_token, session=session) as rater:
            whole_session(rater)
        heard.append(rater.heard)
        swap_sides(studio, study)
    assert texts_in_order(heard[0], texts) == exchanged(texts_in_order(heard[1], texts))
    first, second = (without_chance(one, answers=texts) for one in heard)
    assert len(first) == len(second) == 3 + 2 * (1 + len(PRESSED))
    for one, other in zip(first, second, strict=True):
        assert one == other


def exchanged(received: list[str]) -> list[str]:
    """The same answers with those of the other model in their places."""
    return [text.translate(str.maketrans({"k": "l", "l": "k"})) for text in received]


def texts_in_order(heard: list[str], texts: list[str]) -> list[str]:
    """Every answer in the order in which it was received."""
    return re.findall("|".join(map(re.escape, texts)), "\n".join(heard))


def test_a_judgement_sent_twice_is_one_rating_of_its_own_card(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, pairs(SIDES), name="twice")
    with Rater(address, study.rating_token) as rater:
        rater.arrive()
        item = rater.item
        rater.press("rate-left", comment="Clear.")
        after = rater.page
        rater.send_again()
        rater.send_again()
        assert "2 of 6" in words(after) and "2 of 6" in rater.heard[-1]
    (rating,) = studies.ratings(studio.store, study.id)
    assert (rating.item_id, rating.choice, rating.comment) == (item, Choice.LEFT, "Clear.")
    assert studies.history(studio.store, study.id) == []


def test_a_judgement_after_a_restart_of_the_server_counts_for_the_card_that_was_shown(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, pairs(SIDES), name="restart")
    with Rater(address, study.rating_token) as rater:
        rater.arrive()
        item = rater.item
        rater.session = "a-session-that-the-server-never-saw"
        rater.press("rate-right")
        assert "2 of 6" in words(rater.page)
    (rating,) = studies.ratings(studio.store, study.id)
    assert (rating.item_id, rating.choice, rating.seconds) == (item, Choice.RIGHT, None)


def test_a_card_of_another_study_is_refused(room: tuple[Studio, str]) -> None:
    studio, address = room
    own = open_study(studio, pairs(SIDES), name="own")
    other = open_study(studio, pairs(SIDES), name="other")
    forged = studies.items(studio.store, other.id)[0]
    with Rater(address, own.rating_token) as rater:
        rater.arrive()
        rater.press("rate-left", item=forged.id)
        assert "This card is not part of the study. Reload the page." in words(rater.page)
        assert forged.base_answer not in "\n".join(rater.heard[-2:])
    assert studies.ratings(studio.store, own.id) == studies.ratings(studio.store, other.id) == []


def test_a_link_that_is_not_known_shows_nothing(room: tuple[Studio, str]) -> None:
    _, address = room
    with Rater(address, "guessed") as rater:
        rater.arrive()
        assert "This link leads to no comparison. Ask for a new link." in words(rater.page)
        rater.press("rate-left")
        assert "This link leads to no comparison." in words(rater.page)


def test_a_judgement_after_the_closing_changes_nothing(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, pairs(SIDES), name="closing")
    with Rater(address, study.rating_token) as rater:
        rater.arrive()
        rater.press("rate-left")
        before = studies.ratings(studio.store, study.id)
        studies.close(studio.store, study.id, at=datetime.now(UTC))
        rater.press("rate-right")
        assert "This comparison is closed." in words(rater.page)
        assert "answer-left" not in rater.page
    assert studies.ratings(studio.store, study.id) == before
    assert len(before) == 1


def test_a_refusal_inside_an_event_tells_no_more_than_its_sentence(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, pairs(SIDES), name="refusal")
    with Rater(address, study.rating_token) as rater:
        rater.arrive()
        rater.press("rate-left")
        studies.close(studio.store, study.id, at=datetime.now(UTC))
        rater.press("rate-undo")
        assert "This comparison is closed." in rater.heard[-1]
        for part in ("Traceback", "StudyError", "studio.", ".py", study.id):
            assert part not in rater.heard[-1]


def test_order_time_and_size_do_not_give_the_sides_away(room: tuple[Studio, str]) -> None:
    studio, address = room
    sides = [Side.LEFT, Side.RIGHT] * (GUESSED // 2)
    random.Random(11).shuffle(sides)
    same = [Pair(f"Question-{n:02d}-asked?", "The same.", "The same.", side) for n, side in enumerate(sides)]
    study = open_study(studio, same, name="guessed")
    tuned_left = {item.id: item.tuned_side is Side.LEFT for item in studies.items(studio.store, study.id)}
    received, labels = [], []
    with Rater(address, study.rating_token) as rater:
        rater.arrive()
        for position in range(GUESSED):
            left, right = (rater.page.split(f'id="answer-{side}">')[1].split("</div>")[0] for side in ("left", "right"))
            size = len(rater.heard[-1])
            received.append([position, rater.seconds[-1], size, len(left), len(right), len(left) - len(right)])
            labels.append(tuned_left[rater.item])
            rater.press("rate-left" if position % 2 else "rate-right")
    features, truth = np.array(received, dtype=float), np.array(labels)
    assert hits(features, truth)[0] <= chance(features, truth)


def test_the_guesser_would_find_a_leak() -> None:
    draw = np.random.default_rng(3)
    truth = draw.permuted(np.arange(GUESSED) % 2 == 0)
    noise = draw.standard_cauchy(size=(GUESSED, 5))
    leak = np.where(truth, 0.04, 0.0) + draw.normal(scale=0.01, size=GUESSED)
    leak[::10] = 3.0  # now and then everything is slow
    told = np.column_stack([noise, leak])
    assert hits(told, truth)[0] > chance(told, truth)
    assert hits(noise, truth)[0] <= chance(noise, truth)
