#ifndef ASIO_SCTRACE_RECORD_OPTIONS_HPP
#define ASIO_SCTRACE_RECORD_OPTIONS_HPP

#include <sctrace/recorder_options.hpp>

#include <optional>
#include <string>
#include <vector>

namespace asio_sctrace {

/// The command line of `asio-sctrace record`.
struct record_options {
    sctrace::recorder_options recorder;
    std::string report;
    /// A file of calls that are to leave no record.
    std::string known;
    /// Where the sum of those and of what was recorded goes.
    std::string merged;
    bool quiet = false;
    bool require_complete = false;
};

/// Empty when only the help was asked for, which has been printed then.
/** @throws usage_error */
std::optional<record_options> parse_record_options(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
