"""T19: many connections, and a controller that is killed."""
import os
import pathlib
import subprocess
import time

from network import NODES, Variant
from operate import PRIMARY
from play.scenario import scenario

AT_ONCE = 8  # set-ups that the operator has under way
RECOVERY = 15  # seconds: Variant.recovery


def cpu(pid):
    """Seconds that a process has used."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def messages(lab, number):
    return sum(int(one.get(key, 0)) for one in lab.neighbors(number).values()
               for key in ("messages_received", "messages_sent"))


def create(lab, names, calls):
    """Connection i from A slot i to Z slot i, in the calls by turns."""
    under_way = []
    for at, name in enumerate(names, 1):
        words = lab.spc_words(name, ("A", at), ("Z", at), "--call", calls[at % len(calls)], "--setup-ms", "60000")
        under_way.append(subprocess.Popen([lab.bin / "forcesctl", "--socket", lab.dir / "sock/ce1", *words],
                                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL))
        if len(under_way) == AT_ONCE or at == len(names):
            ended = [one.wait() for one in under_way]
            lab.expect_quietly(not any(ended), f"{name} and those beside it are up")
            under_way = []


@scenario("T19", "many connections through N3, whose ce is killed: all are back within the Recovery Time")
def many(lab):
    count, calls = (1000, 50) if lab.long else (40, 3)
    lab.say(f"all begins anew, with {count} slots a fibre")
    lab.anew(Variant(slots=count))
    begin = time.monotonic()
    names = [f"t19-{at}" for at in range(1, count + 1)]
    made = [lab.ce(1, *lab.call_words("A", "Z"))["name"] for _ in range(calls)]
    create(lab, names, made)
    lab.say(f"{count} connections in {calls} calls are up after {time.monotonic() - begin:.1f} s")
    reduced = [lab.neighbors(3)[other].get("refresh_reduction", False) for other in (2, 4)]
    lab.expect(all(reduced), "N3 and its neighbours refresh by Srefresh", reduced)

    def all_back():
        here = lab.lsps(3)
        return len(here) == count and all(one["state"] == "up" and not one.get("unsynchronized") for one in here)

    lab.within(30, "N3 has them all", all_back)
    before = lab.fabric_state()
    flows = lab.flows(("A", 1), ("Z", 1)) + lab.flows(("A", count), ("Z", count))
    lab.kill_ce(3)
    lab.within(10, "its neighbours have noticed", lambda: lab.lost(2, 3) and lab.lost(4, 3))
    begin = time.monotonic()
    lab.start_ce(3)
    lab.within(RECOVERY + 15, "it has all of them back, confirmed by neighbours and rows", all_back)
    took = time.monotonic() - begin
    figures = (f"{count} LSPs back {took:.1f} s after the start of ce (Recovery Time {RECOVERY} s); it used "
               f"{cpu(lab.pid('ce3')):.2f} s of CPU and {messages(lab, 3)} messages")
    lab.expect(took < RECOVERY, figures)
    lab.expect(lab.fabric_state() == before, "no row was changed, none written again")
    lab.none_lost(flows, "frames through the first and the last of them")
    lab.within(10, "all calls are there", lambda: len(lab.ce(3, "call", "list").get("calls", [])) == calls)
    for call in made:
        lab.must("ce1", "call", "delete", "--connections", call)
    lab.within(60, "all are deleted: no row is left, no LSP, no call", lambda: not any(
        rows for rows in lab.rows(*PRIMARY).values()) and not any(lab.lsps(n) for n in NODES))
    lab.no_calls()
