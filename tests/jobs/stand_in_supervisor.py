"""The real supervisor process, with stand-ins for its workers; with --forking they are forked."""

import sys
from pathlib import Path

from studio.jobs.forking import ForkingLauncher
from studio.jobs.launcher import LocalLauncher
from studio.jobs.supervisor import main

if __name__ == "__main__":
    here = Path(__file__).parent
    afresh = LocalLauncher(command=(sys.executable, "-P", str(here / "stand_in.py")))
    forking = ForkingLauncher(afresh, (sys.executable, "-P", str(here / "stand_in_nursery.py")))
    options = [option for option in sys.argv[1:] if option != "--forking"]
    sys.exit(main(options, launcher=forking if "--forking" in sys.argv else afresh))
