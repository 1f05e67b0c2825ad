"""Gradio's script is handed out with its slip put right, and everything else of it as it is."""

from starlette.testclient import TestClient

from studio.ui.lighter import MEANT, SCRIPTS, SLIP, lighter_script


def test_the_installed_gradio_has_the_slip_and_the_page_gets_it_put_right(client: TestClient):
    script = lighter_script()
    assert script is not None, "this Gradio has no such slip: studio/ui/lighter.py can go"
    name, text = script
    handed_out = client.get(f"/assets/{name}")
    assert handed_out.text == text and "javascript" in handed_out.headers["content-type"]
    original = (SCRIPTS / name).read_text(encoding="utf-8")
    assert (original.count(SLIP), text.count(SLIP), text.count(MEANT)) == (1, 0, 1)
    assert original.replace(SLIP, "") == text.replace(MEANT, "")
