"""Secrets: keys, tokens and passwords in a text, known by their shape. A secret without a known shape is not found."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from studio.data.checks.lists import any_of, holds_any
from studio.data.checks.places import Span, apart, marks_of
from studio.domain.finding import Mark
from studio.domain.row import Row

KEY, PASSWORD = "[KEY]", "[PASSWORD]"

# What a manual writes where a key or a password goes.
_PLACEHOLDER = re.compile(r"your|redacted|placeholder|change_?me|x{4}|\*{3}|\.{3}|•|[<>{}()\[\]$]", re.IGNORECASE)
_NO_PASSWORDS = {"password", "pass", "passwort", "passwd", "pwd", "secret", "token", "example"}


def _is_key(value: str) -> bool:
    """Letters and digits in a mix that is no word and no placeholder."""
    return _is_mixed(value) and len(set(value)) >= 8


def _is_mixed(value: str) -> bool:
    return any(c.isalpha() for c in value) and any(c.isdigit() for c in value) and not _PLACEHOLDER.search(value)


def _is_random(value: str) -> bool:
    """Capitals, small letters and digits in no order: neither a word nor a fingerprint."""
    last = value.rpartition("_")[2]
    capitals, digits = sum(c.isupper() for c in last), sum(c.isdigit() for c in last)
    return _is_key(last) and min(capitals, digits, len(last) - capitals - digits) >= 2


def _is_password(value: str) -> bool:
    return not _PLACEHOLDER.search(value) and value.casefold() not in _NO_PASSWORDS


@dataclass(frozen=True, slots=True)
class _Shape:
    """One kind of secret: what to call it, letters that it always holds, and its pattern; group 1 is the secret."""

    note: str
    holds: tuple[str, ...]
    pattern: re.Pattern[str]
    tag: str = KEY
    is_real: Callable[[str], bool] = _is_key


_START = r"(?<![\w-])"

_SHAPES = (
    # A key holds no hyphen, so that the search for the end of one stops at the next.
    _Shape("private key", ("-----BEGIN ",), re.compile(
        r"(-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"
        r"[^-]{0,20000}(?:-----END [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----)?)"), is_real=bool),
    _Shape("API key (looks like Anthropic’s)", ("sk-ant-",), re.compile(_START + r"(sk-ant-[\w-]{16,})")),
    _Shape("API key (looks like OpenAI’s)", ("sk-",), re.compile(_START + r"(sk-(?!ant-)[\w-]{20,})")),
    _Shape("access key (looks like Amazon’s)", ("AKIA", "ASIA"), re.compile(
        _START + r"((?:AKIA|ASIA)[A-Z0-9]{16})(?!\w)")),
    _Shape("token (looks like GitHub’s)", ("_",), re.compile(
        _START + r"(gh[pousr]_[A-Za-z0-9]{30,}|github_pat_\w{22,})")),
    _Shape("token (looks like GitLab’s)", ("glpat-",), re.compile(_START + r"(glpat-[\w-]{20,})")),
    _Shape("token (looks like Slack’s)", ("xox", "xapp-"), re.compile(
        _START + r"((?:xoxe\.)?xox[abcdeoprs]-[\w.%/+=-]{9,}[\w%=]|xapp-[\w-]{10,})")),
    _Shape("web address with a token (looks like Slack’s)", ("slack.com",), re.compile(
        r"(hooks\.slack\.com/services/T\w{6,}/B\w{6,}/\w{16,})")),
    _Shape("API key (looks like Google’s)", ("AIza",), re.compile(_START + r"(AIza[\w-]{35})(?![\w-])")),
    _Shape("token (looks like Hugging Face’s)", ("_",), re.compile(_START + r"(hf_[A-Za-z0-9]{30,})")),
    _Shape("API key (looks like Stripe’s)", ("_",), re.compile(
        _START + r"((?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,})")),
    _Shape("API key (looks like SendGrid’s)", ("SG.",), re.compile(_START + r"(SG\.[\w-]{16,32}\.[\w-]{16,64})")),
    _Shape("token (looks like PyPI’s)", ("pypi-",), re.compile(_START + r"(pypi-AgE[\w-]{50,})")),
    _Shape("token (looks like Telegram’s)", (":AA",), re.compile(_START + r"([0-9]{8,10}:AA[\w-]{32,34})(?![\w-])")),
    _Shape("token (looks like Shopify’s)", ("shp",), re.compile(_START + r"(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})")),
    _Shape("token (by its shape)", ("_",), re.compile(
        _START + r"([a-z][a-z0-9]{1,9}_(?:[a-z0-9]{1,8}_)?[A-Za-z0-9]{30,})(?![\w-])"), is_real=_is_random),
    _Shape("sign-in token (JWT)", ("eyJ",), re.compile(
        _START + r"(eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,})"), is_real=bool),
    _Shape("sign-in token", ("earer ",), re.compile(r"[Bb]earer ([A-Za-z0-9._~+/-]{20,}=*)")),
    _Shape("password in a web address", ("://",), re.compile(
        r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@]{0,64}:([^\s/@]{3,128})@[\w.-]"),
        tag=PASSWORD, is_real=_is_password),
)  # fmt: skip

_SET_WORDS = ("passw", "passphrase", "passcode", "pwd", "kennwort", "mot de", "contrase", "senha", "secret")
_MAY_SET = re.compile(any_of(_SET_WORDS))
_KEY_WORDS, _KINDS_OF_KEY = ("key", "token"), ("api", "access", "private", "auth")
LETTERS = tuple(letters for shape in _SHAPES for letters in shape.holds)
SMALL_LETTERS = (*_SET_WORDS, *_KEY_WORDS)
_MAY_HOLD = re.compile(any_of(LETTERS))
_SETTING = re.compile(
    r"(?:pass(?:word|wd|phrase|code)|passwort|pwd|kennwort|mot de passe|contraseña|senha"
    r"|(?:api|access|secret|private|auth)[ _-]?(?:key|token)|(?:client|app)[ _-]?secret|secret)"
    r"[\"'”’*`]{0,3}\s{0,3}(?:[:=]{1,2}|\bis\b|\bist\b|\blautet\b|\best\b|\bes\b)[\s\"'“‘*`]{0,4}"
    r"([^\s\"'“”‘’`,;]{6,128})",
    re.IGNORECASE,
)


def marks(row: Row) -> list[Mark]:
    """The secrets in a row."""
    return marks_of(row, spans)


def spans(text: str) -> list[Span]:
    """The secrets in a text, in order; none overlap."""
    found: list[Span] = []
    if _MAY_HOLD.search(text):
        for shape in _SHAPES:
            if holds_any(text, shape.holds):
                found += apart(_matches(shape, text), taken=found)
    lower = text.lower()
    if _MAY_SET.search(lower) or (holds_any(lower, _KEY_WORDS) and holds_any(lower, _KINDS_OF_KEY)):
        found += apart(_settings(text), taken=found)
    return sorted(found, key=lambda span: span.start)


def _matches(shape: _Shape, text: str) -> list[Span]:
    return [
        Span(*match.span(1), shape.note, shape.tag) for match in shape.pattern.finditer(text) if shape.is_real(match[1])
    ]


def _settings(text: str) -> list[Span]:
    """Values that are written after “password:” and the like: six or more characters, letters and digits among them."""
    made = []
    for match in _SETTING.finditer(text):
        value = match[1].rstrip(".!?*:")
        if len(value) >= 6 and _is_mixed(value) and "://" not in value:
            start = match.start(1)
            made.append(Span(start, start + len(value), "password or key that is written out", PASSWORD))
    return made
