#include "record/log_prefix.hpp"

#include "text/cursor.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

namespace sctrace::detail {

namespace {

constexpr std::array<std::string_view, 10> level_names{
    "emerg", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug",
};

/// Every facility but `kern`, which the kernel keeps to itself (kernel/printk/printk.c: devkmsg_write).
constexpr std::array<std::string_view, 19> program_facilities{
    "user", "mail",   "daemon", "auth",   "syslog", "lpr",    "news",   "uucp",   "cron",   "authpriv",
    "ftp",  "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
};

template <std::size_t Size>
bool is_one_of(const std::array<std::string_view, Size>& words, std::string_view word) noexcept
{
    // Words of one length seldom begin with the same letter: that saves comparing the rest.
    return std::any_of(words.begin(), words.end(), [word](std::string_view other) {
        return other.size() == word.size() && other.front() == word.front() && other == word;
    });
}

bool is_word_character(char c) noexcept
{
    return is_letter(c) || is_digit(c);
}

bool has_digit(std::string_view text) noexcept
{
    return std::any_of(text.begin(), text.end(), is_digit);
}

bool is_number(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

std::string_view last_word(std::string_view text) noexcept
{
    return text.substr(text.find_last_of(" :") + 1);
}

std::string_view last_token(std::string_view text) noexcept
{
    return text.substr(text.rfind(' ') + 1);
}

std::string_view without_last_token(std::string_view text) noexcept
{
    return without_trailing_spaces(text.substr(0, text.rfind(' ') + 1));
}

bool is_clock_time(std::string_view token) noexcept
{
    return !token.empty() && is_digit(token.front()) && token.find(':') != std::string_view::npos;
}

bool contains_clock_time(std::string_view text) noexcept
{
    for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
        if (at > 0 && at + 1 < text.size() && is_digit(text[at - 1]) && is_digit(text[at + 1])) {
            return true;
        }
    }
    return false;
}

bool is_kernel_tag(std::string_view word) noexcept
{
    return word == "kernel" || is_one_of(level_names, word);
}

bool is_audit_tag(std::string_view word) noexcept
{
    return word.find("audi") != std::string_view::npos;
}

/// `name[123]`: syslog's tag of a process.
bool is_process_tag(std::string_view word) noexcept
{
    const std::size_t open = word.rfind('[');
    return open != std::string_view::npos && open > 0 && is_word_character(word[open - 1]) &&
           word.ends_with(']') && is_number(word.substr(open + 1, word.size() - open - 2));
}

/// What stands before the first `: `; syslog's tag is its last word.
std::string_view before_first_tag_end(std::string_view prefix) noexcept
{
    const std::size_t end = prefix.find(": ");
    return end == std::string_view::npos ? std::string_view() : prefix.substr(0, end);
}

template <class Predicate>
std::string_view leading(std::string_view text, Predicate is_part) noexcept
{
    const auto end = std::find_if_not(text.begin(), text.end(), is_part);
    return text.substr(0, static_cast<std::size_t>(end - text.begin()));
}

/// `user  :notice: ` or `user: notice: `.
bool begins_with_program_facility(std::string_view text) noexcept
{
    const std::string_view facility = leading(text, is_word_character);
    cursor in(text.substr(facility.size()));
    in.skip_spaces();
    if (!in.take(':')) {
        return false;
    }
    in.skip_spaces();
    return is_one_of(program_facilities, facility) && is_one_of(level_names, leading(in.rest(), is_letter));
}

/// `user.notice app`: BusyBox writes facility and level in front of the tag.
bool ends_with_program_facility(std::string_view head) noexcept
{
    if (head.find('.') == std::string_view::npos) {
        return false;
    }
    const std::string_view priority = last_token(without_last_token(head));
    const std::size_t dot = find_or_end(priority, '.');
    return is_one_of(program_facilities, priority.substr(0, dot)) &&
           is_one_of(level_names, priority.substr(std::min(dot + 1, priority.size())));
}

/// Whether `dmesg -x`, BusyBox or Talos, which puts a node's name in front, names another facility than
/// `kern`.
bool names_program_facility(std::string_view prefix, std::string_view head) noexcept
{
    constexpr std::size_t tag_end = 2;
    if (head.empty()) {
        return false;
    }
    return begins_with_program_facility(prefix) || ends_with_program_facility(head) ||
           begins_with_program_facility(prefix.substr(head.size() + tag_end));
}

/// `<13>`: the number is eight times the facility plus the level, and the kernel's facility is 0.
bool has_program_priority(std::string_view prefix) noexcept
{
    constexpr std::uint64_t last_of_kernel = 7;
    const std::size_t open = prefix.find('<');
    if (open == std::string_view::npos) {
        return false;
    }
    cursor in(prefix.substr(open + 1));
    const auto priority = in.take_decimal();
    return priority && *priority > last_of_kernel && in.take('>');
}

/// Whether syslog's tag shows that a program wrote the message.
bool is_of_a_program(std::string_view prefix) noexcept
{
    const std::string_view head = before_first_tag_end(prefix);
    if (is_process_tag(last_token(head)) || names_program_facility(prefix, head)) {
        return true;
    }
    return contains_clock_time(head) && !is_kernel_tag(last_word(head));
}

/// Whether the text ends with a time or a caller in brackets, as printk and dmesg write them.
bool ends_with_log_bracket(std::string_view text) noexcept
{
    const std::size_t open = text.rfind('[');
    return open != std::string_view::npos && text.ends_with(']') && has_digit(text.substr(open));
}

bool ends_with_lone_bracket(std::string_view text) noexcept
{
    const std::size_t open = text.rfind('[');
    return ends_with_log_bracket(text) && (open == 0 || text[open - 1] == ' ');
}

/// `<5>`: the priority that the kernel writes on a raw console.
bool is_priority(std::string_view text) noexcept
{
    const std::size_t open = text.find('<');
    return open != std::string_view::npos && is_bare(text.substr(0, open)) && text.ends_with('>') &&
           is_number(text.substr(open + 1, text.size() - open - 2));
}

/// `file:`, `12:` or `file:12:`: grep's, glued to what it found.
bool is_from_grep(std::string_view prefix) noexcept
{
    return prefix.ends_with(':') && prefix.find(' ') == std::string_view::npos;
}

bool is_tag_of_kernel_text(std::string_view before_colon) noexcept
{
    const std::string_view text = without_trailing_spaces(before_colon);
    const std::string_view word = last_word(text);
    if (is_kernel_tag(word) || is_audit_tag(word) || ends_with_lone_bracket(text)) {
        return true;
    }
    // A real-time kernel's console writes the processor behind the time: `[28922.398944] 000: `.
    return is_number(word) && ends_with_log_bracket(without_last_token(text));
}

/// `2026-11-24T05:40:36 ` or `05:40:36 host `.
bool ends_with_time_or_host(std::string_view text) noexcept
{
    return is_clock_time(last_token(text)) || is_clock_time(last_token(without_last_token(text)));
}

/// What stands behind `web-1  | ` of `docker compose logs`.
std::string_view without_service_name(std::string_view prefix) noexcept
{
    const std::size_t bar = prefix.find('|');
    if (bar == std::string_view::npos || !prefix.substr(bar + 1).starts_with(' ')) {
        return prefix;
    }
    const std::string_view before = prefix.substr(0, bar);
    const std::string_view name = without_trailing_spaces(before);
    const bool is_service = name.size() < before.size() && name.find(' ') == std::string_view::npos;
    return is_service ? prefix.substr(bar + 2) : prefix;
}

/// What stands behind `TIME stdout F `, which a Kubernetes node writes before each line of a container.
std::string_view without_stream_name(std::string_view prefix) noexcept
{
    const std::size_t tag = prefix.find('F');
    if (tag == std::string_view::npos || !prefix.substr(tag + 1).starts_with(' ')) {
        return prefix;
    }
    const std::string_view before = prefix.substr(0, tag);
    const bool is_stream = before.ends_with(" stdout ") || before.ends_with(" stderr ");
    return is_stream && is_clock_time(before) ? prefix.substr(tag + 2) : prefix;
}

/// `<5>1 TIME host kernel - - - `: syslog's newer form (RFC 5424).
bool is_syslog_5424_of_kernel(std::string_view text) noexcept
{
    return text.ends_with(" kernel - - -");
}

// journalctl indents the further lines of a message as far as its first; a person who quotes does less.
constexpr std::size_t deepest_indentation = 8;

bool may_precede_kernel_text_alone(std::string_view prefix) noexcept
{
    const std::string_view text = without_trailing_spaces(prefix);
    if (has_program_priority(prefix) || (text.empty() && prefix.size() > deepest_indentation)) {
        return false;
    }
    if (is_bare(text) || is_json_message(prefix) || is_from_grep(prefix) || is_priority(text)) {
        return true;
    }
    if (is_of_a_program(prefix)) {
        return false;
    }
    if (text.ends_with(':')) {
        return is_tag_of_kernel_text(text.substr(0, text.size() - 1));
    }
    return ends_with_log_bracket(text) || ends_with_time_or_host(text) || is_syslog_5424_of_kernel(text);
}

/// Whether the message of a journal entry begins behind this prefix.
bool may_precede_journal_message(std::string_view prefix) noexcept
{
    const bool ends_first_tag = prefix.ends_with(": ") && prefix.find(": ") == prefix.size() - 2;
    return is_bare(prefix) || is_from_grep(prefix) || ends_first_tag;
}

/// `nginx.service[123]`: what `journalctl -o with-unit` writes for the tag of an entry.
bool names_a_unit(std::string_view word) noexcept
{
    return word.find(".service") != std::string_view::npos || word.find(".scope") != std::string_view::npos;
}

} // namespace

bool is_bare(std::string_view prefix) noexcept
{
    return std::none_of(prefix.begin(), prefix.end(), is_word_character);
}

bool names_kernel(std::string_view prefix) noexcept
{
    return prefix.find("kernel:") != std::string_view::npos;
}

bool is_json_message(std::string_view prefix) noexcept
{
    return prefix.ends_with("\"msg\": \"") || prefix.ends_with("\"msg\":\"");
}

bool may_precede_kernel_text(std::string_view prefix) noexcept
{
    if (may_precede_kernel_text_alone(prefix)) {
        return true;
    }
    const std::string_view own = without_service_name(without_stream_name(prefix));
    return own.size() < prefix.size() && may_precede_kernel_text_alone(own);
}

bool may_precede_journal_copy(std::string_view prefix) noexcept
{
    const std::string_view tag = last_token(before_first_tag_end(prefix));
    const bool of_a_program = is_process_tag(tag) && !is_audit_tag(tag) && !names_a_unit(tag);
    return may_precede_journal_message(prefix) && !of_a_program;
}

bool may_precede_daemon_text(std::string_view prefix) noexcept
{
    if (is_bare(prefix) || is_from_grep(prefix)) {
        return true;
    }
    return may_precede_journal_message(prefix) && is_audit_tag(last_token(before_first_tag_end(prefix)));
}

} // namespace sctrace::detail
