"""Pieces: a text that is compressed once, though each who is sent it finds another word in the same places of it."""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

LEVEL = 9
RAW = -15  # of zlib: without a head and an end of its own
HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # of gzip (RFC 1952): nothing is said of a name or a time
EMPTY = bytes(1 << 16)


@dataclass(frozen=True, slots=True)
class Piece:
    """What stands between two of the words: compressed, and what the checksum of a text becomes where it is added."""

    packed: bytes
    size: int
    checksum: int
    shifts: tuple[int, ...]

    @classmethod
    def of(cls, text: bytes, packed: bytes) -> Self:
        # A checksum (CRC-32) is linear: that of two texts is that of the first, moved on by the length of the second,
        # and that of the second, added without carrying. How it is moved is known from how each of its bits is.
        still = _after_zeros(len(text), 0)
        shifts = tuple(_after_zeros(len(text), 1 << bit) ^ still for bit in range(32))
        return cls(packed, len(text), zlib.crc32(text), shifts)

    def added_to(self, checksum: int) -> int:
        added = self.checksum
        for bit, shift in enumerate(self.shifts):
            if checksum >> bit & 1:
                added ^= shift
        return added


@dataclass(frozen=True, slots=True)
class Pieces:
    """The text without the words."""

    pieces: tuple[Piece, ...]

    @classmethod
    def of(cls, text: bytes, word: bytes) -> Self:
        """The text, in which the word may stand in any number of places."""
        return cls(tuple(_packed(text.split(word))))

    def with_word(self, word: bytes) -> bytes:
        """The text with this word in all places, as gzip has it; at most 65,535 bytes."""
        size = len(word).to_bytes(2, "little")
        # As it is, and not by what came before it: nobody who guesses learns anything from how long the answer is.
        as_it_is = b"\0" + size + bytes(each ^ 0xFF for each in size) + word
        first, *others = self.pieces
        told, checksum, length = [HEAD, first.packed], first.checksum, first.size
        for piece in others:
            told += [as_it_is, piece.packed]
            checksum = piece.added_to(zlib.crc32(word, checksum))
            length += len(word) + piece.size
        return b"".join([*told, checksum.to_bytes(4, "little"), (length % (1 << 32)).to_bytes(4, "little")])


def _packed(texts: list[bytes]) -> Iterator[Piece]:
    """Each for itself, so that whatever stands in between may differ."""
    packing = zlib.compressobj(LEVEL, zlib.DEFLATED, RAW)
    for number, text in enumerate(texts, 1):
        packed = packing.compress(text)
        yield Piece.of(text, packed + packing.flush(zlib.Z_FULL_FLUSH if number < len(texts) else zlib.Z_FINISH))


def _after_zeros(count: int, checksum: int) -> int:
    while count > 0:
        checksum = zlib.crc32(EMPTY[:count], checksum)
        count -= len(EMPTY)
    return checksum
