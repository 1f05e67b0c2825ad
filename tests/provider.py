"""A real OpenID provider on this machine: Django OAuth Toolkit with a few people, run as a program of its own.

It signs with the key in `key.pem` of its folder, which may change while it runs, and bends the next tokens as `bent.json`
says, which no provider should.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

CLIENT, SECRET, PASSWORD = "studio", "a secret of both sides", "seven quiet lanterns"
# Each with an e-mail address at example.org; everybody but Una has shown that it is theirs.
PEOPLE = {"ann": ["owners", "staff"], "rob": ["staff"], "una": ["owners"], "eve": []}
ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider as it runs."""

    folder: Path
    issuer: str

    def bend(self, **how: Any) -> None:
        """From now on tokens are not as they should be: with other `claims`, or with another `alg` or `key`."""
        (self.folder / "bent.json").write_text(json.dumps(how))

    def straighten(self) -> None:
        (self.folder / "bent.json").unlink(missing_ok=True)

    def rotate(self) -> None:
        """From now on it signs with a new key, and knows the old one no more."""
        new_key(self.folder / "key.pem")


def new_key(path: Path) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    written = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.with_suffix(".new").write_bytes(written)
    path.with_suffix(".new").replace(path)


@contextmanager
def running(folder: Path, *, back: str, out: str) -> Iterator[Provider]:
    """Start it on a free port and end it; `back` and `out` are where it may send people, signed in and out."""
    new_key(folder / "key.pem")
    command = [sys.executable, "-m", "tests.provider", str(folder), back, out]
    with Popen(command, cwd=ROOT, stdout=PIPE, text=True, env=os.environ | {"DJANGO_SETTINGS_MODULE": ""}) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            yield Provider(folder, f"http://127.0.0.1:{port}/o")
        finally:
            process.kill()


# The program


def main(folder: Path, back: str, out: str) -> None:
    from django.conf import settings
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler

    class Silent(WSGIRequestHandler):
        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadedWSGIServer(("127.0.0.1", 0), Silent)
    issuer = f"http://127.0.0.1:{server.server_port}/o"
    settings.configure(**_settings(folder, issuer))

    import django
    from django.core.handlers.wsgi import WSGIHandler
    from django.core.management import call_command

    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    _fill(back, out)
    server.set_app(WSGIHandler())  # type: ignore[arg-type]
    print(server.server_port, flush=True)
    server.serve_forever(poll_interval=0.05)


def _settings(folder: Path, issuer: str) -> dict[str, Any]:
    login = "<form method=post>{% csrf_token %}{{ form }}<button>Sign in</button></form>"
    apps = ("auth", "contenttypes", "sessions")
    return {
        "SECRET_KEY": os.urandom(16).hex(), "ALLOWED_HOSTS": ["127.0.0.1"], "ROOT_URLCONF": "tests.provider_pages",
        "DATABASES": {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(folder / "provider.sqlite")}},
        "INSTALLED_APPS": [*(f"django.contrib.{app}" for app in apps), "oauth2_provider"],
        "MIGRATION_MODULES": dict.fromkeys([*apps, "oauth2_provider"]), "USE_TZ": True,
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],  # nobody's, and quick
        "MIDDLEWARE": [
            "tests.provider_pages.key_of_now", "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
        ],
        "TEMPLATES": [{
            "BACKEND": "django.template.backends.django.DjangoTemplates", "DIRS": [], "APP_DIRS": False,
            "OPTIONS": {"loaders": [
                ("django.template.loaders.locmem.Loader", {"registration/login.html": login}),
                "django.template.loaders.app_directories.Loader",
            ]},
        }],
        "LOGIN_URL": "/login", "PROVIDER_FOLDER": folder,
        "SESSION_COOKIE_NAME": "provider", "CSRF_COOKIE_NAME": "provider-csrf",
        "OAUTH2_PROVIDER": {
            "OIDC_ENABLED": True, "OIDC_RSA_PRIVATE_KEY": (folder / "key.pem").read_text(), "OIDC_ISS_ENDPOINT": issuer,
            "OAUTH2_VALIDATOR_CLASS": "tests.provider_pages.Validator", "PKCE_REQUIRED": True,
            "SCOPES": {"openid": "who", "email": "address", "profile": "name"},
            "OIDC_RP_INITIATED_LOGOUT_ENABLED": True, "OIDC_RP_INITIATED_LOGOUT_ALWAYS_PROMPT": False,
        },
    }  # fmt: skip


def _fill(back: str, out: str) -> None:
    from django.contrib.auth.models import Group, User
    from oauth2_provider.models import Application

    for name, groups in PEOPLE.items():
        person = User.objects.create_user(name, f"{name.title()}@example.org", PASSWORD)
        person.groups.set([Group.objects.get_or_create(name=group)[0] for group in groups])
    Application.objects.create(
        client_id=CLIENT, client_secret=SECRET, client_type="confidential", authorization_grant_type="authorization-code",
        redirect_uris=back, post_logout_redirect_uris=out, algorithm="RS256", skip_authorization=True,
    )  # fmt: skip


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
