#include "record/journal_fields.hpp"
#include "text/scan.hpp"

#include <sctrace/journal_export_reader.hpp>

#include <algorithm>

namespace sctrace {

namespace {

/// src/libsystemd/sd-journal/journal-file.c: journal_field_valid
constexpr std::size_t max_name = 64;

/// src/libsystemd/sd-journal/journal-importer.h: DATA_SIZE_MAX
constexpr std::uint64_t max_length = 768ULL * 1024 * 1024;

constexpr unsigned bytes_of_length = 8;

bool is_name_character(char c) noexcept
{
    return (c >= 'A' && c <= 'Z') || scan::is_digit(c) || c == '_';
}

bool is_name_part(std::string_view text) noexcept
{
    return std::all_of(text.begin(), text.end(), is_name_character);
}

/// The member for the field of this name; null for a field that nobody needs.
std::string* member_for(journal_entry& entry, std::string_view name) noexcept
{
    for (const auto& [needed, member] : journal_fields::needed) {
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
    const std::size_t end = scan::find_or_end(bytes, '\n');
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
    const std::size_t end = scan::find_or_end(bytes, '\n');
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
    for (const auto& [name, member] : journal_fields::needed) {
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
