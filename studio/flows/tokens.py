"""Tokens: secrets of 256 bits, of which only the SHA-256 is kept. That is enough, because nobody can guess them."""

import hashlib
import re
import secrets
import zlib

from studio.store.ids import ALPHABET

KEY = re.compile(r"stu_([0-9a-z]{8})_([A-Za-z0-9_-]{43})_([0-9a-f]{8})")


def new_token() -> str:
    """43 letters that can stand in an address."""
    return secrets.token_urlsafe(32)


def kept(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def new_key() -> tuple[str, str]:
    """A key for programs and the part of it by which people know it: stu_7k3f2xm9_…_1c291ca3.

    The last part is a checksum of the rest, by which a program that looks for leaked keys tells a key from chance.
    """
    name = "".join(secrets.choice(ALPHABET) for _ in range(8))
    body = f"stu_{name}_{new_token()}"
    return f"{body}_{_checksum(body)}", name


def is_key(text: str) -> bool:
    """Whether this is written as a key is; nothing else is looked up."""
    found = KEY.fullmatch(text)
    return found is not None and _checksum(text.rpartition("_")[0]) == found[3]


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"
