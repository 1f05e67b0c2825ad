"""What a browser would make of a piece of HTML."""

from html.parser import HTMLParser


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _read(page: str) -> _Reader:
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return reader


def tags(page: str) -> list[str]:
    """Every element in order."""
    return _read(page).tags


def attribute_names(page: str) -> set[str]:
    return {name for name, _ in _read(page).attributes}


def attributes(page: str, name: str) -> list[str]:
    """The values of one attribute, wherever it stands."""
    return [value for found, value in _read(page).attributes if found == name]


def words(page: str) -> str:
    """What can be read, without the tags, blanks joined."""
    return " ".join(" ".join(_read(page).texts).split())
