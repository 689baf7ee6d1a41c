#include "proto/rsvp/object/session.hpp"

namespace forces::rsvp {

void SessionAttribute::read(Reading& c) {
  if (c.c_type() == 1) {
    Affinities& a = affinities.emplace(Affinities{});  // clang 19 knows no default here
    c.u32(a.exclude_any, "rsvp.session_attribute.exclude_any");
    c.u32(a.include_any, "rsvp.session_attribute.include_any");
    c.u32(a.include_all, "rsvp.session_attribute.include_all");
  }
  c.u8(setup_priority, "rsvp.session_attribute.setup_priority");
  c.u8(holding_priority, "rsvp.session_attribute.holding_priority");
  c.u8(flags, "rsvp.session_attribute.flags");
  std::uint8_t length = 0;
  c.u8(length, "rsvp.session_attribute.name_length");
  c.text(name, length, "rsvp.session_attribute.name");
  // Padding with NUL; some senders pad an empty name to eight octets.
  c.reader().rest();
}

void SessionAttribute::write(Writing& c) const {
  if (affinities) {
    c.u32(affinities->exclude_any, "");
    c.u32(affinities->include_any, "");
    c.u32(affinities->include_all, "");
  }
  c.u8(setup_priority, "");
  c.u8(holding_priority, "");
  c.u8(flags, "");
  c.fits(name.size() <= 255, "rsvp.session_attribute.name");
  c.u8(name.size(), "");
  const std::size_t start = c.writer().size();
  c.writer().text(name);
  c.writer().pad(start);
}

}  // namespace forces::rsvp
