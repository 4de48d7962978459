#ifndef ASIO_SCTRACE_DIFF_COMMAND_HPP
#define ASIO_SCTRACE_DIFF_COMMAND_HPP

#include <string>
#include <vector>

namespace asio_sctrace {

/// `asio-sctrace diff`: says what only one of two traces has.
/** @return The exit status. @throws usage_error */
int diff_command(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
