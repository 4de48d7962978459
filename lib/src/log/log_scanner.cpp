#include "log/log_scanner.hpp"

#include "log/log_marks.hpp"
#include "record/log_line_parts.hpp"
#include "text/byte_blocks.hpp"
#include "text/cursor.hpp"
#include "text/json_escapes.hpp"

#include <sctrace/journal_entry.hpp>
#include <sctrace/kmsg_entry.hpp>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

namespace sctrace::detail {

namespace {

/// Whether a header of an audit record of another type than seccomp's stands around the mark @p y.
/** Says no where it is not sure. @p y has at least two bytes in front of it. */
bool is_of_other_type(const char* y, const char* end) noexcept
{
    const bool begins_a_word = *(y - 2) == ' ' || *(y - 2) == ';' || *(y - 2) == '\n';
    cursor in({y - 1, static_cast<std::size_t>(end - y) + 1});
    if (!begins_a_word || !in.take("type=")) {
        return false;
    }
    const auto number = in.take_decimal();
    const auto is_seccomps = [](std::uint64_t type) {
        return type == static_cast<std::uint64_t>(audit_type::seccomp) ||
               type == static_cast<std::uint64_t>(audit_type::anom_abend);
    };
    return number && !is_seccomps(*number) && (in.take(" audit(") || in.take(" msg=audit("));
}

bool may_be_json(std::string_view line) noexcept
{
    constexpr std::string_view event_stream = "data: ";
    constexpr char record_separator = '\x1e';
    if (line.starts_with(event_stream)) {
        line.remove_prefix(event_stream.size());
    } else if (line.starts_with(record_separator)) {
        line.remove_prefix(1);
    }
    return line.starts_with('{');
}

/// Whether the first line is one of `journalctl -o json`, or any one of an object that `dmesg --json` wrote.
bool begins_with_json(std::string_view text) noexcept
{
    text.remove_prefix(std::min(text.find_first_not_of(" \r\n"), text.size()));
    return may_be_json(text) || text.starts_with('"') || text.starts_with('}');
}

/// A message in numbers, which journalctl writes for one that is no UTF-8, may be a record as well.
bool may_hold_a_notice(std::string_view line) noexcept
{
    constexpr std::array words{
        "suppressed",           "exceeded",      "disappeared",    "overflow", "audit_log_start",
        "audit_backlog_limit=", "\"MESSAGE\":[", "\"MESSAGE\" : ["};
    return std::any_of(words.begin(), words.end(),
                       [line](std::string_view word) { return line.find(word) != std::string_view::npos; });
}

/// Reads the lines of one part.
template <bool NulSeparated>
class line_reader {
public:
    /// @p capture: the lines are entries of /dev/kmsg, and those that begin with a space continue others.
    line_reader(record_batch& batch, std::span<char> lines, log_format wanted, bool capture) noexcept
        : batch_(batch)
        , lines_(lines.data())
        , end_(lines.size())
        , wanted_(wanted)
        , capture_(capture)
    {
    }

    void run(find_mark find)
    {
        std::size_t at = 0;
        while (at < end_) {
            at = find(lines_, at, end_, entries_);
            if (at < end_) {
                at = read_around(at);
            }
        }
        if (end_ > 0 && !is_separator(lines_[end_ - 1])) {
            // The end behind the lines is that of the last one.
            read_around(end_);
        }
    }

    /// The same for lines of JSON, in which a notice does not stand at the end.
    void run_json()
    {
        for (std::size_t at = 0; at < end_;) {
            const std::size_t end = end_of_line(at);
            const std::string_view text(lines_ + at, end - at);
            const std::size_t candidate = find_key_tail(text, 0, 'y', 'u');
            if (candidate != std::string_view::npos) {
                read_line({lines_ + at, text.size()}, candidate);
            } else if (may_hold_a_notice(text)) {
                read_notice({lines_ + at, text.size()});
            }
            at = end + 1;
        }
    }

    /// Line ends that no continuation line follows.
    std::uint64_t entries() const noexcept { return entries_; }

private:
    /// Reads the line of the mark at @p place; returns where to go on.
    std::size_t read_around(std::size_t place)
    {
        if (is_separator(lines_[place])) {
            if (place >= unread_ && may_end_a_notice(place)) {
                const std::size_t begin = begin_of_line(place);
                read_notice({lines_ + begin, place - begin});
            }
            entries_ += lines_[place + 1] != ' ' ? 1 : 0;
            return place + 1;
        }
        const std::size_t end = end_of_line(place);
        unread_ = end + 1;
        const bool of_other_type =
            lines_[place] == 'y' && place > 1 && is_of_other_type(lines_ + place, lines_ + end);
        const std::size_t begin = begin_of_line(place);
        // In JSON the header may be that of any member.
        if (!of_other_type || may_be_json({lines_ + begin, end - begin})) {
            read_line({lines_ + begin, end - begin}, place - begin);
        }
        return end;
    }

    /// Looks at the few bytes that tell, because the line's begin is far away.
    bool may_end_a_notice(std::size_t place) const noexcept
    {
        constexpr std::size_t telling = 48;
        const std::size_t begin = place - std::min(place, telling);
        return ends_like_a_loss_notice(without_line_end({lines_ + begin, place - begin}));
    }

    static bool is_separator(char c) noexcept { return c == '\n' || (NulSeparated && c == '\0'); }

    std::size_t begin_of_line(std::size_t place) const noexcept
    {
        if constexpr (NulSeparated) {
            while (place > 0 && !is_separator(lines_[place - 1])) {
                --place;
            }
            return place;
        } else {
            // The byte in front of the lines is a newline.
            const void* const newline = ::memrchr(lines_ - 1, '\n', place + 1);
            return static_cast<std::size_t>(static_cast<const char*>(newline) - lines_) + 1;
        }
    }

    std::size_t end_of_line(std::size_t place) const noexcept
    {
        const std::string_view rest(lines_ + place, end_ - place);
        std::size_t length = find_or_end(rest, '\n');
        if constexpr (NulSeparated) {
            length = find_or_end(rest.substr(0, length), '\0');
        }
        return place + length;
    }

    void read_line(std::span<char> line, std::size_t candidate)
    {
        const std::string_view text(line.data(), line.size());
        if (const auto usual = text_of_usual_entry(text, candidate); !usual.empty()) {
            append_entry(usual, line);
            return;
        }
        if ((capture_ && text.starts_with(' ')) || (may_be_json(text) && read_journal(line))) {
            return;
        }
        const bool may_begin_header = text[candidate] == 'y' || text[candidate] == 'u';
        const auto parsed = may_begin_header ? parse_log_line_at(text, candidate) : parse_log_line(text);
        if (parsed) {
            if (has_format(parsed->form, wanted_)) {
                append_record(*parsed, line);
            }
        } else {
            read_notice(line);
        }
    }

    bool read_journal(std::span<char> line)
    {
        const auto entry = parse_journal_json({line.data(), line.size()});
        if (!entry) {
            return false;
        }
        const auto said = audit_line_of(*entry);
        if (!said || said->size() > line.size() || !has_format(log_form::journal, wanted_)) {
            return true;
        }
        const auto decoded = line.first(said->size());
        std::copy(said->begin(), said->end(), decoded.begin());
        const std::string_view text(decoded.data(), decoded.size());
        if (const auto parsed = parse_log_line(text)) {
            append_record(*parsed, decoded);
        } else {
            append_notice(text);
        }
        return true;
    }

    void append_entry(std::string_view text, std::span<char> line)
    {
        if (has_format(log_form::kmsg, wanted_)) {
            const auto offset = static_cast<std::size_t>(text.data() - line.data());
            batch_.append(0, {0, unescape_kmsg(text, line.subspan(offset)), false, false});
        }
    }

    void append_record(const log_line& parsed, std::span<char> line)
    {
        std::string_view text = parsed.text;
        if (parsed.escapes != text_escapes::none) {
            const auto offset = static_cast<std::size_t>(text.data() - line.data());
            const std::span<char> place = line.subspan(offset, text.size());
            text = parsed.escapes == text_escapes::kmsg ? unescape_kmsg(text, place)
                                                        : unescape_json(text, place);
        }
        source_message message{0, text, parsed.maybe_cut, false};
        if (parsed.form == log_form::journal) {
            message.type = static_cast<std::uint32_t>(audit_type::seccomp);
            message.text.remove_prefix(journal_tag.size());
            message.without_header = true;
        }
        batch_.append(0, message);
    }

    void read_notice(std::span<char> line)
    {
        const std::string_view text(line.data(), line.size());
        if ((capture_ && text.starts_with(' ')) || (may_be_json(text) && read_journal(line))) {
            return;
        }
        const std::string_view message = json_message_of(line);
        if (parse_loss_line(message)) {
            append_notice(message);
        }
    }

    /// The value of the member `msg` as `dmesg --json` writes it; else the line itself.
    static std::string_view json_message_of(std::span<char> line) noexcept
    {
        const std::string_view text(line.data(), line.size());
        constexpr std::string_view key = "\"msg\": \"";
        const std::size_t at = text.find(key);
        const std::size_t end = text.rfind('"');
        if (at == std::string_view::npos || end < at + key.size()) {
            return text;
        }
        const std::size_t begin = at + key.size();
        return unescape_json(text.substr(begin, end - begin), line.subspan(begin, end - begin));
    }

    void append_notice(std::string_view text) { batch_.append(0, {0, text, false, false}); }

    static constexpr std::string_view journal_tag = "SECCOMP ";

    record_batch& batch_;
    char* lines_;
    std::size_t end_;
    log_format wanted_;
    bool capture_;
    std::uint64_t entries_ = 0;
    std::size_t unread_ = 0;
};

std::optional<std::uint64_t> sequence_of(std::string_view line) noexcept
{
    const auto entry = parse_kmsg_entry(line);
    return entry ? std::optional(entry->sequence) : std::nullopt;
}

bool is_line_end(char c) noexcept
{
    return c == '\n' || c == '\0';
}

std::string_view without_last_line(std::string_view text) noexcept
{
    while (!text.empty() && !is_line_end(text.back())) {
        text.remove_suffix(1);
    }
    return text;
}

/// The last line that continues no other; empty if there is none nearby.
std::string_view last_entry(std::string_view text) noexcept
{
    constexpr int most_continuation_lines = 64;
    for (int i = 0; i < most_continuation_lines && !text.empty(); ++i) {
        while (!text.empty() && is_line_end(text.back())) {
            text.remove_suffix(1);
        }
        const std::string_view before = without_last_line(text);
        const std::string_view line = text.substr(before.size());
        if (!line.starts_with(' ')) {
            return line;
        }
        text = before;
    }
    return {};
}

std::size_t length_of_line(std::string_view text) noexcept
{
    return find_or_end(text.substr(0, find_or_end(text, '\n')), '\0');
}

struct entry_numbers {
    std::uint64_t last = 0;
    std::uint64_t missing = 0;
};

/// Looks at each line of a text whose first entry is known.
entry_numbers numbers_of_entries(std::string_view text, std::uint64_t first) noexcept
{
    entry_numbers numbers{first};
    while (!text.empty()) {
        const std::size_t length = length_of_line(text);
        if (const auto sequence = sequence_of(text.substr(0, length))) {
            numbers.missing += *sequence > numbers.last ? *sequence - numbers.last - 1 : 0;
            numbers.last = *sequence;
        }
        text.remove_prefix(std::min(length + 1, text.size()));
    }
    return numbers;
}

/// Numbers in a row need no look at each line.
void note_sequence(record_batch& batch, std::string_view text, std::uint64_t first, std::uint64_t entries)
{
    const auto last = sequence_of(last_entry(text));
    const bool begins_with_entry = is_digit(text.front());
    const bool in_a_row = begins_with_entry && last && *last - first + 1 == entries;
    const auto numbers = in_a_row ? entry_numbers{*last} : numbers_of_entries(text, first);
    batch.part().first_sequence = first;
    batch.part().last_sequence = numbers.last;
    batch.losses().overwritten += numbers.missing;
}

/// The sequence number of the first entry, if the lines are a capture of /dev/kmsg.
std::optional<std::uint64_t> first_sequence_of(std::string_view text) noexcept
{
    while (!text.empty() && (text.front() == ' ' || is_line_end(text.front()))) {
        text.remove_prefix(std::min(length_of_line(text) + 1, text.size()));
    }
    return sequence_of(text.substr(0, length_of_line(text)));
}

template <bool NulSeparated>
void scan_lines(record_batch& batch, std::span<char> lines, log_format wanted)
{
    const std::string_view text(lines.data(), lines.size());
    const auto sequence = has_format(log_form::kmsg, wanted) ? first_sequence_of(text) : std::nullopt;
    line_reader<NulSeparated> reader(batch, lines, wanted, sequence.has_value());
    if (begins_with_json(text)) {
        reader.run_json();
        return;
    }
    reader.run(best_find_mark(NulSeparated));
    if (sequence) {
        note_sequence(batch, text, *sequence, reader.entries());
    }
}

} // namespace

void log_scanner::scan(record_batch& batch, std::span<char> lines) const
{
    // So that every line has an end on either side; the one behind the lines counts as no entry's.
    *(lines.data() - 1) = '\n';
    char* const behind = lines.data() + lines.size();
    std::fill_n(behind, margin, ' ');
    *behind = '\n';
    if (nul_separated_) {
        scan_lines<true>(batch, lines, wanted_);
    } else {
        scan_lines<false>(batch, lines, wanted_);
    }
}

} // namespace sctrace::detail
