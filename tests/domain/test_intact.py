"""What a crash tore is left out and cut off, in one place for everything that is written line by line."""

from pathlib import Path

import pytest

from studio.domain.intact import cut_to_whole_lines, sha256_of, whole_lines


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        (b"", b""),
        (b'{"a": 1', b""),
        (b'{"a": 1}\n', b'{"a": 1}\n'),
        (b'{"a": 1}\n{"b"', b'{"a": 1}\n'),
        ('{"a": "\u2028"}\n{"b": "é'.encode()[:-1], '{"a": "\u2028"}\n'.encode()),
    ],
)
def test_a_torn_last_line_is_no_line(tmp_path: Path, written: bytes, whole: bytes) -> None:
    assert whole_lines(written) == whole
    path = tmp_path / "lines.jsonl"
    path.write_bytes(written)
    assert cut_to_whole_lines(path) == whole == path.read_bytes()


def test_what_is_not_there_has_no_lines_and_stays_away(tmp_path: Path) -> None:
    assert cut_to_whole_lines(tmp_path / "lines.jsonl") == b"" and not list(tmp_path.iterdir())


def test_a_file_is_known_by_its_bytes(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    assert sha256_of(tmp_path / "file") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
