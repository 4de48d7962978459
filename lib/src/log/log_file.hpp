#ifndef SCTRACE_SRC_LOG_FILE_HPP
#define SCTRACE_SRC_LOG_FILE_HPP

#include "os/os_error.hpp"
#include "text/log_input.hpp"

#include <sctrace/error.hpp>
#include <sctrace/log_format.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <unistd.h>

namespace sctrace::detail {

/// What standard input is called in messages.
inline constexpr std::string_view standard_input = "standard input";

/// A log that is no text, with what to do about it.
inline failure unreadable_log(log_encoding encoding, const std::string& name)
{
    return {error::unreadable_log, advice_for(encoding, name == standard_input ? "-" : name),
            advice::replay_its_output};
}

/// What one read brought.
struct bytes_read {
    std::size_t bytes = 0;
    bool ended = false;
};

/// Reads what is there; nothing, and no end, where a descriptor would block.
inline boost::system::result<bytes_read> read_once(int descriptor, std::span<char> buffer) noexcept
{
    for (;;) {
        const ssize_t n = ::read(descriptor, buffer.data(), buffer.size());
        if (n >= 0) {
            return bytes_read{static_cast<std::size_t>(n), n == 0};
        }
        if (errno == EAGAIN) {
            return bytes_read{};
        }
        if (errno != EINTR) {
            return system_error();
        }
    }
}

/// Reads from @p offset until the buffer is full or the file ends.
inline boost::system::result<std::size_t> read_at(int descriptor, std::span<char> buffer,
                                                  std::uint64_t offset) noexcept
{
    std::size_t done = 0;
    while (done < buffer.size()) {
        const auto at = static_cast<off_t>(offset + done);
        const ssize_t n = ::pread(descriptor, buffer.data() + done, buffer.size() - done, at);
        if (n == 0) {
            break;
        }
        if (n > 0) {
            done += static_cast<std::size_t>(n);
        } else if (errno != EINTR) {
            return system_error();
        }
    }
    return done;
}

} // namespace sctrace::detail

#endif
