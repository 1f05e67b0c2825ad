"""How a test comes in: what a browser holds once it has opened the address that the studio printed."""

from pathlib import Path
from urllib.parse import urlsplit

from studio.flows import people, signing
from studio.flows.studio import Studio, open_studio


def cookie(studio: Studio | Path, port: int) -> dict[str, str]:
    """The name and the value of a cookie by which a browser of this machine is known on this port."""
    opened = studio if isinstance(studio, Studio) else open_studio(studio)
    try:
        token = signing.open_here(opened, people.launch(opened), address="127.0.0.1", device="a test")
    finally:
        if isinstance(studio, Path):
            opened.store.close()
    return {"name": f"studio-{port}", "value": token}


def for_playwright(studio: Studio | Path, address: str) -> dict[str, str]:
    """The same as Playwright's `add_cookies` takes it."""
    return cookie(studio, urlsplit(address).port or 80) | {"url": address}
