#include "ce/signaling/resource/label_table.hpp"

#include <algorithm>
#include <charconv>
#include <set>

namespace forces::signaling::resource {

namespace {

constexpr std::size_t kDigits = 8;

void put(std::string& text, std::uint32_t value) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  for (int shift = 28; shift >= 0; shift -= 4) text.push_back(kHex[value >> shift & 15]);
}

std::optional<std::uint32_t> take(std::string_view& text, char end) {
  std::uint32_t value = 0;
  if (text.size() < kDigits) return std::nullopt;
  const auto [at, error] = std::from_chars(text.data(), text.data() + kDigits, value, 16);
  if (error != std::errc{} || at != text.data() + kDigits) return std::nullopt;
  text.remove_prefix(kDigits);
  if (end == '\0') return text.empty() ? std::optional(value) : std::nullopt;
  if (text.empty() || text.front() != end) return std::nullopt;
  text.remove_prefix(1);
  return value;
}

}  // namespace

std::string Trace::text() const {
  std::string text;
  put(text, sender.node.value);
  text.push_back(':');
  put(text, sender.interface);
  text.push_back(':');
  put(text, label);
  text.push_back('/');
  if (heard) {
    put(text, *heard);
  } else {
    text.push_back('-');
  }
  return text;
}

std::optional<Trace> Trace::parse(std::string_view text) {
  Trace trace;
  const auto node = take(text, ':');
  const auto interface = node ? take(text, ':') : std::nullopt;
  const auto label = interface ? take(text, '/') : std::nullopt;
  if (!label) return std::nullopt;
  trace.sender = {{*node}, *interface};
  trace.label = *label;
  if (text == "-") return trace;
  trace.heard = take(text, '\0');
  if (!trace.heard) return std::nullopt;
  return trace;
}

std::string_view to_string(LabelFault::What what) {
  switch (what) {
    case LabelFault::What::OneSided:
      return "one_sided";
    case LabelFault::What::NotInverse:
      return "not_inverse";
    case LabelFault::What::Contradiction:
      return "contradiction";
    case LabelFault::What::ForeignTrace:
      return "foreign_trace";
  }
  return "unknown";
}

std::optional<Label> LabelTable::Row::value() const {
  return provisioned ? provisioned : discovered;
}

bool LabelTable::Row::contradicts() const {
  return provisioned && discovered && *provisioned != *discovered;
}

std::optional<Label> LabelTable::find(const Table& table, Label label) {
  const auto at = table.find(label);
  return at == table.end() ? std::nullopt : at->second.value();
}

void LabelTable::provision_receive(Label remote, Label local) {
  receive_[remote].provisioned = local;
}

void LabelTable::provision_send(Label local, Label remote) { send_[local].provisioned = remote; }

void LabelTable::withdraw(Label local) {
  std::erase_if(receive_, [&](const auto& row) { return row.second.value() == local; });
  send_.erase(local);
  for (const auto& [label, heard] : heard_) learn(label, heard);
}

bool LabelTable::on_trace(const LinkEnd& from, Label local, const std::optional<Trace>& trace) {
  const auto at = heard_.find(local);
  if (!trace) {
    if (at == heard_.end()) return false;
    const Heard over = heard_.extract(at).mapped();
    return over.foreign || doubt_no_more(local, over.trace);
  }
  const Heard heard{*trace, trace->sender != from};
  const bool same =
      at != heard_.end() && at->second.trace == *trace && at->second.foreign == heard.foreign;
  if (same && (heard.foreign || knows(local, *trace))) return false;
  // One slot of theirs comes in on one of ours: where it was heard before it is no more.
  std::erase_if(heard_, [&](const auto& other) {
    return !heard.foreign && !other.second.foreign && other.second.trace.label == trace->label;
  });
  heard_[local] = heard;
  learn(local, heard);
  return true;
}

// What a trace said of a slot that the operator has rows for is no longer heard: his word stands.
bool LabelTable::doubt_no_more(Label local, const Trace& over) {
  const auto out = send_.find(local);
  const bool his = (out != send_.end() && out->second.provisioned) ||
                   std::ranges::any_of(
                       receive_, [&](const auto& row) { return row.second.provisioned == local; });
  bool some = false;
  const auto forget = [&](Table& table, Label said) {
    for (auto row = table.begin(); row != table.end();) {
      if (row->second.discovered == said && (his || row->second.contradicts())) {
        row->second.discovered.reset();
        some = true;
      }
      row = row->second.value() ? std::next(row) : table.erase(row);
    }
  };
  forget(receive_, local);
  forget(send_, over.label);
  return some;
}

bool LabelTable::knows(Label local, const Trace& trace) const {
  const auto in = receive_.find(trace.label);
  if (in == receive_.end() || in->second.discovered != local) return false;
  if (!trace.heard) return true;
  const auto out = send_.find(*trace.heard);
  return out != send_.end() && out->second.discovered == trace.label;
}

void LabelTable::learn(Label local, const Heard& heard) {
  const Trace& trace = heard.trace;
  // Whatever was read on this slot before is no longer so.
  for (auto row = receive_.begin(); row != receive_.end();) {
    if (row->second.discovered == local && (heard.foreign || row->first != trace.label)) {
      row->second.discovered.reset();
    }
    row = row->second.value() ? std::next(row) : receive_.erase(row);
  }
  if (heard.foreign) return;
  receive_[trace.label].discovered = local;
  // The other end hears our slot `heard` on its slot: that one leads there.
  for (auto row = send_.begin(); row != send_.end();) {
    if (row->second.discovered == trace.label && trace.heard != row->first) {
      row->second.discovered.reset();
    }
    row = row->second.value() ? std::next(row) : send_.erase(row);
  }
  if (trace.heard) send_[*trace.heard].discovered = trace.label;
}

Trace LabelTable::trace(const LinkEnd& self, Label local) const {
  Trace trace{.sender = self, .label = local};
  for (const auto& [remote, row] : receive_) {
    if (row.discovered == local) trace.heard = remote;
  }
  return trace;
}

std::map<Label, Label> LabelTable::heard() const {
  std::map<Label, Label> all;
  for (const auto& [remote, row] : receive_) {
    if (row.discovered) all[*row.discovered] = remote;
  }
  return all;
}

std::map<Label, Label> LabelTable::discovered() const {
  std::map<Label, Label> all;
  for (const auto& [local, remote] : heard()) {
    const auto row = send_.find(local);
    if (row != send_.end() && row->second.discovered == remote) all[local] = remote;
  }
  return all;
}

void LabelTable::restore(Label local, Label remote) {
  receive_[remote].discovered = local;
  send_[local].discovered = remote;
}

LabelState LabelTable::state(Label local) const {
  if (to_remote(local)) return LabelState::Verified;
  const bool some = send_.contains(local) || std::ranges::any_of(receive_, [&](const auto& row) {
                      return row.second.value() == local;
                    });
  return some ? LabelState::Learning : LabelState::Unknown;
}

bool LabelTable::foreign(Label local) const {
  const auto at = heard_.find(local);
  return at != heard_.end() && at->second.foreign;
}

LabelTable::Counts LabelTable::count(const Table& table) {
  Counts counts;
  for (const auto& [label, row] : table) {
    if (const auto value = row.value()) ++counts[*value];
  }
  return counts;
}

std::optional<Label> LabelTable::pair_of(Label local, const Counts& locals,
                                         const Counts& remotes) const {
  const auto out = send_.find(local);
  if (out == send_.end() || out->second.contradicts() || foreign(local)) return std::nullopt;
  const auto remote = out->second.value();
  if (!remote) return std::nullopt;
  const auto in = receive_.find(*remote);
  if (in == receive_.end() || in->second.contradicts() || in->second.value() != local) {
    return std::nullopt;
  }
  // Two that lead to the same one are no pair, whichever came first.
  if (locals.at(local) != 1 || remotes.at(*remote) != 1) return std::nullopt;
  return remote;
}

std::optional<Label> LabelTable::to_local(Label remote) const {
  const auto local = find(receive_, remote);
  return local && to_remote(*local) == remote ? local : std::nullopt;
}

std::optional<Label> LabelTable::to_remote(Label local) const {
  return pair_of(local, count(receive_), count(send_));
}

LabelRanges LabelTable::usable() const {
  LabelRanges set;
  const Counts locals = count(receive_), remotes = count(send_);
  for (const auto& [local, row] : send_) {
    if (pair_of(local, locals, remotes)) set.insert(local);
  }
  return set;
}

std::vector<LabelFault> LabelTable::faults() const {
  std::set<LabelFault> faults;
  for (const auto& [remote, row] : receive_) {
    const auto local = row.value();
    if (!local) continue;
    const auto back = find(send_, *local);
    if (row.contradicts()) faults.insert({LabelFault::What::Contradiction, true, remote});
    if (!back) {  // of what is discovered one side always comes first
      if (row.provisioned) faults.insert({LabelFault::What::OneSided, true, remote});
    } else if (*back != remote) {
      faults.insert({LabelFault::What::NotInverse, true, remote});
    }
  }
  for (const auto& [local, row] : send_) {
    const auto remote = row.value();
    if (!remote) continue;
    const auto back = find(receive_, *remote);
    if (row.contradicts()) faults.insert({LabelFault::What::Contradiction, false, local});
    if (!back) {
      if (row.provisioned) faults.insert({LabelFault::What::OneSided, false, local});
    } else if (*back != local) {
      faults.insert({LabelFault::What::NotInverse, false, local});
    }
  }
  for (const auto& [local, heard] : heard_) {
    if (heard.foreign) faults.insert({LabelFault::What::ForeignTrace, false, local});
  }
  return {faults.begin(), faults.end()};
}

std::vector<LabelTable::Entry> LabelTable::entries() const {
  std::map<std::pair<Label, Label>, Entry> pairs;  // by local, remote
  const auto known = [](Entry& entry, const Row& row) {
    entry.provisioned |= row.provisioned.has_value();
    entry.discovered |= row.discovered == row.value();
  };
  for (const auto& [remote, row] : receive_) {
    if (!row.value()) continue;
    Entry& entry = pairs[{*row.value(), remote}];
    entry.receive = true;
    known(entry, row);
  }
  for (const auto& [local, row] : send_) {
    if (!row.value()) continue;
    Entry& entry = pairs[{local, *row.value()}];
    entry.send = true;
    known(entry, row);
  }
  std::vector<Entry> all;
  const Counts locals = count(receive_), remotes = count(send_);
  for (auto& [labels, entry] : pairs) {
    entry.local = labels.first;
    entry.remote = labels.second;
    entry.state = pair_of(entry.local, locals, remotes) == entry.remote ? LabelState::Verified
                                                                        : LabelState::Learning;
    all.push_back(entry);
  }
  return all;
}

}  // namespace forces::signaling::resource
