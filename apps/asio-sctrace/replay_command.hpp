#ifndef ASIO_SCTRACE_REPLAY_COMMAND_HPP
#define ASIO_SCTRACE_REPLAY_COMMAND_HPP

#include <string>
#include <vector>

namespace asio_sctrace {

/// `asio-sctrace replay`; returns the exit status.
int replay_command(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
