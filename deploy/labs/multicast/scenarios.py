"""What `check` plays. Each is a function of the laboratory that raises Failed where something is not as it must be."""
import network
from network import FES

SCENARIOS = []  # (tag, title, function), in the order in which they are played


def scenario(tag, title):
    def add(function):
        SCENARIOS.append((tag, title, function))
        return function
    return add


def join_and_leave(lab, group):
    stream = lab.send(1, group)
    two, three = lab.join(2, group), lab.join(3, group)
    for host, ear in ((2, two), (3, three)):
        lab.arrives(ear, stream, f"h{host} has joined, and hears h1")
    lab.within(5, "all servers say that fe2 and fe3 are members, and fe1 is none", lambda: lab.agree(group, (2, 3)))
    four = lab.join(4, group)
    lab.arrives(four, stream, "h4, at another port of fe2, hears h1 too")
    first = lab.traffic.sent(stream)
    lab.traffic.leave(three)
    lab.within(10, "h3 has left, and the servers know", lambda: lab.agree(group, (2,)))
    lab.traffic.leave(four)
    lab.all_once(two, stream, first, "h2 meanwhile")
    lab.note("what ce1 says", lab.ctl("ce1", "group", "list").stdout + lab.ctl("ce1", "group", "members", group).stdout)
    lab.traffic.leave(two)
    lab.within(10, "the last one has left: no server has a member", lambda: lab.agree(group, ()))
    lab.traffic.end(stream)


@scenario("M1", "hosts join and leave by the IGMP of their kernels; a stream of fe1's port goes where they are")
def igmp(lab):
    join_and_leave(lab, "239.1.1.1")


@scenario("M2", "the same with IPv6: MLD")
def mld(lab):
    join_and_leave(lab, "ff1e::1:1")


@scenario("M3", "senders everywhere: each member hears each of them once")
def many(lab):
    group = "239.1.1.3"
    streams = {host: lab.send(host, group) for host in (1, 2, 3)}
    ears = {host: lab.join(host, group) for host in (1, 2, 3, 4)}
    lab.within(10, "every server knows all three members", lambda: lab.agree(group, FES))
    pairs = [(to, by) for to in ears for by in streams if to != by]
    for to, by in pairs:
        lab.arrives(ears[to], streams[by], f"h{to} hears h{by}")
    first = {by: lab.traffic.sent(stream) for by, stream in streams.items()}
    lab.within(5, "300 more of each", lambda: all(lab.traffic.sent(s) > first[by] + 300 for by, s in streams.items()))
    for to, by in pairs:
        lab.all_once(ears[to], streams[by], first[by], f"h{to} of h{by}")
    for ear in ears.values():
        lab.traffic.leave(ear)
    for stream in streams.values():
        lab.traffic.end(stream)


@scenario("M4", "the ce of a receiver is killed: the stream goes on, another server takes its FE")
def killed(lab):
    group = "239.1.1.4"
    with lab.all_the_time(group) as (stream, _, _):
        lab.kill("ce2")
        lab.within(20, "fe2 is the client of another server", lambda: lab.server_of(2) in (1, 3))
        lab.within(10, "and no member is missing", lambda: lab.agree(group, (2, 3)))
        late = lab.join(1, group)
        lab.within(10, "who joins now is known too", lambda: lab.agree(group, FES))
        lab.traffic.leave(late)
        lab.within(10, "and who leaves", lambda: lab.agree(group, (2, 3)))
        lab.start_ce(2)
        lab.within(30, "ce2 is back and has the whole cache", lab.aligned)
        lab.expect(lab.traffic.sent(stream) > 500, f"{lab.traffic.sent(stream)} datagrams so far")


@scenario("M5", "all servers are killed at once and come back")
def all_killed(lab):
    group = "239.1.1.5"
    with lab.all_the_time(group):
        lab.kill("ce1", "ce2", "ce3")
        for number in network.SERVERS:
            lab.start_ce(number)
        lab.within(60, "the servers have one cache again, and every FE a server",
                   lambda: lab.aligned() and all(lab.server_of(fe) for fe in FES))
        lab.within(10, "with all members", lambda: lab.agree(group, (2, 3)))


@scenario("M6", "a partition of the servers: both sides go on; healed, they agree")
def partition(lab):
    group, other = "239.1.1.6", "239.1.2.6"
    with lab.all_the_time(group):
        with lab.partition(3):
            lab.within(20, "ce1 and ce2 know that ce3 is away", lambda: any(
                one["state"] != "aligned" for one in lab.ask("ce1", "scsp", "neighbors")["neighbors"]))
            three = lab.join(3, other)
            lab.within(10, "who joins at fe3 is known to fe3's server",
                       lambda: 3 in lab.members(lab.server_of(3) or 3, other))
        lab.within(60, "the servers have one cache again", lab.aligned)
        lab.within(20, "and all know who joined meanwhile", lambda: lab.agree(other, (3,)))
        stream = lab.send(1, other)
        lab.arrives(three, stream, "h3 hears h1 in the group that it joined meanwhile")
        lab.traffic.end(stream)
        lab.traffic.leave(three)


@scenario("M7", "a planned drain: the clients of a ce move before it is stopped, and nothing is lost")
def drain(lab):
    group = "239.1.1.7"
    lab.within(40, "fe1 has a server", lambda: lab.server_of(1))
    with lab.all_the_time(group):
        server = lab.server_of(2)
        lab.note("drain", lab.must(f"ce{server}", "drain"))
        lab.expect(lab.server_of(2) not in (server, None), "the clients are with other servers")
        lab.finish(f"ce{server}")
        lab.within(10, "no member is missing without it", lambda: lab.agree(group, (2, 3)))
        lab.start_ce(server)
        lab.within(40, "it is back", lab.aligned)


@scenario("M8", "a group migrates to an MCS and back: fe1 sends one copy of each datagram instead of two")
def mcs(lab):
    group = "239.1.1.8"

    def copies_of_100(stream):
        """How many copies fe1 sends of about 100 datagrams, for each."""
        copies, sent = lab.copies_sent(1), lab.traffic.sent(stream)
        lab.sent(stream, 100)
        return (lab.copies_sent(1) - copies) / (lab.traffic.sent(stream) - sent)

    with lab.all_the_time(group) as (stream, _, _):
        # Again where the question took so long that more went out meanwhile.
        lab.within(20, "fe1 sends two copies of each, to fe2 and to fe3", lambda: 1.9 < copies_of_100(stream) < 2.1)
        lab.set_mcs(3, group)
        lab.within(20, "fe3 is the group's MCS, for all servers", lambda: all(
            lab.mcs_of(n, group) == [3] for n in lab.alive()))
        lab.within(20, "fe1 sends one copy of each, to fe3's MCS", lambda: 0.9 < copies_of_100(stream) < 1.1)
        lab.set_mcs(3)
        lab.within(20, "fe3 is no MCS any more, for no server", lambda: all(
            lab.mcs_of(n, group) == [] for n in lab.alive()))
        lab.within(20, "and fe1 sends two copies again", lambda: 1.9 < copies_of_100(stream) < 2.1)


@scenario("M9", "an FE that is killed: its members go, when it comes back they are there again")
def fe_killed(lab):
    group = "239.1.1.9"
    stream = lab.send(1, group)
    two, three = lab.join(2, group), lab.join(3, group)
    lab.arrives(three, stream, "h3 hears h1")
    lab.arrives(two, stream, "h2 hears h1")
    first = lab.traffic.sent(stream)
    lab.kill("fe3")
    lab.within(30, "no server has fe3 as a member", lambda: lab.agree(group, (2,)))
    lab.start_fe(3)
    lab.within(60, "fe3 is back, and a member", lambda: lab.agree(group, (2, 3)))
    lab.arrives(three, stream, "h3, who did nothing, hears h1 again", 10)
    lab.all_once(two, stream, first, "h2 all the time")
    lab.traffic.leave(two)
    lab.traffic.leave(three)
    lab.traffic.end(stream)


@scenario("M10", "an FE and its server are killed together: what they said ends with the flush, and not before")
def ghosts(lab):
    group = "239.1.1.10"
    stream = lab.send(1, group)
    two, three = lab.join(2, group), lab.join(3, group)
    lab.arrives(three, stream, "h3 hears h1")
    lab.arrives(two, stream, "h2 hears h1")
    lab.within(20, "ce3 is fe3's server", lambda: lab.server_of(3) == 3)
    first = lab.traffic.sent(stream)
    lab.kill("fe3", "ce3")
    lab.expect(lab.agree(group, (2, 3)), "the other servers keep it for now: its server may come back")
    lab.within(network.FLUSH + 5, "two updates of ce3 are missed: fe3 is no member any more", lambda: lab.agree(group, (2,)))
    lab.start_ce(3)
    lab.start_fe(3)
    lab.within(60, "both are back, and fe3 is a member", lambda: lab.aligned() and lab.agree(group, (2, 3)))
    lab.arrives(three, stream, "h3 hears h1 again", 10)
    lab.all_once(two, stream, first, "h2 all the time")
    lab.traffic.leave(two)
    lab.traffic.leave(three)
    lab.traffic.end(stream)
