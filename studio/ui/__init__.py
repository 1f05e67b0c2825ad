"""The screens: the only place with Gradio."""

from studio.ui.loading import without_stubs

with without_stubs():
    import gradio  # noqa: F401
