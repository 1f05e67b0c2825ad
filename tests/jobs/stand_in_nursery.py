"""The real nursery, which has nothing to load and forks stand-ins; with "barren" as first word it cannot load."""

import os
import sys
from functools import partial

import numpy  # noqa: F401  # as the real one has loaded it

from studio import nursery
from studio.worker import attempt
from tests.jobs.stand_in import play

if __name__ == "__main__":
    nursery.load = lambda: sys.argv[1] != "barren"
    nursery.attempt = partial(attempt, work=play)
    os._exit(nursery.main())
