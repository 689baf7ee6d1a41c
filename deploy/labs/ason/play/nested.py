"""T2, T5, T8, T13, T21 where d2 nests what crosses it in adjacencies of its own (RFC 4206), and lets nobody choose its ways."""
import contextlib

from network import BORDERS, CLIENT, NODES, Variant
from operate import BY_ID
from play.scenario import scenario
from play.stitched import OVER_N5, all_gone, owners, segment_of, survives
from wire import traffic

SLOTS = {"t2n-2": 2, "t2n-3": 3}  # of A and Z, by connection


@contextlib.contextmanager
def nesting(lab):
    """Borders of d2 have a port for 63 VC-12s inside one for a VC-4."""
    lab.again(*BORDERS, variant=Variant(crossing="nested"), fabrics=True)
    yield
    lab.again(*BORDERS, fabrics=True)


def inside_of_one(lab):
    """What L7 gets from N5 is one VC-4, and in that are the frames of both."""
    frames = lab.tap(7, 75, 40)
    lab.expect(len(frames) == 40 and len({label for label, _ in frames}) == 1,
               "what L7 gets from N5 has one label", {label for label, _ in frames})
    inner = {traffic.HEAD.unpack_from(payload)[0] for _, payload in frames}
    lab.expect(len(inner) == 2 and all(1 <= label <= 63 for label in inner),
               f"and inside of that two, of VC-12s: {sorted(inner)}", inner)


@scenario("T2n", "d2 nests: two connections of a call in one LSP from border to border; the ces of both borders are killed")
def in_an_adjacency(lab):
    with nesting(lab):
        refused = lab.refused_spc("t2n-bad", ("A", 1), ("Z", 1), "--signal", "vc12", "--route", NODES[7].id + "+")
        lab.expect(refused["error"] == "2/104" and BY_ID[refused["node"]] in BORDERS,
                   f"a route by L7 is refused at the border: {refused['error']} {refused['text']}", refused)
        lab.nothing_left()
        call = lab.call("A", "Z")["name"]
        for name, slot in SLOTS.items():
            lab.spc(name, ("A", slot), ("Z", slot), "--call", call, "--signal", "vc12", "--route", NODES[5].id + "+")
            lab.expect_way(name, OVER_N5, "N4 is the neighbour of N5; L7, between them, has no LSP of it")
        pairs = [segment_of(lab, name, 5) for name in SLOTS]
        lab.expect(pairs[0][1] and pairs[0][1] == pairs[1][1], "both are in one adjacency of N5", pairs)
        lab.expect([one["id"] for one in lab.lsps(7)] == [pairs[0][1]], "which is all that L7 has", lab.lsps(7))
        shown = [lab.ce(5, "connection", "show", one["name"]) for one in lab.ce(5, "connection", "list")["connections"]]
        lab.expect([one["adjacency"] for one in shown] == [CLIENT]
                   and sorted(map(str, shown[0]["carries"])) == sorted(str(lsp) for lsp, _ in pairs),
                   "N5 says that it carries both", shown)
        lab.note("the adjacency at N5", lab.must("ce5", "connection", "show", shown[0]["name"]))
        rows = {number: sum(map(len, lab.rows(number).values())) for number in (5, 7, 4)}
        # N4's second FE has the connections alone: what carries them ends at the first.
        lab.expect(rows == {5: 6, 7: 2, 4: 10}, "rows: two each for both and for what carries them, L7 has those only", rows)
        lab.note("rows at N5", lab.ctl("fe51", "fabric", "show").stdout)
        flows = [flow for slot in SLOTS.values() for flow in lab.flows(("A", slot), ("Z", slot))]
        inside_of_one(lab)
        hops = lab.none_lost(flows, "frames of both pass, 2 x 2 x 200 a second")
        lab.expect(hops == [7] * 4, "seven fabrics: L7's does not see them", hops)
        survives(lab, SLOTS, 5, (5, 4))
        lab.capture.switch(None)  # until here nothing may be torn (tests/conformance/rsvp_test)
        with lab.cut(7, 4):
            lab.within(10, "what carries them fails, and so do both", lambda: all(lab.state(n) == "broken" for n in SLOTS))
        lab.within(10, "the fibre is back, and both are up by themselves", lambda: all(lab.is_up(n) for n in SLOTS))
        lab.delete("t2n-2")
        lab.expect(owners(lab, 7), "the one that is left keeps what carries it", owners(lab, 7))
        lab.frames_pass(("A", 3), ("Z", 3))
        all_gone(lab, "t2n-3", call)
