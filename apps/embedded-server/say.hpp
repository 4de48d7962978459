#ifndef EMBEDDED_SERVER_SAY_HPP
#define EMBEDDED_SERVER_SAY_HPP

#include <string_view>

namespace embedded_server {

/// Writes `embedded-server: TEXT` as one line to stderr.
void say(std::string_view text);

} // namespace embedded_server

#endif
