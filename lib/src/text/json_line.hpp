#ifndef SCTRACE_SRC_JSON_LINE_HPP
#define SCTRACE_SRC_JSON_LINE_HPP

#include "text/cursor.hpp"
#include "text/quote.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sctrace::detail {

/// Where the JSON string ends in whose middle `text` begins: at the first quote that is not escaped.
std::size_t string_length(std::string_view text) noexcept;

/// Reads a JSON object that stands on one line, member by member.
/**
 * Functions that return a bool return false when the line is malformed; problem() then says why, and nothing
 * else may be called.
 */
class json_line {
public:
    explicit json_line(std::string_view line) noexcept
        : in_(line)
    {
    }

    const std::string& problem() const noexcept { return problem_; }

    /// Reads the line, which holds one object and nothing else.
    /**
     * @param no_object The problem of a line that does not begin with an object.
     * @param accept Is called with each member's name before its value: `bool accept(std::string_view)`.
     * @param read_value Is called where the accepted member's value begins: `bool read_value()`.
     */
    template <class Accept, class ReadValue>
    bool read_object(std::string_view no_object, Accept accept, ReadValue read_value);

    /// What the member's value begins with; a NUL at the line's end.
    char peek() const noexcept { return in_.peek(); }

    bool take_null() noexcept { return in_.take("null"); }

    /// Reads a string from its opening quote on; `what` names it in messages.
    /** `buffer` holds the value if it is not in the line as it is. */
    bool read_string(std::string_view what, std::string_view& value, std::string& buffer);

    /// As read_string(), for a text without control characters, escaped or not.
    bool read_plain_string(std::string_view what, std::string_view& value, std::string& buffer);

    /// The value of `syscall`.
    bool read_syscall(std::int64_t& number);

    /// The value of `count`.
    bool read_count(std::uint64_t& count);

    /// Goes behind a value of any type.
    bool skip_value() { return skip_value(0); }

    bool fail(std::string_view problem)
    {
        problem_ = problem;
        return false;
    }

    /// As fail(), unless the true problem is that nothing follows.
    bool fail_at(std::string_view problem);

private:
    /// Reads what stands between brackets, of which the first one has been taken, with commas in between.
    /** @param no_end The problem of what is neither a comma nor @p end. */
    template <class ReadOne>
    bool read_list(char end, std::string_view no_end, ReadOne read_one);

    bool begin(std::string_view no_object);
    bool end();
    bool read_key(std::string_view& key);
    bool take_colon(std::string_view key);
    bool read_integer(std::string_view problem, bool& negative, std::optional<std::uint64_t>& magnitude);
    bool skip_value(unsigned depth);
    bool skip_list(unsigned depth);
    bool skip_string();
    bool skip_number();
    void skip_spaces() noexcept;

    cursor in_;
    std::string key_buffer_;
    std::string problem_;
};

template <class Accept, class ReadValue>
bool json_line::read_object(std::string_view no_object, Accept accept, ReadValue read_value)
{
    const auto read_member = [&] {
        std::string_view key;
        return read_key(key) && accept(key) && take_colon(key) && read_value();
    };
    return begin(no_object) &&
           read_list('}', "a ',' or '}' is missing behind a member's value", read_member) && end();
}

template <class ReadOne>
bool json_line::read_list(char end, std::string_view no_end, ReadOne read_one)
{
    skip_spaces();
    if (in_.take(end)) {
        return true;
    }
    do {
        skip_spaces();
        if (!read_one()) {
            return false;
        }
        skip_spaces();
    } while (in_.take(','));
    return in_.take(end) || fail_at(no_end);
}

} // namespace sctrace::detail

#endif
