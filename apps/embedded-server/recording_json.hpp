#ifndef EMBEDDED_SERVER_RECORDING_JSON_HPP
#define EMBEDDED_SERVER_RECORDING_JSON_HPP

#include "recording.hpp"

#include <boost/json/object.hpp>

namespace embedded_server {

/// What the server says of a recording.
boost::json::object to_json(const recording& from);

} // namespace embedded_server

#endif
