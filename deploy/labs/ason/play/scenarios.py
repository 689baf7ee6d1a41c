"""Scenarios of setting up, refusing, finding other ways."""
import time

from network import LEVELS, NODES, TNA
from operate import OTHER, PRIMARY
from play.scenario import scenario


@scenario("T1", "an SPC across three domains by one command: A slot 2 to Z slot 4, and back")
def spc(lab):
    lab.spc("t1", ("A", 2), ("Z", 4))
    lab.expect_way("t1", PRIMARY)
    rows = lab.rows()
    lab.expect(all(len(rows[fe]) == (2 if n in PRIMARY else 0) for n in NODES for fe in NODES[n].fes),
               "every FE on its way has two rows, one each way; the others have none", rows)
    owners = {row[-1] for of_fe in rows.values() for row in of_fe.values()}
    lab.expect(len(owners) == 1, "and one owner is in all of them", owners)
    hops = lab.frames_pass(("A", 2), ("Z", 4), "frames from A to Z and from Z to A", 0.5)
    lab.expect(hops == [7, 7], "each frame passed seven fabrics: N2 and N4 have two FEs", hops)
    lab.note("connection", lab.ctl("ce1", "connection", "show", "t1").stdout)
    lab.note("rows at N2's first FE", lab.ctl("fe21", "fabric", "show").stdout)
    lab.delete("t1")
    lab.nothing_left()


@scenario("T6", "a link that is blocked: who may tries another way, and the history names the link")
def crankback(lab):
    with lab.cut(3, 4):
        refused = lab.refused_spc("t6-none", ("A", 1), ("Z", 1), "--crankback", "none")
        lab.expect(refused["link"] == lab.end(3, 4), "without crankback the error comes back and names N3:34",
                   refused)
        lab.nothing_left()
        for scope, who in (("segment", "N2 or N3"), ("boundary", "N2"), ("end_to_end", "N1")):
            name = f"t6-{scope}"
            lab.spc(name, ("A", 1), ("Z", 1), "--crankback", scope)
            lab.expect_way(name, OTHER, f"{scope}, by {who}: past N3, through the legacy node")
            if scope == "end_to_end":
                lab.expect(lab.end(3, 4) in lab.history(name), "its history names N3:34", lab.history(name))
                lab.note("connection", lab.must("ce1", "connection", "show", name))
            lab.frames_pass(("A", 1), ("Z", 1))
            lab.delete(name)
            lab.nothing_left()


@scenario("T7", "both ways blocked: the tries have an end, and nothing stays")
def limits(lab):
    with lab.cut(3, 4), lab.cut(7, 4):
        begin = time.monotonic()
        refused = lab.refused_spc("t7", ("A", 1), ("Z", 1), "--crankback", "segment")
        lab.expect(time.monotonic() - begin < 12, "it fails within its setup timer", refused)
        lab.nothing_left()
    lab.spc("t7", ("A", 1), ("Z", 1), "--crankback", "segment")
    lab.expect_way("t7", PRIMARY, "with the links back it is set up")
    lab.delete("t7")
    lab.nothing_left()


@scenario("T12", "an egress interface that is not there, a slot beyond the STM-4, a slot in use")
def invalid_interface(lab):
    lab.spc("t12", ("A", 1), ("Z", 1))
    for name, interface, number, words in (("interface 99", 99, 1, ("24/1",)), ("slot 9", 7, 9, ("24/1", "24/6")),
                                           ("a slot in use", 7, 1, ("24/1", "24/6"))):
        refused = lab.refused_spc("t12-bad", ("B", 2), (interface, number))
        lab.expect(refused["error"] in words and refused["node"] == NODES[6].id,
                   f"{name}: N6 refuses with {refused['error']} {refused['text']}", refused)
    lab.delete("t12")
    lab.nothing_left()


@scenario("T4", "a call without connections, then with two; it outlives them")
def call(lab):
    made = lab.call("A", "Z")
    lab.spc("t4-working", ("A", 2), ("Z", 2), "--call", made["name"])
    lab.spc("t4-second", ("B", 3), ("Y", 3), "--call", made["name"])
    calls = [lab.the_call(n, made["name"]) for n in (1, 3, 4, 6)]
    lab.expect(all(calls), "it is known at N1, N3, N4 and N6, controllers of three domains", calls)
    lab.within(5, "and has two connections at both ends",
               lambda: [len(lab.the_call(n, made["name"])["connections"]) for n in (1, 6)] == [2, 2])
    refused = lab.ctl("ce1", "call", "delete", made["name"])
    lab.expect(refused.returncode != 0 and "32/2" in refused.stderr, "it is not deleted while it has connections",
               refused.stderr)
    lab.delete("t4-working")
    lab.delete("t4-second")
    lab.nothing_left()
    lab.expect(lab.the_call(6, made["name"])["state"] == "active", "without connections it is still active")
    lab.must("ce1", "call", "delete", made["name"])
    lab.no_calls()


@scenario("T2", "users are named from end to end; of d2 the route shows its borders only")
def domains(lab):
    made = lab.call("A", "Z")
    lab.spc("t2", ("A", 2), ("Z", 2), "--call", made["name"], "--route", NODES[7].id + "+")
    lab.expect_way("t2", OTHER, "it goes through N5, L7 and N4 in d2")
    seen = lab.route("t2")
    lab.expect(seen == [1, 2, 5, 4, 6], "what N1 sees of the route are N5 and N4, the borders", seen)
    there = lab.the_call(6, made["name"])
    lab.expect((there["source"], there["destination"]) == (TNA["A"], TNA["Z"]), "N6 knows the users", there)
    lab.delete("t2")
    lab.must("ce1", "call", "delete", made["name"])
    lab.no_calls()
    lab.nothing_left()


@scenario("T5", "a call in three segments, refused behind the last one: no half call remains")
def segments(lab):
    refused = lab.refused_call("A", "Y")
    lab.expect(refused["error"] == "2/101" and refused["node"] == NODES[6].id,
               f"N6 does not let Y be called: {refused['error']} {refused['text']}", refused)
    lab.no_calls()


@scenario("T13", "a caller whom the policy of d2 does not admit; a forged message, a replayed one")
def wrong_caller(lab):
    refused = lab.refused_call("B", "Z")
    lab.expect(refused["error"] == "2/103" and refused["node"] == NODES[3].id,
               f"N3, at the border of d2, refuses B: {refused['error']} {refused['text']}", refused)
    lab.no_calls()
    lab.nothing_left()
    lab.spc("t13", ("A", 1), ("Z", 1))
    lab.delete("t13")
    lab.nothing_left()
    lab.forge("the Path again, octet for octet", lambda path: path)
    lab.forge("with other octets at its end", lambda path: path[:-4] + b"mine")
    lab.nothing_left()


@scenario("T14", "a service level that nobody has defined")
def service_level(lab):
    refused = lab.refused_call("A", "Z", "--level", "9")
    lab.expect(refused["error"] == "24/101", f"refused: {refused['error']} {refused['text']}", refused)
    made = lab.call("A", "Z", "--level", str(LEVELS[0]))
    lab.must("ce1", "call", "delete", made["name"])
    lab.no_calls()


@scenario("T16", "a call's connection through a node that knows nothing of calls")
def legacy_transit(lab):
    made = lab.call("A", "Z", "--level", str(LEVELS[0]))
    lab.spc("t16", ("A", 2), ("Z", 2), "--call", made["name"], "--route", NODES[7].id + "+")
    lab.expect_way("t16", OTHER, "it goes through the legacy node")
    lab.within(5, "N6 knows whose it is", lambda: len(lab.the_call(6, made["name"])["connections"]) == 1)
    lab.frames_pass(("A", 2), ("Z", 2))
    lab.delete("t16")
    lab.must("ce1", "call", "delete", made["name"])
    lab.no_calls()
    lab.nothing_left()


@scenario("T17", "a callee that knows nothing of calls: it has an end, and without a call it works")
def legacy_egress(lab):
    begin = time.monotonic()
    refused = lab.refused_call("A", "X")
    lab.expect(time.monotonic() - begin < 20, f"the call fails in bounded time: {refused['text']}", refused)
    lab.no_calls()
    lab.spc("t17", ("A", 2), ("X", 2))
    lab.expect_way("t17", [1, 2, 5, 7], "a connection without a call is set up")
    lab.frames_pass(("A", 2), ("X", 2))
    lab.delete("t17")
    lab.nothing_left()


@scenario("T20", "two setups from both ends meet at the last free slot: at most one has it, and nothing is mixed up")
def contention(lab):
    for number in (1, 2, 3):
        lab.spc(f"t20-{number}", ("A", number), ("Z", number))
    lab.start_spc("t20-there", ("B", 1), ("Y", 1), "--keep")
    lab.start_spc("t20-back", ("Y", 2), ("B", 2), "--keep", at=6)
    lab.within(15, "each has come to an end", lambda: lab.state("t20-there") in ("up", "failed")
               and lab.state("t20-back", at=6) in ("up", "failed"))
    states = sorted([lab.state("t20-there"), lab.state("t20-back", at=6)])
    lab.expect(states in (["failed", "up"], ["failed", "failed"]), "the slot has one owner at most", states)
    lab.say(f"there: {lab.state('t20-there')}, back: {lab.state('t20-back', at=6)}")
    for name, at in (("t20-1", 1), ("t20-2", 1), ("t20-3", 1), ("t20-there", 1), ("t20-back", 6)):
        lab.delete(name, at=at)
    lab.nothing_left()
