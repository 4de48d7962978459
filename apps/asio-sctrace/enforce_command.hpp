#ifndef ASIO_SCTRACE_ENFORCE_COMMAND_HPP
#define ASIO_SCTRACE_ENFORCE_COMMAND_HPP

#include <string>
#include <vector>

namespace asio_sctrace {

/// `asio-sctrace enforce`: runs a command under a profile.
/** @return The exit status. @throws usage_error */
int enforce_command(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
