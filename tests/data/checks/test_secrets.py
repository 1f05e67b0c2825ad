"""Secrets: keys and passwords are found by their shape; what a manual prints in their place is not."""

import random
import string

import pytest

from studio.data.checks import secrets
from tests.data.checks.conftest import row, texts


def made_up(start: str, length: int, letters: str = string.ascii_letters + string.digits) -> str:
    """A key as a service would make it; put together here, so that no key stands in the source."""
    rng = random.Random(length)
    return start + "".join(rng.choices(letters, k=length - 2)) + "a7"


OPENAI = made_up("sk-" + "proj-", 48)
JWT = ".".join(("ey" + "JhbGciOiJIUzI1NiJ9", "ey" + "JzdWIiOiIxMjM0NSJ9", made_up("", 43)))
PRIVATE = "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEowIBAAKCAQEAx7\nq2bD==\n-----END RSA " + "PRIVATE KEY-----"

SHAPES = [
    (OPENAI, "API key (looks like OpenAI’s)"),
    (made_up("sk-" + "ant-api03-", 90), "API key (looks like Anthropic’s)"),
    (made_up("AK" + "IA", 16, string.ascii_uppercase + string.digits).upper(), "access key (looks like Amazon’s)"),
    (made_up("gh" + "p_", 36), "token (looks like GitHub’s)"),
    (made_up("glp" + "at-", 22), "token (looks like GitLab’s)"),
    (made_up("xo" + "xb-123456789012-", 24), "token (looks like Slack’s)"),
    (made_up("xo" + "xe.xo" + "xp-1-", 40), "token (looks like Slack’s)"),
    (made_up("xa" + "pp-1-A0123-4567-", 40), "token (looks like Slack’s)"),
    (made_up("AI" + "za", 35), "API key (looks like Google’s)"),
    (made_up("h" + "f_", 34), "token (looks like Hugging Face’s)"),
    (made_up("sk_" + "live_", 24), "API key (looks like Stripe’s)"),
    (made_up("S" + "G.", 22) + "." + made_up("", 43), "API key (looks like SendGrid’s)"),
    (made_up("py" + "pi-AgEIcHlwaS5vcmc", 60), "token (looks like PyPI’s)"),
    ("123456789:" + made_up("AA", 33), "token (looks like Telegram’s)"),
    (made_up("shp" + "at_", 32, "0123456789abcdef"), "token (looks like Shopify’s)"),
    (made_up("newvendor_" + "live_", 36), "token (by its shape)"),
    (JWT, "sign-in token (JWT)"),
    (PRIVATE, "private key"),
]


@pytest.mark.parametrize(("secret", "note"), SHAPES)
def test_a_key_is_found_as_a_whole_and_named(secret: str, note: str) -> None:
    text = f"It stopped working, here is what I use: {secret}, please look."

    spans = secrets.spans(text)

    assert texts(spans, text) == [secret]
    assert [span.note for span in spans] == [note]


@pytest.mark.parametrize(
    ("text", "password"),
    [
        ("Sign in with password: Sommer2024!", "Sommer2024"),
        ("The password is tulip7garden.", "tulip7garden"),
        ('{"client_secret": "q8Zk2mPx91"}', "q8Zk2mPx91"),
        ("Mein Passwort lautet Regen77bogen", "Regen77bogen"),
        ("DB_PASSWORD=h0rse-battery", "h0rse-battery"),
        ("postgres://anna:r0sengarten@db.internal/shop", "r0sengarten"),
    ],
)
def test_a_password_that_is_written_out_is_found(text: str, password: str) -> None:
    assert texts(secrets.spans(text), text) == [password]


@pytest.mark.parametrize(
    "text",
    [
        "I forgot my password: can you reset it?",
        "Password: at least 12 characters, one of them a digit",
        "The password must be changed every 90 days.",
        "Set api_key=YOUR_API_KEY1 in the file.",
        "export TOKEN=sk-xxxxxxxxxxxxxxxxxxxxxxxx1",
        'password = os.environ["DB_PASSWORD_1"]',
        "https://user:password@example.com/path",
        "A risk-averse-investor-who-likes-2-funds asks",
        "Our task-force-on-the-2024-budget-proposal met.",
        "C3PO and R2D2 are robots; the SKU is AKIARO.",
        "The secret is butter, lots of it.",
        "Version sk-1.2.3 of the package",
    ],
)
def test_what_only_speaks_of_secrets_is_none(text: str) -> None:
    assert secrets.spans(text) == []


def test_the_place_of_a_secret_names_its_message_and_characters() -> None:
    one = row("My key fails", f"Use {OPENAI} instead.", number=6, system="Be kind.")

    (mark,) = secrets.marks(one)

    assert (mark.row, mark.message) == (6, 2)
    assert one.messages[2].content[mark.start : mark.end] == OPENAI
