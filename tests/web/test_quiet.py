"""What libraries do for nobody is left."""

import os
import sys

import pytest

from studio.web import quiet


@pytest.mark.parametrize("is_there", [False, True])
def test_gradio_looks_for_matplotlib_only_where_it_is(monkeypatch: pytest.MonkeyPatch, is_there: bool):
    monkeypatch.setattr(os, "environ", dict(os.environ))
    monkeypatch.setitem(sys.modules, "matplotlib", pytest)
    monkeypatch.setattr(quiet, "find_spec", lambda name: pytest if is_there else None)
    quiet.quiet_libraries()
    assert (sys.modules["matplotlib"] is pytest) is is_there
