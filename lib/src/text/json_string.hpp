#ifndef SCTRACE_SRC_JSON_STRING_HPP
#define SCTRACE_SRC_JSON_STRING_HPP

#include <string>
#include <string_view>

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

} // namespace sctrace::detail

#endif
