#ifndef ASIO_SCTRACE_RECORD_COMMAND_HPP
#define ASIO_SCTRACE_RECORD_COMMAND_HPP

#include <string>
#include <vector>

namespace asio_sctrace {

/// `asio-sctrace record`; returns the exit status.
/** @throws usage_error */
int record_command(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
