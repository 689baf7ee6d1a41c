"""T11: the two ends of a fibre number its slots differently, for equipment between them does what it wants."""
from network import SLOTS, Variant, start_box
from operate import OTHER, PRIMARY
from play.scenario import scenario

N2, N5 = (2, 25), (5, 52)  # (node, interface) of the ends
STRAIGHT = {slot: slot for slot in range(1, SLOTS + 1)}
TURNED = {slot: SLOTS + 1 - slot for slot in STRAIGHT}


def known(lab, end, how="trace"):
    """{our slot: that at the other end} that is verified, as `label-map show` has it."""
    node, interface = end
    entries = lab.ce(node, "label-map", "show", interface).get("entries", [])
    return {one["local"] >> 16: one["remote"] >> 16 for one in entries
            if one["state"] == "verified" and one.get("provisioned", False) == (how == "rows")}


def both_know(lab, pairs, what, how="trace"):
    lab.within(15, what, lambda: known(lab, N2, how) == known(lab, N5, how) == pairs)


def set_up(lab, name):
    lab.spc(name, ("A", 1), ("Z", 1), "--route", "10.90.0.5+")
    lab.expect_way(name, OTHER, "it goes from N2 to N5 past the box")
    out = [row[3] >> 16 for row in lab.rows(2)[22].values() if row[2] == N2[1]]
    into = [row[1] >> 16 for row in lab.rows(5)[51].values() if row[0] == N5[1]]
    return out, into


@scenario("T11", "equipment between N2 and N5 numbers slots its own way: traces find out how before the first Path")
def discovery(lab):
    both_know(lab, TURNED, "both ends have found all slots of each other, by traces")
    lab.expect(not [packet for packet in lab.capture.packets if packet[21] == 1], "no Path was needed for that")
    lab.note("label-map of N2", lab.must("ce2", "label-map", "show"))
    out, into = set_up(lab, "t11")
    lab.expect(len(out) == 1 and into == [TURNED[out[0]]], f"slot {out} at N2 is slot {into} at N5")
    flows = lab.flows(("A", 1), ("Z", 1))
    lab.kill_ce(2)
    lab.start_ce(2)
    lab.within(30, "N2 was killed; its slots are known again, also that which is in use, and so is the connection",
               lambda: known(lab, N2) == TURNED
               and [lsp["state"] for lsp in lab.lsps(2) if not lsp.get("unsynchronized")] == ["up"])
    lab.none_lost(flows, "frames all the time, among traces in the other slots")
    lab.delete("t11")
    lab.nothing_left()
    lab.finish("box")
    start_box(lab, "straight")
    both_know(lab, STRAIGHT, "the box is set otherwise: the tables follow")
    lab.must("ce2", "label-map", "set", str(N2[1]), "0x10000", "0x20000")
    lab.within(5, "an operator who says otherwise has an alarm, and the slots in doubt are not used",
               lambda: lab.ce(2, "label-map", "show").get("faults") and set(known(lab, N2)) == {3, 4})
    lab.expect("contradiction" in lab.log("ce2"), "it is in the log of N2's ce")
    lab.note("label-map of N2, in doubt", lab.must("ce2", "label-map", "show"))
    lab.must("ce2", "label-map", "withdraw", str(N2[1]), "0x10000")
    both_know(lab, STRAIGHT, "he takes it back: what is heard is known again")
    lab.finish("box")
    start_box(lab)
    both_know(lab, TURNED, "the box is set as it was, and the tables are as they were")


@scenario("T11b", "without traces: by rows of the operator frames pass; without any table it is set up and none does")
def by_hand(lab):
    lab.again(2, 5, variant=Variant(box="rows"))
    both_know(lab, TURNED, "the operator's rows are in use", "rows")
    set_up(lab, "t11-rows")
    lab.frames_pass(("A", 1), ("Z", 1))
    lab.delete("t11-rows")
    lab.nothing_left()
    lab.again(2, 5, variant=Variant(box="naive"))
    out, into = set_up(lab, "t11-naive")
    lab.expect(out == into, f"without the table slot {out} of N2 is taken for slot {into} of N5, and all is up")
    flows = lab.flows(("A", 1), ("Z", 1))
    lab.within(5, "frames are sent", lambda: min(lab.exchange.count(flow)[0] for flow in flows) > 50)
    over = [lab.exchange.stop(flow) for flow in flows]
    lab.expect([flow.received for flow in over] == [0, 0], "and not one comes through", over)
    lab.delete("t11-naive")
    lab.nothing_left()
    lab.again(2, 5)
    both_know(lab, TURNED, "with discovery again, by traces")
