"""Encodings: a file that is not UTF-8 is read by its mark or by choice; what has no meaning is named by its place."""

import gzip
import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from studio.data.encodings import CHARSETS, candidates
from studio.data.ingest import ingest
from studio.data.rows import load_rejects, load_rows
from studio.domain.event import EventKind
from tests.data.conftest import Brought, ListReporter, pair

GOOD = '{"prompt": "a", "completion": "b"}'
# What people write in each of the encodings offered, long enough to tell it by.
WRITTEN = {
    "cp1252": "Où est passé le café ? “Là-bas”, répondit-elle – à côté de l’église. Für zwölf Gäste: 30 €.",
    "latin-9": "Le cœur de l'hiver coûte 30 €, même à Noël; l'œuvre est âgée. Straße, Größe, señor, façade.",
    "cp1251": "Как поменять пароль? Откройте настройки и нажмите кнопку «Сменить пароль».",
    "cp932": "パスワードを変更するにはどうすればいいですか。設定を開いて、ボタンを押してください。",
    "gb18030": "怎么修改我的密码？请打开设置，然后点击修改密码这个按钮就可以了。",
    "big5": "怎麼修改我的密碼？請打開設定，然後點擊修改密碼這個按鈕就可以了。",
    "euc-kr": "비밀번호를 어떻게 변경하나요? 설정을 열고 버튼을 눌러 주시면 됩니다.",
}


@dataclass(frozen=True)
class In:
    """Rows of JSONL in one encoding."""

    encoding: str

    def line(self, text: str) -> bytes:
        row = json.dumps({"prompt": text, "completion": "ok"}, ensure_ascii=False)
        return row.encode(CHARSETS[self.encoding].codec) + b"\n"


def read(content: bytes, folder: Path, *, encoding: str | None = None) -> Brought:
    folder.mkdir(exist_ok=True)
    source, reporter = folder / "source", ListReporter()
    source.write_bytes(content)
    spec = {"source": str(source), "out": str(folder), "encoding": encoding}
    return Brought(ingest(spec, reporter), folder, reporter.events)


def notes(brought: Brought) -> str:
    return " ".join(data["text"] for kind, data in brought.events if kind is EventKind.NOTE)


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
@pytest.mark.parametrize("mark", [True, False], ids=["with mark", "without mark"])
def test_utf_16_and_utf_32_are_read_as_such_with_or_without_a_mark(bring, codec, mark):
    text = f'{GOOD}\n\n{{"prompt": "日本語 🎉 é", "completion": "“ok”"}}\n{{"prompt" 5}}\n'
    brought = bring((("\ufeff" if mark and codec[-2:] in ("le", "be") else "") + text).encode(codec))

    assert [(row.line, row.question) for row in brought.rows] == [(1, "a"), (3, "日本語 🎉 é")]
    assert [(reject.line, reject.column) for reject in brought.rejects] == [(4, 11)]
    assert f"written in {codec[:6].upper()}" in notes(brought)


def test_half_a_character_of_utf_16_makes_its_line_no_row(bring):
    before, after = f'{GOOD}\n{{"prompt": "', f'"}}\n{GOOD}'
    brought = bring(before.encode("utf-16") + b"\x3d\xd8" + after.encode("utf-16-le"))

    (reject,) = brought.rejects
    assert (reject.line, reject.column, reject.reason) == (2, 13, "A character here is not UTF-16 (byte 0x3D).")
    assert [row.line for row in brought.rows] == [1, 3]


def test_utf_16_that_was_cut_off_within_a_character_loses_its_last_line_only(bring):
    brought = bring(f"{GOOD}\n{GOOD}".encode("utf-16")[:-1])

    assert [row.line for row in brought.rows] == [1]
    assert [reject.line for reject in brought.rejects] == [2]


def test_bytes_that_alternate_with_zeros_are_not_taken_for_text(bring):
    brought = bring(b"a\0b\0" + b"\x01\xd8" * 100)

    assert brought.outcome.message == "This is not a text file."


@pytest.mark.parametrize("encoding", CHARSETS)
def test_a_file_is_read_in_the_encoding_that_was_chosen(tmp_path: Path, encoding):
    content = In(encoding).line("plain") + b"\n" + In(encoding).line(WRITTEN[encoding])
    brought = read(content, tmp_path, encoding=encoding)

    assert [(row.line, row.question) for row in load_rows(tmp_path)] == [(1, "plain"), (3, WRITTEN[encoding])]
    assert load_rejects(tmp_path) == []
    assert CHARSETS[encoding].title in notes(brought)
    assert not (tmp_path / "unpacked").exists()


def test_a_packed_file_and_a_table_are_read_in_the_chosen_encoding_too(tmp_path: Path):
    table = "Frage;Antwort\nWie groß?;Größer\n".encode("cp1252")
    brought = read(gzip.compress(table), tmp_path, encoding="cp1252")

    assert [(row.line, row.question, row.answer) for row in brought.rows] == [(2, "Wie groß?", "Größer")]


def test_without_a_choice_only_the_lines_that_are_not_utf8_are_refused(tmp_path: Path):
    brought = read(In("cp1252").line("plain") + In("cp1252").line("café"), tmp_path)

    (reject,) = brought.rejects
    assert (reject.line, reject.column) == (2, 16)
    assert [row.line for row in brought.rows] == [1]


@pytest.mark.parametrize("table", [False, True], ids=["JSONL", "CSV"])
def test_a_byte_without_meaning_in_the_chosen_encoding_is_named_by_line_and_column(tmp_path: Path, table):
    rows = (
        b'prompt,completion\n"caf\xe9,\nb\x81d",x\nfine,y\n'
        if table
        else b'{"prompt": "\xe9", "x": "\x81"}\n' + GOOD.encode()
    )
    brought = read(rows, tmp_path, encoding="cp1252")

    (reject,) = brought.rejects
    assert (reject.line, reject.column) == ((3, 2) if table else (1, 23))
    assert reject.reason == "A character here is not Windows-1252 (Western Europe) (byte 0x81)."
    assert [row.line for row in brought.rows] == ([4] if table else [2])


def test_bytes_without_meaning_never_join_into_a_character(tmp_path: Path):
    brought = read(b'{"prompt": "\x81\x8d", "completion": "b"}\n' + GOOD.encode(), tmp_path, encoding="cp1252")

    assert [reject.line for reject in brought.rejects] == [1]


def test_an_encoding_that_is_not_offered_is_refused(tmp_path: Path):
    outcome = read(GOOD.encode(), tmp_path, encoding="utf-7").outcome

    assert outcome.message == "There is no encoding “utf-7” here." and "cp1252" in outcome.fix


def test_records_have_no_encoding(tmp_path: Path):
    outcome = read(b"PAR1....", tmp_path, encoding="cp1252").outcome

    assert outcome.message == "This file is no text, so it has no encoding."


@pytest.mark.parametrize("encoding", WRITTEN)
def test_the_encoding_in_which_a_text_was_written_is_the_likeliest(tmp_path: Path, encoding):
    source = tmp_path / "source"
    source.write_bytes(In("cp1252").line("plain") * 3 + In(encoding).line(WRITTEN[encoding]) * 2)

    likeliest = candidates(source)[0]

    assert (likeliest.encoding, likeliest.share) == (encoding, 1.0)
    assert [preview.line for preview in likeliest.preview] == [4, 5]
    assert WRITTEN[encoding] in likeliest.preview[0].text


@pytest.mark.parametrize("word", ["café", "Größe", "à", "“yes”", "naïve", "30 €", "año", "Ærø"])
def test_one_word_is_enough_to_tell_a_western_text(tmp_path: Path, word):
    source = tmp_path / "source"
    source.write_bytes(In("cp1252").line(f"She said {word} and left"))

    assert candidates(source)[0].encoding == "cp1252"


def test_every_encoding_tells_the_share_of_lines_that_it_can_read(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(In("cp1252").line("café") * 3 + b'{"prompt": "\x81"}\n')

    shares = {one.encoding: one.share for one in candidates(source, limit_lines=2)}

    assert shares["cp1252"] == 0.75 and shares["latin-9"] == 1.0
    assert all(len(one.preview) == 2 for one in candidates(source, limit_lines=2))


def test_a_long_line_is_shown_around_what_is_not_utf8(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(In("gb18030").line("plain words " * 5000 + WRITTEN["gb18030"] + " plain words" * 5000))

    likeliest = candidates(source)[0]

    assert likeliest.encoding == "gb18030"
    assert WRITTEN["gb18030"] in likeliest.preview[0].text and len(likeliest.preview[0].text) <= 400


@pytest.mark.parametrize("content", [GOOD.encode(), GOOD.encode("utf-16"), b"PAR1", "日本".encode()])
def test_what_needs_no_choice_is_offered_none(tmp_path: Path, content):
    source = tmp_path / "source"
    source.write_bytes(content)

    assert candidates(source) == []


def test_the_likely_encodings_of_a_packed_file_are_those_of_the_file_inside(tmp_path: Path):
    source = tmp_path / "source"
    source.write_bytes(gzip.compress(In("cp1251").line(WRITTEN["cp1251"])))

    assert candidates(source)[0].encoding == "cp1251"
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_lines_that_are_not_utf_8_come_with_the_likely_encodings_and_what_they_would_say(bring):
    good = json.dumps(pair("a", "b"), ensure_ascii=False).encode()
    bad = json.dumps(pair("Ein Café in Köln", "schön"), ensure_ascii=False).encode("cp1252")
    brought = bring(b"\n".join([good, bad, good, bad]))

    first = brought.result["encodings"][0]
    assert (brought.result["rows"], first["encoding"], first["share"]) == (2, "cp1252", 1.0)
    assert first["preview"][0]["line"] == 2 and "Ein Café in Köln" in first["preview"][0]["text"]
    assert bring([pair("a", "b")]).result["encodings"] == []


def test_a_file_of_which_most_lines_are_utf_8_is_not_offered_in_an_encoding_that_would_spoil_them(bring):
    good = json.dumps(pair("Wo ist Köln?", "Am Rhein."), ensure_ascii=False).encode()
    bad = json.dumps(pair("Ein Café?", "Ja."), ensure_ascii=False).encode("cp1252")
    refused = good.replace(b"}", b",}")
    brought = bring(b"\n".join([b'{"prompt": "a", "completion": "b"}', refused, bad]))
    assert (brought.result["rows"], brought.result["encodings"]) == (1, []), (
        "a line that is refused for its comma counts"
    )
    brought = bring(b"\n".join([good, good, bad]))

    assert (brought.result["rows"], brought.result["encodings"]) == (2, [])
    assert [offer["kind"] for offer in brought.result["repairs"]] == ["windows_1252"]


def test_a_file_that_is_all_in_another_encoding_is_told_how_to_read_it(bring):
    lines = [json.dumps(pair(f"Größe {n}?", "schön"), ensure_ascii=False).encode("cp1252") for n in range(3)]
    outcome = bring(b"\n".join(lines)).outcome

    assert outcome.state == "failed" and outcome.result["encodings"]
    assert outcome.fix.endswith(
        "Or read the whole file as Windows-1252 (Western Europe): the Data tab shows what it would say, or import with --encoding cp1252."
    )
