"""What is wrong with a dataset, and what one model would see of it."""

import pytest

from studio.domain.dataset import Dataset
from studio.domain.errors import DatasetError
from studio.domain.finding import FindingKind
from studio.domain.job import JobKind, Wish
from studio.flows import bring, inspect
from studio.flows.models import STARTER
from studio.flows.studio import Studio
from studio.store import jobs
from tests.flows.test_bring import read


def test_every_planted_problem_is_found_with_its_lines(working: Studio, dataset: Dataset):
    findings = {found.kind: found for found in inspect.look(working, dataset.id, STARTER).findings}
    assert {FindingKind.EXACT_DUPLICATE, FindingKind.CONFLICT, FindingKind.MALFORMED} <= set(findings)
    assert [group.lines for group in findings[FindingKind.EXACT_DUPLICATE].groups] == [(1, 61)]
    assert [group.lines for group in findings[FindingKind.CONFLICT].groups] == [(2, 62)]
    assert [group.lines for group in findings[FindingKind.MALFORMED].groups] == [(66, 67)]
    assert all(found.title and found.why for found in findings.values())


def test_the_rows_of_a_group_are_shown_side_by_side(working: Studio, dataset: Dataset):
    findings = {found.kind: found for found in inspect.look(working, dataset.id, STARTER).findings}
    first, second = inspect.rows(working, dataset.id, findings[FindingKind.CONFLICT].groups[0].rows)
    assert first.question == second.question
    assert first.answer != second.answer


def test_every_row_is_measured_for_the_model_and_a_cut_off_is_suggested(working: Studio, dataset: Dataset):
    look = inspect.look(working, dataset.id, STARTER)
    assert look.lengths is not None and look.measuring is None and look.cut_off is not None
    assert len(look.lengths.total) == dataset.rows
    assert max(look.lengths.total) == look.lengths.total[63] > 256
    assert look.lengths.stop_token_trained
    assert look.cut_off.reason


def test_two_who_look_at_once_start_one_measurement(working: Studio):
    brought = read(working, bring.bring_sample(working, "messy"))
    first, second = inspect.look(working, brought.id, STARTER), inspect.look(working, brought.id, STARTER)
    assert first.lengths is None and first.measuring is not None
    known = {job.id for job in (first.measuring, second.measuring) if job is not None}
    assert known == {first.measuring.id}
    jobs.wish(working.store, first.measuring.id, Wish.STOP)


def test_what_has_been_measured_is_not_measured_again(working: Studio, dataset: Dataset):
    inspect.look(working, dataset.id, STARTER)
    assert not [job for job in jobs.live(working.store, kinds=[JobKind.MEASURE]) if job.subject_id == dataset.id]


def test_a_row_is_shown_as_the_model_sees_it_and_what_a_cut_off_would_strike(working: Studio, dataset: Dataset):
    row = bring.preview(working, dataset.id, count=1)[0]
    whole = inspect.seen(working, dataset.id, STARTER, 0, 128)
    assert row.answer in "".join(piece.text for piece in whole.pieces if piece.trained)
    assert row.question in "".join(piece.text for piece in whole.pieces if not piece.trained)
    assert whole.cut == ()
    cut = inspect.seen(working, dataset.id, STARTER, 63, 128)
    assert cut.total - cut.cut_tokens == 128
    assert cut.cut_trained > 0


def test_a_row_cannot_be_shown_before_it_has_been_measured(resting: Studio):
    with pytest.raises(DatasetError, match="not been measured"):
        inspect.seen(resting, "data-1", STARTER, 0, 128)


def test_a_suggested_cut_off_is_never_more_than_the_model_reads(working: Studio, dataset: Dataset):
    look = inspect.look(working, dataset.id, STARTER)
    assert look.cut_off is not None
    assert look.cut_off.tokens <= 2048
