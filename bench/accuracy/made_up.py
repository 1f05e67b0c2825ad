"""Made up: numbers and keys that belong to nobody, with right check digits, in the shapes that are really written."""

import base64
import random
import re
import string
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

_VALUE = re.compile(r"<([a-z]+)(\d+)>|<(\d)-(\d)>|<((?:wrong )?(?:card|iban)|b64|pem|[a-z]+\d*) ?([\w ]*)>")
_LETTERS = {
    "d": string.digits,
    "l": string.ascii_lowercase,
    "a": string.ascii_letters + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "h": "0123456789abcdef",
    "w": string.ascii_letters + string.digits + "_-",
}
_MIXED = ("a", "u", "w")  # a key holds letters and digits
_BASE64 = string.ascii_letters + string.digits + "+/"
_PASSWORD_SIGNS = "!#%+=?"

# Digits before the random ones, length, and how many stand together.
_CARDS = {
    "visa": ("4", 16, (4, 4, 4, 4)),
    "mastercard": ("53", 16, (4, 4, 4, 4)),
    "amex": ("37", 15, (4, 6, 5)),
    "discover": ("6011", 16, (4, 4, 4, 4)),
    "jcb": ("3530", 16, (4, 4, 4, 4)),
}
# Letters (A) and digits (9) after the check digits (SWIFT's IBAN registry).
_ACCOUNTS = {
    "DE": "9" * 18, "FR": "9" * 23, "GB": "AAAA" + "9" * 14, "NL": "AAAA" + "9" * 10, "ES": "9" * 20,
    "IT": "A" + "9" * 22, "CH": "9" * 17, "PL": "9" * 24,
}  # fmt: skip


def made_up(text: str, draw: random.Random) -> str:
    """The text with every <value> in it made up; what is none, such as <b>, stays."""
    return _VALUE.sub(lambda value: _made(value, draw), text)


def _made(value: re.Match[str], draw: random.Random) -> str:
    letters, count, least, most, name, how = value.groups()
    if letters in _LETTERS:
        return _drawn(letters, int(count), draw)
    if letters == "p":
        return _password(int(count), draw)
    if least is not None:
        return str(draw.randint(int(least), int(most)))
    name, how = (f"{letters}{count}", "") if letters else (name, how)
    return _NAMED[name](how, draw) if name in _NAMED else value[0]


def _drawn(letters: str, count: int, draw: random.Random) -> str:
    while True:
        made = "".join(draw.choices(_LETTERS[letters], k=count))
        is_mixed = any(c.isdigit() for c in made) and any(c.isalpha() for c in made)
        if (letters not in _MIXED or is_mixed or count < 8) and made[0] not in "_-" and made[-1] not in "_-":
            return made


def _password(count: int, draw: random.Random) -> str:
    made = [draw.choice(string.ascii_letters), draw.choice(string.digits), draw.choice(_PASSWORD_SIGNS)]
    made += draw.choices(string.ascii_letters + string.digits, k=count - 3)
    middle = made[1:-1]
    draw.shuffle(middle)
    return "".join([made[0], *middle, made[-1]])


def _card(how: str, draw: random.Random, *, off_by: int = 0) -> str:
    kind, style = how.split()
    start, length, parts = _CARDS[kind]
    digits = start + _drawn("d", length - len(start) - 1, draw)
    digits += str((_luhn(digits) + off_by) % 10)
    if style == "plain":
        return digits
    written, done = [], 0
    for part in parts:
        written.append(digits[done : done + part])
        done += part
    return ("-" if style == "hyphens" else " ").join(written)


def _luhn(digits: str) -> int:
    """The check digit of ISO 7812."""
    doubled = [int(digit) * 2 for digit in digits[::-2]]
    return -(sum(map(int, digits[-2::-2])) + sum(two - 9 if two > 9 else two for two in doubled)) % 10


def _account(how: str, draw: random.Random, *, off_by: int = 0) -> str:
    country, style = how.split()
    shape = _ACCOUNTS[country]
    own = "".join(draw.choice(string.ascii_uppercase if sign == "A" else string.digits) for sign in shape)
    number = int("".join(str(int(character, 36)) for character in f"{own}{country}00"))
    plain = f"{country}{(96 - number % 97 + off_by) % 97 + 2:02}{own}"
    return plain if style == "plain" else " ".join(plain[place : place + 4] for place in range(0, len(plain), 4))


def _social_security_number(_: str, draw: random.Random) -> str:
    area = draw.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{draw.randint(1, 99):02}-{draw.randint(1, 9999):04}"


def _address(_: str, draw: random.Random) -> str:
    while True:
        made = ".".join(str(draw.randint(1, 254)) for _ in range(4))
        address = ip_address(made)
        if address.is_global and not address.is_multicast:
            return made


def _long_address(_: str, draw: random.Random) -> str:
    return ":".join([draw.choice(["2a02", "2a01", "2600", "2604"]), *(f"{draw.randint(1, 65535):x}" for _ in range(7))])


def _isbn13(_: str, draw: random.Random) -> str:
    digits = _barcode_of("978" + _drawn("d", 9, draw))
    return f"{digits[:3]}-{digits[3]}-{digits[4:8]}-{digits[8:12]}-{digits[12]}"


def _isbn10(_: str, draw: random.Random) -> str:
    digits = _drawn("d", 9, draw)
    check = sum(place * int(digit) for place, digit in enumerate(digits, start=1)) % 11
    return f"{digits[0]}-{digits[1:5]}-{digits[5:]}-{'X' if check == 10 else check}"


def _barcode(_: str, draw: random.Random) -> str:
    return _barcode_of(draw.choice(["40", "50", "87"]) + _drawn("d", 10, draw))


def _barcode_of(digits: str) -> str:
    return digits + str(-sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10)


def _uuid(_: str, draw: random.Random) -> str:
    return str(uuid.UUID(int=draw.getrandbits(128), version=4))


def _mac(_: str, draw: random.Random) -> str:
    return ":".join(f"{draw.randrange(256):02x}" for _ in range(6))


def _jwt(_: str, draw: random.Random) -> str:
    issued = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=draw.randrange(500_000))
    told = f'{{"sub":"{draw.randrange(10**9)}","iat":{issued.timestamp():.0f}}}'
    head, body = (base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in ('{"alg":"HS256"}', told))
    return f"{head}.{body}.{_drawn('w', 43, draw)}"


def _base64(how: str, draw: random.Random) -> str:
    return "".join(draw.choices(_BASE64, k=int(how)))


def _lines_of_base64(how: str, draw: random.Random) -> str:
    text = _base64(how, draw)
    return "\n".join(text[place : place + 64] for place in range(0, len(text), 64))


_NAMED: dict[str, Callable[[str, random.Random], str]] = {
    "card": _card,
    "wrong card": lambda how, draw: _card(how, draw, off_by=draw.randint(1, 9)),
    "iban": _account,
    "wrong iban": lambda how, draw: _account(how, draw, off_by=draw.randint(1, 9)),
    "ssn": _social_security_number,
    "ip4": _address,
    "ip6": _long_address,
    "isbn13": _isbn13,
    "isbn10": _isbn10,
    "ean13": _barcode,
    "uuid": _uuid,
    "mac": _mac,
    "jwt": _jwt,
    "b64": _base64,
    "pem": _lines_of_base64,
}
