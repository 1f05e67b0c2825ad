"""What deploy/ holds is what a server can use: units that systemd accepts and that start, and a proxy that lets all through."""

import json
import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from studio.domain.access import Mode, Role
from studio.flows import people
from studio.flows.studio import open_studio
from studio.flows.through import through
from studio.store.workspace import Workspace
from tests.supervised import end_supervisor

NGINX = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
UNITS = ("assay-studio", "assay-studio-jobs", "assay-studio-backup")


def here(text: str, root: Path) -> str:
    return text.replace("/opt/assay-studio/.venv/bin/python", sys.executable).replace("/opt/assay-studio", str(root))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here: apt-get install systemd")
@pytest.mark.parametrize("unit", [*(f"{name}.service" for name in UNITS), "assay-studio-backup.timer"])
def test_systemd_accepts_each_unit(unit: str, root: Path, tmp_path: Path):
    for path in (root / "deploy").glob("assay-studio*"):
        (tmp_path / path.name).write_text(here(path.read_text(), root))
    command = ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    ours = [line for line in done.stderr.splitlines() if "assay-studio" in line]
    assert done.returncode == 0 and not ours, done.stderr


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here: apt-get install systemd")
def test_the_pages_are_well_confined_and_the_jobs_as_far_as_gpus_allow(root: Path):
    for name, most in (("assay-studio", 2.5), ("assay-studio-jobs", 5.0)):
        command = ["systemd-analyze", "security", "--offline=true", str(root / "deploy" / f"{name}.service")]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        level = re.search(r"exposure level for \S+ ([\d.]+)", said)
        assert level and float(level[1]) <= most, said


def test_a_unit_starts_what_the_studio_knows_and_keeps_its_hands_off_what_runs(root: Path):
    units = {name: (root / "deploy" / f"{name}.service").read_text() for name in UNITS}
    for name in UNITS[:2]:
        assert "NoNewPrivileges=yes" in units[name] and "ProtectSystem=strict" in units[name]
        assert "UMask=0077" in units[name] and re.search(r"^MemoryMax=", units[name], re.M)
    assert "KillMode=mixed" in units["assay-studio-jobs"] and "OOMPolicy=continue" in units["assay-studio-jobs"]
    command = re.findall(r"^ExecStart=\S+ (.+)$", units["assay-studio"], re.M)[0].split()
    done = subprocess.run(
        [sys.executable, *command, "--nonsense"], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and "nonsense" in done.stderr


# nginx


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@contextmanager
def nginx(folder: Path, site: str) -> Iterator[None]:
    """A real nginx with this site, in the foreground, with all it writes in the folder."""
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user root; daemon off; pid {folder}/pid; error_log {folder}/error.log;\nevents {{}}\n"
        f"http {{ access_log off; {temporary}\n{site}\n}}\n"
    )
    with subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")]) as process:
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def site_of(root: Path, folder: Path, *, port: int, behind: int, signs_in: bool) -> str:
    """The example with the folder's certificate and these ports; with what it says for STUDIO_ACCESS=proxy."""
    site = (root / "deploy" / "nginx.conf").read_text()
    for theirs, ours in (
        ("listen 443 ssl", f"listen 127.0.0.1:{port} ssl"), ("listen 80", f"listen 127.0.0.1:{free_port()}"),
        ("studio.example.org", "localhost"), ("/etc/ssl/studio", str(folder)), ("127.0.0.1:7860", f"127.0.0.1:{behind}"),
        ("/etc/nginx/studio.users", str(folder / "users")),
    ):  # fmt: skip
        assert theirs in site
        site = site.replace(theirs, ours)
    if signs_in:
        site = re.sub(r"^( +)# (auth_basic|proxy_set_header)", r"\1\2", site, flags=re.M)
    return site


@dataclass(frozen=True, slots=True)
class Proxied:
    """Where people come, a browser that goes there as ann, and the certificate that it believes."""

    address: str
    browser: httpx.Client
    certificate: Path


@pytest.fixture(scope="module")
def proxied(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    """A studio whose people nginx signs in, and a browser that goes through it as ann."""
    if NGINX is None:
        pytest.skip("nginx is not here: apt-get install nginx-light")
    root, folder = Path(__file__).resolve().parent.parent, tmp_path_factory.mktemp("nginx")
    folder.chmod(0o755)
    port, behind = free_port(), free_port()
    secret = subprocess.run(["openssl", "passwd", "-apr1", "quiet"], capture_output=True, text=True, check=True).stdout
    (folder / "users").write_text(f"ann:{secret}")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-addext",
         "subjectAltName=DNS:localhost", "-keyout", str(folder / "key.pem"), "-out", str(folder / "fullchain.pem")],
        capture_output=True, check=True,
    )  # fmt: skip
    workspace = folder / "workspace"
    studio = open_studio(workspace)
    people.add(studio, "ann", Role.EDITOR, mode=Mode.PROXY)
    studio.store.close()
    address = f"https://localhost:{port}"
    command = [sys.executable, "app.py", "--port", str(behind), "--workspaces", str(workspace), "--access", "proxy"]
    with subprocess.Popen([*command, "--proxy", "127.0.0.1", *asked_by(address)], cwd=root) as process:
        try:
            with nginx(folder, site_of(root, folder, port=port, behind=behind, signs_in=True)):
                believed = ssl.create_default_context(cafile=folder / "fullchain.pem")
                with httpx.Client(base_url=address, verify=believed, timeout=30) as browser:
                    wait_for(browser)
                    browser.auth = ("ann", "quiet")
                    yield Proxied(address, browser, folder / "fullchain.pem")
        finally:
            process.terminate()
            process.wait(20)
            end_supervisor(Workspace(workspace))


def asked_by(address: str) -> list[str]:
    """By which address people come, where the studio wants to know that."""
    said = subprocess.run(
        [sys.executable, "-m", "studio", "serve", "--help"], capture_output=True, text=True, check=True,
        env={"COLUMNS": "200", "PATH": "/usr/bin"}, cwd=Path(__file__).resolve().parent.parent,
    )  # fmt: skip
    return ["--address", address] if "--address" in said.stdout else []


def wait_for(browser: httpx.Client) -> None:
    until = time.monotonic() + 90
    while True:
        try:
            if browser.get("/healthz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        assert time.monotonic() < until, "the studio did not open behind nginx"
        time.sleep(0.2)


def test_through_nginx_people_are_who_it_says_and_nobody_else(proxied: Proxied):
    browser = proxied.browser
    page = browser.get("/")
    assert page.status_code == 200 and "Assay Studio" in page.text
    assert page.headers["strict-transport-security"] and page.headers["x-request-id"]
    assert browser.get("/", auth=("ann", "wrong")).status_code == 401
    assert browser.get("/team").status_code == 403  # an editor
    another = {"X-Forwarded-User": "somebody else"}  # nginx replaces it, so it is still ann who comes
    assert browser.get("/readyz/why", headers=another).status_code in (200, 503)


def test_by_a_link_people_come_through_nginx_without_an_account_and_to_nothing_else(proxied: Proxied):
    browser = proxied.browser
    assert browser.get("/verdict/nothing", auth=None).status_code == 404  # by a link, without an account
    assert browser.get("/healthz", auth=None).status_code == 200
    claimed = {"X-Forwarded-User": "ann"}
    assert browser.get("/metrics", auth=None, headers=claimed).status_code == 401
    assert browser.get("/verdict/nothing", auth=None, headers=claimed).status_code == 404


def test_a_file_comes_through_nginx_whole(proxied: Proxied):
    browser = proxied.browser
    content = b'{"prompt": "a", "completion": "b"}\n' * 100_000  # 3.5 MB: more than it lets through by itself
    sent = browser.post("/gradio_api/upload", files={"files": ("faq.jsonl", content)})
    assert sent.status_code == 200
    assert Path(sent.json()[0]).read_bytes() == content


def test_live_views_come_through_nginx_as_they_are_made(proxied: Proxied, monkeypatch):
    browser = proxied.browser
    config = browser.get("/config").json()
    event = next(
        each for each in config["dependencies"] if not each["inputs"] and each["outputs"] and each["backend_fn"]
    )
    session = {"session_hash": "through-nginx"}
    joined = browser.post("/gradio_api/queue/join", json={"data": [], "fn_index": event["id"], **session})
    assert joined.status_code == 200
    told = []
    with browser.stream("GET", "/gradio_api/queue/data", params=session) as stream:
        for line in stream.iter_lines():
            told += [json.loads(line[5:])["msg"]] if line.startswith("data:") else []
            if told[-1:] == ["process_completed"]:
                break
    assert told[-1] == "process_completed"
    monkeypatch.setenv("SSL_CERT_FILE", str(proxied.certificate))
    said = {check.name: check for check in through(proxied.address)}
    assert {name: check.ok for name, check in said.items()} == {"Address": True, "Live views": True, "Files": True}


def test_the_example_for_caddy_says_the_same(root: Path):
    said = (root / "deploy" / "Caddyfile").read_text()
    assert "flush_interval -1" in said and "max_size 1GB" in said and "-X-Forwarded-User" in said
    if caddy := shutil.which("caddy"):
        subprocess.run([caddy, "validate", "--config", str(root / "deploy" / "Caddyfile")], check=True)
