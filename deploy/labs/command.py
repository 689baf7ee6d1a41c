"""The commands of a laboratory: up, status, exec, ctl, down, check and its report, scenarios.

A laboratory is a Machine with up(), seen(), listen(folder), deaf(), and may have a `capture` with switch(tag); its scenarios are (tag, title, function of the laboratory).
"""
import argparse
import datetime
import os
import pathlib
import signal
import sys
import time

from machine import Failed, Skipped


class Report:
    """report.md: what happened, and what to look at."""

    def __init__(self, what, folder):
        self.folder = folder
        self.parts = [f"# deploy/lab {what} check, {datetime.datetime.now():%Y-%m-%d %H:%M}\n"]

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


def play(lab, scenarios, report, only):
    """All scenarios in their order; the first that fails is the last."""
    for tag, title, function in scenarios:
        if only and tag not in only:
            continue
        lab.say()
        lab.say(f"== {tag}: {title}")
        begin, lab.notes = (time.monotonic(), len(lab.lines)), []
        if lab.capture:
            lab.capture.switch(tag)
        failure = None
        try:
            function(lab)
        except Failed as failed:
            failure = failed
            lab.say(str(failed))
        report.add(lab, tag, title, begin, failure)
        if lab.capture:
            lab.capture.switch(None)
        if failure:
            raise failure


def check(what, lab, scenarios, folder, only, keep):
    folder.mkdir(parents=True, exist_ok=True)
    report = Report(what, folder)
    failure = None
    try:
        lab.up()
        lab.listen(folder)
        play(lab, scenarios, report, only)
    except Skipped:
        raise
    except (Failed, KeyboardInterrupt) as failed:
        failure = str(failed) or "interrupted"
        lab.save(folder)
    finally:
        lab.deaf()
    if keep:
        lab.say(f"left running: deploy/lab {what} --name {lab.name} status, ctl, down")
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
    lab.say(f"lab {what} check: " + (f"FAILED: {failure}" if failure else "passed"))
    return 1 if failure else 0


def invoke(usage, make, scenarios):
    what = make.WHAT
    parser = argparse.ArgumentParser(add_help=False, usage=usage)
    parser.add_argument("-h", "--help", action="store_true")
    parser.add_argument("--name")
    parser.add_argument("command", nargs="?")
    parser.add_argument("words", nargs=argparse.REMAINDER)
    given = parser.parse_args()
    if given.help or not given.command:
        print(usage, end="")
        return 0 if given.help else 64
    lab = make(given.name or (f"{what}-{os.getpid()}" if given.command == "check" else what))
    words = given.words
    if given.command == "up":
        lab.up()
        lab.say(f"it runs; look around with deploy/lab {what} status, ctl")
    elif given.command == "scenarios":
        for tag, title, _ in scenarios:
            print(f"{tag:4} {title}")
    elif given.command == "check":
        option = argparse.ArgumentParser(usage=usage)
        option.add_argument("--only", default="")
        option.add_argument("--keep", action="store_true")
        option.add_argument("--long", action="store_true")
        option.add_argument("folder", nargs="?", default=f"/tmp/forces-{what}-report")
        chosen = option.parse_args(words)
        lab.long |= chosen.long
        only = set(filter(None, chosen.only.split(",")))
        if only - {tag for tag, _, _ in scenarios}:
            raise Failed(f"no such scenario: {chosen.only}")
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        return check(what, lab, scenarios, pathlib.Path(chosen.folder).absolute(), only, chosen.keep)
    elif not lab.dir.exists():
        raise Failed(f"there is no laboratory {lab.name} ({lab.dir}); deploy/lab {what} up")
    elif given.command == "status":
        print("\n".join(lab.status()))
    elif given.command == "down":
        lab.down()
        lab.forget()
    elif given.command == "exec" and len(words) > 1:
        os.execvp("ip", ["ip", "netns", "exec", lab.ns(words[0]), *words[1:]])
    elif given.command == "ctl" and len(words) > 1:
        os.execv(lab.bin / "forcesctl", ["forcesctl", "--socket", str(lab.dir / f"sock/{words[0]}"), *words[1:]])
    else:
        print(usage, end="", file=sys.stderr)
        return 64
    return 0


def main(usage, make, scenarios):
    try:
        sys.exit(invoke(usage, make, scenarios))
    except Skipped as skipped:
        print(f"lab {make.WHAT}: skipped: {skipped}", file=sys.stderr)
        sys.exit(77)
    except Failed as failed:
        print(f"lab {make.WHAT}: {failed}", file=sys.stderr)
        sys.exit(1)
