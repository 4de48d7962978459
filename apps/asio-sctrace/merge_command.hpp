#ifndef ASIO_SCTRACE_MERGE_COMMAND_HPP
#define ASIO_SCTRACE_MERGE_COMMAND_HPP

#include <string>
#include <vector>

namespace asio_sctrace {

/// `asio-sctrace merge`: sums traces.
/** @return The exit status. @throws usage_error */
int merge_command(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
