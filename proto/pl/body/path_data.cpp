#include "proto/pl/body/path_data.hpp"

#include <utility>

namespace forces::pl {
namespace {

Octets copy(wire::Bytes octets) { return Octets(octets.begin(), octets.end()); }

PathData to_tree(const PathView& view) {
  PathData path{.flags = view.flags, .range = view.range, .items = to_tree(view.items)};
  path.ids.reserve(view.ids.size());
  for (std::size_t i = 0; i < view.ids.size(); ++i) path.ids.push_back(view.ids[i]);
  if (view.key) path.key = KeyInfo{view.key->key_id, copy(view.key->key)};
  return path;
}

Element to_tree(const ItemView& item) {
  switch (item.type) {
    case TlvType::PathData:
      return {to_tree(item.path())};
    case TlvType::FullData:
      return {FullData{copy(item.value)}};
    case TlvType::SparseData:
      return {SparseData{to_tree(item.ilvs())}};
    case TlvType::Result: {
      const ResultView view = item.result();
      ResultTlv result{.code = static_cast<std::uint8_t>(view.code)};
      if (view.data) result.data = copy(*view.data);
      return {std::move(result)};
    }
    case TlvType::ExtendedResult: {
      const ResultView view = item.result();
      return {ExtendedResult{std::to_underlying(view.code), std::string(view.cause)}};
    }
    default:
      return {RawTlv{std::to_underlying(item.type), copy(item.value)}};
  }
}

// One overload a kind of element.
class Encoder {
 public:
  explicit Encoder(MessageWriter& w) : w_(w) {}

  void operator()(const RawTlv& raw) const {
    const auto scope = w_.tlv(raw.type);
    w_.out().bytes(raw.value);
  }
  void operator()(const FullData& data) const { w_.full_data(data.value); }
  void operator()(const SparseData& data) const {
    const auto scope = w_.sparse_data();
    write(data.items, w_);
  }
  void operator()(const ResultTlv& result) const {
    const auto scope = w_.tlv(TlvType::Result);
    w_.out().u8(result.code);
    w_.out().zeros(3);
    if (result.data) w_.full_data(*result.data);
  }
  void operator()(const ExtendedResult& result) const {
    const auto scope = w_.tlv(TlvType::ExtendedResult);
    w_.out().u32(result.code);
    w_.out().text(result.cause);
  }
  void operator()(const PathData& path) const {
    const auto scope = w_.raw_path(path.flags, path.ids);
    if (!w_.ok()) return;  // too deep, perhaps much too deep
    if (path.key) w_.key_info({path.key->key_id, path.key->key});
    if (path.range) w_.table_range(*path.range);
    write(path.items, w_);
  }

 private:
  MessageWriter& w_;
};

}  // namespace

bool operator==(const PathData& a, const PathData& b) {
  return a.flags == b.flags && a.ids == b.ids && a.key == b.key && a.range == b.range &&
         a.items == b.items;
}

bool selectors_agree(const PathData& path) {
  return selectors_agree(path.flags, path.key.has_value(), path.range.has_value());
}

std::vector<Element> to_tree(const ItemRange& items) {
  std::vector<Element> elements;
  for (const ItemView item : items) elements.push_back(to_tree(item));
  return elements;
}

std::vector<Ilv> to_tree(const IlvRange& items) {
  std::vector<Ilv> list;
  for (const IlvView item : items) list.push_back({item.id, copy(item.value)});
  return list;
}

void write(const std::vector<Element>& elements, MessageWriter& w) {
  const Encoder encoder(w);
  for (const Element& element : elements) std::visit(encoder, element.value);
}

void write(const std::vector<Ilv>& items, MessageWriter& w) {
  for (const Ilv& item : items) w.ilv(item.id, item.value);
}

}  // namespace forces::pl
