#include "ce/ctl/render.hpp"

#include <fmt/format.h>
#include <google/protobuf/util/json_util.h>

#include <array>
#include <map>
#include <utility>
#include <vector>

#include "ce/ctl/element/fabric.hpp"
#include "ce/ctl/element/membership.hpp"
#include "ce/ctl/lfb/lfb_text.hpp"
#include "ce/ctl/multicast/multicast_text.hpp"
#include "ce/ctl/signaling/signaling_text.hpp"
#include "ce/ctl/table.hpp"

namespace forces::ctl {
namespace {

using control::Response;

// "name  value" lines, the names padded to one width.
class Facts {
 public:
  void add(std::string name, std::string value) {
    if (!value.empty()) table_.row({std::move(name), std::move(value)});
  }
  std::string text() const {
    const auto all = table_.text();
    return all.substr(all.find('\n') + 1);  // no header
  }

 private:
  Table table_{{"", ""}};
};

template <class List>
std::string joined(const List& list, std::string_view separator) {
  std::string all;
  for (const auto& one : list) {
    fmt::format_to(std::back_inserter(all), "{}{}", all.empty() ? "" : separator, one);
  }
  return all;
}

std::string octets_text(std::uint64_t octets) {
  if (octets < 10'240) return fmt::format("{}", octets);
  if (octets < 10 * 1'048'576) return fmt::format("{} KiB", octets / 1024);
  return fmt::format("{} MiB", octets / 1'048'576);
}

std::string us_text(double us) {
  if (us < 1'000) return fmt::format("{:.0f}us", us);
  if (us < 1'000'000) return fmt::format("{:.1f}ms", us / 1e3);
  return fmt::format("{:.1f}s", us / 1e6);
}

std::string distribution_text(const control::Distribution& d) {
  if (d.count() == 0) return "-";
  return fmt::format("mean {}, p50 <= {}, p99 <= {} of {}", us_text(d.mean_us()),
                     us_text(d.p50_us()), us_text(d.p99_us()), d.count());
}

template <class Counters>
std::string counters_text(const Counters& counters) {
  Table table({"COUNTER", ">VALUE"});
  for (const auto& counter : counters) {
    table.row({counter.reason().empty() ? counter.name()
                                        : fmt::format("{}{{{}}}", counter.name(), counter.reason()),
               std::to_string(counter.value())});
  }
  return table.empty() ? "" : fmt::format("\n{}", table.text());
}

template <class Ports>
std::string ports_text(const Ports& ports) {
  Table table({">PORT", "DEVICE", "KIND", "ADDRESS", "STATE", "COUNTERS"});
  for (const auto& port : ports) {
    std::string counters;
    for (const auto& counter : port.counters()) {
      if (counter.value() == 0) continue;
      counters += fmt::format("{}{}{}={}", counters.empty() ? "" : " ", counter.name(),
                              counter.reason().empty() ? "" : fmt::format(".{}", counter.reason()),
                              counter.value());
    }
    table.row({std::to_string(port.id()), port.device(), port.kind(), port.address(), port.state(),
               counters});
  }
  return table.empty() ? "" : fmt::format("\n{}", table.text());
}

// How far an FE's forwarding tables are, and what it is made of.
std::string tables_text(const control::Element& e) {
  if (!e.has_tables()) return "";
  const auto& t = e.tables();
  Facts facts;
  facts.add("tables", t.state());
  facts.add("rows wanted", std::to_string(t.wanted()));
  facts.add("rows acknowledged", std::to_string(t.acknowledged()));
  facts.add("rows failed", std::to_string(t.failed()));
  facts.add("rows adopted", std::to_string(t.adopted()));
  if (!t.kernel().empty() && t.kernel() != "unknown") {
    facts.add("kernel", t.kernel());
    facts.add("routes in the kernel",
              fmt::format("{} installed, {} waiting, {} pending, {} failed", t.kernel_installed(),
                          t.kernel_waiting(), t.kernel_pending(), t.kernel_failed()));
    if (t.kernel_failed_hops() != 0) {
      facts.add("next hops that failed", std::to_string(t.kernel_failed_hops()));
    }
  }
  return fmt::format("\n{}", facts.text());
}

std::string model_text(const control::Element& e) {
  Table classes({">CLASS", "NAME", "VERSION", "INSTANCES"});
  for (const auto& c : e.classes()) {
    classes.row({std::to_string(c.id()), c.name(), c.version(), joined(c.instances(), " ")});
  }
  Table links({"FROM", "TO"});
  for (const auto& link : e.topology()) links.row({link.from(), link.to()});
  std::string all;
  if (!classes.empty()) all += fmt::format("\n{}", classes.text());
  if (!links.empty()) all += fmt::format("\n{}", links.text());
  for (const auto& neighbor : e.neighbors()) all += fmt::format("\nneighbor {}", neighbor);
  if (e.neighbors_size() > 0) all += "\n";
  return all;
}

std::string text_of(const control::Status& s) {
  Facts facts;
  facts.add("program", fmt::format("{} {}", s.program(), s.version()));
  facts.add("id", id_text(s.id()));
  facts.add("name", s.name());
  facts.add("state", s.state());
  facts.add("pid", std::to_string(s.pid()));
  facts.add("up", duration_text(s.uptime_ms()));
  facts.add("security", s.security());
  for (const auto& listener : s.listeners()) {
    facts.add(listener.purpose(), fmt::format("{}:{}", listener.address(), listener.port()));
  }
  facts.add("zebra", s.zebra());
  facts.add(s.program() == "ce" ? "FEs" : "CEs",
            fmt::format("{} associated of {}", s.associated(), s.elements()));
  facts.add("channels", fmt::format("{} up of {}", s.channels_up(), s.channels()));
  facts.add("configuration", s.config_file());
  facts.add("log lines held back", std::to_string(s.log_lines_suppressed()));
  return facts.text() + ports_text(s.ports());
}

std::string text_of(const control::ElementList& list) {
  Table table({">ID", "NAME", "STATE", ">UP", "CONTROL", "DATA", "ADDRESS", ">PORTS"});
  for (const auto& e : list.elements()) {
    table.row({id_text(e.id()), e.name(), e.state() + (e.master() ? " (master)" : ""),
               duration_text(e.up_ms()), e.control(), e.data(), e.address(),
               std::to_string(e.port_count())});
  }
  return table.empty() ? "none\n" : table.text();
}

std::string text_of(const control::Element& e) {
  Facts facts;
  facts.add("id", id_text(e.id()));
  facts.add("name", e.name());
  facts.add("state", e.state() + (e.master() ? " (master)" : ""));
  facts.add("associated for", duration_text(e.up_ms()));
  facts.add("address", e.address());
  facts.add("identity", e.identity());
  const auto channel = [](const std::string& state, std::uint64_t handle) {
    return handle == 0 ? state : fmt::format("{} (channel {})", state, handle);
  };
  facts.add("control", channel(e.control(), e.control_channel()));
  facts.add("data", channel(e.data(), e.data_channel()));
  return facts.text() + tables_text(e) + model_text(e) + ports_text(e.ports()) +
         counters_text(e.counters());
}

std::string text_of(const control::RouteList& list) {
  Table table({"PREFIX", "PROTOCOL", "NEXT HOPS", "STATE"});
  for (const auto& route : list.routes()) {
    std::string states;
    for (const auto& at : route.states()) {
      states += fmt::format("{}{}:{}{}", states.empty() ? "" : " ", id_text(at.fe()), at.state(),
                            at.error().empty() ? "" : fmt::format("({})", at.error()));
    }
    table.row({route.prefix(), route.protocol(), joined(route.next_hops(), ", "), states});
  }
  return table.empty() ? "none\n" : table.text();
}

std::string text_of(const control::TransactionList& list) {
  Table table({">ID", "STATE", "FES", ">AGE", ">TOOK", "REASON"});
  for (const auto& t : list.transactions()) {
    table.row({std::to_string(t.id()), t.state(), joined(t.fes(), " "), duration_text(t.age_ms()),
               duration_text(t.took_ms()), t.reason()});
  }
  return table.empty() ? "none\n" : table.text();
}

std::string text_of(const control::HaStatus& ha) {
  Table table({">FE", "MASTER", "MODE"});
  for (const auto& fe : ha.fes()) {
    table.row(
        {id_text(fe.fe()),
         fe.master() == 0 ? "unknown" : id_text(fe.master()) + (fe.mine() ? " (this one)" : ""),
         fe.mode()});
  }
  return fmt::format("this CE is {}\n{}", id_text(ha.id()),
                     table.empty() ? "no FEs\n" : table.text());
}

std::string text_of(const control::ChannelList& list) {
  Table table({">CHANNEL", ">PEER", "TYPE", "STATE", ">UP", ">SILENT", ">QUEUED", ">RTT P50",
               "ADDRESS", "TLS"});
  for (const auto& c : list.channels()) {
    table.row({std::to_string(c.handle()), id_text(c.peer()), c.type(), c.state(),
               duration_text(c.up_ms()), duration_text(c.silent_ms()),
               octets_text(c.queued_octets()),
               c.rtt().count() == 0 ? "-" : fmt::format("<={}", us_text(c.rtt().p50_us())),
               c.address(), c.tls()});
  }
  return table.empty() ? "none\n" : table.text();
}

std::string text_of(const control::Channel& c) {
  Facts facts;
  facts.add("channel", std::to_string(c.handle()));
  facts.add("peer", id_text(c.peer()));
  facts.add("type", c.type());
  facts.add("state", c.state());
  facts.add("address", c.address());
  facts.add("TLS", c.tls());
  facts.add("identity", c.identity());
  facts.add("up", duration_text(c.up_ms()));
  facts.add("silent", duration_text(c.silent_ms()));
  facts.add("send queue", octets_text(c.queued_octets()));
  facts.add("receive queue", octets_text(c.receive_queued_octets()));
  facts.add("heartbeat round trip", distribution_text(c.rtt()));
  facts.add("time in send queue", distribution_text(c.queue_time()));
  return facts.text() + counters_text(c.counters());
}

std::string text_of(const control::Stats& stats) {
  Table table({"METRIC", ">VALUE"});
  for (const auto& sample : stats.samples()) {
    const std::map<std::string, std::string> sorted(sample.labels().begin(), sample.labels().end());
    std::string labels;
    for (const auto& [key, value] : sorted) {
      labels += fmt::format("{}{}=\"{}\"", labels.empty() ? "" : ",", key, value);
    }
    const auto name =
        labels.empty() ? sample.name() : fmt::format("{}{{{}}}", sample.name(), labels);
    table.row({name, sample.type() == "histogram"
                         ? fmt::format("{:g} in {}", sample.value(), sample.count())
                         : fmt::format("{:.15g}", sample.value())});
  }
  return table.empty() ? "none\n" : table.text();
}

std::string text_of(const control::LogLevels& levels) {
  Table table({"COMPONENT", "LEVEL"});
  for (const auto& entry : levels.entries()) table.row({entry.component(), entry.level()});
  return table.text();
}

std::string text_of(const control::Done& done) {
  std::string text = done.message() + "\n";
  for (const auto& warning : done.warnings()) text += fmt::format("warning: {}\n", warning);
  return text;
}

// The message inside the Response; without one, itself.
const google::protobuf::Message& inner(const Response& response) {
  const auto* reflection = response.GetReflection();
  const auto* field =
      reflection->GetOneofFieldDescriptor(response, response.GetDescriptor()->oneof_decl(0));
  return field == nullptr ? response : reflection->GetMessage(response, field);
}

}  // namespace

std::string render_text(const Response& response) {
  switch (response.result_case()) {
    case Response::kError:
      return response.error().message() + "\n";
    case Response::kStatus:
      return text_of(response.status());
    case Response::kElements:
      return text_of(response.elements());
    case Response::kElement:
      return text_of(response.element());
    case Response::kChannels:
      return text_of(response.channels());
    case Response::kChannel:
      return text_of(response.channel());
    case Response::kStats:
      return text_of(response.stats());
    case Response::kLogLevels:
      return text_of(response.log_levels());
    case Response::kDone:
      return text_of(response.done());
    case Response::kRoutes:
      return text_of(response.routes());
    case Response::kTransactions:
      return text_of(response.transactions());
    case Response::kHaStatus:
      return text_of(response.ha_status());
    case Response::kLfbs:
      return lfb_text(response.lfbs());
    case Response::kLfb:
      return lfb_text(response.lfb());
    case Response::kFabric:
      return text_of(response.fabric());
    case Response::kMemberships:
      return text_of(response.memberships());
    case Response::kPending:
      return "it has not ended yet\n";
    default:
      break;
  }
  auto text = signaling_text(response);
  if (text.empty()) text = multicast_text(response);
  return text.empty() ? "an answer that this forcesctl does not know\n" : text;
}

std::string render_json(const Response& response) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  options.add_whitespace = true;
  std::string json;
  (void)google::protobuf::util::MessageToJsonString(inner(response), &json, options);
  return json;
}

std::string duration_text(std::uint64_t ms) {
  struct Unit {
    std::uint64_t ms;
    std::string_view name;
  };
  constexpr std::array kUnits{Unit{86'400'000, "d"}, Unit{3'600'000, "h"}, Unit{60'000, "min"},
                              Unit{1'000, "s"}, Unit{1, "ms"}};
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (ms < kUnits[i].ms) continue;
    const auto whole = fmt::format("{}{}", ms / kUnits[i].ms, kUnits[i].name);
    if (i + 2 >= kUnits.size()) return whole;  // seconds are exact enough without their ms
    const auto rest = ms % kUnits[i].ms / kUnits[i + 1].ms;
    return rest == 0 ? whole : fmt::format("{} {}{}", whole, rest, kUnits[i + 1].name);
  }
  return "-";
}

std::string id_text(std::uint32_t id) {
  constexpr std::uint32_t kFirstCeId = 0x40000000;  // RFC 5810 section 6.1, figure 11
  return id < kFirstCeId ? std::to_string(id) : fmt::format("{:#010x}", id);
}

}  // namespace forces::ctl
