"""What the provider of `tests/provider.py` says of people, and how it is made to say what is not so."""

import base64
import json
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.contrib.auth.views import LoginView
from django.urls import include, path
from jwcrypto import jwk, jws
from oauth2_provider.oauth2_validators import OAuth2Validator
from oauth2_provider.settings import oauth2_settings

urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("login", LoginView.as_view()),
]


def key_of_now(get_response: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Sign with the key that lies in the folder now."""

    def answered(request: Any) -> Any:
        vars(oauth2_settings)["OIDC_RSA_PRIVATE_KEY"] = (settings.PROVIDER_FOLDER / "key.pem").read_text()
        return get_response(request)

    return answered


class Validator(OAuth2Validator):
    oidc_claim_scope = None

    def get_additional_claims(self, request: Any) -> dict[str, Any]:
        user = request.user
        groups = [group.name for group in user.groups.all()]
        return {
            "email": user.email,
            "email_verified": user.username != "una",
            "preferred_username": user.username,
            "groups": groups,
        }

    def finalize_id_token(self, id_token: Any, token: Any, token_handler: Any, request: Any) -> str:
        made = super().finalize_id_token(id_token, token, token_handler, request)
        bent = settings.PROVIDER_FOLDER / "bent.json"
        return _bent(made, json.loads(bent.read_text()), request.client.jwk_key) if bent.exists() else made


def _bent(made: str, how: dict[str, Any], key: jwk.JWK) -> str:
    """The same token with other claims, signed as `how` says."""
    header, claims = (json.loads(base64.urlsafe_b64decode(part + "==")) for part in made.split(".")[:2])
    header |= how.get("header", {})
    claims = {name: value for name, value in (claims | how.get("claims", {})).items() if value is not None}
    if header["alg"] == "none":
        return f"{_part(header)}.{_part(claims)}."
    if header["alg"] == "HS256":  # with the public key as if it were a secret of both
        key = jwk.JWK(kty="oct", k=base64.urlsafe_b64encode(key.export_to_pem()).decode().rstrip("="))
    if how.get("key") == "another":
        key = jwk.JWK.generate(kty="RSA", size=2048)
    signed = jws.JWS(json.dumps(claims))
    signed.add_signature(key, header["alg"], json.dumps(header))
    return signed.serialize(compact=True)


def _part(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")
