"""Records: hostile Parquet and Arrow files, cases 41 to 52."""

import io
import json
import pickle
import random
import struct

import pyarrow as pa
import pyarrow.parquet as pq

from tests.data.hostile.case import Case, Place, Verdict, accept, holding, made, never_read

BROKEN = "This Parquet file is damaged, was cut off, or holds something that is not read."
TOO_LARGE_INSIDE = "What is inside this file is more than 200 times as large as the file itself."
PAIR = {"prompt": ["a", "c"], "completion": ["b", "d"]}


def records(table: pa.Table, **options) -> bytes:
    target = io.BytesIO()
    pq.write_table(table, target, **options)
    return target.getvalue()


def pairs(**more) -> pa.Table:
    return pa.table(PAIR | more)


def plain() -> bytes:
    return records(pairs())


def of_texts(prompts: pa.Array) -> bytes:
    return records(pa.table({"prompt": prompts, "completion": ["y"] * len(prompts)}), compression="none")


def dictionary_bomb() -> bytes:
    return of_texts(pa.DictionaryArray.from_arrays(pa.array([0] * 2000), ["x" * 100_000]))


def page_bomb(compression: str) -> bytes:
    table = pa.table({"prompt": ["x" * 100_000] * 2000, "completion": ["y"] * 2000})
    return records(table, use_dictionary=False, compression=compression)


def row_groups() -> bytes:
    table = pa.table({"prompt": [f"question {n}" for n in range(5000)], "completion": ["an answer"] * 5000})
    return records(table, row_group_size=1)


def nested(depth: int) -> bytes:
    kind, value = pa.string(), "x"
    for _ in range(depth):
        kind, value = pa.list_(kind), [value]
    return records(pairs(deep=pa.array([value, value], kind)))


def twice_in_a_map() -> bytes:
    kind = pa.map_(pa.string(), pa.string())
    return records(pairs(tags=pa.array([[("k", "1"), ("k", "2")], [("k", "3")]], kind)))


def not_utf8() -> bytes:
    bytes_ = pa.array([b"a", b"\xff\xfe"], pa.binary())
    return records(
        pa.table({"prompt": pa.Array.from_buffers(pa.string(), 2, bytes_.buffers()), "completion": ["b", "d"]})
    )


def extension_that_unpickles() -> bytes:
    metadata = {"ARROW:extension:name": "arrow.py_extension_type", "ARROW:extension:metadata": pickle.dumps(print)}
    field = pa.field("x", pa.string(), metadata=metadata)
    return records(pairs().append_column(field, [["y", "z"]]))


def hostile_metadata() -> bytes:
    told = {
        "pandas": pickle.dumps(print),
        "huggingface": json.dumps({"info": "x" * 2_000_000}),
        b"\xff": b"\xff" * 1000,
    }
    return records(pairs().replace_schema_metadata(told))


def wrong_checksum() -> bytes:
    table = pa.table({"prompt": ["unmistakable"], "completion": ["c"]})
    written = records(table, compression="none", write_page_checksum=True)
    return written.replace(b"unmistakable", b"unmistakeble")


def offsets_out_of_range() -> bytes:
    """The length of a text says that it goes on far beyond its page."""
    written = records(
        pa.table({"prompt": ["unmistakable"], "completion": ["c"]}), compression="none", use_dictionary=False
    )
    length = struct.pack("<I", len("unmistakable"))
    return written.replace(length + b"unmistakable", struct.pack("<I", 2**31 - 1) + b"unmistakable")


def unusual_values() -> bytes:
    """Large decimals, a year of 294,247, and a file whose names would lead out of a folder."""
    columns = {
        "amount": pa.array([10**60, None], pa.decimal256(76)),
        "on": pa.array([2**63 - 1, 0], pa.timestamp("us")),
        "a=../../x": ["y", "z"],
    }
    return records(pairs(**columns))


def with_footer_noise(seed: int) -> bytes:
    """A footer in which some bytes are others."""
    draw, written = random.Random(seed), bytearray(plain())
    (size,) = struct.unpack("<I", written[-8:-4])
    for _ in range(12):
        written[draw.randrange(len(written) - 8 - size, len(written) - 8)] = draw.randrange(256)
    return bytes(written)


CASES: tuple[Case, ...] = (
    never_read("E41", "a footer that was cut off", made(lambda: plain()[:-5]), BROKEN),
    never_read("E42", "a wrong mark at the end", made(lambda: plain()[:-4] + b"PAR2"), BROKEN),
    never_read("E42", "a wrong mark at the beginning", made(lambda: b"PQR1" + plain()[4:]), "This is not a text file."),
    never_read("E42", "the mark alone", holding(b"PAR1"), BROKEN),
    never_read("E43", "a footer of 2 GB", made(lambda: plain()[:-8] + b"\xff\xff\xff\x7fPAR1"), BROKEN),
    never_read("E43", "a footer of -2 GB", made(lambda: plain()[:-8] + b"\0\0\0\x80PAR1"), BROKEN),
    never_read("E44", "one text two thousand times", made(dictionary_bomb), TOO_LARGE_INSIDE),
    *(never_read("E45", f"pages that unpack to far more ({name})", made(lambda name=name: page_bomb(name)), TOO_LARGE_INSIDE)
      for name in ("zstd", "gzip", "brotli")),
    accept("E46", "a row group for each row", made(row_groups), range(1, 5001)),
    never_read("E46", "no rows", made(lambda: records(pairs().slice(0, 0))), "There are no rows in this file."),
    never_read("E47", "lists nested 200 deep", made(lambda: nested(200)), BROKEN),
    accept("E47", "lists nested 20 deep", made(lambda: nested(20)), [1, 2]),
    accept("E47", "a key twice in a map", made(twice_in_a_map), [1, 2], extra={"tags": '[["k","3"]]'}),
    Case(
        number="E48", about="bytes that are no UTF-8", build=made(not_utf8), verdict=Verdict.REJECT, good=[1],
        refused=[Place(2, None, "This value cannot be read.")],
    ),
    accept("E49", "an extension type that asks to be unpickled", made(extension_that_unpickles), [1, 2], extra={"x": "z"}),
    accept("E50", "hostile words about itself", made(hostile_metadata), [1, 2]),
    never_read("E51", "a wrong checksum", made(wrong_checksum), BROKEN),
    never_read("E51", "a text that is longer than its page", made(offsets_out_of_range), BROKEN),
    never_read("E52", "encrypted", made(lambda: b"PARE" + plain()[4:-4] + b"PARE"), "This is an encrypted Parquet file."),
    Case(
        number="E52", about="values beyond every calendar", build=made(unusual_values), verdict=Verdict.REJECT, good=[2],
        refused=[Place(1, None, "This value cannot be read.")],
    ),
    never_read("E52", "two columns of one name", made(lambda: records(pa.table([["a"], ["b"], ["c"]], names=["prompt", "completion", "prompt"]))),
               "Two columns are called “prompt”."),
    *(never_read("E51", f"a footer with noise, {seed}", made(lambda seed=seed: with_footer_noise(seed)), "This") for seed in range(8)),
)  # fmt: skip
