"""Nonced: Gradio's page with a number on each of its scripts, so that a browser runs these and no others.

The number is new for each answer and stands in its headers as well (studio/web/policies.py). What else the page names
and nothing here has goes: a base for addresses, which is where the page lies anyway, and a manifest.
"""

import re
from collections.abc import Callable

from gradio import routes
from jinja2 import BaseLoader, Environment

UNUSED = re.compile(r"<base [^>]*>|<link rel=\"manifest\"[^>]*>")


class NoncedTemplates(BaseLoader):
    """Gradio's own templates, each of their scripts with the number of the request."""

    def __init__(self, inner: BaseLoader) -> None:
        self.inner = inner

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        source, name, is_fresh = self.inner.get_source(environment, template)
        numbered = source.replace("<script", '<script nonce="{{ request.scope.nonce }}"')
        return UNUSED.sub("", numbered), name, is_fresh


def number_scripts() -> None:
    """Let Gradio make its pages so from now on."""
    environment = routes.templates.env
    if environment.loader is not None and not isinstance(environment.loader, NoncedTemplates):
        environment.loader = NoncedTemplates(environment.loader)
