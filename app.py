"""Start the studio: python app.py [--port 7860] [--workspaces FOLDER]."""

from studio.cli import serve_from_arguments

if __name__ == "__main__":
    serve_from_arguments()
