"""Scenarios of failures of the control plane and of the transport. A connection `base` is up in those of the former,
and frames run through it both ways all the time: not one may be lost, and no row may be touched.
"""
import time

from network import NODES, Variant
from operate import OTHER, PRIMARY
from play.scenario import scenario


@scenario("T21", "a fibre that is cut: restored on another way; reverted; frozen")
def restoration(lab):
    lab.spc("t21", ("A", 3), ("Z", 3), "--recovery", "reroute")
    lab.expect_way("t21", PRIMARY)
    with lab.cut(3, 4):
        lab.within(10, "the ingress has another way for it", lambda: lab.way("t21") == OTHER and lab.is_up("t21"))
        lab.frames_pass(("A", 3), ("Z", 3), "frames pass on the new way")
        lab.note("nominal and current route", lab.ctl("ce1", "connection", "show", "t21").stdout)
    lab.must("ce1", "connection", "revert", "t21")
    lab.within(10, "reverted: it is on its nominal way again", lambda: lab.way("t21") == PRIMARY and lab.is_up("t21"))
    lab.must("ce1", "connection", "freeze", "t21")
    with lab.cut(3, 4):
        lab.within(10, "frozen: it is broken and stays where it is", lambda: lab.state("t21") == "broken")
        time.sleep(1.5)  # longer than a restoration took
        lab.expect(lab.state("t21") == "broken" and lab.way("t21") == PRIMARY, "nothing is done about it")
    lab.within(10, "the fibre is back, and it is up by itself", lambda: lab.is_up("t21"))
    lab.frames_pass(("A", 3), ("Z", 3), "frames pass as before")
    lab.delete("t21")
    lab.nothing_left()


@scenario("T8", "the ce of a transit node is killed and comes back")
def transit(lab):
    lab.begin_base()
    before = lab.fabric_state()
    lab.kill_ce(3)
    lab.within(10, "its neighbours have noticed", lambda: lab.lost(2, 3) and lab.lost(4, 3))
    time.sleep(1)
    lab.start_ce(3)
    lab.within(30, "it has its connection back, confirmed by neighbours and rows", lambda: lab.has_base(3))
    lab.untouched(before, "while N3 had no controller")


@scenario("T8b", "the same at a node of two FEs, and its journal is lost too")
def without_journal(lab):
    lab.begin_base()
    before = lab.fabric_state()
    lab.kill_ce(4)
    for path in (lab.dir / "state").glob("ce4.db*"):
        path.unlink()
    lab.start_ce(4)
    lab.within(30, "N4 has it back from its neighbours and its rows", lambda: lab.has_base(4))
    lab.untouched(before, "while N4 had neither controller nor journal")


@scenario("T8d", "ingress and egress are killed together, then all seven controllers")
def ends(lab):
    lab.begin_base()
    before = lab.fabric_state()
    lab.kill_ce(1, 6)
    lab.start_ce(1, 6)
    lab.within(30, "both have it back, and its call", lambda: lab.has_base(1, 6) and lab.is_up("base"))
    lab.untouched(before, "while both ends had no controller")
    lab.kill_ce(*NODES)
    time.sleep(1)
    lab.start_ce(*NODES)
    lab.within(40, "all have it back", lambda: lab.has_base(*PRIMARY) and lab.is_up("base"))
    lab.untouched(before, "while nobody was there")


@scenario("T8c", "an outage longer than the Restart Time; then N3 comes back alone, and its operator decides")
def outage(lab):
    lab.begin_base()
    lab.again(3, variant=Variant(restart="1s", recovery="3s"))
    lab.within(30, "N3 has `base` back", lambda: lab.has_base(3))
    lab.spc("t8c", ("A", 2), ("Z", 2))
    mine = lab.show("t8c")["lsp"]
    before = lab.fabric_state()
    lab.kill_ce(3)
    lab.within(15, "its Restart Time of 1 s is over: an alarm at N2 and at N4",
               lambda: all(f"{NODES[3].id} restart_time_over" in lab.log(f"ce{n}") for n in (2, 4)))
    lab.expect(lab.is_up("base") and lab.is_up("t8c"), "nothing is released")
    lab.kill_ce(2, 4)
    lab.start_ce(3)
    lab.within(20, "N3 is back, its neighbours are not: nobody confirms what it has, and all of it is kept",
               lambda: [one["state"] for one in lab.lsps(3)] == ["recovering"] * 2)
    lab.within(15, "that the call of `base` has nobody at its ends is an alarm, too",
               lambda: "does not answer a refresh" in lab.log("ce3"))
    lab.expect([one["state"] for one in lab.lsps(3)] == ["recovering"] * 2, "beyond the Recovery Time of 3 s, too")
    lab.expect(all(one.get("unsynchronized") for one in lab.lsps(3)) and lab.log("ce3").count("1: unsynchronized") >= 2,
               "then both are an alarm", lab.lsps(3))
    lab.untouched(before, "beyond the Restart Time, and while nobody was there to say whose it is")
    lab.note("LSPs of N3", lab.must("ce3", "connection", "list", "--lsps"))
    words = [str(mine[key]) for key in ("sender", "end_point", "tunnel", "lsp")]
    lab.must("ce3", "connection", "end-lsp", *words, "--give-up")
    lab.within(10, "the operator gives up `t8c` there: its rows at N3 go, those of `base` stay", lambda: lab.rows(3)[31] == {
        at: row for at, row in before[0][31].items() if row[-1] == lab.owner_of_base(before)})
    lab.start_ce(2, 4)
    lab.within(40, "its neighbours are back: `base` is confirmed everywhere", lambda: lab.has_base(*PRIMARY))
    lab.delete("t8c")
    lab.again(3)
    lab.within(30, "N3 has `base` back", lambda: lab.has_base(3))
    lab.nothing_left()
    lab.expect(sum(lab.exchange.lost(flow) for flow in lab.base_flows) == 0, "no frame of `base` was lost")


@scenario("T9", "the control channel between N2 and N3 is silent for a while; the fibre is not")
def channel(lab):
    lab.begin_base()
    before = lab.fabric_state()
    with lab.silent(2, 3):
        lab.within(10, "both have lost the other", lambda: lab.lost(2, 3) and lab.lost(3, 2))
        time.sleep(2)
        lab.expect(lab.is_up("base"), "the connection stays up")
    lab.within(10, "they have each other again", lambda: not lab.lost(2, 3) and not lab.lost(3, 2))
    lab.within(20, "its state is whole at all nodes", lambda: lab.has_base(*PRIMARY))
    lab.untouched(before, "while the control channel was silent")


@scenario("T10", "the ingress is killed while a setup waits: it is completed or undone, never stuck")
def pending(lab):
    lab.begin_base()
    before = lab.fabric_state()
    with lab.silent(2, 3):
        lab.start_spc("t10", ("A", 2), ("Z", 2))
        lab.within(5, "N1 and N2 have reserved rows for it, and N3 has not heard of it",
                   lambda: len(lab.rows(2)[21]) == 4 and len(lab.rows(3)[31]) == 2)
        lab.kill_ce(1)
        lab.start_ce(1)
    lab.within(40, "it is up, or gone without a trace",
               lambda: lab.is_up("t10") or (lab.state("t10") in (None, "failed") and lab.fabric_state() == before))
    lab.say(f"it is {lab.state('t10') or 'gone'}")
    lab.delete("t10")
    lab.nothing_left()


@scenario("end", "base is deleted: in the whole check no frame of it was lost, and nothing is left")
def end(lab):
    lab.begin_base()
    lab.end_base()
    lab.nothing_left()
