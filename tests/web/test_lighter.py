"""Gradio's scripts are handed out with their slips put right, and everything else of them as it is."""

import pytest
from starlette.testclient import TestClient

from studio.ui.lighter import SCRIPTS, SLIPS, lighter_scripts


@pytest.mark.parametrize("pattern", SLIPS)
def test_the_installed_gradio_has_the_slips_and_the_page_gets_them_put_right(client: TestClient, pattern: str):
    found = [name for name in lighter_scripts() if name.startswith(pattern.partition("*")[0])]
    assert len(found) == 1, "this Gradio has other slips, or none: studio/ui/lighter.py can go, or is to be looked at"
    text = lighter_scripts()[found[0]]
    for page in ("", "/rate"):
        handed_out = client.get(f"{page}/assets/{found[0]}")
        assert handed_out.text == text and "javascript" in handed_out.headers["content-type"]
    original = (SCRIPTS / found[0]).read_text(encoding="utf-8")
    for slip, times, meant in SLIPS[pattern]:
        assert (original.count(slip), text.count(slip), text.count(meant)) == (times, 0, times)
        original, text = original.replace(slip, ""), text.replace(meant, "")
    assert original == text
