"""The owner's panel of raters: who has a link, how far they are, and never who leads."""

from datetime import UTC, datetime

import gradio as gr

from studio.domain.study import Link, LinkKind
from studio.flows.invite import Seat
from studio.ui.comparing import raters
from tests.ui.markup import tags, words

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def seat(label: str = "Ann", *, judged: int = 3, is_revoked: bool = False, kind: LinkKind = LinkKind.RATER) -> Seat:
    link = Link(f"link-{label}", "study-1", kind, f"token-{label}", label, NOON, NOON if is_revoked else None)
    return Seat(link, judged, 1 if judged else 0, NOON if judged else None)


def test_every_link_is_listed_with_how_many_were_judged_and_skipped_by_it() -> None:
    page = raters.table([seat("Invitation", judged=0, kind=LinkKind.INVITATION), seat(), seat("Ben", is_revoked=True)])
    assert words(page) == (
        "Who Judged Skipped Last Link Anybody who has the link (made 23 Nov 12:00) /rate/?t=token-Invitation Copy "
        "Ann 3 1 23 Nov 12:00 UTC /rate/?t=token-Ann Copy Ben 3 1 23 Nov 12:00 UTC taken back"
    )
    assert "token-Ben" not in page


def test_a_name_is_shown_as_it_was_given_and_runs_nothing() -> None:
    page = raters.table([seat("<img src=x onerror=alert(1)>"), seat("")])
    assert "img" not in tags(page) and "<img src=x onerror=alert(1)>" in words(page)
    assert "Somebody who joined 23 Nov 12:00" in words(page)


def test_only_links_that_are_valid_can_be_taken_back_and_none_of_a_closed_comparison() -> None:
    seats = [seat(), seat("Ben", is_revoked=True)]
    fold, _, _, giving, which, taking, sure = raters.view(seats)
    assert fold.visible and giving.visible and taking.visible and not sure.visible
    assert which.choices == [("Ann", "link-Ann")]
    _, listed, _, giving, _, taking, _ = raters.view(seats, is_closed=True)
    assert "Ann" in words(listed) and not giving.visible and not taking.visible


def test_before_a_link_is_taken_back_it_is_said_what_stays() -> None:
    assert "What was judged by it (3 cards) stays and counts." in words(raters.doubts(seat()))
    opened = words(raters.doubts(seat(judged=0, kind=LinkKind.INVITATION)))
    assert "Whoever has joined by it goes on by a link of their own." in opened and "counts" not in opened


def test_without_a_comparison_there_is_no_panel(empty_studio) -> None:
    fold, *others = raters.show(empty_studio, None)
    assert not fold.visible and all(other == gr.skip() for other in others)
