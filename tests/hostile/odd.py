"""Odd: what no control would send, for any control: another kind, too much, too little, what is not offered."""

from typing import Any

FILE = {"meta": {"_type": "gradio.FileData"}}
VALUES: dict[str, Any] = {
    "nothing": None, "no text": "", "blanks": "   ", "a whole number": 7, "below zero": -1, "yes": True, "no number": float("nan"),
    "no end": float("inf"), "a number of 400 digits": 10**400, "a hair": 1e-300, "no list": [], "a list": ["no such thing"],
    "a list of nothing": [None], "lists in a list": [[1]], "no object": {}, "an object": {"value": 1},
    "a text that is not offered": "no such thing", "100 kB": "x" * 100_000, "a NUL": "a\0b", "half of a character": "a\ud800b",
    "a way up": "../../etc/passwd", "a tag": "<img src=x onerror=alert(1)>", "a formula": "=1+1", "digits of another script": "٣²",
    "a file of the system": FILE | {"path": "/etc/passwd"}, "a file from elsewhere": FILE | {"path": "x", "url": "http://169.254.169.254/"},
    "files": [FILE | {"path": "/etc/passwd"}],
}  # fmt: skip
# What a press on a part of a page never says of itself.
PRESSES: list[Any] = [
    None,
    7,
    "act",
    [],
    {},
    {"act": None},
    {"act": ["use"], "step": "1"},
    {"act": "use", "run": 7, "step": 1e9},
]
