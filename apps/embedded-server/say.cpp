#include "say.hpp"

#include <string>

#include <unistd.h>

namespace embedded_server {

void say(std::string_view text)
{
    // One write, so that lines of several programs on one terminal do not mix; unlike a stream it is tried
    // again after one that failed.
    const std::string line = "embedded-server: " + std::string(text) + '\n';
    [[maybe_unused]] const auto written = ::write(STDERR_FILENO, line.data(), line.size());
}

} // namespace embedded_server
