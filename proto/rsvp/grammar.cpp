#include "proto/rsvp/grammar.hpp"

#include <string_view>

namespace forces::rsvp {
namespace {

template <class T>
bool has(const Message& m) {
  return m.find<T>() != nullptr;
}

using Row = std::pair<std::string_view, bool (*)(const Message&)>;

// A message of a path: what names the LSP, and what it carries.
constexpr Row kPath[] = {{"rsvp.session", &has<Session>},
                         {"rsvp.hop", &has<Hop>},
                         {"rsvp.time_values", &has<TimeValues>},
                         {"rsvp.label_request", &has<LabelRequest>},
                         {"rsvp.sender_template", &has<SenderTemplate>},
                         {"rsvp.sender_tspec", &has<SenderTspec>}};
constexpr Row kResv[] = {{"rsvp.session", &has<Session>},
                         {"rsvp.hop", &has<Hop>},
                         {"rsvp.time_values", &has<TimeValues>},
                         {"rsvp.style", &has<Style>}};
constexpr Row kPathErr[] = {{"rsvp.session", &has<Session>}, {"rsvp.error_spec", &has<ErrorSpec>}};
constexpr Row kResvErr[] = {{"rsvp.session", &has<Session>},
                            {"rsvp.hop", &has<Hop>},
                            {"rsvp.error_spec", &has<ErrorSpec>},
                            {"rsvp.style", &has<Style>}};
constexpr Row kPathTear[] = {{"rsvp.session", &has<Session>}, {"rsvp.hop", &has<Hop>}};
constexpr Row kResvTear[] = {
    {"rsvp.session", &has<Session>}, {"rsvp.hop", &has<Hop>}, {"rsvp.style", &has<Style>}};
constexpr Row kResvConf[] = {{"rsvp.session", &has<Session>},
                             {"rsvp.error_spec", &has<ErrorSpec>},
                             {"rsvp.resv_confirm", &has<ResvConfirm>},
                             {"rsvp.style", &has<Style>}};
constexpr Row kNotify[] = {{"rsvp.error_spec", &has<ErrorSpec>}, {"rsvp.session", &has<Session>}};
constexpr Row kAck[] = {{"rsvp.message_id_ack", &has<MessageIdAck>}};
constexpr Row kHello[] = {{"rsvp.hello", &has<Hello>}};
constexpr Row kChallenge[] = {{"rsvp.challenge", &has<Challenge>}};
constexpr Row kResponse[] = {{"rsvp.integrity", &has<Integrity>},
                             {"rsvp.challenge", &has<Challenge>}};

std::span<const Row> mandatory(MessageType type) {
  switch (type) {
    case MessageType::Path:
    case MessageType::RecoveryPath:  // RFC 5063 section 4.1
      return kPath;
    case MessageType::Resv:
      return kResv;
    case MessageType::PathErr:
      return kPathErr;
    case MessageType::ResvErr:
      return kResvErr;
    case MessageType::PathTear:
      return kPathTear;
    case MessageType::ResvTear:
      return kResvTear;
    case MessageType::ResvConf:
      return kResvConf;
    case MessageType::Notify:
      return kNotify;
    case MessageType::Ack:
      return kAck;
    case MessageType::Hello:
      return kHello;
    case MessageType::IntegrityChallenge:
      return kChallenge;
    case MessageType::IntegrityResponse:
      return kResponse;
    case MessageType::Bundle:
    case MessageType::Srefresh:  // its lists may be of multicast, which are not known here
      return {};
  }
  return {};
}

}  // namespace

std::optional<Error> missing(const Message& message) {
  for (const auto& [field, present] : mandatory(message.type)) {
    if (!present(message)) return Error{Errc::Missing, 0, field};
  }
  return std::nullopt;
}

Result<std::vector<FlowDescriptor>> flow_descriptors(const Message& message) {
  std::vector<FlowDescriptor> list;
  const std::span<const Object> objects(message.objects);
  const Flowspec* flowspec = nullptr;
  std::size_t begin = 0;
  bool open = false;  // the last descriptor still grows
  const auto close = [&](std::size_t end) {
    if (open) list.back().objects = objects.subspan(begin, end - begin);
    open = false;
  };
  for (std::size_t i = 0; i < objects.size(); ++i) {
    if (const auto* const spec = std::get_if<Flowspec>(&objects[i])) {
      close(i);
      flowspec = spec;
    } else if (const auto* const filter = std::get_if<FilterSpec>(&objects[i])) {
      close(i);
      list.push_back({.flowspec = flowspec, .filter = filter});
      begin = i;
      open = true;
    } else if (const auto* const label = std::get_if<Label>(&objects[i])) {
      if (!open) return fail(Errc::Missing, "rsvp.filter_spec");
      if (list.back().label == nullptr) list.back().label = label;
    } else if (const auto* const route = std::get_if<RecordRoute>(&objects[i])) {
      if (!open) return fail(Errc::Missing, "rsvp.filter_spec");
      if (list.back().route == nullptr) list.back().route = route;
    }
  }
  close(objects.size());
  return list;
}

std::vector<NotifySession> notify_sessions(const Message& message) {
  std::vector<NotifySession> list;
  const std::span<const Object> objects(message.objects);
  std::size_t begin = 0;
  for (std::size_t i = 0; i < objects.size(); ++i) {
    const auto* const session = std::get_if<Session>(&objects[i]);
    if (session == nullptr) continue;
    if (!list.empty()) list.back().objects = objects.subspan(begin, i - begin);
    begin = i;
    list.push_back({.session = session, .objects = objects.subspan(i)});
  }
  return list;
}

}  // namespace forces::rsvp
