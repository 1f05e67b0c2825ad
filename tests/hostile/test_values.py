"""Hostile names, numbers and ids by every way in: verbs and addresses.

Each way takes a few of the values in turn, so that all of them together take all.
"""

import re
from itertools import cycle, islice
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from studio.web.app import build_app
from tests.command_line import CommandLine
from tests.hostile import values
from tests.hostile.screens import APOLOGY
from tests.hostile.test_files import told
from tests.signed_in import cookie
from tests.web.actors import listed
from tests.web.conftest import Kept

# Verbs that take an id, with a place for it.
VERBS = (
    "inspect ID", "split ID", "leakage ID", "plan ID", "plan DATA --model ID", "runs ID", "stop ID", "note ID --say x",
    "diff ID ID", "script ID", "delete ID", "restore ID", "export ID --to x", "study create ID", "study show ID",
    "study answers ID", "study close ID", "verdict ID", "study share ID", "rate ID --votes x", "queue move ID --to 1",
    "sweep ID", "chat ID --say x", "models remove ID", "study override ID --decision ship --reason x --by x",
    "split DATA --by ID",
)  # fmt: skip
TEXTS = [text for text in (values.IDS | values.TEXTS).values() if text]
EACH = 3


def some(values: list[str], number: int) -> list[str]:
    """A few of the values, other ones for each number."""
    return list(islice(cycle(values), number * EACH, (number + 1) * EACH))


@pytest.mark.parametrize("verb", VERBS)
def test_no_verb_takes_a_hostile_id(verb: str, kept: Kept, command_line: CommandLine) -> None:
    for text in some(TEXTS, VERBS.index(verb)):
        given = text.encode("utf-8", "surrogatepass").decode("utf-8", "surrogateescape")  # as a terminal hands it over
        answer = command_line(
            *({"ID": given, "DATA": kept.dataset.id}.get(part, part) for part in verb.split()), "--json"
        )
        if answer.status == 2:
            assert "Usage" in answer.complaint, text
        else:
            words = told(answer)
            assert words and APOLOGY not in words, (text, words)


def test_what_somebody_wrote_moves_nobodys_terminal(kept: Kept, command_line: CommandLine) -> None:
    moving = "clear\x1b[2J rename\x1b]0;x\x07 back\r hide\u202e \x9b31m"
    for words in (command_line("note", kept.run.id, "--say", moving).words, command_line("runs", moving).complaint):
        assert "rename" in words and words.replace("\n", "").isprintable()


def addresses() -> list[str]:
    found = [address.split(" ", 1) for address, needs in listed("addresses.txt").items() if needs != "nobody"]
    ours = [path for method, path in found if method == "GET" and "{" in path]
    return [path for path in ours if not re.search("assets|static|svelte|gradio_api", path)]


@pytest.fixture(scope="module")
def client(kept: Kept):
    with TestClient(build_app(kept.studio), base_url="http://127.0.0.1:7860", raise_server_exceptions=False) as client:
        known = cookie(kept.studio, 7860)
        client.cookies.set(known["name"], known["value"])
        yield client


@pytest.mark.parametrize("path", addresses())
def test_no_address_knows_a_hostile_id(path: str, client: TestClient) -> None:
    for text in some([text for text in TEXTS if "\ud800" not in text], addresses().index(path)):
        written = re.split(r"\{[^}]*\}", path)
        answer = client.get(quote(text, safe="").join(written), follow_redirects=False)
        assert answer.status_code in (303, 400, 401, 404, 422), (text[:80], answer.status_code)
        assert "Traceback" not in answer.text
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert "<img" not in answer.text
