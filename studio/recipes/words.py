"""Words: sizes and durations as a person says them."""


def gigabytes(count: float) -> str:
    """Decimal gigabytes: one digit after the point below a hundred, where it says something."""
    size = count / 1e9
    return f"{size:.1f} GB".replace(".0 ", " ") if size < 99.95 else f"{size:,.0f} GB"


def amount(count: int) -> str:
    """Bytes of a file or of several, in the unit in which they say something."""
    if count >= 999_500_000:
        return gigabytes(count)
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if count >= 0.9995 * size:
            return f"{count / size:,.0f} {unit}"
    return f"{count} B"


def duration(low: float, high: float) -> str:
    """A range of seconds in words: "about 2 to 3 minutes"."""
    units = (("days", 86_400), ("hours", 3_600), ("minutes", 60), ("seconds", 1))
    unit, seconds = next(((name, size) for name, size in units if high >= 2 * size), units[-1])
    least, most = _rounded(low / seconds, unit), _rounded(high / seconds, unit)
    if least == most:
        return f"about {most} {unit}"
    return f"about {least} to {most} {unit}" if float(least) else f"up to {most} {unit}"


def _rounded(value: float, unit: str) -> str:
    if unit == "seconds":
        return str(max(5, round(value / 5) * 5))
    if value < 10 and unit in ("hours", "days"):
        return f"{round(value * 2) / 2:g}"
    return str(max(1, round(value)))
