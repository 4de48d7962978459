#ifndef SCTRACE_SRC_JSON_DOCUMENT_HPP
#define SCTRACE_SRC_JSON_DOCUMENT_HPP

#include <sctrace/error.hpp>

#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace sctrace {

struct json_member;

/// A number that is no integer of 64 bits.
struct json_real {
    /// As it stands in the document.
    std::string text;
};

/// A value of a JSON document, which knows where it stands.
struct json_value {
    using array = std::vector<json_value>;
    /// In the document's order; no name stands twice.
    using object = std::vector<json_member>;

    /// Only a negative integer is an int64_t.
    std::variant<std::nullptr_t, bool, std::int64_t, std::uint64_t, json_real, std::string, array, object>
        content;
    /// Where the value begins, counted from 1.
    std::uint64_t line = 1;

    template <class T>
    const T* as() const noexcept
    {
        return std::get_if<T>(&content);
    }

    bool is_null() const noexcept { return as<std::nullptr_t>() != nullptr; }
};

/// A member of a JSON object.
struct json_member {
    std::string name;
    /// The line of the name.
    std::uint64_t line = 1;
    json_value value;
};

/// What kind of value it is: `null`, `a number`, `a string` ….
std::string_view kind_of(const json_value& value) noexcept;

/// Whether it is null, an empty text, or an array or object of only such values.
bool says_nothing(const json_value& value) noexcept;

/// The path of a member: `syscalls` in the empty path, `syscalls[2].names` in `syscalls[2]`.
std::string member_path(std::string_view path, std::string_view name);

/// The path of an element: `syscalls[2]` in `syscalls`.
std::string element_path(std::string_view path, std::size_t index);

/// How deep arrays and objects may stand in each other.
inline constexpr std::size_t max_json_depth = 32;

/// How many values a document may have, which bounds the memory that it takes.
inline constexpr std::size_t max_json_values = 1'000'000;

/// Reads a JSON document as RFC 8259 has it, nothing else.
/**
 * @param text UTF-8 without a byte order mark.
 * @param malformed The code of a failure.
 * @par Errors
 * @p malformed, with a message that begins with `line N: `: no JSON, text behind the document, a member that
 * stands twice, or more than the limits above.
 */
boost::system::result<json_value, failure> parse_json(std::string_view text, error malformed);

} // namespace sctrace

#endif
