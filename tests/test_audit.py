"""The audit of what is installed tells a flaw by its name, and never takes silence for an answer."""

import sys
from collections.abc import Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def audit(root: Path) -> Any:
    spec = spec_from_file_location("audit", root / "scripts" / "audit.py")
    assert spec and spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def locks(tmp_path: Path) -> Path:
    (tmp_path / "requirements.lock").write_text("# exact\nalpha==1.0\nbeta==2.0\n")
    (tmp_path / "requirements-dev.lock").write_text("-r requirements.lock\ngamma==3.0\n")
    return tmp_path


def sound(pins: Sequence[str]) -> list[dict[str, Any]]:
    return [dict(zip(("name", "version"), pin.split("=="), strict=True)) | {"vulns": []} for pin in pins]


def silent(pins: Sequence[str]) -> list[dict[str, Any]]:
    return [{"name": pin.split("==")[0], "skip_reason": "Dependency not found on PyPI"} for pin in pins]


def test_where_no_flaw_is_known_that_is_said_of_all_that_is_installed(audit: Any, locks: Path, capsys):
    assert audit.main([], ask=sound, root=locks) == 0
    assert capsys.readouterr().out == "No flaw is known in the 3 packages of the locks.\n"


def test_a_flaw_is_told_with_where_it_is_mended(audit: Any, locks: Path, capsys):
    def one(pins: Sequence[str]) -> list[dict[str, Any]]:
        told = sound(pins)
        if len(told) > 1:
            told[1]["vulns"] = [{"id": "CVE-2026-1", "fix_versions": ["2.1"]}, {"id": "CVE-2026-2", "fix_versions": []}]
        return told

    assert audit.main([], ask=one, root=locks) == 1
    assert capsys.readouterr().out == (
        "beta 2.0 has a known flaw, CVE-2026-1: mended in 2.1.\nbeta 2.0 has a known flaw, CVE-2026-2: not mended yet.\n"
    )


@pytest.mark.parametrize("arguments, status", [([], 0), (["--must"], 1)])
def test_where_nobody_answers_that_is_said_and_fails_only_if_it_must(
    audit: Any, locks: Path, capsys, arguments: list[str], status: int
):
    def unreachable(pins: Sequence[str]) -> list[dict[str, Any]]:
        raise audit.UnaskedError("no way to PyPI")

    for ask in (silent, unreachable):
        assert audit.main(arguments, ask=ask, root=locks) == status
        assert capsys.readouterr().out.startswith("What is installed was not checked for known flaws: ")


@pytest.mark.parametrize("arguments, status", [([], 0), (["--must"], 1)])
def test_a_package_that_nobody_knows_is_not_taken_for_a_sound_one(
    audit: Any, locks: Path, capsys, arguments: list[str], status: int
):
    assert audit.main(arguments, ask=lambda pins: sound(pins[:2]) + silent(pins[2:]), root=locks) == status
    assert capsys.readouterr().out == "Nobody could say whether a flaw is known in gamma.\n"


def test_pip_audit_is_understood_or_it_is_said_that_it_is_not(audit: Any, monkeypatch: pytest.MonkeyPatch):
    """The installed one, in a place without a network."""
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(audit.UnaskedError):
        audit.by_pip_audit(["h11==0.16.0"])
    monkeypatch.setattr(sys, "executable", "/bin/true")
    with pytest.raises(audit.UnaskedError, match="pip-audit is not there"):
        audit.by_pip_audit(["h11==0.16.0"])
