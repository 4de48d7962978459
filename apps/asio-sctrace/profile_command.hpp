#ifndef ASIO_SCTRACE_PROFILE_COMMAND_HPP
#define ASIO_SCTRACE_PROFILE_COMMAND_HPP

#include <string>
#include <vector>

namespace asio_sctrace {

/// `asio-sctrace profile`: writes an allow-list from traces.
/** @return The exit status. @throws usage_error */
int profile_command(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
