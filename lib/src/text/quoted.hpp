#ifndef SCTRACE_SRC_QUOTED_HPP
#define SCTRACE_SRC_QUOTED_HPP

#include <string>
#include <string_view>

namespace sctrace::detail {

/// A text of a file, fit for a message: in quotes, with escapes, and cut if it is long.
std::string quoted(std::string_view text);

} // namespace sctrace::detail

#endif
