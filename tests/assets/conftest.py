"""What the tests of the shipped files share."""

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ASSETS = Path(__file__).resolve().parents[2] / "assets"


@pytest.fixture(scope="session")
def assets() -> Path:
    return ASSETS


@pytest.fixture(scope="session")
def starter_text() -> ModuleType:
    """The package that writes the starter model's text, imported as its script imports it: from assets/."""
    return from_assets("starter_text")


@pytest.fixture(scope="session")
def make_starter() -> ModuleType:
    """The script that makes the starter model."""
    return from_assets("make_starter")


def from_assets(name: str) -> ModuleType:
    sys.path.insert(0, str(ASSETS))
    try:
        return importlib.import_module(name)
    finally:
        sys.path.remove(str(ASSETS))


def rows_of(name: str) -> list[dict[str, Any]]:
    """The rows of one clean sample."""
    lines = (ASSETS / "samples" / name).read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def triage() -> list[dict[str, Any]]:
    return rows_of("triage.jsonl")


@pytest.fixture(scope="session")
def brand_voice() -> list[dict[str, Any]]:
    return rows_of("brand-voice.jsonl")


@pytest.fixture(scope="session")
def orders() -> list[dict[str, Any]]:
    return rows_of("orders-json.jsonl")
