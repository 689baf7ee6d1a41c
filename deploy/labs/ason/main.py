#!/usr/bin/python3
"""deploy/lab ason: the laboratory of ASON signalling. README.md has what to look at."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command  # noqa: E402
from operate import Operated  # noqa: E402
from play.order import SCENARIOS  # noqa: E402

USAGE = """\
usage: deploy/lab ason [--name NAME] COMMAND
  up               make the namespaces, start seven nodes (seven ce, nine fe), come back when all hear each other
  status           processes, neighbours, calls, connections and cross-connects of every node
  exec NODE ...    run a command in n1 ... n6, l7 or users (interfaces A, B, X, Y, Z)
  ctl PROGRAM ...  forcesctl of ce1 ... ce7 or fe11 fe21 fe22 ..., e.g. deploy/lab ason ctl ce1 connection list
  down             end everything and remove the namespaces
  check [DIR]      up, all scenarios, down. Exit status 0 only if all of it happened as it must. In DIR (default
                   /tmp/forces-ason-report): report.md, a capture TAG.pcap of the RSVP packets of each scenario
    --only TAGS    these scenarios only, such as T1,T6
    --long         in their full size: 1,000 connections, 200 changes of each message ($FORCES_LONG does the same)
    --keep         leave it running, whatever happened
  scenarios        what check plays

NAME (default ason; check has one of its own) keeps laboratories apart. Needs root, the packages of
deploy/install-deps and the programs in build/release/bin (or $FORCES_BIN). Exit status 77: this machine cannot.
"""


if __name__ == "__main__":
    command.main(USAGE, Operated, SCENARIOS)
