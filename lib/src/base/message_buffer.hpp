#ifndef SCTRACE_SRC_MESSAGE_BUFFER_HPP
#define SCTRACE_SRC_MESSAGE_BUFFER_HPP

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace sctrace::detail {

/// Puts as much of a category's message into @p buffer as fits, with a NUL behind it.
inline const char* copy_message(std::string_view message, char* buffer, std::size_t length) noexcept
{
    if (length == 0) {
        return buffer;
    }
    const std::size_t copied = std::min(message.size(), length - 1);
    std::memcpy(buffer, message.data(), copied);
    buffer[copied] = '\0';
    return buffer;
}

} // namespace sctrace::detail

#endif
