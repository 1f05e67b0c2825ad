"""A verdict on paper is set in whichever script its texts are written, and says what it could not set."""

import io
import os
from pathlib import Path

import pypdf
import pytest

from studio.domain.report import Chapter, Report, Told
from studio.flows import paper
from studio.flows.studio import ASSETS
from studio.recipes import fonts
from tests.ui import examples

FEW_LETTERS = Path(__file__).with_name("fonts") / "few-letters.ttf"
CHINESE, JAPANESE = "你好，世界。退款在三天内到账。", "注文の返金は三日以内に処理されます。"
ARABIC, HEBREW = "مرحبا بالعالم", "שלום עולם"


def told(*texts: str) -> Report:
    pairs = tuple(Told(text, text, "Hello.", "", "", False) for text in texts)
    return examples.report(chapters=(Chapter("base", "Where it won", "The base model", pairs),))


def read(report: Report) -> str:
    document = paper.pdf_of(report, fonts=ASSETS / "fonts", made="today")
    return " ".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(document)).pages)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine whose fontconfig knows one font; what it was asked stands in a file."""
    return knowing(FEW_LETTERS, tmp_path, monkeypatch)


def knowing(font: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    asked, program = folder / "asked", folder / "fc-match"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$2" >> {asked}\nprintf "{font}\\t0"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/usr/bin{os.pathsep}/bin")
    return asked


def test_the_name_of_an_answer_stands_on_the_page_of_the_answer() -> None:
    pairs = tuple(Told(f"Question {n}?", f"Fine {n}.", f"Other {n}.", f"Reference {n}.", "", False) for n in range(40))
    report = examples.report(chapters=(Chapter("base", "Where it won", "The base model", pairs),))
    document = paper.pdf_of(report, fonts=ASSETS / "fonts", made="today")
    pages = [page.extract_text().split("\n") for page in pypdf.PdfReader(io.BytesIO(document)).pages]
    assert len(pages) > 3 and not {page[-1] for page in pages} & {
        "Fine-tuned",
        "The base model",
        "Reference from the data",
    }


def test_chinese_and_japanese_are_set_with_a_font_of_this_machine(machine: Path) -> None:
    said = read(told(CHINESE, JAPANESE))
    assert said.count(CHINESE) == said.count(JAPANESE) == 2
    assert "does not show" not in said and paper.MISSING not in said
    assert all(pattern.startswith(":charset=") for pattern in machine.read_text().splitlines())
    assert machine.read_text().splitlines()[0].endswith(":lang=ja"), "kana stand beside it, so it is set as Japanese is"


def test_arabic_and_hebrew_are_set_from_the_right_with_the_studios_own_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = read(told(ARABIC, HEBREW))
    assert said.count(ARABIC) == said.count(HEBREW) == 2
    assert "does not show" not in said
    assert [paper._is_leftwards(text) for text in (ARABIC, f"1. {HEBREW}", "Hello", "12", f"Say {ARABIC}")] == [
        True, True, False, False, False,
    ]  # fmt: skip


def test_without_such_a_font_it_says_which_package_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    said = " ".join(read(told(CHINESE)).split())
    assert "30 letters cannot be set with the fonts of this PDF" in said and "(Chinese)" in said
    assert "install fontconfig and a font for Chinese, Japanese and Korean" in said and "fonts-wqy-microhei" in said


def test_a_font_that_does_not_have_the_letter_or_is_broken_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(FEW_LETTERS.read_bytes()[:600])
    knowing(broken, tmp_path, monkeypatch)
    assert list(fonts.covering(CHINESE)) == []
    asked = knowing(ASSETS / "fonts" / "DejaVuSansCondensed.ttf", tmp_path, monkeypatch)
    asked.unlink()
    assert list(fonts.covering("你好注文")) == [] and len(asked.read_text().splitlines()) == 1, "asked once of a script"
    assert paper.MISSING in read(told(CHINESE))


def test_a_font_that_cannot_be_put_into_a_pdf_costs_its_letters_and_not_the_pdf(
    machine: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken = fonts.Face(Path("/nowhere.ttf"), 0, frozenset(map(ord, CHINESE)))
    monkeypatch.setattr(paper, "covering", lambda _: iter([broken]))
    assert paper.MISSING in read(told(CHINESE))
    assert "without the fonts of this machine: ['/nowhere.ttf']" in caplog.text


def test_the_doctor_is_told_which_languages_can_be_set(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert fonts.languages() == ["Chinese", "Japanese", "Korean"]
    monkeypatch.setenv("PATH", "/nowhere")
    assert fonts.languages() == []
