#include "text/json_line.hpp"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <limits>

namespace sctrace::detail {

namespace {

constexpr std::string_view not_closed = "the line ends before the object does";
constexpr std::string_view no_value = "a member's value is no valid JSON";
constexpr unsigned deepest = 32;

constexpr bool is_control(char c) noexcept
{
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
}

constexpr bool is_plain(char c) noexcept
{
    return c >= ' ' && c <= '~' && c != '\\';
}

/// The slow way for escapes and for what is not ASCII; empty if the text is no JSON string in UTF-8.
std::optional<std::string> unescaped(std::string_view text)
{
    boost::system::error_code failed;
    const auto parsed = boost::json::parse('"' + std::string(text) + '"', failed);
    if (failed) {
        return std::nullopt;
    }
    return std::string(parsed.get_string().data(), parsed.get_string().size());
}

} // namespace

std::size_t string_length(std::string_view text) noexcept
{
    std::size_t length = 0;
    while (length < text.size() && text[length] != '"') {
        length += text[length] == '\\' ? 2 : 1;
    }
    return std::min(length, text.size());
}

bool json_line::begin(std::string_view no_object)
{
    skip_spaces();
    if (in_.at_end()) {
        return fail("the line is empty");
    }
    return in_.take('{') || fail(no_object);
}

bool json_line::end()
{
    skip_spaces();
    return in_.at_end() || fail("the line goes on behind the object");
}

bool json_line::read_key(std::string_view& key)
{
    skip_spaces();
    if (in_.peek() != '"') {
        return fail_at("a member's name is missing");
    }
    return read_plain_string("a member's name", key, key_buffer_);
}

bool json_line::take_colon(std::string_view key)
{
    skip_spaces();
    if (!in_.take(':')) {
        return fail_at("a ':' is missing behind " + quoted(key));
    }
    skip_spaces();
    return true;
}

bool json_line::read_string(std::string_view what, std::string_view& value, std::string& buffer)
{
    in_.skip(1);
    const std::string_view raw = in_.rest().substr(0, string_length(in_.rest()));
    in_.skip(raw.size());
    if (!in_.take('"')) {
        return fail(not_closed);
    }
    value = raw;
    if (std::all_of(raw.begin(), raw.end(), is_plain)) {
        return true;
    }
    auto text = unescaped(raw);
    if (!text) {
        const bool has_control = std::any_of(raw.begin(), raw.end(), is_control);
        return fail(std::string(what) +
                    (has_control ? " holds a control character" : " is no valid JSON string"));
    }
    buffer = *std::move(text);
    value = buffer;
    return true;
}

bool json_line::read_plain_string(std::string_view what, std::string_view& value, std::string& buffer)
{
    return read_string(what, value, buffer) && (std::none_of(value.begin(), value.end(), is_control) ||
                                                fail(std::string(what) + " holds a control character"));
}

bool json_line::read_syscall(std::int64_t& number)
{
    bool negative = false;
    std::optional<std::uint64_t> magnitude;
    if (!read_integer("\"syscall\" must be an integer", negative, magnitude)) {
        return false;
    }
    constexpr auto largest = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    if (!magnitude || *magnitude > largest + (negative ? 1 : 0)) {
        return fail("\"syscall\" has more than 64 bits");
    }
    number = static_cast<std::int64_t>(negative ? 0 - *magnitude : *magnitude);
    return true;
}

bool json_line::read_count(std::uint64_t& count)
{
    bool negative = false;
    std::optional<std::uint64_t> magnitude;
    if (!read_integer("\"count\" must be an integer", negative, magnitude)) {
        return false;
    }
    if (negative || magnitude == 0U) {
        return fail("\"count\" must be at least 1");
    }
    if (!magnitude) {
        return fail("\"count\" has more than 64 bits");
    }
    count = *magnitude;
    return true;
}

/// Reads an integer in JSON's form, which has no leading zeros; empty for one of more than 64 bits.
bool json_line::read_integer(std::string_view problem, bool& negative,
                             std::optional<std::uint64_t>& magnitude)
{
    negative = in_.take('-');
    const bool zero = in_.peek() == '0';
    if (!is_digit(in_.peek())) {
        return fail_at(problem);
    }
    const std::size_t before = in_.size();
    magnitude = in_.take_decimal();
    const bool padded = zero && (negative || before - in_.size() > 1);
    const char next = in_.peek();
    if (padded || next == '.' || next == 'e' || next == 'E') {
        return fail(problem);
    }
    return true;
}

bool json_line::skip_value(unsigned depth)
{
    switch (in_.peek()) {
    case '"':
        return skip_string();
    case '{':
    case '[':
        return skip_list(depth);
    case 't':
        return in_.take("true") || fail(no_value);
    case 'f':
        return in_.take("false") || fail(no_value);
    case 'n':
        return in_.take("null") || fail(no_value);
    default:
        return skip_number();
    }
}

bool json_line::skip_list(unsigned depth)
{
    if (depth == deepest) {
        return fail("a member's value is nested too deeply");
    }
    if (in_.take('[')) {
        return read_list(']', no_value, [&] { return skip_value(depth + 1); });
    }
    in_.skip(1);
    return read_list('}', no_value, [&] {
        std::string_view key;
        return read_key(key) && take_colon(key) && skip_value(depth + 1);
    });
}

bool json_line::skip_string()
{
    std::string_view value;
    std::string buffer;
    return read_string("a member's value", value, buffer);
}

bool json_line::skip_number()
{
    in_.take('-');
    const bool zero = in_.peek() == '0';
    const std::size_t before = in_.size();
    if (!is_digit(in_.peek())) {
        return fail_at(no_value);
    }
    in_.skip_decimal();
    if (zero && before - in_.size() > 1) {
        return fail(no_value);
    }
    if (in_.take('.')) {
        if (!is_digit(in_.peek())) {
            return fail_at(no_value);
        }
        in_.skip_decimal();
    }
    if (in_.take('e') || in_.take('E')) {
        if (!in_.take('-')) {
            in_.take('+');
        }
        if (!is_digit(in_.peek())) {
            return fail_at(no_value);
        }
        in_.skip_decimal();
    }
    return true;
}

void json_line::skip_spaces() noexcept
{
    while (in_.take(' ') || in_.take('\t') || in_.take('\r')) {
    }
}

bool json_line::fail_at(std::string_view problem)
{
    return fail(in_.at_end() ? not_closed : problem);
}

} // namespace sctrace::detail
