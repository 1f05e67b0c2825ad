"""Doctor: what this machine has, what each thing is for, and what to do about what is missing.

Whatever needs torch or the network happens in a process of its own with a time limit: asking stays safe and quick.
"""

import importlib.util
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from studio.domain.errors import RecipeError, SetupError
from studio.domain.machine import Check
from studio.recipes import fonts, machine
from studio.recipes.hub.names import endpoint
from studio.recipes.local import check_model_folder
from studio.recipes.words import gigabytes

PYTHON = (3, 11)
MEMORY = 4e9
DISK = 2e9
TORCH_SECONDS = 120
HUB_SECONDS = 4
BROWSERS = (
    "chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable",
    "firefox", "chrome", "msedge",
)  # fmt: skip

TORCH_PROBE = """
import gc, json, logging, os
gc.disable()  # what is loaded stays, and looking through it for garbage takes a sixth of the time
os.environ.update(HF_HUB_OFFLINE="1", BITSANDBYTES_NOWELCOME="1")
logging.disable(logging.CRITICAL)
import torch
# bitsandbytes would load torch's compiler, which takes two seconds and has nothing to do with what is tried here.
torch.compile = lambda model=None, **_: (lambda wrapped: wrapped) if model is None else model
said = {"torch": torch.__version__, "cuda": torch.cuda.is_available(), "bitsandbytes": "", "error": ""}
try:
    import bitsandbytes
    from bitsandbytes.functional import dequantize_4bit, quantize_4bit
    weights = torch.linspace(-1, 1, 4096, device="cuda" if said["cuda"] else "cpu").reshape(64, 64)
    packed, state = quantize_4bit(weights, quant_type="nf4", compress_statistics=True)
    error = (dequantize_4bit(packed, state) - weights).abs().max().item()
    said["bitsandbytes"] = bitsandbytes.__version__
    said["error"] = "" if error < 0.2 else f"values came back {error:.2f} off"
except Exception as problem:
    said["error"] = f"{type(problem).__name__}: {problem}"
print(json.dumps(said))
"""
HUB_PROBE = """
import sys, urllib.request
urllib.request.urlopen(urllib.request.Request(sys.argv[1], method="HEAD"), timeout=3)
"""


@dataclass(frozen=True, slots=True)
class TorchReport:
    """What a process that imported torch has said."""

    torch: str = ""
    cuda: bool = False
    bitsandbytes: str = ""
    error: str = field(default="")


def checks(workspaces: Path, *, assets: Path, port: int | None = None) -> list[Check]:
    """Every check, the needed ones first. `port` is left out when the studio itself is already using it."""
    with ThreadPoolExecutor(max_workers=2) as pool:
        report, hub = pool.submit(ask_torch), pool.submit(_hub)
        quick = [_python(), _memory(), _disk(workspaces), _writable(workspaces), _starter(assets / "starter")]
        ports = [_port(port)] if port is not None else []
        said = report.result()
        return [*quick, _torch(said), _bitsandbytes(said), *ports, _gpu(said), hub.result(), _fonts(), _browser()]


def ask_torch(*, seconds: float = TORCH_SECONDS) -> TorchReport:
    """Import torch and pack a few numbers into 4 bits, in another process."""
    try:
        done = subprocess.run([sys.executable, "-c", TORCH_PROBE], capture_output=True, text=True, timeout=seconds)
    except subprocess.TimeoutExpired:
        return TorchReport(error=f"no answer within {seconds:.0f} seconds")
    lines = done.stdout.strip().splitlines()
    if done.returncode or not lines:
        return TorchReport(error=(done.stderr.strip().splitlines() or ["it ended without a word"])[-1][:200])
    return TorchReport(**json.loads(lines[-1]))


def _python() -> Check:
    ok = sys.version_info >= PYTHON
    found = f"{sys.version_info.major}.{sys.version_info.minor}.{sys.version_info.micro}"
    return Check("Python", ok, found, "" if ok else "Install Python 3.11 or newer.")


def _memory() -> Check:
    whole, free = machine.memory()
    ok = free >= MEMORY
    fix = f"Close other programs: fine-tuning the starter wants {gigabytes(MEMORY)} free."
    return Check("Memory", ok, f"{gigabytes(free)} of {gigabytes(whole)} free", "" if ok else fix)


def _disk(workspaces: Path) -> Check:
    free = machine.disk_free(workspaces)
    ok = free >= DISK
    fix = f"Free some space on the disk of {workspaces}: checkpoints want {gigabytes(DISK)}."
    return Check("Disk", ok, f"{gigabytes(free)} free", "" if ok else fix)


def _writable(workspaces: Path) -> Check:
    """Try it: permissions, read-only disks and full quotas all show only when a file is written."""
    if workspaces.exists() and not workspaces.is_dir():
        fix = "Move that file, or name another folder in STUDIO_WORKSPACES."
        return Check("Workspace folder", False, f"{workspaces} is a file", fix)
    place = next(folder for folder in (workspaces, *workspaces.absolute().parents) if folder.is_dir())
    try:
        with tempfile.NamedTemporaryFile(dir=place):
            pass
    except OSError as error:
        fix = f"Give yourself the right to write in {place}, or name another folder in STUDIO_WORKSPACES."
        return Check("Workspace folder", False, f"{place} cannot be written ({error.strerror})", fix)
    return Check("Workspace folder", True, str(workspaces))


def _starter(folder: Path) -> Check:
    try:
        checked = check_model_folder(folder)
    except RecipeError as error:
        return Check("Starter model", False, error.message, "Restore assets/starter from the studio's own download.")
    return Check("Starter model", True, f"{checked.shape.parameters / 1e6:.1f} million parameters")


def _port(port: int) -> Check:
    if not 1 <= port <= 65535:
        return Check("Port", False, f"there is no port {port}", "Name one from 1 to 65535.", needed=False)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind(("127.0.0.1", port))
        except OSError:
            fix = f"The studio may be running already. If not, start it with another port: --port {port + 1}."
            return Check("Port", False, f"{port} is in use", fix, needed=False)
    return Check("Port", True, f"{port} is free", needed=False)


def _torch(report: TorchReport) -> Check:
    fix = "Run the installation again; training needs torch."
    return Check("torch", bool(report.torch), report.torch or report.error, "" if report.torch else fix)


def _bitsandbytes(report: TorchReport) -> Check:
    ok = bool(report.bitsandbytes) and not report.error
    found = f"{report.bitsandbytes}, packs weights into 4 bits" if ok else report.error or "not installed"
    fix = "Run the installation again. Until then, set “Base model weights” to 16 bits (LoRA)."
    return Check("bitsandbytes (4-bit weights)", ok, found, "" if ok else fix)


def _gpu(report: TorchReport) -> Check:
    found = machine.gpus()
    if not found:
        fix = "The starter and very small models train on the processor; larger ones want an NVIDIA GPU."
        return Check("GPU", False, "none found", fix, needed=False)
    driver = machine.driver_version()
    names = ", ".join(f"{gpu.name} ({gigabytes(gpu.free)} of {gigabytes(gpu.memory)} free)" for gpu in found)
    words = f"{names}; driver {driver}" if driver else names
    fix = "The installed torch cannot use this GPU: install its CUDA build or, if that is there, a newer driver."
    return Check("GPU", report.cuda, words, "" if report.cuda else fix, needed=False)


def _hub() -> Check:
    fix = "Only downloads need it. Without it, copy a model's folder here from another machine and add it."
    try:
        address = endpoint(os.environ)
    except SetupError as error:
        return Check("Model hub", False, error.message, error.fix, needed=False)
    try:
        done = subprocess.run([sys.executable, "-c", HUB_PROBE, address], capture_output=True, timeout=HUB_SECONDS)
        ok = done.returncode == 0
    except subprocess.TimeoutExpired:
        ok = False
    found = f"{address} answers" if ok else f"{address} cannot be reached"
    return Check("Model hub", ok, found, "" if ok else fix, needed=False)


def _fonts() -> Check:
    found = fonts.languages()
    missing = [name for name, _ in fonts.LANGUAGES if name not in found]
    words = ", ".join(found) if found else "none found"
    fix = f"Only verdicts as PDF need them, where texts are in {' or '.join(missing)}. {fonts.FIX}" if missing else ""
    return Check("Fonts for East Asian texts", not missing, words, fix, needed=False)


def _browser() -> Check:
    """A browser on this machine matters to the studio's own tests alone; people open the studio from anywhere."""
    found = next((name for name in BROWSERS if shutil.which(name)), None)
    cached = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache" / "ms-playwright")
    if found is None and importlib.util.find_spec("playwright") and any(cached.glob("*/*/*chrom*")):
        found = "Playwright's Chromium"
    fix = "Only the studio's own tests need one: `playwright install chromium`."
    return Check("Browser", found is not None, found or "none found", "" if found else fix, needed=False)
