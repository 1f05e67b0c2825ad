"""The pages as `app.py` serves them, but what is kept of a closed page goes after three minutes and not after an hour.

A soak would see for an hour and more how closed pages come to be kept, and only then whether the memory grows.
"""

from studio.cli import serve_from_arguments
from studio.ui import kept

if __name__ == "__main__":
    kept.KEPT_FOR = 180.0
    serve_from_arguments()
