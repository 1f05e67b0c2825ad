"""The proof that the rating is blind, on every byte that a rater's browser is sent."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pytest

from studio.domain import dealing
from studio.domain.study import TUNED, Choice, Guessed, Side, Study
from studio.flows import judge
from studio.flows.studio import Studio
from studio.store import cards, links, studies
from studio.ui.theme import CSS
from tests.store.examples import Examples, written
from tests.ui.guessing import chance, hits
from tests.ui.markup import words
from tests.ui.rating_room import (
    RIVALS,
    SEED,
    Rater,
    door,
    join,
    made_new,
    open_study,
    question,
    reference,
    said,
    secrets_of,
    served,
    without_chance,
)

# Three opponents, a prompt of somebody's own, identical pairs, second ratings: 5 x 3 + 2 cards, of which 4 come twice.
WHOLE = {
    "prompts": 7,
    "cap": 5,
    "rivals": RIVALS,
    "identical": 2,
    "twice": 0.25,
    "own": 2,
    "rubric": "Kinder is kinder.",
}
TEXTS = [said(who, number) for number in range(7) for who in (TUNED, *RIVALS)]
GIVES_AWAY = re.compile(
    r"\btuned|adapter|\blora\b|checkpoint|\bbase\b|opponent|rival|few.?shot|identical", re.IGNORECASE
)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Studio, str]]:
    with served(tmp_path_factory.mktemp("blind") / "workspace") as opened:
        yield opened


def test_the_style_sheet_that_raters_get_names_no_side() -> None:
    assert not re.search(r"tuned|adapter|lora|checkpoint", CSS.read_text(), re.IGNORECASE)


def whole_session(one: Rater, two: Rater) -> None:
    """Two raters go through everything there is, with every button, marks, a comment and the question in between."""
    one.arrive()
    two.arrive()
    one.press("rate-left", marks={"mark-left-tone": "4", "mark-right-accuracy": "1"}, told={"Why?": "Because."})
    for button in ("rate-skip", "rate-undo", "rate-both-bad", "rate-tie"):
        one.press(button)
    for _ in range(3):
        two.press("rate-right")
    one.press("rate-name", told={"Your name (optional)": "Ann"})
    guesses = iter(["guess-left", "guess-none", "guess-unsure", "guess-right"])
    for rater in (one, two):
        while "answer-left" in rater.page and rater.item:
            rater.press(next(guesses) if "One question in between" in rater.page else "rate-right")
    two.press("rate-undo")


def gone_through(studio: Studio, address: str, study: Study) -> list[str]:
    """All that two browsers were sent in whole sessions, by the names of this study alone."""
    heard = []
    people = [join(studio, study, name, label="") for name in ("one", "two")]
    with Rater(address, people[0].token) as one, Rater(address, people[1].token, session="session-two") as two:
        whole_session(one, two)
        for rater in (one, two):
            assert not rater.http.cookies
            assert re.search("Thank you.|in somebody's hands", words(rater.page)) or "answer-left" in rater.page
            heard += rater.heard
    return heard


@dataclass(frozen=True)
class Sessions:
    """All that was sent in the same sessions twice, the second time with every side swapped, and what must not be."""

    first: list[str]
    second: list[str]
    secrets: list[str]
    card_ids: list[str]
    suspicions: int


@pytest.fixture(scope="module")
def sessions(room: tuple[Studio, str]) -> Sessions:
    studio, address = room
    study = open_study(studio, name="whole", **WHOLE)
    first = gone_through(studio, address, study)
    secrets, suspicions = secrets_of(studio, study), len(cards.suspicions(studio.store, study.id))
    gone = made_new(studio, study)
    drawn = dealing.Standing._drawn
    with pytest.MonkeyPatch.context() as mirrored:
        mirrored.setattr(dealing.Standing, "_drawn", lambda self, pair: drawn(self, pair).other)
        second = gone_through(studio, address, study)
    return Sessions(first, second, secrets, [*gone, *made_new(studio, study)], suspicions)


def test_a_whole_session_tells_nothing_that_unblinds(sessions: Sessions) -> None:
    told = "\n".join(sessions.first)
    assert "answer-left" in told and "Which answer is kinder?" in told and "Kinder is kinder." in told
    assert "do you think came from the new model" in told and sessions.suspicions
    assert all(question(number) in told for number in range(7))
    for secret in sessions.secrets:
        assert not is_told(told, secret), f"the rater's browser was told {secret}"
    sent = [text for text in sessions.first if "process_completed" in text or "event_id" in text or '{"data":' in text]
    sent += [re.sub("content-security-policy: .*", "", text) for text in sessions.first if "content-type: " in text]
    assert not GIVES_AWAY.search("\n".join(sent))
    assert not any(reference(number) in told for number in range(7))


def is_told(heard: str, secret: str) -> bool:
    """Whether `secret` was heard; a number counts as itself, not as digits within an id or a duration."""
    if not secret.isdigit():
        return secret in heard
    return re.search(rf"(?<![\w.]){secret}(?!\w)", heard) is not None


def test_no_text_arrives_before_its_turn(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, name="turns")
    with Rater(address, door(study)) as rater:
        rater.arrive()
        for turn in range(1, 7):
            heard = "\n".join(rater.heard)
            known = {number for number in range(6) if question(number) in heard}
            assert len(known) == turn
            for number in set(range(6)) - known:
                assert said("base", number) not in heard and said(TUNED, number) not in heard
            rater.press("rate-tie")


def test_with_all_sides_swapped_everything_that_is_sent_stays_the_same(sessions: Sessions) -> None:
    both = (sessions.first, sessions.second)
    received = [re.findall("|".join(map(re.escape, TEXTS)), "\n".join(heard)) for heard in both]
    assert received[0] == exchanged(received[1]) != received[1]
    first, second = (without_chance(heard, answers=TEXTS, ids=sessions.card_ids) for heard in both)
    assert len(first) == len(second) > 2 * (3 + 2 * 10)
    for one, other in zip(first, second, strict=True):
        assert one == other


def exchanged(received: list[str]) -> list[str]:
    """The same pairs of answers, each the other way round."""
    return [text for left, right in zip(received[::2], received[1::2], strict=True) for text in (right, left)]


def test_a_judgement_sent_twice_is_one_rating_of_its_own_card(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, name="twice")
    with Rater(address, door(study)) as rater:
        rater.arrive()
        item = rater.item
        rater.press("rate-left", marks={"mark-right-format": "5"}, told={"Why?": "Clear."})
        after = rater.page
        rater.send_again()
        rater.send_again()
        assert "Your card 2" in words(after) and "Your card 2" in rater.heard[-1]
    (rating,) = cards.ratings(studio.store, study.id)
    assert (rating.card_id, rating.choice, rating.comment) == (item, Choice.LEFT, "Clear.")
    assert rating.marks == {"right": {"format": 5}}
    assert cards.history(studio.store, study.id) == []


def test_an_undo_sent_twice_takes_one_judgement_back(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, name="undone")
    with Rater(address, door(study)) as rater:
        rater.arrive()
        rater.press("rate-left")
        rater.press("rate-right")
        last = rater.item
        rater.press("rate-undo")
        rater.send_again()
        assert "Your card 2" in words(rater.page) and rater.item != last
    assert [each.choice for each in cards.ratings(studio.store, study.id)] == [Choice.LEFT]


def test_what_a_rater_suspects_is_kept_once_and_the_next_card_comes(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, name="suspects", prompts=11)
    with Rater(address, door(study)) as rater:
        rater.arrive()
        for _ in range(9):
            rater.press("rate-tie")
        judged = rater.item
        rater.press("rate-left")
        assert "You have judged 10" in words(rater.page) and "answer-left" in rater.page
        rater.press("guess-right")
        assert "Your card 11" in words(rater.page) and rater.item != judged
        rater.send_again()
    (told,) = cards.suspicions(studio.store, study.id)
    assert (told.card_id, told.guessed) == (judged, Guessed.RIGHT)
    assert len(cards.ratings(studio.store, study.id)) == 10


def test_a_judgement_after_a_restart_of_the_server_counts_for_the_card_that_was_shown(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, name="restart")
    with Rater(address, door(study)) as rater:
        rater.arrive()
        item = rater.item
        rater.session = "a-session-that-the-server-never-saw"
        rater.press("rate-right")
        assert "Your card 2" in words(rater.page)
    (rating,) = cards.ratings(studio.store, study.id)
    assert (rating.card_id, rating.choice, rating.seconds) == (item, Choice.RIGHT, None)


def test_a_card_of_another_study_is_refused(room: tuple[Studio, str]) -> None:
    studio, address = room
    own, other = open_study(studio, name="own"), open_study(studio, name="other")
    with Rater(address, door(other)) as stranger:
        stranger.arrive()
        forged = stranger.item
    with Rater(address, door(own)) as rater:
        rater.arrive()
        rater.press("rate-left", item=forged)
        assert "This card is not yours to judge. Reload the page." in words(rater.page)
    assert cards.ratings(studio.store, own.id) == cards.ratings(studio.store, other.id) == []


def test_whoever_comes_back_goes_on_where_they_were_also_on_another_device(room: tuple[Studio, str]) -> None:
    studio, address = room
    study = open_study(studio, name="device")
    with Rater(address, door(study)) as here:
        here.arrive()
        here.press("rate-left")
        kept, own = here.known_now, re.search(r"\?t=([\w-]+)", here.page)
    assert own is not None and own[1] != door(study)
    with Rater(address, door(study), known=kept, session="reload") as again:
        again.arrive()
        assert "Your card 2" in words(again.page)
    with Rater(address, own[1], session="phone") as there:
        there.arrive()
        assert "Your card 2" in words(there.page) and there.known_now == kept == [own[1]]
    assert len(links.all(studio.store, study.id)) == 2


def test_a_link_that_is_not_known_or_was_taken_back_shows_one_sentence(room: tuple[Studio, str]) -> None:
    studio, address = room
    with Rater(address, "guessed") as rater:
        assert rater.refusal == "This link leads to no comparison. Ask for a new link."
    study = open_study(studio, name="revoked")
    with Rater(address, join(studio, study, "ann").token) as rater:
        rater.arrive()
        links.revoke(studio.store, f"{study.id}-ann", at=datetime.now(UTC))
        assert rater.refusal == "This link was taken back. Ask whoever sent it for a new one."
        page = rater.http.get(f"/rate/?t={rater.token}", headers={"Accept": "text/html"})
        assert page.status_code == 404 and rater.refusal in page.text
    assert cards.ratings(studio.store, study.id) == []


def test_a_judgement_after_the_closing_changes_nothing_and_its_refusal_tells_no_more_than_a_sentence(
    room: tuple[Studio, str],
) -> None:
    studio, address = room
    study = open_study(studio, name="closing")
    with Rater(address, door(study)) as rater:
        rater.arrive()
        rater.press("rate-left")
        before = cards.ratings(studio.store, study.id)
        studies.close(studio.store, study.id, at=datetime.now(UTC))
        for button in ("rate-right", "rate-undo"):
            rater.press(button)
            assert "This comparison is closed." in words(rater.page) and "answer-left" not in rater.page
            for part in ("Traceback", "StudyError", "studio.", ".py", study.id):
                assert part not in rater.heard[-1]
    assert cards.ratings(studio.store, study.id) == before and len(before) == 1


def test_a_page_that_was_opened_too_early_goes_on_by_itself(room: tuple[Studio, str]) -> None:
    studio, address = room
    made = Examples(studio.store)
    study = made.study(run=made.running_run(), prompts=2)
    with Rater(address, judge.named(studio, study.id, "Ann").token) as rater:
        rater.arrive()
        rater.tick()
        assert "still being written" in words(rater.page) and "answer-left" not in rater.page
        studies.set_answers(studio.store, study.id, written(study))
        rater.tick()
        assert "Your card 1" in words(rater.page) and rater.item


def test_order_time_and_size_do_not_give_the_sides_away(room: tuple[Studio, str]) -> None:
    studio, address = room
    same = {"say": lambda who, number: "The same.", "prompts": 14, "rivals": RIVALS}
    study = open_study(studio, name="guessed", seed=11, **same)
    received, labels = [], {}
    with Rater(address, door(study)) as rater:
        rater.arrive()
        while item := rater.item:
            if "One question in between" in rater.page:
                rater.press("guess-unsure")
                continue
            left, right = (rater.page.split(f'id="answer-{side}"')[1].split("</div>")[0] for side in ("left", "right"))
            size, position = len(rater.heard[-1]), len(received)
            texts = (len(left), len(right))
            received.append([position, rater.seconds[-1], size, *texts, position % 2, ord(item[0])])
            labels[item] = None
            rater.press("rate-left" if position % 2 else "rate-right")
    dealt = {card.id: card for card in cards.dealt(studio.store, study.id)}
    shown = [dealt[item] for item in labels]
    truth = np.array([card.side is Side.LEFT for card in shown])
    prompts = [card.pair_id.split("/")[0] for card in shown]
    features = np.column_stack([np.array(received, dtype=float), before(truth, prompts)])
    assert len(truth) == 42 and 5 < truth.sum() < 37
    assert hits(features, truth)[0] <= chance(features, truth)


def before(truth: np.ndarray, prompts: list[str]) -> np.ndarray:
    """What somebody knows at each card who was told every side before it: 1 is left, -1 right, 0 nothing yet.

    The side of the card before, the one before that, how far left leads, and the last side of the same prompt.
    """
    steps, told, last = [0, 0, *np.where(truth, 1, -1)], [], dict[str, int]()
    for place, prompt in enumerate(prompts):
        told.append([steps[place + 1], steps[place], sum(steps[: place + 2]), last.get(prompt, 0)])
        last[prompt] = steps[place + 2]
    return np.array(told, dtype=float)


def test_who_knows_every_side_so_far_cannot_tell_the_next() -> None:
    prompts = [f"p{number}" for number in range(400)]
    made = dealing.deck(prompts, [str(rival) for rival in RIVALS], twice=0.0, seed=SEED)
    shown = dealing.Standing(made, dealing.out_of([]), "ann", now=datetime.now(UTC)).hand()
    truth = np.array([card.side is Side.LEFT for card in shown])
    told = before(truth, [card.pair_id.split("/")[0] for card in shown])
    assert len(truth) == 1200
    assert hits(told, truth)[0] <= chance(told, truth, rounds=400)


@pytest.mark.parametrize("bound", [1, 3])
def test_sides_that_are_evened_out_would_be_found(bound: int) -> None:
    draw, truth = np.random.default_rng(5), list[bool]()
    for _ in range(1200):
        lead = 2 * sum(truth) - len(truth)
        truth.append(lead < 0 if abs(lead) == bound else bool(draw.integers(2)))
    told = before(np.array(truth), ["p"] * 1200)
    assert hits(told, np.array(truth))[0] > chance(told, np.array(truth), rounds=400)


def test_the_guesser_would_find_a_leak() -> None:
    draw = np.random.default_rng(3)
    truth = draw.permuted(np.arange(40) % 2 == 0)
    noise = draw.standard_cauchy(size=(40, 5))
    leak = np.where(truth, 0.04, 0.0) + draw.normal(scale=0.01, size=40)
    leak[::10] = 3.0  # now and then everything is slow
    told = np.column_stack([noise, leak])
    assert hits(told, truth)[0] > chance(told, truth)
    assert hits(noise, truth)[0] <= chance(noise, truth)
