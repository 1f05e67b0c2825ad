"""The screens: the only place with Gradio."""
