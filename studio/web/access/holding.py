"""Holding: ending sign-ins, and making and taking back keys; one's own on one's account, everybody's on Team."""

from typing import Annotated

from fastapi import Form, Request

from studio.domain.access import KEY_DAYS, Mode, Scope
from studio.domain.errors import AccessError
from studio.flows import keys, signing
from studio.flows.studio import Studio
from studio.web.access.pressing import At, Words, person


def add_sign_ins(at: At, studio: Studio, mode: Mode, *, own: bool) -> None:
    """Ending a sign-in; `own`: none but one's own."""

    @at("/end")
    def end(request: Request, signin: Words) -> str:
        if own and signin not in {each.id for each, _ in signing.signed_in(studio, mode, person(request).id)}:
            raise AccessError("You have no such sign-in, or it has ended.", fix="Reload the page.")
        signing.end(studio, signin)
        return "The sign-in was ended."


def add_keys(at: At, studio: Studio, *, own: bool) -> None:
    """Making a key of one's own, and taking one back; `own`: none but one's own."""

    @at("/key")
    def make_key(
        request: Request, label: Words = "", scope: Annotated[Scope, Form()] = Scope.LOOK,
        days: Annotated[int, Form()] = KEY_DAYS,
    ) -> str:  # fmt: skip
        key, text = keys.make(studio, person(request), label, scope, days=days)
        return f"The key {key.label} holds until {key.expires_at:%-d %B %Y}. It is shown this once:\n{text}"

    @at("/revoke-key")
    def revoke_key(request: Request, key: Words) -> str:
        if own and key not in {each.id for each in keys.every(studio) if each.person_id == person(request).id}:
            raise AccessError("You have no such key.", fix="Reload the page.")
        keys.revoke(studio, key)
        return "The key was taken back."
