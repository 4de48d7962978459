#include "text/cursor.hpp"

#include <sctrace/error.hpp>
#include <sctrace/kmsg_entry.hpp>

#include <limits>

namespace sctrace {

namespace {

using detail::cursor;

constexpr std::size_t escape_length = 4;

/// Where the kernel's output buffer ends (since 6.3), less the newline that a reader may have removed.
bool fills_output_buffer(std::size_t length) noexcept
{
    constexpr std::size_t output_buffer = 2048;
    return length + 2 >= output_buffer && length <= output_buffer;
}

bool read_numbers(cursor& in, kmsg_entry& entry) noexcept
{
    const auto priority = in.take_decimal();
    if (!priority || *priority > std::numeric_limits<std::uint32_t>::max() || !in.take(',')) {
        return false;
    }
    const auto sequence = in.take_decimal();
    if (!sequence || !in.take(',')) {
        return false;
    }
    const auto microseconds = in.take_decimal();
    if (!microseconds) {
        return false;
    }
    entry.facility = static_cast<std::uint32_t>(*priority >> 3);
    entry.level = static_cast<std::uint32_t>(*priority & 7);
    entry.sequence = *sequence;
    entry.microseconds = *microseconds;
    return true;
}

void read_optional_field(std::string_view field, bool first, kmsg_entry& entry) noexcept
{
    constexpr std::string_view caller = "caller=";
    if (field.starts_with(caller)) {
        entry.caller = field.substr(caller.size());
    } else if (first && !field.empty()) {
        entry.flag = field.front();
    }
}

/// Reads the fields between the numbers and the ';', which ends the header.
bool read_optional_fields(cursor& in, kmsg_entry& entry) noexcept
{
    for (bool first = true; in.take(','); first = false) {
        const std::string_view rest = in.rest();
        std::size_t length = 0;
        while (length < rest.size() && rest[length] != ',' && rest[length] != ';' && rest[length] != '\n') {
            ++length;
        }
        read_optional_field(rest.substr(0, length), first, entry);
        in.skip(length);
    }
    return in.take(';');
}

void read_lines(cursor& in, kmsg_entry& entry) noexcept
{
    entry.text = in.take_until('\n');
    if (in.take('\n') && in.peek() == ' ') {
        entry.dictionary = in.rest();
    }
}

bool is_escape(std::string_view text) noexcept
{
    return text.size() >= escape_length && text[0] == '\\' && text[1] == 'x' &&
           detail::hex_value(text[2]) >= 0 && detail::hex_value(text[3]) >= 0;
}

char escaped_character(std::string_view escape) noexcept
{
    return static_cast<char>(detail::hex_value(escape[2]) << 4 | detail::hex_value(escape[3]));
}

} // namespace

boost::system::result<kmsg_entry> parse_kmsg_entry(std::string_view entry) noexcept
{
    boost::system::result<kmsg_entry> parsed(boost::system::in_place_value);
    cursor in(entry);
    if (read_numbers(in, *parsed) && read_optional_fields(in, *parsed)) {
        read_lines(in, *parsed);
        parsed->maybe_cut = fills_output_buffer(entry.size());
    } else {
        parsed = error::not_a_kmsg_entry;
    }
    return parsed;
}

std::string_view unescape_kmsg(std::string_view text, std::span<char> buffer) noexcept
{
    if (text.find('\\') == std::string_view::npos) {
        return text;
    }
    std::size_t written = 0;
    while (!text.empty() && written < buffer.size()) {
        const bool escape = is_escape(text);
        buffer[written++] = escape ? escaped_character(text) : text.front();
        text.remove_prefix(escape ? escape_length : 1);
    }
    return {buffer.data(), written};
}

} // namespace sctrace
