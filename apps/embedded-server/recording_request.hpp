#ifndef EMBEDDED_SERVER_RECORDING_REQUEST_HPP
#define EMBEDDED_SERVER_RECORDING_REQUEST_HPP

#include <sctrace/recorder_options.hpp>

#include <boost/system/result.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace embedded_server {

/// What a client wants to have recorded: processes or a command, never both.
struct recording_request {
    std::vector<pid_t> pids;
    std::vector<std::string> command;
    std::optional<sctrace::follow_kind> follow;
    std::chrono::milliseconds duration{0};
    bool wait_for_descendants = false;
    std::string name;
};

/// Why a body was not understood, in words for its sender.
struct bad_body {
    std::string words;
};

/// Reads the body of `POST /recordings`; a member that has no meaning here is a mistake.
boost::system::result<recording_request, bad_body> parse_recording_request(std::string_view body);

/// The word for a way of following, as in the body; `default` without one.
std::string_view to_word(std::optional<sctrace::follow_kind> follow) noexcept;

} // namespace embedded_server

#endif
