"""Names: hostile names of files, cases 53 to 63, and what the studio calls a file of such a name."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Name:
    """A name as it may arrive, and as it is shown."""

    number: str
    written: str
    shown: str


def as_written(number: str, name: str) -> Name:
    """A name that harms nobody as a text."""
    return Name(number, name, name)


NAMES = (
    Name("E53", "../../etc/passwd", "passwd"),
    Name("E54", "..\\..\\x", "x"),
    Name("E55", "/etc/shadow", "shadow"),
    Name("E55", "C:\\Users\\x.jsonl", "x.jsonl"),
    Name("E55", "\\\\server\\share", "share"),
    as_written("E56", "%2e%2e%2f%2e%2e%2fx"),
    as_written("E56", "%252e%252e%252fx"),
    Name("E56", "..\udcc0\udcaf..\udcc0\udcafx", "..��..��x"),
    Name("E57", "a\0.jsonl", "a�.jsonl"),
    Name("E58", "x" * 300 + ".jsonl", "x" * 79 + "…"),
    Name("E58", "🎉" * 200 + ".jsonl", "🎉" * 79 + "…"),
    as_written("E58", "é.jsonl"),
    as_written("E58", "e\u0301.jsonl"),
    as_written("E58", "ROWS.jsonl"),
    as_written("E59", "CON"),
    as_written("E59", "NUL.csv"),
    Name("E59", "rows.jsonl. ", "rows.jsonl."),
    Name("E60", "a\nb.jsonl", "a�b.jsonl"),
    Name("E60", "\x1b[31mred.jsonl", "�[31mred.jsonl"),
    Name("E60", "\u202elnosj.exe", "�lnosj.exe"),
    as_written("E61", "-rf"),
    as_written("E61", ";rm -rf ~.jsonl"),
    as_written("E61", "$(id).jsonl"),
    as_written("E61", "`id`.jsonl"),
    as_written("E61", "{{7*7}}.jsonl"),
    as_written("E62", "<img src=x onerror=alert(1)>.jsonl"),
    as_written("E63", ".htaccess"),
    as_written("E63", "__init__.py"),
    Name("E63", ".git/config", "config"),
    as_written("E63", "sitecustomize.py"),
    Name("E63", "..", "file"),
    Name("E63", " ", "file"),
)
