"""Listed: every hostile upload there is, and the numbers that must all be among them."""

from tests.data.hostile import archives, jsonl, kinds, records, tables
from tests.data.hostile.case import Case

CASES: tuple[Case, ...] = (*kinds.CASES, *jsonl.CASES, *tables.CASES, *records.CASES, *archives.CASES)
