#ifndef SCTRACE_SRC_TEXT_QUOTE_HPP
#define SCTRACE_SRC_TEXT_QUOTE_HPP

#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// Appends a JSON string with its quotes; valid JSON and valid UTF-8, whatever the bytes are.
/**
 * Each maximal part of the bytes that begins like UTF-8 and is none becomes U+FFFD (The Unicode Standard,
 * section 3.9, table 3-7: neither overlong forms nor surrogates are UTF-8). Control characters are escaped,
 * also DEL and those from U+0080 to U+009F, which terminals obey as well.
 *
 * @return Whether the bytes were UTF-8.
 */
bool append_json_string(std::string& out, std::string_view bytes);

/// A text of a file, fit for a message: in quotes, with escapes, and cut if it is long.
std::string quoted(std::string_view text);

/// The words with a separator between two of them.
std::string joined(const std::vector<std::string>& words, std::string_view separator = ", ");

} // namespace sctrace::detail

#endif
