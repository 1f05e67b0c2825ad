"""Comparing meanings: nothing can be stopped once there is something to see, and the sentence ends once."""

import numpy as np

from studio.data.meaning import Meant
from studio.domain.job import JobKind, JobState
from studio.domain.meaning import WAYS
from studio.flows.meaning import Comparison
from studio.ui.inspect import meaning
from tests.ui import examples
from tests.ui.markup import words

NOTHING = np.zeros((0, 2), dtype=np.int64)
MEANT = Meant(NOTHING, NOTHING, np.zeros(0, dtype=np.float32), next(iter(WAYS)), 76, 0.6)


def test_what_was_found_can_be_looked_at_before_the_job_has_been_told_over() -> None:
    _, start, stop, timer, slider, _ = meaning.view(
        Comparison(examples.job(kind=JobKind.MEANING, state=JobState.RUNNING), MEANT), None, 0.85, is_installed=True
    )
    assert slider.visible and not (start.visible or stop.visible or timer.active)


def test_that_nothing_is_alike_is_said_in_one_sentence() -> None:
    said = words(meaning.situation(Comparison(None, MEANT), None, is_installed=True))
    assert said.startswith("● No questions are so much alike in meaning. 76 questions compared.")
