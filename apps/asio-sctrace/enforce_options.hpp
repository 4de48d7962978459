#ifndef ASIO_SCTRACE_ENFORCE_OPTIONS_HPP
#define ASIO_SCTRACE_ENFORCE_OPTIONS_HPP

#include <sctrace/launcher.hpp>
#include <sctrace/profile_reader.hpp>

#include <optional>
#include <string>
#include <vector>

namespace asio_sctrace {

/// The command line of `asio-sctrace enforce`.
struct enforce_options {
    sctrace::launch_options launch;
    std::string profile;
    sctrace::strictness how = sctrace::strictness::strict;
    bool quiet = false;
};

/// Empty when only the help was asked for, which has been printed then.
/** @throws usage_error */
std::optional<enforce_options> parse_enforce_options(const std::vector<std::string>& words);

} // namespace asio_sctrace

#endif
