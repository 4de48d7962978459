#include "text/cursor.hpp"

#include <sctrace/audit_record.hpp>
#include <sctrace/error.hpp>

#include <limits>
#include <optional>

namespace sctrace {

namespace {

using detail::cursor;

constexpr std::uint64_t largest_32_bit = std::numeric_limits<std::uint32_t>::max();

std::optional<audit_type> to_type(std::optional<std::uint64_t> number) noexcept
{
    if (!number || *number > largest_32_bit) {
        return std::nullopt;
    }
    return static_cast<audit_type>(*number);
}

std::optional<audit_type> type_of_name(std::string_view name) noexcept
{
    constexpr std::string_view unknown = "UNKNOWN[";
    if (name == "SECCOMP") {
        return audit_type::seccomp;
    }
    if (name == "ANOM_ABEND") {
        return audit_type::anom_abend;
    }
    if (!name.starts_with(unknown)) {
        return name.empty() ? std::nullopt : std::optional(audit_type::unknown);
    }
    cursor in(name.substr(unknown.size()));
    const auto type = to_type(in.take_decimal());
    return in.take(']') && in.at_end() ? type : std::nullopt;
}

/// Reads the words up to the stamp; sets `from_daemon` if they are auditd's.
std::optional<audit_type> read_type(cursor& in, bool& from_daemon) noexcept
{
    const bool from_kernel = in.take("audit: ");
    const bool has_node = !from_kernel && in.take("node=");
    if (has_node) {
        in.take_until(' ');
        in.skip(1);
    }
    if (!in.take("type=")) {
        return std::nullopt;
    }
    const bool numeric = detail::is_digit(in.peek());
    const auto type = numeric ? to_type(in.take_decimal()) : type_of_name(in.take_until(' '));
    if (!in.take(' ')) {
        return std::nullopt;
    }
    from_daemon = in.take("msg=");
    const bool consistent = from_daemon ? !from_kernel : numeric && !has_node;
    return consistent ? type : std::nullopt;
}

bool read_time(cursor& in, std::string_view& time) noexcept
{
    const char* const first = in.rest().data();
    if (!in.skip_decimal() || (in.take('.') && !in.skip_decimal())) {
        return false;
    }
    time = {first, static_cast<std::size_t>(in.rest().data() - first)};
    return true;
}

bool read_serial(cursor& in, std::uint32_t& serial) noexcept
{
    const auto number = in.take_decimal();
    if (!number || *number > largest_32_bit) {
        return false;
    }
    serial = static_cast<std::uint32_t>(*number);
    return true;
}

/// Reads `audit(T:S):` and the spaces behind it.
bool read_stamp(cursor& in, audit_record& record) noexcept
{
    if (!in.take("audit(") || !read_time(in, record.time) || !in.take(':')) {
        return false;
    }
    if (!read_serial(in, record.serial) || !in.take("):")) {
        return false;
    }
    in.skip_spaces();
    return true;
}

/// Whether `text` ends with ` code=0x` and digits: the last field that the kernel writes.
bool ends_with_code(std::string_view text) noexcept
{
    while (!text.empty() && detail::hex_value(text.back()) >= 0) {
        text.remove_suffix(1);
    }
    return text.ends_with(" code=0x");
}

/// auditd separates what it appends by a byte 0x1D, which gets lost or becomes a space where such a line is
/// pasted.
std::string_view without_enrichment(std::string_view body) noexcept
{
    constexpr char separator = '\x1d';
    if (const std::size_t at = body.rfind(separator); at != std::string_view::npos) {
        return body.substr(0, at);
    }
    const std::size_t at = body.rfind("AUID=\"");
    if (at == std::string_view::npos) {
        return body;
    }
    const std::string_view kernel_part = detail::without_trailing_spaces(body.substr(0, at));
    return ends_with_code(kernel_part) ? kernel_part : body;
}

std::size_t length_without_escapes(std::string_view text) noexcept
{
    std::size_t length = text.size();
    for (std::size_t at = text.find("\\x"); at != std::string_view::npos; at = text.find("\\x", at + 1)) {
        if (at + 4 <= text.size() && detail::hex_value(text[at + 2]) >= 0 &&
            detail::hex_value(text[at + 3]) >= 0) {
            length -= 3;
        }
    }
    return length;
}

bool is_longest_text(std::size_t length) noexcept
{
    return length == 1021 || length == 991 || length == 975;
}

/// A live SECCOMP record begins like this, and there are many of them.
bool read_usual_text(std::string_view text, audit_record& record) noexcept
{
    cursor in(text);
    if (!in.take("audit: type=") || !in.take("1326 ") || !read_stamp(in, record)) {
        return false;
    }
    record.type = audit_type::seccomp;
    record.body = in.rest();
    record.maybe_cut = kernel_text_may_be_cut(text);
    return true;
}

bool read_any_text(std::string_view text, audit_record& record) noexcept
{
    cursor in(text);
    bool from_daemon = false;
    const auto type = read_type(in, from_daemon);
    if (!type || !read_stamp(in, record)) {
        return false;
    }
    record.type = *type;
    record.body = from_daemon ? detail::without_line_end(without_enrichment(in.rest())) : in.rest();
    record.maybe_cut = !from_daemon && kernel_text_may_be_cut(text);
    return true;
}

[[gnu::flatten]] bool read_text(std::string_view text, audit_record& record) noexcept
{
    return read_usual_text(text, record) || read_any_text(text, record);
}

bool read_payload(std::string_view payload, audit_type type, audit_record& record) noexcept
{
    cursor in(payload);
    record.type = type;
    if (!read_stamp(in, record)) {
        return false;
    }
    record.body = in.rest();
    return true;
}

} // namespace

boost::system::result<audit_record> parse_audit_record(std::string_view text) noexcept
{
    boost::system::result<audit_record> parsed(boost::system::in_place_value);
    if (!read_text(detail::without_line_end(text), *parsed)) {
        parsed = error::not_an_audit_record;
    }
    return parsed;
}

boost::system::result<audit_record> parse_audit_payload(audit_type type, std::string_view payload) noexcept
{
    boost::system::result<audit_record> parsed(boost::system::in_place_value);
    if (!read_payload(detail::without_line_end(payload), type, *parsed)) {
        parsed = error::not_an_audit_record;
    }
    return parsed;
}

bool kernel_text_may_be_cut(std::string_view kernel_text) noexcept
{
    constexpr std::size_t shortest_limit = 975;
    const std::string_view text = detail::without_line_end(kernel_text);
    if (text.size() < shortest_limit) {
        return false;
    }
    return is_longest_text(text.size()) || is_longest_text(length_without_escapes(text));
}

} // namespace sctrace
