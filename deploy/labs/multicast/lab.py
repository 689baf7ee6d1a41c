"""The laboratory while it runs: its programs, its hosts, and what is seen of both."""
import contextlib
import os
import signal
import time

import network
import traffic
from machine import TOP, Machine, run
from network import FES, HOSTS, SERVERS


class Lab(Machine):
    WHAT = "multicast"
    NAMESPACES = network.ALL_NS

    def __init__(self, name):
        super().__init__(name)
        self.traffic = None
        self.senders = {}

    # ---- Programs ----------------------------------------------------------------------------

    def up(self):
        self.prepare("nft", "sysctl")
        self.say(f"namespaces {self.ns('ce1')} ... {self.ns('h4')}, files in {self.dir}")
        network.make(self)
        run(TOP / "deploy/tls/make-dev-certs", self.dir / "tls", "--ce", *SERVERS, "--fe", *FES, timeout=120)
        network.write(self)
        for fe in FES:
            self.exec(f"fe{fe}", "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for number in SERVERS:
            self.start_ce(number)
        for fe in FES:
            self.start_fe(fe)
        self.within(40, "the servers have one cache, and each FE is registered with the first of its list", self.whole)

    def start_ce(self, number):
        self.spawn(f"ce{number}", f"ce{number}", self.bin / "ce", "-f", self.dir / f"ce{number}.toml")

    def start_fe(self, number):
        self.spawn(f"fe{number}", f"fe{number}", self.bin / "fe", "-f", self.dir / f"fe{number}.toml")

    def kill(self, *programs):
        self.say("SIGKILL to " + ", ".join(programs))
        for program in programs:
            self.finish(program, signal.SIGKILL)

    def seen(self, everything):
        for number in SERVERS:
            for words in (("scsp", "neighbors"), ("scsp", "cache"), ("mars", "clients"), ("mars", "mcs"), ("group", "list"),
                          ("fe", "list"), *((("stats",),) if everything else ())):
                yield self.told(f"ce{number}", *words)
        for fe in FES:
            for command in (("ip", "mroute", "show"), ("ip", "-6", "mroute", "show")):
                yield self.shown(f"fe{fe}", *command)
            if everything:
                yield self.shown(f"fe{fe}", "ss", "-aunp")
                yield self.told(f"fe{fe}", "stats")

    # ---- Hosts -------------------------------------------------------------------------------

    def listen(self, _folder):
        self.traffic = traffic.Traffic()
        self.senders = {number: self.inside(host.ns, traffic.sender) for number, host in HOSTS.items()}

    def deaf(self):
        if self.traffic:
            self.traffic.close()
        self.traffic = None

    def send(self, host, group):
        return self.traffic.begin(self.senders[host], group)

    def join(self, host, group):
        return self.traffic.listen(self.inside(HOSTS[host].ns, lambda: traffic.member(group)))

    def arrives(self, receiver, stream, what, limit=5):
        """A datagram that is sent from now on."""
        now = self.traffic.sent(stream)
        self.within(limit, what, lambda: any(number >= now for number in receiver.numbers(stream)))

    def sent(self, stream, more):
        """Returns when so many more datagrams of the stream were sent."""
        until = self.traffic.sent(stream) + more
        while self.traffic.sent(stream) < until:
            time.sleep(0.02)

    def all_once(self, receiver, stream, first, what):
        """Every datagram from number `first` on came, and once."""
        until = self.traffic.sent(stream)
        end = time.monotonic() + 1
        while time.monotonic() < end and any(n not in receiver.numbers(stream) for n in range(first, until)):
            time.sleep(0.01)
        came = receiver.numbers(stream)
        lost = [n for n in range(first, until) if n not in came]
        double = [n for n in range(first, until) if came.get(n, 0) > 1]
        self.expect(until > first and not lost and not double, f"{what}: {until - first} datagrams, each once",
                    f"{len(lost)} lost {lost[:5]}, {len(double)} came more than once {double[:5]}")

    @contextlib.contextmanager
    def all_the_time(self, group, sender=1, receivers=(2, 3, 4)):
        """A stream to members of all FEs, of which no datagram is lost or doubled while the scenario goes on."""
        stream = self.send(sender, group)
        ears = {host: self.join(host, group) for host in receivers}
        for host, ear in ears.items():
            self.arrives(ear, stream, f"the stream of h{sender} to {group} comes to h{host}")
        # Until paths are complete a first datagram may be on its way twice, or not at all.
        self.within(10, "every server knows the group's members", lambda: self.agree(group))
        first = self.traffic.sent(stream)
        yield stream, ears, first
        for host, ear in ears.items():
            self.all_once(ear, stream, first, f"h{host}")
            self.traffic.leave(ear)
        self.traffic.end(stream)

    # ---- What the servers say ----------------------------------------------------------------

    def alive(self):
        return [n for n in SERVERS if self.pid(f"ce{n}")]

    def members(self, server, group):
        """IDs of the FEs in a group, as a server has them."""
        return sorted(int(one["fe"]) for one in self.ask(f"ce{server}", "group", "members", group).get("members", []))

    def agree(self, group, fes=None):
        """All servers that live have the same members; these, if they are given."""
        said = [self.members(n, group) for n in self.alive()]
        return all(one == said[0] for one in said) and (fes is None or said[0] == sorted(fes))

    def server_of(self, fe):
        """Which server's client an FE is, with both protocols; None: of none, or of two."""
        those = {n: sorted(one["protocol"] for one in self.ask(f"ce{n}", "mars", "clients").get("clients", [])
                           if one["fe"] == fe and one["state"] == "registered") for n in self.alive()}
        those = {n: protocols for n, protocols in those.items() if protocols}
        return next(iter(those)) if list(those.values()) == [["ipv4", "ipv6"]] else None

    def mcs_of(self, server, group):
        """IDs of the FEs that replicate for a group, as a server has them."""
        return sorted(int(one["fe"]) for one in self.ask(f"ce{server}", "mars", "mcs").get("mcs", [])
                      if one["group"] == group)

    def copies_sent(self, fe):
        """How many copies of packets an FE has sent to others."""
        return sum(int(one.get("value", 0)) for one in self.ask(f"fe{fe}", "stats", "--filter", "copies_sent").get("samples", []))

    def set_mcs(self, fe, *groups):
        """An FE replicates for these groups from now on, and for no others."""
        (self.dir / f"fe{fe}.toml").write_text(network.fe_toml(self, fe, groups))
        os.kill(self.pid(f"fe{fe}"), signal.SIGHUP)
        self.say(f"fe{fe} is told to replicate for " + (", ".join(groups) or "no group"))

    def aligned(self):
        """Every server that lives hears every other one, and all digests are the same."""
        alive = self.alive()
        for n in alive:
            states = [one["state"] for one in self.ask(f"ce{n}", "scsp", "neighbors").get("neighbors", [])]
            if states.count("aligned") != len(alive) - 1:
                return False
        digests = [{one["originator"]: one["digest"] for one in
                    self.ask(f"ce{n}", "scsp", "cache").get("originators", [])} for n in alive]
        return all(one == digests[0] for one in digests)

    def whole(self):
        return self.aligned() and all(self.server_of(fe) == fe for fe in FES)

    # ---- Faults ------------------------------------------------------------------------------

    @contextlib.contextmanager
    def partition(self, number):
        """A server hears none of the others; its FEs hear it."""
        others = ", ".join(network.ce_address(n) for n in SERVERS if n != number)
        self.exec(f"ce{number}", "nft", "table inet cut { chain in { type filter hook input priority 0; "
                                        f"ip saddr {{ {others} }} drop; }}; }}")
        self.say(f"ce{number} hears no other server")
        yield
        self.exec(f"ce{number}", "nft", "delete table inet cut")
        self.say(f"ce{number} hears the others again")
