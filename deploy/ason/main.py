#!/usr/bin/python3
"""deploy/lab ason: the laboratory of ASON signalling. README.md has what to look at."""
import argparse
import datetime
import os
import pathlib
import signal
import sys
import time

from operate import Operated
from machine import Failed, Skipped
from network import NODES
from play.order import SCENARIOS

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


def status(lab):
    for what in lab.running():
        print(f"{what:8} " + (f"pid {lab.pid(what)}" if lab.pid(what) else "ENDED"))
    for node in NODES.values():
        for words in (("signaling", "neighbors"), ("call", "list"), ("connection", "list"), ("connection", "list", "--lsps")):
            print(f"--- {node.name}: {' '.join(words)}\n{lab.ctl(node.ce, *words).stdout}")
        for fe in node.fes:
            print(f"--- fe{fe}: fabric show\n{lab.ctl(f'fe{fe}', 'fabric', 'show').stdout}")


class Report:
    """report.md: what happened, and what to look at."""

    def __init__(self, folder):
        self.folder = folder
        self.parts = [f"# deploy/lab ason check, {datetime.datetime.now():%Y-%m-%d %H:%M}\n"]

    def add(self, lab, tag, title, begin, failure):
        end = "FAILED" if failure else "passed"
        self.parts.append(f"## {tag}: {title}\n\n{end} in {time.monotonic() - begin[0]:.1f} s\n\n```")
        self.parts += [line for line in lab.lines[begin[1]:] if line]
        self.parts.append("```\n")
        for about, text in lab.notes:
            self.parts.append(f"{about}:\n```\n{text.rstrip()}\n```\n")
        if lab.capture:
            self.parts.append(f"{len(lab.capture.packets)} RSVP packets: `tshark -r {tag}.pcap -O rsvp`\n")
        self.write()

    def write(self):
        (self.folder / "report.md").write_text("\n".join(self.parts) + "\n")


def play(lab, report, only):
    """All scenarios in their order; the first that fails is the last."""
    for tag, title, function in SCENARIOS:
        if only and tag not in only:
            continue
        lab.say()
        lab.say(f"== {tag}: {title}")
        begin, lab.notes = (time.monotonic(), len(lab.lines)), []
        lab.capture.switch(tag)
        failure = None
        try:
            function(lab)
        except Failed as failed:
            failure = failed
            lab.say(str(failed))
        report.add(lab, tag, title, begin, failure)
        lab.capture.switch(None)
        if failure:
            raise failure


def check(lab, folder, only, keep):
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(folder)
    failure = None
    try:
        lab.up()
        lab.listen(folder)
        play(lab, report, only)
    except Skipped:
        raise
    except (Failed, KeyboardInterrupt) as failed:
        failure = str(failed) or "interrupted"
        lab.save(folder)
    finally:
        lab.deaf()
    if keep:
        lab.say(f"left running: deploy/lab ason --name {lab.name} status, ctl, down")
    else:
        bad = [] if lab.down() else ["not everything ended on SIGTERM"]
        bad += lab.ended_badly()
        for line in bad:
            lab.say(line)
        failure = failure or "; ".join(bad)
        if not failure:
            lab.forget()
    lab.say()
    lab.say(f"report: {folder}/report.md" + (f"; logs: {lab.dir}/log" if failure or keep else ""))
    lab.say("lab ason check: " + (f"FAILED: {failure}" if failure else "passed"))
    return 1 if failure else 0


def main():
    parser = argparse.ArgumentParser(add_help=False, usage=USAGE)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--name")
    parser.add_argument("command", nargs="?")
    parser.add_argument("words", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.help or not given.command:
        print(USAGE, end="")
        return 0 if given.help else 64
    lab = Operated(given.name or (f"ason-{os.getpid()}" if given.command == "check" else "ason"))
    words = given.words
    if given.command == "up":
        lab.up()
        lab.say("it runs; look around with deploy/lab ason status, ctl")
    elif given.command == "scenarios":
        for tag, title, _ in SCENARIOS:
            print(f"{tag:4} {title}")
    elif given.command == "check":
        option = argparse.ArgumentParser(usage=USAGE)
        option.add_argument("--only", default="")
        option.add_argument("--keep", action="store_true")
        option.add_argument("--long", action="store_true")
        option.add_argument("folder", nargs="?", default="/tmp/forces-ason-report")
        chosen = option.parse_args(words)
        lab.long |= chosen.long
        only = set(filter(None, chosen.only.split(",")))
        if only - {tag for tag, _, _ in SCENARIOS}:
            raise Failed(f"no such scenario: {chosen.only}")
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        return check(lab, pathlib.Path(chosen.folder).absolute(), only, chosen.keep)
    elif not lab.dir.exists():
        raise Failed(f"there is no laboratory {lab.name} ({lab.dir}); deploy/lab ason up")
    elif given.command == "status":
        status(lab)
    elif given.command == "down":
        lab.down()
        lab.forget()
    elif given.command == "exec" and len(words) > 1:
        os.execvp("ip", ["ip", "netns", "exec", lab.ns(words[0]), *words[1:]])
    elif given.command == "ctl" and len(words) > 1:
        os.execv(lab.bin / "forcesctl", ["forcesctl", "--socket", str(lab.dir / f"sock/{words[0]}"), *words[1:]])
    else:
        print(USAGE, end="", file=sys.stderr)
        return 64
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Skipped as skipped:
        print(f"lab ason: skipped: {skipped}", file=sys.stderr)
        sys.exit(77)
    except Failed as failed:
        print(f"lab ason: {failed}", file=sys.stderr)
        sys.exit(1)
