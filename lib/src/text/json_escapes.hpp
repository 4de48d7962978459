#ifndef SCTRACE_SRC_JSON_ESCAPES_HPP
#define SCTRACE_SRC_JSON_ESCAPES_HPP

#include <span>
#include <string_view>

namespace sctrace {

/// Undoes the escapes of a JSON string.
/**
 * @param text What stands between the quotes. An escape that is none stays as it is.
 * @param buffer Where the result is written, which is never longer than the text; it may be the text's own
 *     place.
 * @return `text` itself if it holds no backslash, else a view of the written part of `buffer`.
 */
std::string_view unescape_json(std::string_view text, std::span<char> buffer) noexcept;

} // namespace sctrace

#endif
