#ifndef EMBEDDED_SERVER_PROFILE_REPLY_HPP
#define EMBEDDED_SERVER_PROFILE_REPLY_HPP

#include "http.hpp"
#include "target.hpp"

#include <sctrace/trace.hpp>

namespace embedded_server {

/// The profile that allows what a trace shows, in the format that the parameter `format` names.
response make_profile_reply(const sctrace::trace& counts, const target& named);

} // namespace embedded_server

#endif
