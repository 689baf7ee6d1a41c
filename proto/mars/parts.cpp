#include "proto/mars/parts.hpp"

#include <algorithm>
#include <tuple>

namespace forces::mars {
namespace {

auto form(const AtmAddress& a) {
  return std::tuple(a.number.type_length(), a.subaddress.type_length());
}
std::size_t form(const ProtocolAddress& a) { return a.size(); }

// Appends a part for every run of elements of one form that fits.
template <class Element>
Result<void> cut(const Message& head, const std::vector<Element>& all, std::size_t mtu,
                 std::vector<Element> Message::* elements, std::vector<Message>& parts) {
  const std::size_t fixed = encoded_size(head);
  for (auto it = all.begin(); it != all.end();) {
    // Of a list of TLVs the padding in front is counted in `fixed` for no elements: up to 3 more.
    const std::size_t slack = head.tlvs.empty() && !head.null_tlv ? 0 : 3;
    if (fixed + slack + it->size() > mtu || it->size() == 0) {
      return fail(Errc::TooLarge, "mars.tnum", 0);
    }
    const std::size_t most = std::min<std::size_t>((mtu - fixed - slack) / it->size(), 0xffff);
    const auto run_end =
        std::find_if(it, all.end(), [&](const Element& e) { return form(e) != form(*it); });
    const auto end = it + std::min<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(most), run_end - it);
    parts.push_back(head);
    (parts.back().*elements).assign(it, end);
    it = end;
  }
  return {};
}

}  // namespace

Result<std::vector<Message>> split(const Message& whole, std::size_t mtu) {
  if (form_of(whole.operation) != Form::Multi || whole.operation == Operation::Migrate) {
    return fail(Errc::UnknownType, "mars.op.type", 17);
  }
  Message head = whole;
  head.targets.clear();
  head.groups.clear();
  std::vector<AtmAddress> targets = whole.targets;
  if (whole.operation == Operation::Multi) {
    std::ranges::stable_sort(targets, {}, [](const AtmAddress& a) { return form(a); });
  }
  std::vector<Message> parts;
  if (auto done = cut(head, targets, mtu, &Message::targets, parts); !done) {
    return fail(done.error());
  }
  if (auto done = cut(head, whole.groups, mtu, &Message::groups, parts); !done) {
    return fail(done.error());
  }
  if (parts.empty()) parts.push_back(head);
  if (parts.size() > 0x7fff) return fail(Errc::TooMany, "mars.seqxy", 0);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    parts[i].part = static_cast<std::uint16_t>(i + 1);
    parts[i].last = i + 1 == parts.size();
  }
  return parts;
}

Assembly::Status Assembly::add(const Message& part) {
  if (status_ != Status::More) return status_ = Status::Broken;
  if (!whole_) {
    if (part.part != 1) return status_ = Status::Broken;
    whole_ = part;
  } else {
    const bool follows = part.part == whole_->part + 1 && part.msn == whole_->msn &&
                         part.operation == whole_->operation && part.protocol == whole_->protocol &&
                         part.group == whole_->group && part.source == whole_->source;
    if (!follows) return status_ = Status::Broken;
    whole_->targets.insert(whole_->targets.end(), part.targets.begin(), part.targets.end());
    whole_->groups.insert(whole_->groups.end(), part.groups.begin(), part.groups.end());
    whole_->part = part.part;
    whole_->last = part.last;
  }
  return status_ = part.last ? Status::Complete : Status::More;
}

}  // namespace forces::mars
