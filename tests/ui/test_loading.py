"""Gradio is loaded without making stubs of its components, which it does at every start and which it brings along."""

import inspect
from pathlib import Path

import pytest
from gradio import component_meta
from gradio.components import Slider

from studio.ui.loading import without_stubs


def test_gradio_makes_no_stub_of_what_is_its_own_while_it_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    monkeypatch.setattr(
        component_meta, "extract_class_source_code", lambda _, name: parsed.append(name) or ("class Slider", 1)
    )
    monkeypatch.setattr(component_meta, "create_pyi", lambda *_: "class Slider")
    monkeypatch.setattr(Path, "write_text", lambda *_, **__: pytest.fail("a stub was written"))
    with without_stubs():
        component_meta.create_or_modify_pyi(Slider, "Slider", [])
        assert parsed == []
        assert inspect.getfile(without_stubs) == inspect.getsourcefile(without_stubs)
    component_meta.create_or_modify_pyi(Slider, "Slider", [])
    assert "Slider" in parsed, "this Gradio makes no stubs: studio/ui/loading.py can go"


def test_gradio_brings_its_stubs_along() -> None:
    assert Path(inspect.getfile(Slider)).with_suffix(".pyi").is_file()
