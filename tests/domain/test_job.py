"""Jobs: the table of allowed transitions is the one that people read."""

from pathlib import Path

from studio.domain.job import ENDED, LIVE, TRANSITIONS, JobState


def test_the_transitions_that_people_read_are_those_of_the_code(root: Path) -> None:
    rows = [f"| {here} | {there} | {when} |" for here, after in TRANSITIONS.items() for there, when in after.items()]
    page = (root / "docs" / "jobs.md").read_text().splitlines()
    assert [line for line in page if line.startswith("| ") and not line.startswith("| from")] == rows


def test_every_job_can_come_to_an_end_and_what_is_done_stays_done() -> None:
    assert set(TRANSITIONS) == set(JobState) and not TRANSITIONS[JobState.DONE]
    assert all(ENDED & TRANSITIONS[state].keys() for state in LIVE | {JobState.INTERRUPTED})
