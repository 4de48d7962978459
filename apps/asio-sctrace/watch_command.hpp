#ifndef ASIO_SCTRACE_WATCH_COMMAND_HPP
#define ASIO_SCTRACE_WATCH_COMMAND_HPP

#include <string>
#include <vector>

namespace asio_sctrace {

/// `asio-sctrace watch`: prints records of the whole host as they come.
/** @return The exit status. @throws usage_error */
int watch_command(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
