"""A file of judgements is read whole before the first one counts."""

from pathlib import Path

import pytest

from studio.cli.study import votes_of
from studio.domain.errors import StudyError
from studio.domain.study import Choice
from studio.flows.judge import Vote


def test_judgements_are_read_line_by_line_and_blank_lines_are_passed_over(tmp_path: Path):
    path = tmp_path / "votes.jsonl"
    path.write_text(
        '{"card": "a", "choice": "left"}\n\n{"card": "b", "choice": "both_bad", "comment": "No\u2028way."}\n'
    )
    assert votes_of(path) == [Vote("a", Choice.LEFT), Vote("b", Choice.BOTH_BAD, comment="No\u2028way.")]


@pytest.mark.parametrize("line", ["{", "[]", '"left"', '{"card": "a"}', '{"card": "a", "choice": "better"}', "5"])
def test_a_line_that_is_no_judgement_is_named(tmp_path: Path, line: str):
    path = tmp_path / "votes.jsonl"
    path.write_text(f'{{"card": "a", "choice": "tie"}}\n{line}\n')
    with pytest.raises(StudyError, match=r"Line 2 of votes\.jsonl"):
        votes_of(path)


def test_a_comment_that_is_null_is_none_and_one_that_is_no_text_is_refused(tmp_path: Path):
    path = tmp_path / "votes.jsonl"
    path.write_text('{"card": "a", "choice": "left", "comment": null}\n')
    assert votes_of(path) == [Vote("a", Choice.LEFT)]
    path.write_text('{"card": "a", "choice": "left", "comment": {"a": 1}}\n')
    with pytest.raises(StudyError, match="Line 1"):
        votes_of(path)


def test_a_file_without_judgements_is_refused(tmp_path: Path):
    path = tmp_path / "votes.jsonl"
    path.write_text("\n\n")
    with pytest.raises(StudyError, match="no judgements"):
        votes_of(path)
