// LFB classes and values as both ends know them (proto/model), under this room's name.
#pragma once

#include "proto/model/classes/classes.hpp"
#include "proto/model/packing.hpp"

namespace forces::fe::lfb {

using namespace model;

}  // namespace forces::fe::lfb
