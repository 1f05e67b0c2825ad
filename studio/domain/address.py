"""Address: by which people reach the studio from elsewhere, as somebody wrote it."""

from urllib.parse import SplitResult, urlsplit

from studio.domain.errors import SetupError

USUAL = {"http": 80, "https": 443}


def addresses(written: str) -> tuple[str, ...]:
    """Scheme and name of each of those that are listed by commas; SetupError where one is no address of a studio."""
    return tuple(_address(each.strip()) for each in written.split(",") if each.strip())


def _address(written: str) -> str:
    try:
        found = urlsplit(written)
        is_whole = found.scheme in USUAL and found.hostname and found.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or found.path not in ("", "/") or found.query or found.fragment or "@" in found.netloc:
        raise SetupError(f"{written} is no address of a studio.", fix="Write --address https://studio.example.org.")
    return f"{found.scheme}://{found.netloc.lower().removesuffix(f':{USUAL[found.scheme]}')}"


def port_of(address: SplitResult) -> int:
    """The port that is meant, also where it is not written."""
    return address.port or USUAL[address.scheme]
