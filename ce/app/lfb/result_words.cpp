#include "ce/app/lfb/result_words.hpp"

#include <fmt/format.h>

namespace forces::ce {
namespace {

std::string_view advice(pl::ResultCode code) {
  using enum pl::ResultCode;
  switch (code) {
    case Success:
      return "done";
    case InvalidHeader:
    case LengthMismatch:
    case VersionMismatch:
    case InvalidMessageType:
    case InvalidFlags:
    case InvalidOp:
      return "the FE does not take our messages: it and this ce understand the protocol "
             "differently";
    case InvalidDestinationPid:
      return "the FE says that it is another one: see `fe list`";
    case LfbUnknown:
    case LfbNotFound:
      return "the FE has no such LFB class: `lfb get FE` lists what it has";
    case LfbInstanceIdNotFound:
      return "the FE has no such instance of this LFB class: `lfb get FE` lists what it has";
    case InvalidPath:
      return "there is nothing the path could lead to: `lfb get FE CLASS.INSTANCE` lists "
             "components";
    case ComponentDoesNotExist:
      return "there is no such component or row at the FE";
    case Exists:
      return "another row has this key already: change that one, or delete it first";
    case NotFound:
      return "there is no such row";
    case ReadOnly:
      return "no CE can change this";
    case InvalidArrayCreation:
      return "a row with this subscript cannot be: `lfb get FE PATH --properties` tells which can";
    case ValueOutOfRange:
      return "the FE does not allow this value here";
    case ContentsTooLong:
      return "the value is longer than the FE allows";
    case InvalidParameters:
      return "something is missing, or fits nothing: a new row needs every field without a default";
    case InvalidTlv:
      return "the FE reads the value differently: its version of the class may be another";
    case EventError:
      return "the event does not have this property";
    case NotSupported:
      return "the FE cannot do this";
    case MemoryError:
      return "the FE has no room left: the table is full";
    case InternalError:
    case UnknownError:
    case UnspecifiedError:
      return "the FE does not say why: see its log";
    case TimedOut:
      return "it took too long: try again";
    case InvalidTflags:
      return "the FE reads no ranges of this";
    case CongestNt:
      return "the FE is overloaded: try again later";
    case ComponentNotATable:
      return "only rows of a table can be deleted or found by a key";
    case Perm:
      return "the FE does not permit this";
    case Busy:
      return "the FE is in a transaction: try again";
    case Empty:
      return "there are no rows";
  }
  return "a code that this ce does not know";
}

}  // namespace

std::string result_words(pl::ResultCode code, std::string_view cause) {
  const std::string said = cause.empty() ? "" : fmt::format(" (\"{}\")", cause);
  return fmt::format("{}{}: {}", pl::to_string(code), said, advice(code));
}

}  // namespace forces::ce
