"""The real supervisor process, with stand-ins for its workers."""

import sys
from pathlib import Path

from studio.jobs.launcher import LocalLauncher
from studio.jobs.supervisor import main

if __name__ == "__main__":
    stand_in = Path(__file__).with_name("stand_in.py")
    sys.exit(main(sys.argv[1:], launcher=LocalLauncher(command=(sys.executable, "-P", str(stand_in)))))
