#ifndef ASIO_SCTRACE_REPLAY_OPTIONS_HPP
#define ASIO_SCTRACE_REPLAY_OPTIONS_HPP

#include <sctrace/replay_options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace asio_sctrace {

/// The command line of `asio-sctrace replay`.
struct replay_options {
    sctrace::replay_options replay;
    /// Where events go to instead of a trace; empty for the trace.
    std::string events;
    std::string report;
    bool quiet = false;
};

/// Empty when only the help was asked for, which has been printed then.
/** @throws usage_error */
std::optional<replay_options> parse_replay_options(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
