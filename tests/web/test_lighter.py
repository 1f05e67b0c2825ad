"""Gradio's script is handed out with its slips put right, and everything else of it as it is."""

from starlette.testclient import TestClient

from studio.ui.lighter import ALL_AGAIN, CLOSED, IT_AGAIN, ONLY_STREAMS, SCRIPTS, lighter_script

MENDED = ((CLOSED, ONLY_STREAMS), (ALL_AGAIN, IT_AGAIN))


def test_the_installed_gradio_has_the_slips_and_the_page_gets_them_put_right(client: TestClient):
    script = lighter_script()
    assert script is not None, (
        "this Gradio has other slips, or none: studio/ui/lighter.py can go, or is to be looked at"
    )
    name, text = script
    handed_out = client.get(f"/assets/{name}")
    assert handed_out.text == text and "javascript" in handed_out.headers["content-type"]
    original = (SCRIPTS / name).read_text(encoding="utf-8")
    assert [original.count(slip) for slip, _ in MENDED] == [text.count(meant) for _, meant in MENDED] == [1, 2]
    for slip, meant in MENDED:
        assert slip not in text
        original, text = original.replace(slip, ""), text.replace(meant, "")
    assert original == text
