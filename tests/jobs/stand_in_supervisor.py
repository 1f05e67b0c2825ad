"""The real supervisor process, with stand-ins for its workers; with --forking they are forked.

With --host NAME it behaves as on another machine: other hosts see neither its lock nor its processes. --terms are the
seconds of `Terms`, and --grace those of `Grace`.
"""

import argparse
import socket
import sys
from contextlib import nullcontext
from pathlib import Path

from studio.jobs import process, supervisor
from studio.jobs.attempt import Grace
from studio.jobs.forking import ForkingLauncher
from studio.jobs.launcher import LocalLauncher
from studio.jobs.lease import Terms


def pretend_to_be_on(host: str) -> None:
    process._boot_id = lambda: host
    socket.gethostname = lambda: host
    supervisor.sole_supervisor = lambda workspace: nullcontext(True)


if __name__ == "__main__":
    here = Path(__file__).parent
    parser = argparse.ArgumentParser()
    parser.add_argument("--forking", action="store_true")
    parser.add_argument("--host")
    parser.add_argument("--terms", type=float, nargs=3)
    parser.add_argument("--grace", type=float, nargs=4)
    options, others = parser.parse_known_args()
    if options.host:
        pretend_to_be_on(options.host)
    if options.grace:
        supervisor.Grace = lambda: Grace(*options.grace)
    afresh = LocalLauncher(command=(sys.executable, "-P", str(here / "stand_in.py")))
    forking = ForkingLauncher(afresh, (sys.executable, "-P", str(here / "stand_in_nursery.py")))
    launcher = forking if options.forking else afresh
    sys.exit(supervisor.main(others, launcher=launcher, terms=Terms(*options.terms) if options.terms else None))
