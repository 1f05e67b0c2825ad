"""Quiet: what libraries would tell others of, or count for nobody, they leave."""

import os
import sys
from importlib.util import find_spec


def quiet_libraries() -> None:
    """Nothing about a person's work leaves the machine, and nothing is counted that nobody reads."""
    os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    # After each event Gradio sums up in a table of pandas how long all those before it took, up to 10,000 of them: most
    # of what an event costs once a page has been open for a while.
    os.environ.setdefault("GRADIO_ANALYTICS_MAX_EVENTS", "1")
    os.environ.setdefault("GRADIO_ANALYTICS_CACHE_FREQUENCY", str(sys.maxsize))
    # With each event Gradio looks twice for matplotlib, in every folder of Python's; said once, it is not there.
    if find_spec("matplotlib") is None:
        sys.modules["matplotlib"] = None  # type: ignore[assignment]
