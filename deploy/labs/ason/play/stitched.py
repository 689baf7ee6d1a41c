"""T2, T5, T8 where d2 does not let connections through: it gives each a segment of its own to go over (RFC 5150)."""
import contextlib

from network import BORDERS, NODES, Variant
from operate import PRIMARY
from play.scenario import scenario

OVER_N5 = [1, 2, 5, 4, 6]  # nodes that have the LSP: L7, between N5 and N4, has the segment's
GONE = 20  # seconds: what carried a call and is used by nobody waits 1 s, others 5 s, for another LSP


@contextlib.contextmanager
def stitching(lab):
    """d2 as said, with two segments for each connection: one that it uses, one that is ready."""
    lab.again(*BORDERS, variant=Variant(crossing="stitched"))
    yield
    lab.again(*BORDERS)


def set_up(lab, name, *options):
    made = lab.call("A", "Z")
    lab.spc(name, ("A", 2), ("Z", 2), "--call", made["name"], *options)
    return made["name"]


def segment_of(lab, name, entry):
    """(LSP of the connection, LSP of the segment that it goes over), as the border has them where it enters d2."""
    lsp = lab.show(name)["lsp"]
    here = next(one for one in lab.lsps(entry) if one["id"] == lsp)
    return lsp, here.get("segment_out")


def owners(lab, *numbers):
    """Of rows at these nodes."""
    return {row[-1] for of_fe in lab.rows(*numbers).values() for row in of_fe.values()}


def ready(lab, entry):
    """So many segments of a border are up."""
    return sum(one.get("segment", False) and one["state"] == "up"
               for one in lab.ce(entry, "connection", "list").get("connections", []))


def survives(lab, slots, entry, killed):
    """Borders are killed; no row is written, no frame lost, and all LSPs are known again, and which goes over which.
    `slots`: those of the users, by connection."""
    pairs = [segment_of(lab, name, entry) for name in slots]
    before = lab.fabric_state()
    flows = [flow for number in slots.values() for flow in lab.flows(("A", number), ("Z", number))]
    lab.kill_ce(*killed)
    lab.start_ce(*killed)

    def all_known(number):
        here = {str(one["id"]): one for one in lab.lsps(number)}
        known = [here.get(str(which), {}) for pair in pairs for which in pair]
        there = "segment_out" if number == entry else "segment_in"
        return (all(here.get(str(lsp), {}).get(there) == segment for lsp, segment in pairs)
                and all(one.get("state") == "up" and not one.get("unsynchronized") for one in known))

    lab.within(30, "killed and started: at both its ends it is up, and carries what it carried",
               lambda: all_known(entry) and all_known(4) and all(lab.is_up(name) for name in slots))
    lab.expect(lab.fabric_state() == before, "every row of every FE is as it was, none was written again")
    lab.none_lost(flows, "frames across d2 all the time")


def all_gone(lab, name, call):
    lab.delete(name)
    lab.must("ce1", "call", "delete", call)  # which waits for its segments at the borders
    lab.no_calls()
    lab.within(GONE, "its segments went, too: no row is left anywhere, no LSP",
               lambda: not owners(lab) and not any(lab.lsps(number) for number in NODES))


@scenario("T2s", "d2 stitches: a connection over a segment from border to border, past a node that has no LSP of it")
def over_a_segment(lab):
    with stitching(lab):
        call = set_up(lab, "t2s", "--route", NODES[5].id + "+")
        lab.expect_way("t2s", OVER_N5, "N4 is the neighbour of N5; L7, between them, has no LSP of it")
        lab.expect(lab.route("t2s") == OVER_N5, "nor is L7 in the route that N1 sees", lab.route("t2s"))
        lsp, segment = segment_of(lab, "t2s", 5)
        lab.expect(segment and [one for one in lab.lsps(7) if one["id"] == segment], "L7 has the segment", lab.lsps(7))
        carries = [one.get("carries") for name in (one["name"] for one in lab.ce(5, "connection", "list")["connections"])
                   for one in [lab.ce(5, "connection", "show", name)] if one["lsp"] == segment]
        lab.expect(carries == [[lsp]], "which carries it, and nothing else", carries)
        lab.note("LSPs of N5", lab.must("ce5", "connection", "list", "--lsps"))
        mine = owners(lab, 1)
        lab.expect(len(mine) == 1 and owners(lab, *OVER_N5) == mine and not owners(lab, 7) & mine,
                   "rows are the connection's at the borders, too; the segment's at L7", owners(lab, *OVER_N5, 7))
        hops = lab.frames_pass(("A", 2), ("Z", 2))
        lab.expect(hops == [8, 8], "frames pass L7's fabric as well: eight", hops)
        lab.within(10, "the segment beside it is ready, too", lambda: ready(lab, 5) == 2)
        survives(lab, {"t2s": 2}, 5, (5,))
        all_gone(lab, "t2s", call)


@scenario("T5s", "with one segment more the call has one connection for users, two in d2; the ces of both borders are killed")
def own_number_of_connections(lab):
    with stitching(lab):
        call = set_up(lab, "t5s")
        lab.expect_way("t5s", PRIMARY)
        lab.within(10, "controllers of d2 count two connections of the call, those of d1 and d3 one",
                   lambda: [len(lab.the_call(n, call)["connections"]) for n in (1, 3, 4, 6)] == [1, 2, 2, 1])
        lab.note("the call at N3", lab.must("ce3", "call", "show", call))
        lab.within(10, "the segment beside it is ready, too", lambda: ready(lab, 3) == 2)
        survives(lab, {"t5s": 2}, 3, (3, 4))
        lab.within(20, "the call is whole at all its controllers", lambda: [
            (here.get("state"), len(here.get("connections", []))) for here in (lab.the_call(n, call) for n in (1, 3, 4, 6))]
            == [("active", 1), ("active", 2), ("active", 2), ("active", 1)])
        lab.capture.switch(None)  # until here nothing may be torn (tests/conformance/rsvp_test)
        all_gone(lab, "t5s", call)
