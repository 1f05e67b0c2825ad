"""Personal data: e-mail addresses, phone numbers, bank and card numbers, public internet addresses.

They are known by their shape and their check digits. Names, street addresses and dates of birth have no shape of their
own, so they are not found.
"""

import re
from ipaddress import ip_address

from studio.data.checks.numbers import accounts, cards, social_security_numbers
from studio.data.checks.phones import phones
from studio.data.checks.places import Span, apart, marks_of
from studio.domain.finding import Mark
from studio.domain.row import Row

_EMAIL = re.compile(
    r"(?<![\w.%+'-])(?P<name>[\w%+](?:[\w.%+'-]|[&!#$^~=](?=\w)){0,63})@(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+(?P<ending>[^\W\d_]{2,24})(?![\w-])"
)
# What stands before “=” where a value is given to something: mail=anna@example.com, ?a=1&to=anna@example.com
_GIVEN = re.compile(
    r".*(?:(?:^|[&_.-])(?:e-?mail|mail|to|from|cc|bcc|user|username|login|id|name|address|contact|value|q)|&.*)=",
    re.IGNORECASE,
)
_FILE_ENDINGS = {"png", "jpg", "jpeg", "gif", "svg", "webp", "css", "js", "ts", "json"}
_DIGIT = re.compile("[0-9]")
_SEVEN_DIGITS = re.compile(r"[0-9](?:[ \u00a0\u2011.()/–-]{0,3}[0-9]){6}")
_IPV4 = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")
_IPV6 = re.compile(r"(?<![\w:.])[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{3,35}(?![\w:])")
_VERSION_BEFORE = re.compile(
    r"(?:(?:version|ver|release|build|firmware|driver|revision|rev|section|chapter|clause|paragraph|article|rule|table"
    r"|figure|item|annex|appendix|abschnitt|kapitel|ziffer|artikel|absatz|tabelle|§)[\s.:]*v?|[=<>~^@])$",
    re.IGNORECASE,
)
SHAPES = (  # of which a text with personal data holds one; for RE2, which looks neither ahead nor back
    r"@|[0-9](?:[ \x{a0}\x{2011}.()/–-]{0,3}[0-9]){6}|[0-9](?:\.[0-9]{1,3}){3}|[23][0-9A-Fa-f]{3}:[0-9A-Fa-f:]{3}"
)
_BEFORE = 16  # characters that are read for the word before an address


def marks(row: Row) -> list[Mark]:
    """The personal data in a row."""
    return marks_of(row, spans)


def spans(text: str) -> list[Span]:
    """The personal data in a text, in order; none overlap. What has a check digit goes before what has none."""
    found: list[Span] = []
    if "@" in text:
        found += _emails(text)
    if not _DIGIT.search(text):
        return found
    if _SEVEN_DIGITS.search(text):
        for numbers in (accounts, cards, social_security_numbers, phones):
            found += apart(numbers(text), taken=found)
    if text.count(".") >= 3 or text.count(":") >= 2:
        found += apart(_addresses(text), taken=found)
    found.sort(key=lambda span: span.start)
    return found


def _emails(text: str) -> list[Span]:
    """E-mail addresses; neither pictures such as logo@2x.png nor the name of a code repository or a web login."""
    return [
        Span(match.start() + _given(match["name"]), match.end(), "e-mail address", "[EMAIL]")
        for match in _EMAIL.finditer(text)
        if match["ending"].lower() not in _FILE_ENDINGS
        and not match[0].startswith("git@")
        and "://" not in text[max(0, match.start() - 3) : match.start()]
    ]


def _given(name: str) -> int:
    """How many of the characters before the @ are no part of the address."""
    given = _GIVEN.match(name)
    return given.end() if given else 0


def _addresses(text: str) -> list[Span]:
    """Public internet addresses; private and documentation ranges say nothing about anybody."""
    made = []
    for match in _IPV4.finditer(text):
        start, end = match.span()
        around = text[start - 1 : start] + text[end : end + 1]
        is_longer = any(c.isalnum() or c in "_-" for c in around) or text[start - 1 : start] == "."
        if is_longer or re.match(r"\.[0-9]", text[end : end + 2]) or _is_version(match[0], text, start):
            continue
        if _is_public(match[0]):
            made.append(Span(start, end, "internet address", "[IP]"))
    for match in _IPV6.finditer(text):
        written = match[0].rstrip(":") if not match[0].endswith("::") else match[0]
        if _is_public(written):
            made.append(Span(match.start(), match.start() + len(written), "internet address", "[IP]"))
    return made


def _is_version(written: str, text: str, start: int) -> bool:
    """Whether 1.2.3.4 counts versions or sections: a word before it says so, or no part has two digits."""
    return len(written) == 7 or bool(_VERSION_BEFORE.search(text[max(0, start - _BEFORE) : start]))


def _is_public(written: str) -> bool:
    try:
        address = ip_address(written)
    except ValueError:
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved
