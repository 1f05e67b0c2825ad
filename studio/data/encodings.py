"""Encodings: text that is not UTF-8 becomes UTF-8, or shows what it would be in each likely encoding."""

import codecs
import io
import re
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from studio.data.entry import LONGEST_LINE, Tell
from studio.data.problem import Problem
from studio.data.sniffing import ends_in_returns, head_of, is_text, unicode_of
from studio.data.unpacking import CHUNK, At, unpack
from studio.domain.errors import DatasetError

LINES_WEIGHED = 500
BYTES_WEIGHED = 4000
SHOWN_BEFORE, SHOWN = 100, 400
# Each byte without meaning becomes the half of a character, U+DC00 plus the byte: no text in UTF-8 holds one.
MARKING = "studio.marking"
FIRST_MARK = 0xDC00
MARKED_BYTES = re.compile(rb"\xed[\xb0-\xb3][\x80-\xbf]")
# Bytes that are no part of a longer character in any of these encodings.
SAFE_TO_CUT = re.compile(rb'[ ",]')
BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")


@dataclass(frozen=True, slots=True)
class Charset:
    """An encoding from before Unicode: its codec, its name for people, and what is usual in texts written in it.

    `usual` are its most frequent characters beyond ASCII; `among_ascii` says whether those stand beside ASCII letters
    (as é does in café), keep away from them (as Cyrillic does), or may do either (None).
    """

    codec: str
    title: str
    usual: str
    among_ascii: bool | None = None


LATIN = "àâäáãåæçéèêëíìîïñóòôöõøœšúùûüýÿßžÀÂÄÁÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒŠÚÙÛÜÝŽ“”„‘’‚«»‹›–—…•·€£§°©®™¿¡\xa0"
CYRILLIC = "абвгдежзийклмнопрстуфхцчшщъыьэюяёіїєґўј“”„«»–—…№"
WIDE = "、。，：；？！（）《》「」“”…　"
KANA = (
    "あいうえおかがきぎくぐけげこごさざしじすずせぜそぞただちっつづてでとどなにぬねのはばひびふぶへべほぼまみむめもやゆよらりるれろわをん"
    "アイウエオカガキギクグコサシジスズセソタダチッテデトドナニネノハバパヒビピフブプヘベペホボポマミムメモャュョラリルレロワンー"
)
SIMPLIFIED = (
    "的一是不了人在有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然没日于"
    "起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长问请题答"
)
TRADITIONAL = (
    "的一是不了人在有我他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她裡後小麼心多天而能好都然沒日於"
    "起還發成事只作當想看文無開手十用主行方又如前所本見經頭面公同三已老從動兩長問請題答"
)
HANGUL = (
    "이다는에의가을를하고지은도한로서기사인어그리나아시대있것자으수라정과들만해보일게스부전장주제상동었원여면구년했세선공조성우안없되러"
    "거음국신모습니까요네께저무비오소문유말생당경히화때작연중내개분적위실관감물방심든또더할님금입습"
)
# cp950 and cp949 are what Windows writes; they hold all of Big5 and EUC-KR.
CHARSETS = {
    "cp1252": Charset("cp1252", "Windows-1252 (Western Europe)", LATIN, among_ascii=True),
    "latin-9": Charset("iso8859-15", "Latin-9 (Western Europe)", LATIN, among_ascii=True),
    "cp1251": Charset("cp1251", "Windows-1251 (Cyrillic)", CYRILLIC, among_ascii=False),
    "cp932": Charset("cp932", "Shift JIS (Japanese)", WIDE + KANA),
    "gb18030": Charset("gb18030", "GB 18030 (simplified Chinese)", WIDE + SIMPLIFIED),
    "big5": Charset("cp950", "Big5 (traditional Chinese)", WIDE + TRADITIONAL),
    "euc-kr": Charset("cp949", "EUC-KR (Korean)", WIDE + HANGUL),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """The part of a line that is not UTF-8, in one encoding."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Legacy:
    """What a file would be in one encoding; `share` of the lines that are not UTF-8 can be read in it."""

    encoding: str
    title: str
    share: float
    preview: tuple[Preview, ...]


@dataclass(frozen=True, slots=True)
class Text:
    """A text in UTF-8; `title` names the encoding that it came from, unless it was UTF-8 before."""

    path: Path
    title: str | None = None


def in_utf8(source: Path, *, into: Path, encoding: str | None, at: At, tell: Tell) -> Text:
    """A text file in UTF-8, written into the folder `into`; or `source` itself when it is so already, or no text.

    What has no meaning in the encoding is marked, so that its line can be refused (`not_in_encoding`).
    """
    head = head_of(source)
    chosen = charset(encoding) if encoding else None
    if not is_text(head):
        if chosen:
            raise DatasetError("This file is no text, so it has no encoding.", fix="Read it without choosing one.")
        return Text(source)
    unicode = unicode_of(head)
    found = chosen or unicode
    returns = ends_in_returns(head, codec=found.codec if found else "utf-8")
    if chosen:
        tell(f"The file was read as {chosen.title}, as chosen.")
    elif unicode:
        tell(f"The file is written in {unicode.title} and was read as such.")
    if returns:
        tell("The lines end in carriage returns only (old Mac style); each was read as the end of a line.")
    if not found and not returns:
        return Text(source)
    skipped = unicode.skipped if unicode and not chosen else 0
    into.mkdir(parents=True, exist_ok=True)
    target = into / "utf8"
    _rewrite(source, target, codec=found.codec if found else None, skipped=skipped, returns=returns, at=at)
    return Text(target, found.title if found else None)


def charset(encoding: str) -> Charset:
    """The encoding of that name; DatasetError when it is none of those offered."""
    if encoding not in CHARSETS:
        raise DatasetError(f"There is no encoding “{encoding}” here.", fix=f"Choose one of {', '.join(CHARSETS)}.")
    return CHARSETS[encoding]


def candidates(path: Path, *, limit_lines: int = 5) -> list[Legacy]:
    """What a file that is not UTF-8 would be in each encoding that people used before, the likeliest first.

    Looks at the first 500 lines that are not UTF-8; empty when there are none. Reads the file, so not for a page.
    """
    with tempfile.TemporaryDirectory(dir=path.parent, prefix="candidates-") as scratch:
        plain = unpack(path, into=Path(scratch), at=lambda _: None, tell=lambda _: None)
        head = head_of(plain)
        if not is_text(head) or unicode_of(head):
            return []
        lines = list(islice(_lines_not_in_utf8(plain), LINES_WEIGHED))
    weighed = [(_legacy(name, lines[:limit_lines], lines), _likelihood(one, lines)) for name, one in CHARSETS.items()]
    weighed.sort(key=lambda pair: -pair[1])
    return [legacy for legacy, _ in weighed if legacy.share > 0]


def not_in_encoding(raw: bytes, *, title: str) -> Problem | None:
    """What is wrong with a row that has a character without meaning in the encoding of its file."""
    found = MARKED_BYTES.search(raw)
    if not found:
        return None
    before = raw[: found.start()].decode("utf-8", "replace")
    byte = ord(found[0].decode("utf-8", "surrogatepass")) - FIRST_MARK
    return Problem(
        f"A character here is not {title} (byte 0x{byte:02X}).",
        "Mend this character, or read the file in another encoding.",
        column=len(before) - before.rfind("\n"),
        lines_down=before.count("\n"),
        undecoded=True,
    )


def _marks(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(FIRST_MARK + byte) for byte in error.object[error.start : error.end]), error.end


def _rewrite(source: Path, target: Path, *, codec: str | None, skipped: int, returns: bool, at: At) -> None:
    codecs.register_error(MARKING, _marks)
    # Without a codec the text is UTF-8 already, and bytes that are not stay what they were.
    decoding, encoding = (MARKING, "surrogatepass") if codec else ("surrogateescape", "surrogateescape")
    decoder = codecs.getincrementaldecoder(codec or "utf-8")(decoding)
    if returns:
        decoder = io.IncrementalNewlineDecoder(decoder, translate=True)
    size = source.stat().st_size
    with source.open("rb") as read, target.open("wb") as written:
        read.seek(skipped)
        while chunk := read.read(CHUNK):
            written.write(decoder.decode(chunk).encode("utf-8", encoding))
            at(read.tell() / size)
        written.write(decoder.decode(b"", final=True).encode("utf-8", encoding))


def _lines_not_in_utf8(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                yield number, _part(line.rstrip(b"\r\n"), around=error.start)


def _part(line: bytes, *, around: int) -> bytes:
    """The line, or of a long one the part around a place, cut where no character is cut in two."""
    if len(line) <= BYTES_WEIGHED:
        return line
    first = max(around - BYTES_WEIGHED // 2, 0)
    cuts = [found.start() for found in SAFE_TO_CUT.finditer(line, first, first + BYTES_WEIGHED)]
    start = next(iter(cuts), first) if first else 0
    return line[start : max([cut for cut in cuts if cut > around], default=first + BYTES_WEIGHED)]


def _legacy(name: str, shown: list[tuple[int, bytes]], lines: list[tuple[int, bytes]]) -> Legacy:
    known = CHARSETS[name]
    decoded = sum(_text_in(line, known) is not None for _, line in lines)
    preview = tuple(Preview(number, _cut(line.decode(known.codec, "replace"))) for number, line in shown)
    return Legacy(name, known.title, decoded / len(lines) if lines else 0.0, preview)


def _likelihood(known: Charset, lines: list[tuple[int, bytes]]) -> float:
    """The share of characters beyond ASCII that are usual in this encoding, and where they are usual; 0 to 1."""
    seen = usual = 0
    for _, line in lines:
        text = _text_in(line, known)
        if text is None:
            seen += sum(byte > 127 for byte in line)
            continue
        for found in BEYOND_ASCII.finditer(text):
            seen += 1
            usual += found[0] in known.usual and _stands_well(text, found.start(), known.among_ascii)
    return usual / seen if seen else 0.0


def _stands_well(text: str, place: int, among_ascii: bool | None) -> bool:
    if among_ascii is None:
        return True
    beside = (text[place - 1 : place] or " ") + (text[place + 1 : place + 2] or " ")
    touches = any(letter.isascii() and letter.isalpha() for letter in beside)
    return touches or beside.isascii() if among_ascii else not touches


def _text_in(line: bytes, known: Charset) -> str | None:
    try:
        return line.decode(known.codec)
    except UnicodeDecodeError:
        return None


def _cut(text: str) -> str:
    """The text from shortly before its first character beyond ASCII."""
    found = BEYOND_ASCII.search(text)
    start = max(found.start() - SHOWN_BEFORE, 0) if found else 0
    return text[start : start + SHOWN]
