#ifndef EMBEDDED_SERVER_OPTIONS_HPP
#define EMBEDDED_SERVER_OPTIONS_HPP

#include <sctrace/source_options.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace embedded_server {

/// The command line.
struct options {
    boost::asio::ip::tcp::endpoint listen;
    /// Listen on this Unix socket instead; empty: on the address.
    std::string unix_socket;
    bool allow_remote = false;
    bool allow_exec = false;
    sctrace::source_kind source = sctrace::source_kind::automatic;
    bool lift_ratelimit = false;
    std::size_t max_recordings = 0;
    std::size_t max_connections = 0;
    std::uint64_t max_body = 0;
    std::chrono::milliseconds idle_timeout{0};
    /// Where traces and reports go; empty: nowhere.
    std::string directory;
};

/// A command line that cannot be understood; the message names the offending word.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Empty when only the help was asked for, which has been printed then.
/** @throws usage_error */
std::optional<options> parse_options(const std::vector<std::string>& words);

} // namespace embedded_server

#endif
