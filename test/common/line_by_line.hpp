#ifndef SCTRACE_TEST_LINE_BY_LINE_HPP
#define SCTRACE_TEST_LINE_BY_LINE_HPP

#include "log/log_scanner.hpp"
#include "text/json_escapes.hpp"

#include <sctrace/journal_entry.hpp>
#include <sctrace/kmsg_entry.hpp>
#include <sctrace/log_format.hpp>
#include <sctrace/log_line.hpp>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace::test {

/// What a line of a saved log says.
struct said_line {
    std::string text;
    bool without_header = false;
    bool maybe_cut = false;

    friend bool operator==(const said_line&, const said_line&) = default;

    friend std::ostream& operator<<(std::ostream& out, const said_line& line)
    {
        return out << '"' << line.text << '"' << (line.without_header ? " without header" : "")
                   << (line.maybe_cut ? " maybe cut" : "");
    }
};

using said_lines = std::vector<said_line>;

inline std::string_view without_line_end(std::string_view text)
{
    constexpr std::string_view ends("\r\n\0", 3);
    return text.substr(0, text.find_last_not_of(ends) + 1);
}

/// Whether a message is one that the parser of a replay looks at; records of other types are not.
inline bool is_of_interest(std::string_view text, bool without_header)
{
    if (const auto record = parse_audit_record(text); record && !without_header) {
        return record->type == audit_type::seccomp || record->type == audit_type::anom_abend;
    }
    return without_header || parse_loss_line(text) || is_interpreted_record(text);
}

inline void append_said(said_lines& said, std::string_view text, bool without_header, bool maybe_cut)
{
    if (is_of_interest(text, without_header)) {
        said.push_back({std::string(without_line_end(text)), without_header, maybe_cut});
    }
}

/// What a batch says.
inline said_lines said_by(const record_batch& batch)
{
    said_lines said;
    for (const source_message& m : batch.messages()) {
        append_said(said, m.text, m.without_header, m.maybe_cut);
    }
    return said;
}

/// Says what a log says in the plainest way: one line after the other, each cut out and parsed.
class line_by_line {
public:
    explicit line_by_line(log_format wanted)
        : wanted_(wanted)
    {
    }

    said_lines read(std::string_view text, bool nul_separated)
    {
        const auto lines = lines_of(text, nul_separated);
        json_ = begins_with_json(text);
        const bool capture = has_format(log_form::kmsg, wanted_) && is_capture(lines);
        for (const std::string_view line : lines) {
            // In a capture of /dev/kmsg such a line belongs to the entry before.
            if (!capture || !line.starts_with(' ')) {
                read_line(line);
            }
        }
        return std::move(said_);
    }

    /// Whether an odd line says something: a scanner of whole texts may pass over it.
    /**
     * A notice in a line of JSON among others, in one that holds a header of a record too, or in one with
     * several ends; a journal entry that tells of a record and lacks what every record has.
     */
    bool met_doubtful_line() const noexcept { return doubtful_; }

private:
    static bool begins_with_json(std::string_view text)
    {
        const std::size_t begin = text.find_first_not_of(" \r\n");
        const std::string_view rest = text.substr(std::min(begin, text.size()));
        return begins_an_object(rest) || rest.starts_with('"') || rest.starts_with('}');
    }

    static std::vector<std::string_view> lines_of(std::string_view text, bool nul_separated)
    {
        const std::string_view separators = std::string_view("\n\0", 2).substr(0, nul_separated ? 2 : 1);
        std::vector<std::string_view> lines;
        while (!text.empty()) {
            const std::size_t length = std::min(text.find_first_of(separators), text.size());
            lines.push_back(text.substr(0, length));
            text.remove_prefix(std::min(length + 1, text.size()));
        }
        return lines;
    }

    static bool is_capture(const std::vector<std::string_view>& lines)
    {
        const auto first = std::find_if(lines.begin(), lines.end(), [](std::string_view line) {
            return !line.empty() && !line.starts_with(' ');
        });
        return first != lines.end() && parse_kmsg_entry(*first);
    }

    void read_line(std::string_view line)
    {
        line_ = line;
        if (!begins_an_object(line)) {
            read_text(line);
            return;
        }
        const auto entry = parse_journal_json(line);
        if (!entry) {
            read_text(line);
        } else if (const auto told = audit_line_of(*entry); told && has_format(log_form::journal, wanted_)) {
            doubtful_ = doubtful_ || !holds_key_tail(line);
            read_record_or_notice(*told, log_format::automatic);
        }
    }

    /// What stands in `type=` and `auid=`.
    static bool holds_key_tail(std::string_view line)
    {
        constexpr std::size_t tail = 3;
        for (std::size_t at = 0; at + tail < line.size(); ++at) {
            if (line[at + tail] == '=' && (line[at] == 'y' || line[at] == 'u')) {
                return true;
            }
        }
        return false;
    }

    static bool begins_an_object(std::string_view line)
    {
        return line.starts_with('{') || line.starts_with("\x1e{") || line.starts_with("data: {");
    }

    void read_text(std::string_view line)
    {
        if (parse_log_line(line)) {
            read_record_or_notice(line, wanted_);
        } else {
            read_notice(message_of(line));
        }
    }

    void read_record_or_notice(std::string_view line, log_format wanted)
    {
        const auto parsed = parse_log_line(line);
        if (!parsed) {
            read_notice(line);
        } else if (has_format(parsed->form, wanted)) {
            append(*parsed);
        }
    }

    void append(const log_line& line)
    {
        std::string buffer(line.text.size(), '\0');
        std::string_view text = line.text;
        if (line.escapes == text_escapes::kmsg) {
            text = unescape_kmsg(text, buffer);
        } else if (line.escapes == text_escapes::json) {
            text = unescape_json(text, buffer);
        }
        doubtful_ = doubtful_ || (!parse_audit_record(text) && parse_loss_line(text));
        const bool without_header = line.form == log_form::journal;
        constexpr std::string_view tag = "SECCOMP ";
        append_said(said_, without_header ? text.substr(tag.size()) : text, without_header, line.maybe_cut);
    }

    void read_notice(std::string_view message)
    {
        if (parse_loss_line(message)) {
            append_said(said_, message, false, false);
            doubtful_ = doubtful_ || line_.find("type=") != std::string_view::npos ||
                        line_.ends_with("\r\r") || (!json_ && !parse_loss_line(line_));
        }
    }

    /// The member `msg` of a line of `dmesg --json`.
    std::string message_of(std::string_view line)
    {
        constexpr std::string_view key = "\"msg\": \"";
        const std::size_t at = line.find(key);
        const std::size_t end = line.rfind('"');
        if (at == std::string_view::npos || end < at + key.size()) {
            return std::string(line);
        }
        const std::string_view raw = line.substr(at + key.size(), end - at - key.size());
        std::string buffer(raw.size(), '\0');
        return std::string(unescape_json(raw, buffer));
    }

    log_format wanted_;
    said_lines said_;
    std::string_view line_;
    bool json_ = false;
    bool doubtful_ = false;
};

/// A text in memory of its own at any alignment, with what a scanner overwrites around it and no byte more.
class text_to_scan {
public:
    explicit text_to_scan(std::string_view text, std::size_t alignment = 0)
        : bytes_(alignment + text.size() + 2 * margin, 'y')
        , begin_(bytes_.data() + alignment + margin)
        , size_(text.size())
    {
        text.copy(begin_, size_);
    }

    std::span<char> lines() noexcept { return {begin_, size_}; }

private:
    static constexpr std::size_t margin = detail::log_scanner::margin;

    std::vector<char> bytes_;
    char* begin_;
    std::size_t size_;
};

/// Scans a text as a whole; the messages view @p text.
inline record_batch scanned(text_to_scan& text, log_format wanted, bool nul_separated)
{
    record_batch batch(0, 0);
    detail::log_scanner(wanted, nul_separated).scan(batch, text.lines());
    return batch;
}

} // namespace sctrace::test

#endif
