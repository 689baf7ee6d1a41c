"""The laboratory while it runs: its programs, what can be seen of them, and what its operators do."""
import contextlib
import select
import signal
import socket
import subprocess
import time

import network
from machine import TOP, Machine, run
from network import NODES, USERS
from wire import traffic
from wire.edge import Edge


class Lab(Machine):
    """Nodes are meant by their numbers, FEs by their IDs, users by their letters; labels by their slots."""
    WHAT = "ason"
    NAMESPACES = network.ALL_NS
    exchange = None

    # ---- Programs ----------------------------------------------------------------------------

    def up(self):
        self.prepare("sysctl")
        self.dir.chmod(0o755)
        self.say(f"namespaces {self.ns('n1')} ... {self.ns(USERS)}, files in {self.dir}")
        network.make(self)
        fes = [fe for node in NODES.values() for fe in node.fes]
        run(TOP / "deploy/tls/make-dev-certs", self.dir / "tls", "--ce", *NODES, "--fe", *fes, timeout=120)
        network.write_secret(self)
        network.write(self)
        for folder in ("tls", "sock", "state"):
            run("chown", "-R", "nobody", self.dir / folder)
        self.start_all()

    def start_fe(self, fe, ns):
        self.spawn(f"fe{fe}", ns, self.bin / "fe", "-f", self.dir / f"fe{fe}.toml")

    def start_ce(self, *numbers):
        for number in numbers:
            node = NODES[number]
            self.spawn(node.ce, node.ns, self.bin / "ce", "-f", self.dir / f"{node.ce}.toml")

    def again(self, *numbers, variant=network.Variant(), fabrics=False):
        """The ces of these nodes, or all their programs, end in good order and start again, as the variant is."""
        fes = [(fe, NODES[number].ns) for number in numbers for fe in NODES[number].fes if fabrics]
        for what in [NODES[number].ce for number in numbers] + [f"fe{fe}" for fe, _ in fes]:
            self.finish(what)
        network.write(self, *numbers, variant=variant)
        self.start_ce(*numbers)
        for fe, ns in fes:
            self.start_fe(fe, ns)
        self.within(20, "they have read their fabrics, and all hear each other: "
                    + ", ".join(NODES[number].name for number in numbers), self.whole)

    def anew(self, variant):
        """All programs, with nothing in fabrics and journals."""
        for what in sorted(self.running(), key=lambda name: name.startswith("ce")):
            if what.startswith(("fe", "ce")):
                self.finish(what)
        for path in (self.dir / "state").glob("[fc]e*"):
            path.unlink()
        network.write(self, variant=variant)
        self.start_all()

    def start_all(self):
        for number, node in NODES.items():
            self.start_ce(number)
            for fe in node.fes:
                self.start_fe(fe, node.ns)
        self.within(40, "every ce has read the fabric of its fes, and hears its neighbours", self.whole)

    def kill_ce(self, *numbers):
        self.say("SIGKILL to the ce of " + ", ".join(NODES[number].name for number in numbers))
        for number in numbers:
            self.finish(NODES[number].ce, signal.SIGKILL)

    def seen(self, everything):
        more = (("signaling", "status"), ("stats",)) if everything else ()
        for node in NODES.values():
            for words in (("signaling", "neighbors"), ("call", "list"), ("connection", "list"), ("connection", "list", "--lsps"),
                          *more):
                yield self.told(node.ce, *words)
            for fe in node.fes:
                yield self.told(f"fe{fe}", "fabric", "show")

    # ---- Traffic -----------------------------------------------------------------------------

    def listen(self, folder):
        """Users begin to send and receive, and RSVP packets are captured to this folder."""
        names = [user for node in NODES.values() for user in node.users] + [edge.name for edge in network.EDGES.values()]
        self.exchange = traffic.Exchange(
            self.inside(USERS, lambda: {name: traffic.User(name) for name in names}))
        self.capture = traffic.Capture(
            [self.inside(ns, traffic.Capture.ear) for ns in (*(node.ns for node in NODES.values()), USERS)], folder)

    @staticmethod
    def edge_of(user):
        """Of an edge node: its ID, that of the node it is at, and the interface it calls its own."""
        for link in network.UNI:
            edge = network.EDGES[link.b]
            if edge.name == user:
                return edge.id, NODES[link.a].id, link.interface(link.b)
        raise KeyError(user)

    @contextlib.contextmanager
    def edges(self, *users):
        """Edge nodes, as long as they are needed."""
        there = [Edge(self, user, network.SECRET.encode()) for user in users]
        try:
            yield there
        finally:
            for one in there:
                one.close()

    def inject(self, node, device, packet):
        """An IP packet out of an interface, as if the node's own had sent it."""
        sender = self.inside(node, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0))
        with sender:
            sender.sendto(packet, (device, traffic.IPV4, 0, 0, b"\xff" * 6))

    def deaf(self):
        for part in (self.exchange, self.capture):
            if part:
                part.close()
        self.exchange = self.capture = None

    def flows(self, a, z):
        """Frames both ways between two (user, slot), until none_lost()."""
        a, z = (a[0], traffic.slot(a[1])), (z[0], traffic.slot(z[1]))
        return [self.exchange.start(*a, *z), self.exchange.start(*z, *a)]

    def none_lost(self, flows, what):
        """Ends them; returns how many fabrics the last frames passed."""
        over = [self.exchange.stop(flow) for flow in flows]
        sent, received = [flow.sent for flow in over], [flow.received for flow in over]
        self.expect(min(sent) > 0 and sent == received,
                    f"{what}: {received[0]} there and {received[1]} back, none lost", f"{sent} sent, {received} came")
        return [flow.hops for flow in over]

    def frames_pass(self, a, z, what="frames pass", seconds=0.3):
        flows = self.flows(a, z)
        time.sleep(seconds)
        return self.none_lost(flows, what)

    def tap(self, node, interface, count, wait=5):
        """The next so many frames that arrive there, as (label, what is inside of it)."""
        ear = self.inside(NODES[node].ns, lambda: traffic.User(network.device(interface)))
        seen, end = [], time.monotonic() + wait
        with ear.socket:
            ear.socket.setblocking(False)
            while len(seen) < count and select.select([ear.socket], [], [], max(0, end - time.monotonic()))[0]:
                frame = ear.receive()
                if frame:
                    seen.append((frame[0], frame[2]))
        return seen

    # ---- What is seen ------------------------------------------------------------------------

    @staticmethod
    def plain(done):
        return done.stdout + done.stderr

    def begin(self, who, *words):
        """A command of forcesctl that nobody waits for."""
        self.children[f"ctl-{len(self.children)}"] = subprocess.Popen(
            [self.bin / "forcesctl", "--socket", self.dir / f"sock/{who}", *words], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ce(self, number, *words):
        return self.ask(NODES[number].ce, *words)

    def rows(self, *numbers):
        """Cross-connects as they stand in the FEs of these nodes: {fe: {subscript: (..., owner)}}."""
        keys = ("in_port", "in_label", "out_port", "out_label", "state", "owner")
        return {fe: {row["subscript"]: tuple(row[key] for key in keys)
                     for row in self.ask(f"fe{fe}", "fabric", "show").get("rows", [])}
                for number in numbers or NODES for fe in NODES[number].fes}

    def fabric_state(self):
        """All rows, and how often each FE wrote a change down: equal twice when nothing happened between."""
        writes = {}
        for node in NODES.values():
            for fe in node.fes:
                counters = self.ask(f"fe{fe}", "fabric", "show").get("counters", [])
                writes[fe] = sum(int(one.get("value", 0)) for one in counters if one["name"] == "fabric_file_batches")
        return self.rows(), writes

    # ---- Faults ------------------------------------------------------------------------------

    @staticmethod
    def end(a, b):
        """The interface of node a towards node b, as forcesctl writes it."""
        return f"{NODES[a].id}:{a}{b}"

    @contextlib.contextmanager
    def cut(self, a, b):
        """The fibre between two nodes passes no light; control packets go on."""
        ends = [(f"fe{network.fe_of(NODES[near], int(f'{near}{to}'))}", f"{near}{to}") for near, to in ((a, b), (b, a))]
        for fe, port in ends:
            self.must(fe, "fabric", "fail", port)
        self.say(f"the fibre between {NODES[a].name} and {NODES[b].name} is cut")
        yield
        for fe, port in ends:
            self.must(fe, "fabric", "restore", port)
        self.say(f"the fibre between {NODES[a].name} and {NODES[b].name} is back")

    @contextlib.contextmanager
    def silent(self, a, b):
        """Between two nodes no RSVP packet arrives; light passes."""
        ends = [(NODES[near].ns, f"o{near}{to}") for near, to in ((a, b), (b, a))]
        for ns, device in ends:
            self.exec(ns, "nft", f"table netdev {device} {{ chain out {{ type filter hook egress device {device} "
                                 "priority 0; ip protocol 46 drop; }; }")
        self.say(f"RSVP between {NODES[a].name} and {NODES[b].name} is dropped")
        yield
        for ns, device in ends:
            self.exec(ns, "nft", f"delete table netdev {device}")
        self.say(f"RSVP between {NODES[a].name} and {NODES[b].name} passes")
