"""Within: where somebody goes on after signing in, which is never another site."""

from urllib.parse import urlsplit


def within(place: str) -> str:
    """Where to go on, if that is an address of the studio's own; else its first page. No other site is ever named."""
    try:
        found = urlsplit(place)
    except ValueError:
        return "/"
    is_own = place.startswith("/") and not place.startswith(("//", "/\\")) and not found.scheme and not found.netloc
    return place if is_own and place.isprintable() and "\\" not in place else "/"
