"""Tidy: what nobody needs any more goes away by itself, now and then."""

import logging
import threading

from studio.flows import bring, deleted
from studio.flows.studio import Studio

EVERY = 3_600.0

log = logging.getLogger(__name__)


def tidy(studio: Studio) -> None:
    """Delete uploads and folders that were left behind, and what has been in the bin for its days."""
    for act in (bring.forget_uploads, bring.forget_leftovers, deleted.expire):
        try:
            act(studio)
        except Exception:  # the database or the disk does not answer: another time
            log.exception("The workspace could not be tidied up")


def keep_tidy(studio: Studio, stop: threading.Event) -> threading.Thread:
    """Tidy up at once and then every hour, in a thread of its own, until `stop`."""

    def run() -> None:
        tidy(studio)
        while not stop.wait(EVERY):
            tidy(studio)

    thread = threading.Thread(target=run, name="tidy", daemon=True)
    thread.start()
    return thread
