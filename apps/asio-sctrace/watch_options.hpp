#ifndef ASIO_SCTRACE_WATCH_OPTIONS_HPP
#define ASIO_SCTRACE_WATCH_OPTIONS_HPP

#include <sctrace/watcher_options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace asio_sctrace {

/// The command line of `asio-sctrace watch`.
struct watch_options {
    sctrace::watcher_options watcher;
    /// Lines for people instead of JSON objects.
    bool text = false;
    /// Lines that repeat each other are folded.
    bool unique = false;
    bool quiet = false;
};

/// Empty when only the help was asked for, which has been printed then.
/** @throws usage_error */
std::optional<watch_options> parse_watch_options(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
