#ifndef ASIO_SCTRACE_USAGE_HPP
#define ASIO_SCTRACE_USAGE_HPP

#include <stdexcept>
#include <string_view>

namespace asio_sctrace {

/// Exit statuses that every command shares.
namespace exit_code {
inline constexpr int success = 0;
inline constexpr int failure = 1;
inline constexpr int usage = 2;
} // namespace exit_code

/// A command line that cannot be understood; the message names the offending word.
class usage_error : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// Writes the version to stdout.
void show_version();

/// Writes `asio-sctrace: TEXT` as one line to stderr.
void say(std::string_view text);

} // namespace asio_sctrace

#endif
