#ifndef ASIO_SCTRACE_PROFILE_OPTIONS_HPP
#define ASIO_SCTRACE_PROFILE_OPTIONS_HPP

#include <sctrace/profile.hpp>
#include <sctrace/profile_writer.hpp>
#include <sctrace/saved_calls.hpp>

#include <optional>
#include <string>
#include <vector>

namespace asio_sctrace {

/// The command line of `asio-sctrace profile`.
struct profile_options {
    std::vector<std::string> traces;
    /// Files, and names of ready-made bases after `@`.
    std::vector<std::string> bases;
    sctrace::profile_format format = sctrace::profile_format::oci;
    sctrace::filter_verdict default_verdict{sctrace::filter_action::errno_value, 1};
    /// How traces and bases are read.
    sctrace::saved_calls_options reading;
    std::string output = "-";
    /// Where minijail's frequencies go to; empty: nowhere.
    std::string frequencies;
    bool log_all = false;
    /// Whether the runtime is asked to have refusals logged.
    bool log_refusals = false;
    bool include_denied = false;
    bool allow_unknown = false;
    bool allow_empty = false;
    bool suggest_variants = false;
    bool quiet = false;
};

/// Empty when only something was to be shown, such as the help, which has been printed then.
/** @throws usage_error */
std::optional<profile_options> parse_profile_options(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
