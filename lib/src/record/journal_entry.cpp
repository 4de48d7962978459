#include "record/journal_fields.hpp"
#include "text/scan.hpp"

#include <sctrace/error.hpp>
#include <sctrace/journal_entry.hpp>
#include <sctrace/log_line.hpp>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

namespace sctrace {

namespace {

constexpr std::string_view seccomp_type = "1326";
constexpr std::string_view seccomp_name = "SECCOMP ";

/// The object itself, without what json-seq and json-sse put around it.
std::string_view object_of(std::string_view line) noexcept
{
    constexpr std::string_view event = "data: ";
    constexpr char record_separator = '\x1e';
    if (line.starts_with(record_separator)) {
        line.remove_prefix(1);
    } else if (line.starts_with(event)) {
        line.remove_prefix(event.size());
    }
    return line;
}

bool is_journal_object(const boost::json::object& object) noexcept
{
    constexpr std::array<std::string_view, 4> names{"MESSAGE", "_TRANSPORT", "__CURSOR",
                                                    "__REALTIME_TIMESTAMP"};
    return std::any_of(names.begin(), names.end(),
                       [&object](std::string_view name) { return object.contains(name); });
}

std::optional<char> byte_of(const boost::json::value& number) noexcept
{
    const auto* const value = number.if_int64();
    if (value == nullptr || *value < 0 || *value > std::numeric_limits<unsigned char>::max()) {
        return std::nullopt;
    }
    return static_cast<char>(static_cast<unsigned char>(*value));
}

std::string bytes_of(const boost::json::array& numbers)
{
    std::string bytes;
    bytes.reserve(numbers.size());
    for (const boost::json::value& number : numbers) {
        const auto byte = byte_of(number);
        if (!byte) {
            return {};
        }
        bytes += *byte;
    }
    return bytes;
}

bool holds_several_values(const boost::json::array& values) noexcept
{
    return !values.empty() && !values.front().is_number();
}

/// The text of a field's value, empty if it has none that can be read.
std::string text_of(const boost::json::value& value)
{
    const boost::json::value* first = &value;
    if (const auto* const values = value.if_array(); values != nullptr && holds_several_values(*values)) {
        first = &values->front();
    }
    if (const auto* const text = first->if_string()) {
        return std::string(*text);
    }
    const auto* const numbers = first->if_array();
    return numbers != nullptr ? bytes_of(*numbers) : std::string();
}

journal_entry entry_of(const boost::json::object& object)
{
    journal_entry entry;
    for (const auto& [name, value] : journal_fields::needed) {
        if (const auto* const found = object.if_contains(name)) {
            entry.*value = text_of(*found);
        }
    }
    return entry;
}

/// The message up to what would end a line.
std::string_view first_line_of(std::string_view message) noexcept
{
    constexpr std::string_view ends("\n\0", 2);
    return scan::without_line_end(message.substr(0, message.find_first_of(ends)));
}

std::optional<std::uint64_t> number_of(std::string_view text) noexcept
{
    scan::reader in(text);
    const auto number = in.take_decimal();
    return in.at_end() ? number : std::nullopt;
}

/// journald knows which transport an entry came by; without one, the identifier is all there is.
bool is_from(const journal_entry& entry, std::string_view transport) noexcept
{
    return entry.transport.empty() ? entry.identifier == transport : entry.transport == transport;
}

bool is_from_unknown(const journal_entry& entry) noexcept
{
    return entry.transport.empty() && entry.identifier.empty();
}

bool is_written_by_kernel(const journal_entry& entry) noexcept
{
    const bool has_facility = entry.facility.empty() || entry.facility == "0";
    const bool has_identifier = entry.identifier.empty() || entry.identifier == "kernel";
    return is_from(entry, "kernel") && has_facility && has_identifier;
}

/// Only journald can set `_AUDIT_TYPE`, so that it counts without a transport too.
bool is_audit_copy(const journal_entry& entry) noexcept
{
    return is_from(entry, "audit") || (is_from_unknown(entry) && !entry.audit_type.empty());
}

bool is_seccomp_copy(const journal_entry& entry, std::string_view message) noexcept
{
    return entry.audit_type.empty() ? message.starts_with(seccomp_name) : entry.audit_type == seccomp_type;
}

/// `type=1326 audit(SECONDS.mmm:SERIAL): `, if the entry has both.
std::optional<std::string> header_of(const journal_entry& entry)
{
    constexpr std::uint64_t largest_serial = std::numeric_limits<std::uint32_t>::max();
    const auto microseconds = number_of(entry.source_time);
    const auto serial = number_of(entry.audit_id);
    if (!microseconds || !serial || *serial > largest_serial) {
        return std::nullopt;
    }
    const std::string thousand_and_milliseconds = std::to_string(1000 + *microseconds / 1000 % 1000);
    return "type=1326 audit(" + std::to_string(*microseconds / 1'000'000) + '.' +
           thousand_and_milliseconds.substr(1) + ':' + std::to_string(*serial) + "): ";
}

std::string line_of_copy(const journal_entry& entry, std::string_view message)
{
    // The first word is the type's name, `SECCOMP` or, where journald does not know it, `AUDIT1326`.
    const std::string_view fields = message.substr(std::min(message.find(' '), message.size() - 1) + 1);
    std::string line = header_of(entry).value_or(std::string(seccomp_name));
    line += fields;
    return line;
}

bool holds_record_or_notice(std::string_view line) noexcept
{
    return parse_log_line(line).has_value() || parse_loss_line(line).has_value();
}

bool is_kernels_record_or_notice(std::string_view message) noexcept
{
    return message.starts_with("audit: type=") || message.starts_with("type=") ||
           parse_loss_notice(message).has_value();
}

std::optional<std::string> line_if(bool holds, std::string_view message)
{
    return holds ? std::optional(std::string(message)) : std::nullopt;
}

} // namespace

boost::system::result<journal_entry> parse_journal_json(std::string_view line)
{
    std::array<unsigned char, 16 * 1024> space;
    boost::json::monotonic_resource memory(space.data(), space.size());
    boost::json::parse_options options;
    options.allow_invalid_utf8 = true;
    boost::system::error_code failed;
    const boost::json::value parsed = boost::json::parse(object_of(line), failed, &memory, options);
    const auto* const object = parsed.if_object();
    if (failed || object == nullptr || !is_journal_object(*object)) {
        return error::not_a_journal_entry;
    }
    return entry_of(*object);
}

std::optional<std::string> audit_line_of(const journal_entry& entry)
{
    const std::string_view message = first_line_of(entry.message);
    if (message.empty()) {
        return std::nullopt;
    }
    if (is_audit_copy(entry)) {
        return is_seccomp_copy(entry, message) ? std::optional(line_of_copy(entry, message)) : std::nullopt;
    }
    if (is_written_by_kernel(entry)) {
        return line_if(is_kernels_record_or_notice(message), message);
    }
    return line_if(is_from_unknown(entry) && holds_record_or_notice(message), message);
}

} // namespace sctrace
