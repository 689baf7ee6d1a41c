#!/usr/bin/python3
"""deploy/lab multicast: the laboratory of group membership. README.md has what to look at."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import command  # noqa: E402
from lab import Lab  # noqa: E402
from scenarios import SCENARIOS  # noqa: E402

USAGE = """\
usage: deploy/lab multicast [--name NAME] COMMAND
  up               make the namespaces, start three ce and three fe, come back when the servers have one cache
  status           processes, neighbours, clients and groups of every server, multicast routes of every FE
  exec NODE ...    run a command in ce1 ... ce3, fe1 ... fe3, h1 ... h4, or net
  ctl PROGRAM ...  forcesctl of ce1 ... fe3, e.g. deploy/lab multicast ctl ce1 group list
  down             end everything and remove the namespaces
  check [DIR]      up, all scenarios, down. Exit status 0 only if all of it happened as it must. DIR/report.md (DIR:
                   default /tmp/forces-multicast-report) has every scenario with its lines
    --only TAGS    these scenarios only, such as M1,M4
    --keep         leave it running, whatever happened
  scenarios        what check plays

NAME (default multicast; check has one of its own) keeps laboratories apart. Needs root, the packages of
deploy/install-deps and the programs in build/release/bin (or $FORCES_BIN). Exit status 77: this machine cannot.
"""


if __name__ == "__main__":
    command.main(USAGE, Lab, SCENARIOS)
