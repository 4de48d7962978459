#ifndef SCTRACE_SRC_LOG_MARKS_HPP
#define SCTRACE_SRC_LOG_MARKS_HPP

#include <cstddef>
#include <cstdint>

namespace sctrace::detail {

/// Finds the first mark in [from, end) of a text, or the end.
/**
 * A mark is a place whose line may say something: a `y`, `u` or `m` (or `q` or `}`, which come for free)
 * three bytes before a '=', which every audit record has in `type=` or `auid=` and some notices of loss in
 * `limit=`; or the end of a line whose last byte is that of the other notices (`d` of `suppressed`, `w` of
 * `overflow`, `t` of `audit_log_start`) or a carriage return. Reads one byte in front of the text and 64
 * behind it. Adds to @p entries the line ends it passes that no space follows: so many kmsg entries end
 * there.
 */
using find_mark = std::size_t (*)(const char* text, std::size_t from, std::size_t end,
                                  std::uint64_t& entries) noexcept;

/// The fastest way for this processor; with @p nul_separated a NUL byte ends a line as well.
find_mark best_find_mark(bool nul_separated) noexcept;

/// The way that every processor can go.
find_mark portable_find_mark(bool nul_separated) noexcept;

} // namespace sctrace::detail

#endif
