"""Ids: short names for stored things that sort by age and can be read aloud."""

import secrets
from datetime import UTC, datetime

# Crockford's base 32: no i, l, o or u, so that nothing is mistaken for 1 or 0; its order is that of ASCII.
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
TICKS_PER_SECOND = 12


def new_id(kind: str, *, now: datetime | None = None) -> str:
    """`run-20261123-7k3f2xm9`: the kind, the day, four letters for the time of day (12 per second), four drawn."""
    moment = (now or datetime.now(UTC)).astimezone(UTC)
    since_midnight = moment - moment.replace(hour=0, minute=0, second=0, microsecond=0)
    ticks = int(since_midnight.total_seconds() * TICKS_PER_SECOND)
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(4))
    return f"{kind}-{moment:%Y%m%d}-{_letters(ticks)}{drawn}"


def _letters(ticks: int) -> str:
    """Four letters for a number below 32**4 that sort as the number does."""
    return "".join(ALPHABET[ticks >> shift & 31] for shift in (15, 10, 5, 0))
