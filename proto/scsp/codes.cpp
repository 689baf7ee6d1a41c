#include "proto/scsp/codes.hpp"

namespace forces::scsp {

std::string_view to_string(MsgType type) {
  switch (type) {
    case MsgType::CacheAlignment:
      return "CA";
    case MsgType::CsuRequest:
      return "CSU-Request";
    case MsgType::CsuReply:
      return "CSU-Reply";
    case MsgType::CsuSolicit:
      return "CSUS";
    case MsgType::Hello:
      return "Hello";
  }
  return "Unknown";
}

std::string_view to_string(ProtocolId id) {
  switch (id) {
    case ProtocolId::AtmArp:
      return "ATMARP";
    case ProtocolId::Nhrp:
      return "NHRP";
    case ProtocolId::Mars:
      return "MARS";
    case ProtocolId::Dhcp:
      return "DHCP";
    case ProtocolId::Lnni:
      return "LNNI";
  }
  return "Unknown";
}

std::string_view to_string(ExtensionType type) {
  switch (type) {
    case ExtensionType::End:
      return "End-Of-Extensions";
    case ExtensionType::Authentication:
      return "Authentication";
    case ExtensionType::VendorPrivate:
      return "Vendor-Private";
  }
  return "Unknown";
}

}  // namespace forces::scsp
