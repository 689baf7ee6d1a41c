// What decodes must encode, and decode to the same tree; and the views must see what the tree has,
// all of it inside the message. The length patched in makes almost every input reach the body.
#include <cstdlib>
#include <span>
#include <utility>
#include <vector>

#include "proto/pl/body/grammar.hpp"
#include "proto/pl/body/properties.hpp"
#include "proto/pl/body/view.hpp"
#include "proto/pl/body/writer.hpp"
#include "proto/pl/message.hpp"

namespace {

namespace pl = forces::pl;

// All that the views lead to lies in the message, and an answer that mirrors it can be read again.
class Walk {
 public:
  explicit Walk(forces::wire::Bytes octets) : octets_(octets) {}

  void message(const pl::MessageView& view) {
    pl::MessageWriter w(view.header());
    for (const pl::LfbSelectView select : view.selects()) {
      const auto select_scope = w.lfb_select(select.class_id, select.instance_id);
      for (const pl::OperView oper : select.operations) {
        inside(oper.value);
        if (!pl::is_known(oper.type)) continue;
        const auto oper_scope = w.operation(oper.type);
        items(oper.type, oper.items(), w, 1);
      }
    }
    const auto again = std::move(w).finish();
    if (again ? !pl::MessageView::parse(*again) : again.error().code != forces::Errc::TooLarge) {
      std::abort();
    }
  }

 private:
  void inside(forces::wire::Bytes part) const {
    if (part.empty()) return;
    if (part.data() < octets_.data() ||
        part.data() + part.size() > octets_.data() + octets_.size()) {
      std::abort();
    }
  }
  void items(pl::OperType oper, const pl::ItemRange& items, pl::MessageWriter& w,
             std::size_t depth) {
    if (depth > pl::kMaxDepth + 1) std::abort();
    for (const pl::ItemView item : items) {
      inside(item.value);
      if (item.is(pl::TlvType::PathData)) {
        const pl::PathView path = item.path();
        inside(path.ids.octets());
        if (path.key) inside(path.key->key);
        (void)pl::judge(oper, path);
        const auto scope = w.path(path.ids);
        this->items(oper, path.items, w, depth + 1);
      } else if (item.is(pl::TlvType::SparseData)) {
        for (const pl::IlvView ilv : item.ilvs()) inside(ilv.value);
        (void)pl::read_event_properties(item);
        (void)pl::read_array_properties(item);
      } else if (item.is_result()) {
        const pl::ResultView result = item.result();
        if (result.data) inside(*result.data);
        w.result(result.code, result.cause);
      } else {
        (void)pl::read_event_properties(item);
      }
    }
    pl::for_each_leaf(items, [&](const pl::Leaf& leaf) {
      inside(leaf.item.value);
      return leaf.path.size() <= pl::kMaxPathIds;
    });
  }

  forces::wire::Bytes octets_;
};

void check(forces::wire::Bytes octets) {
  const auto view = pl::MessageView::parse(octets);
  if (view) Walk(octets).message(*view);
  const auto message = pl::decode_message(octets);
  if (view.has_value() != message.has_value()) std::abort();
  if (!message) return;
  auto again = pl::encode_message(*message);
  if (!again) {
    // A last child may come without its padding. We write it, which can lift the TLV around it over
    // 65,535 octets.
    if (again.error().code != forces::Errc::TooLarge || octets.size() < 0xffff) std::abort();
    return;
  }
  auto want = *message;
  want.header.length = again->size();
  if (pl::decode_message(*again) != want) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto octets = std::as_bytes(std::span(data, size));
  check(octets);
  if (size < pl::Header::kSize || size > pl::Header::kMaxLength) return 0;
  std::vector<std::byte> patched(octets.begin(), octets.end());
  patched.resize(size / 4 * 4);
  patched[0] = std::byte{0x10};
  patched[2] = static_cast<std::byte>(size / 4 >> 8);
  patched[3] = static_cast<std::byte>(size / 4);
  check(patched);
  return 0;
}
