"""A model of a hub comes whole and verified or not at all, and goes on where it was cut."""

import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from studio.domain.errors import RecipeError
from studio.domain.event import EventKind, Outcome
from studio.recipes import machine
from studio.recipes.hub import client
from studio.recipes.hub.download import download
from studio.recipes.hub.manifest import MANIFEST, is_whole, pinned
from studio.recipes.local import check_model_folder
from tests import hub as hubs
from tests.hub import FIRST, NAME, SECOND, Hub, served
from tests.recipes.conftest import CONFIG, TEMPLATE, write_json

WEIGHTS = "model.safetensors"


class Listener:
    """Keeps what a download tells, and wants it to stop as soon as `stop` says so."""

    def __init__(self, stop: Callable[[], bool] = lambda: False) -> None:
        self.events: list[tuple[EventKind, dict[str, Any]]] = []
        self.should_stop = stop

    def report(self, kind: EventKind, **data: Any) -> None:
        self.events.append((kind, data))

    def notes(self) -> list[str]:
        return [data["text"] for kind, data in self.events if kind is EventKind.NOTE]


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a small but whole model, and some that nobody should fetch."""
    folder = tmp_path_factory.mktemp("content")
    write_json(folder / "config.json", CONFIG)
    write_json(folder / "tokenizer.json", {"version": "1.0"})
    write_json(folder / "tokenizer_config.json", {"chat_template": TEMPLATE})
    (folder / "README.md").write_text("# Pebble\n")
    (folder / "LICENSE").write_text("Apache")
    (folder / "modeling_pebble.py").write_text("raise SystemExit('code of the model was run')")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    save_file({"weights": np.arange(83_264, dtype=np.float16)}, folder / WEIGHTS)
    return hubs.files_of(folder)


@pytest.fixture
def hub(content: dict[str, bytes], monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub with that model, and pauses that take no time."""
    monkeypatch.setattr("studio.recipes.hub.download.pausing", lambda _stop, tell: lambda _seconds, why: tell(why))
    with served(Hub({FIRST: dict(content)})) as there:
        yield there


@pytest.fixture
def to(tmp_path: Path) -> Path:
    return tmp_path / "models" / "pebble"


def brought(hub: Hub, to: Path, listener: Listener | None = None, **environ: str) -> Outcome:
    spec = {"hub_id": NAME, "revision": "", "endpoint": hub.endpoint, "to": str(to)}
    return download(spec, listener or Listener(), environ=environ)


def stopped_after(hub: Hub, to: Path, count: int) -> Outcome:
    """The download is cut once so many bytes of the weights have come, and stopped when it asks for the rest."""
    hub.fails(WEIGHTS, cut_after=count)
    return brought(hub, to, Listener(lambda: len(hub.ranges(WEIGHTS)) > 1))


def refused(hub: Hub, to: Path, sentence: str, **environ: str) -> RecipeError:
    """The download is refused with this sentence and something to do about it, and no model is there."""
    with pytest.raises(RecipeError, match=sentence) as said:
        brought(hub, to, **environ)
    assert said.value.fix and not to.exists()
    return said.value


def test_a_whole_model_arrives_with_its_commit_and_without_what_could_run(
    hub: Hub, to: Path, content: dict[str, bytes]
):
    listener = Listener()
    outcome = brought(hub, to, listener)
    assert outcome.state == "done" and outcome.result["revision"] == FIRST
    assert "every file verified. Revision 111111111111." in outcome.message
    there = {path.name for path in to.iterdir()}
    assert there == set(content) - {"modeling_pebble.py", "pytorch_model.bin"} | {MANIFEST}
    assert all((to / name).read_bytes() == content[name] for name in there - {MANIFEST})
    assert is_whole(to) and pinned(to).revision == FIRST
    told = [data for kind, data in listener.events if kind is EventKind.PROGRESS]
    assert told[-1]["done"] == told[-1]["total"] == pinned(to).bytes == outcome.result["bytes"]
    assert not list(to.parent.glob("*.part"))


def test_every_file_is_kept_with_what_proves_it(hub: Hub, to: Path, content: dict[str, bytes]):
    brought(hub, to)
    proof = {file.name: file for file in pinned(to).files}
    assert proof[WEIGHTS].sha256 == hashlib.sha256(content[WEIGHTS]).hexdigest()
    assert proof["config.json"].git and not proof["config.json"].sha256


def test_a_cut_in_the_middle_of_a_file_asks_only_for_the_rest(hub: Hub, to: Path):
    hub.fails(WEIGHTS, cut_after=100_000)
    assert brought(hub, to).state == "done"
    assert hub.ranges(WEIGHTS) == [None, "bytes=100000-"]


def test_a_stopped_download_keeps_what_arrived_and_goes_on_from_there(hub: Hub, to: Path):
    outcome = stopped_after(hub, to, 100_000)
    assert outcome.state == "stopped" and "are here" in outcome.message and not to.exists()
    before = len(hub.asked)
    assert brought(hub, to).state == "done"
    assert hub.ranges(WEIGHTS)[-1] == "bytes=100000-"
    # Small files are there, the commit is agreed on: nothing but the rest of the weights is asked for.
    assert {asked.path.rpartition("/")[2] for asked in hub.asked[before:]} == {WEIGHTS}


def test_a_hub_that_begins_anew_instead_of_going_on_is_taken_at_its_word(hub: Hub, to: Path):
    hub.fails(WEIGHTS, cut_after=100_000)
    hub.fails(WEIGHTS, deaf_to_ranges=True)
    assert brought(hub, to).state == "done" and is_whole(to)


def test_a_damaged_file_is_fetched_anew_once(hub: Hub, to: Path):
    hub.fails(WEIGHTS, damaged=True)
    assert brought(hub, to).state == "done"
    assert hub.ranges(WEIGHTS) == [None, None]


@pytest.mark.parametrize("name", [WEIGHTS, "config.json"])
def test_a_file_damaged_twice_is_refused_and_nothing_of_it_stays(hub: Hub, to: Path, name: str):
    hub.fails(name, damaged=True, times=2)
    refused(hub, to, f"{name} arrived damaged twice")
    assert not list(to.parent.rglob(f"{name}*"))


def test_bytes_that_were_changed_on_the_disk_meanwhile_do_not_pass(hub: Hub, to: Path):
    stopped_after(hub, to, 100_000)
    part = next(to.parent.rglob(f"{WEIGHTS}.part"))
    part.write_bytes(b"x" + part.read_bytes()[1:])
    assert brought(hub, to).state == "done"
    assert hub.ranges(WEIGHTS)[-2:] == ["bytes=100000-", None]


def test_what_comes_to_the_hub_meanwhile_is_not_mixed_in(hub: Hub, to: Path, content: dict[str, bytes]):
    stopped_after(hub, to, 100_000)
    hub.commits[SECOND] = content | {"README.md": b"# Another\n"}
    hub.newest = SECOND
    assert brought(hub, to).result["revision"] == FIRST
    assert (to / "README.md").read_bytes() == content["README.md"]


def test_when_the_agreed_commit_is_gone_the_next_start_takes_the_newest(hub: Hub, to: Path, content: dict[str, bytes]):
    stopped_after(hub, to, 100_000)
    hub.commits = {SECOND: content | {"README.md": b"# Anothr\n"}}  # as long as the first
    hub.newest = SECOND
    refused(hub, to, "no longer has the state")
    assert brought(hub, to).result["revision"] == SECOND
    assert (to / "README.md").read_bytes() == b"# Anothr\n"


def test_a_hub_that_asks_to_wait_is_asked_again_after_that(hub: Hub, to: Path):
    hub.fails("api", status=429, headers={"Retry-After": "0"})
    hub.fails(WEIGHTS, status=503, headers={"Retry-After": "0"}, times=2)
    listener = Listener()
    assert brought(hub, to, listener).state == "done"
    assert listener.notes() == ["The hub asks to wait a moment"] * 3


def test_the_pause_is_as_long_as_the_hub_says_or_doubles():
    said = client.httpx.Headers({"Retry-After": "7"})
    assert client._pause(said, 1) == 7
    assert [client._pause(client.httpx.Headers(), tries) for tries in (1, 2, 3)] == [1, 2, 4]
    assert client._pause(client.httpx.Headers({"Retry-After": "999999"}), 1) == client.LONGEST_PAUSE


def test_a_pause_says_what_it_waits_for_until_it_is_over():
    said: list[str] = []
    client.pausing(lambda: False, said.append)(0, "The hub asks to wait a moment")
    assert said == ["The hub asks to wait a moment (1 s); it goes on by itself.", ""]


def test_a_pause_ends_as_soon_as_somebody_wants_to_stop():
    with pytest.raises(client.Stopped):
        client.pausing(lambda: True, lambda text: None)(1000, "The hub is asleep")


def test_a_hub_that_stays_busy_is_given_up_in_words(hub: Hub, to: Path):
    hub.fails("api", status=429, headers={"Retry-After": "0"}, times=99)
    assert "is kept" in refused(hub, to, "asks for fewer questions").fix


def test_no_network_is_told_in_words(hub: Hub, to: Path):
    hub.port = 9  # discard: nobody listens there
    said = refused(hub, to, "The hub at 127.0.0.1:9 cannot be reached: there is no connection")
    assert "copy the model's folder here" in said.fix


GATED = {"X-Error-Code": "GatedRepo", "X-Error-Message": "Access to model assay/Pebble is restricted."}


@pytest.mark.parametrize("place", ["api", "config.json"])
def test_a_gated_model_says_to_accept_the_terms_and_how_to_give_a_token(hub: Hub, to: Path, place: str):
    hub.fails(place, status=401, headers=GATED, times=9)
    said = refused(hub, to, "only to people who have accepted its maker's terms")
    assert f"{hub.endpoint}/{NAME}" in said.fix and "HF_TOKEN" in said.fix


def test_a_token_whose_account_has_no_access_yet_is_told_apart(hub: Hub, to: Path):
    hub.fails("config.json", status=403, headers=GATED)
    refused(hub, to, "account of HF_TOKEN has no access to assay/Pebble yet", HF_TOKEN="hf_secret")


def test_a_token_that_the_hub_does_not_accept_is_told_apart(hub: Hub, to: Path):
    hub.fails("api", status=401, headers={"X-Error-Message": "Invalid credentials in Authorization header"})
    said = refused(hub, to, "does not accept the token", HF_TOKEN="hf_secret")
    assert "hf_secret" not in said.sentence


def test_a_name_that_the_hub_does_not_show_is_told(hub: Hub, to: Path):
    hub.name = "assay/Other"
    refused(hub, to, "shows no model called assay/Pebble")


@pytest.mark.parametrize(
    ("status", "said"), [(404, "shows no model"), (403, "does not let this reader"), (418, "status 418")]
)
def test_other_refusals_are_told_in_words(hub: Hub, to: Path, status: int, said: str):
    hub.fails("api", status=status)
    refused(hub, to, said)


def test_a_revision_that_is_not_there_is_told(hub: Hub, to: Path):
    spec = {"hub_id": NAME, "revision": "v9", "endpoint": hub.endpoint, "to": str(to)}
    with pytest.raises(RecipeError, match="assay/Pebble has no revision v9"):
        download(spec, Listener(), environ={})


def test_the_token_goes_to_the_hub_alone_and_into_no_file(hub: Hub, to: Path):
    listener = Listener()
    brought(hub, to, listener, HF_TOKEN="hf_secret")
    seen = {(asked.host, asked.token) for asked in hub.asked}
    assert seen == {("127.0.0.1", "Bearer hf_secret"), ("localhost", None)}
    assert "hf_secret" not in repr(listener.events)
    assert not any(b"hf_secret" in path.read_bytes() for path in to.iterdir())


def test_a_full_disk_is_told_before_the_weights_come(hub: Hub, to: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(machine, "disk_free", lambda path: 1_000_000)
    said = refused(hub, to, "of this model are still to come, and 0 B can be used")
    assert said.fix.startswith("Free ") and WEIGHTS not in hub.fetched()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({WEIGHTS: None}, "come as pytorch_model.bin, not as safetensors"),
        ({WEIGHTS: None, "pytorch_model.bin": None}, "no weights in this repository"),
        ({"config.json": {**CONFIG, "auto_map": {"AutoConfig": "x.Y"}}}, "run code of its own .config.json: auto_map"),
        ({"config.json": {**CONFIG, "architectures": ["Brand9ForCausalLM"]}}, "Brand9ForCausalLM cannot be fine-tuned"),
        ({"config.json": {**CONFIG, "num_hidden_layers": 9000, "hidden_size": 9000}}, "Needs about .* of GPU memory"),
        ({"tokenizer_config.json": {"auto_map": {"AutoTokenizer": "x.Y"}}}, "run code of its own .tokenizer_config.json"),
        ({"tokenizer_config.json": None}, "has no tokenizer_config.json"),
        ({"../../outside.json": {}}, "outside of its folder .../../outside.json"),
        ({"/etc/cron.d/x": {}}, "outside of its folder"),
        ({"a\\..\\b.json": {}}, "outside of its folder"),
        ({"model.safetensors.index.json": {"weight_map": {"a": "../x.safetensors"}}, "model-00001-of-00002.safetensors": {}}, "points outside its folder"),
        ({"model.safetensors.index.json": {"weight_map": {"a": "model-00002-of-00002.safetensors"}}, "model-00001-of-00002.safetensors": {}}, "lacks weights that it names"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_refused_before_its_weights_are_fetched(
    hub: Hub, to: Path, change: dict[str, Any], sentence: str
):
    for name, value in change.items():
        hub.commits[FIRST].pop(name, None)
        if value is not None:
            hub.commits[FIRST][name] = json.dumps(value).encode()
    refused(hub, to, sentence)
    assert not any(name.endswith((".safetensors", ".bin", ".py")) for name in hub.fetched())


def test_weights_of_another_model_are_refused_when_all_has_arrived(hub: Hub, to: Path):
    hub.commits[FIRST]["config.json"] = json.dumps({**CONFIG, "vocab_size": 90_000}).encode()
    refused(hub, to, "but the weights hold 83,264")


def test_only_the_weights_that_the_index_needs_are_fetched(hub: Hub, to: Path, tmp_path: Path):
    names = [f"model-0000{n}-of-00002.safetensors" for n in (1, 2)]
    for name in names:
        save_file({name: np.zeros(41_632, dtype=np.float16)}, tmp_path / name)
        hub.commits[FIRST][name] = (tmp_path / name).read_bytes()
    index = {"weight_map": {name: name for name in names}}
    hub.commits[FIRST] |= {"model.safetensors.index.json": json.dumps(index).encode(), "consolidated.safetensors": b"x"}
    assert brought(hub, to).state == "done"
    assert {path.name for path in to.glob("*.safetensors")} == set(names)
    check_model_folder(to)


def test_a_model_that_is_here_is_not_asked_for_again(hub: Hub, to: Path):
    brought(hub, to)
    hub.asked.clear()
    assert brought(hub, to).state == "done" and hub.asked == []


def test_a_model_that_has_lost_a_file_gets_that_file_again(hub: Hub, to: Path):
    brought(hub, to)
    (to / WEIGHTS).unlink()
    hub.asked.clear()
    assert not is_whole(to)
    assert brought(hub, to).state == "done" and is_whole(to)
    assert hub.fetched() == {WEIGHTS}
