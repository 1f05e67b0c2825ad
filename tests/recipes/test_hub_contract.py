"""The hub on loopback speaks as the public one does: the hub's own library is content with it."""

import hashlib
from pathlib import Path

import httpx
import pytest

from studio.recipes.hub.names import hub_name
from studio.recipes.hub.repository import repository
from tests.conftest import ROOT
from tests.hub import FIRST, NAME, Hub, files_of, served

huggingface_hub = pytest.importorskip("huggingface_hub")


@pytest.fixture(scope="module")
def content() -> dict[str, bytes]:
    """The starter, with few bytes in place of its weights."""
    return files_of(ROOT / "assets" / "starter") | {"model.safetensors": b"weights"}


def test_the_hubs_own_library_reads_the_same_of_a_commit_as_we_do(content: dict[str, bytes]):
    with served(Hub({FIRST: content})) as hub:
        told = huggingface_hub.HfApi(endpoint=hub.endpoint, token=False).model_info(NAME, files_metadata=True)
        asked = httpx.get(f"{hub.endpoint}/api/models/{NAME}/revision/main", params={"blobs": "true"})
    ours = repository(asked.json())
    assert ours.revision == told.sha
    theirs = {each.rfilename: (each.size, each.lfs.sha256 if each.lfs else each.blob_id) for each in told.siblings}
    assert {file.name: (file.size, file.sha256 or file.git) for file in ours.files} == theirs


def test_the_hubs_own_library_downloads_from_it_and_calls_the_checksums_as_we_do(
    content: dict[str, bytes], tmp_path: Path
):
    with served(Hub({FIRST: content})) as hub:
        for name in ("config.json", "tokenizer.json"):
            address = huggingface_hub.hf_hub_url(NAME, name, endpoint=hub.endpoint, revision=FIRST)
            known = huggingface_hub.get_hf_file_metadata(address, token=False)
            data = content[name]
            git = hashlib.sha1(b"blob %d\x00" % len(data) + data).hexdigest()
            assert known.etag == (git if name == "config.json" else hashlib.sha256(data).hexdigest())
            assert (known.size, known.commit_hash) == (len(data), FIRST)
        path = huggingface_hub.hf_hub_download(
            NAME, "tokenizer.json", endpoint=hub.endpoint, revision=FIRST, token=False, local_dir=tmp_path
        )
    assert Path(path).read_bytes() == content["tokenizer.json"]


@pytest.mark.parametrize("name", ["a/b--c", "a/..b", "a/b.git", "-a/b"])
def test_names_that_we_refuse_the_hubs_own_library_refuses_as_well(name: str):
    with pytest.raises(ValueError):
        huggingface_hub.utils.validate_repo_id(name)
    with pytest.raises(Exception, match="is not the name"):
        hub_name(name)
