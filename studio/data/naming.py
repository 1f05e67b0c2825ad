"""Naming: names from outside, fit for a sentence; what a file is called never says where it is put."""

import re

from studio.domain.excerpt import printable

LONGEST = 80
NAMELESS = "file"


def shown_name(name: str) -> str:
    """A printable name, cut off where it is long."""
    return printable(name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…")


def file_name(path: str) -> str:
    """What an uploaded file is called: the last part of its path on whatever computer it comes from."""
    last = re.split(r"[/\\]", path)[-1].strip()
    return shown_name(last) if last.strip(".") else NAMELESS
