"""The command line: every action of the screens as a verb that calls the same flow."""

from studio.cli.main import app, main, serve_from_arguments

__all__ = ["app", "main", "serve_from_arguments"]
