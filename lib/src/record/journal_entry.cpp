#include "text/cursor.hpp"

#include <sctrace/error.hpp>
#include <sctrace/journal_entry.hpp>
#include <sctrace/journal_export_reader.hpp>
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

struct journal_field {
    std::string_view name;
    std::string journal_entry::*value;
};

constexpr std::array<journal_field, 7> journal_fields{{
    {"_TRANSPORT", &journal_entry::transport},
    {"SYSLOG_IDENTIFIER", &journal_entry::identifier},
    {"SYSLOG_FACILITY", &journal_entry::facility},
    {"MESSAGE", &journal_entry::message},
    {"_AUDIT_TYPE", &journal_entry::audit_type},
    {"_AUDIT_ID", &journal_entry::audit_id},
    {"_SOURCE_REALTIME_TIMESTAMP", &journal_entry::source_time},
}};

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
    for (const auto& [name, value] : journal_fields) {
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
    return detail::without_line_end(message.substr(0, message.find_first_of(ends)));
}

std::optional<std::uint64_t> number_of(std::string_view text) noexcept
{
    detail::cursor in(text);
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

namespace {

/// src/libsystemd/sd-journal/journal-file.c: journal_field_valid
constexpr std::size_t max_name = 64;

/// src/libsystemd/sd-journal/journal-importer.h: DATA_SIZE_MAX
constexpr std::uint64_t max_length = 768ULL * 1024 * 1024;

constexpr unsigned bytes_of_length = 8;

bool is_name_character(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || detail::is_digit(c) || c == '_';
}

bool is_name_part(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), is_name_character);
}

/// The member for the field of this name; null for a field that nobody needs.
std::string* member_for(journal_entry& entry, std::string_view name) noexcept
{
    for (const auto& [needed, member] : journal_fields) {
        if (needed == name) {
            return &(entry.*member);
        }
    }
    return nullptr;
}

} // namespace

void journal_export_reader::feed(std::string_view bytes, std::string& lines)
{
    while (!bytes.empty()) {
        std::size_t taken = 0;
        switch (state_) {
        case state::name:
            taken = take_name(bytes, lines);
            break;
        case state::text_value:
            taken = take_text_value(bytes);
            break;
        case state::length:
            taken = take_length(bytes);
            break;
        case state::binary_value:
            taken = take_binary_value(bytes);
            break;
        case state::binary_end:
            taken = take_binary_end(bytes);
            break;
        case state::lost:
            taken = skip_to_empty_line(bytes);
            break;
        }
        bytes.remove_prefix(taken);
    }
}

void journal_export_reader::finish(std::string& lines)
{
    if (at_entry_end()) {
        end_entry(lines);
    } else if (state_ != state::lost) {
        ++malformed_;
    }
    begin_entry();
}

// Each of the following takes a part of the bytes and returns its length; 0 only where it changes the state.

std::size_t journal_export_reader::take_name(std::string_view bytes, std::string& lines)
{
    const std::size_t end = std::min(bytes.find_first_of("=\n"), bytes.size());
    const std::string_view part = bytes.substr(0, end);
    if (name_.size() + part.size() > max_name || !is_name_part(part)) {
        give_up_entry();
        return end;
    }
    name_ += part;
    if (end == bytes.size()) {
        return end;
    }
    const bool is_text = bytes[end] == '=';
    if (name_.empty() && is_text) {
        give_up_entry();
    } else if (name_.empty()) {
        end_entry(lines);
    } else {
        begin_value();
        state_ = is_text ? state::text_value : state::length;
    }
    return end + 1;
}

std::size_t journal_export_reader::take_text_value(std::string_view bytes)
{
    const std::size_t end = detail::find_or_end(bytes, '\n');
    keep(bytes.substr(0, end));
    if (end == bytes.size()) {
        return end;
    }
    begin_field();
    return end + 1;
}

std::size_t journal_export_reader::take_length(std::string_view bytes)
{
    const auto byte = static_cast<unsigned char>(bytes.front());
    length_ |= static_cast<std::uint64_t>(byte) << (8 * length_bytes_);
    if (++length_bytes_ < bytes_of_length) {
        return 1;
    }
    if (length_ > max_length) {
        give_up_entry();
    } else {
        state_ = length_ == 0 ? state::binary_end : state::binary_value;
    }
    return 1;
}

std::size_t journal_export_reader::take_binary_value(std::string_view bytes)
{
    const std::size_t taken = std::min<std::uint64_t>(bytes.size(), length_);
    keep(bytes.substr(0, taken));
    length_ -= taken;
    if (length_ == 0) {
        state_ = state::binary_end;
    }
    return taken;
}

std::size_t journal_export_reader::take_binary_end(std::string_view bytes)
{
    if (bytes.front() != '\n') {
        give_up_entry();
        return 0;
    }
    begin_field();
    return 1;
}

std::size_t journal_export_reader::skip_to_empty_line(std::string_view bytes)
{
    if (bytes.front() == '\n' && at_line_begin_) {
        begin_entry();
        return 1;
    }
    const std::size_t end = detail::find_or_end(bytes, '\n');
    at_line_begin_ = end < bytes.size();
    return at_line_begin_ ? end + 1 : end;
}

/// Of a field that the entry has more than once, the first counts.
void journal_export_reader::begin_value() noexcept
{
    std::string* const member = member_for(entry_, name_);
    value_ = member != nullptr && member->empty() ? member : nullptr;
    length_ = 0;
    length_bytes_ = 0;
}

void journal_export_reader::keep(std::string_view part)
{
    if (value_ == nullptr) {
        return;
    }
    if (value_->size() + part.size() > max_value) {
        value_->clear();
        value_ = nullptr;
        return;
    }
    *value_ += part;
}

void journal_export_reader::begin_field() noexcept
{
    name_.clear();
    value_ = nullptr;
    state_ = state::name;
}

void journal_export_reader::begin_entry() noexcept
{
    begin_field();
    for (const auto& [name, member] : journal_fields) {
        (entry_.*member).clear();
    }
}

void journal_export_reader::give_up_entry() noexcept
{
    ++malformed_;
    state_ = state::lost;
    at_line_begin_ = false;
}

void journal_export_reader::end_entry(std::string& lines)
{
    if (const auto line = audit_line_of(entry_)) {
        lines += *line;
        lines += '\n';
    }
    begin_entry();
}

} // namespace sctrace
