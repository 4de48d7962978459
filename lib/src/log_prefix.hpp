#ifndef SCTRACE_SRC_LOG_PREFIX_HPP
#define SCTRACE_SRC_LOG_PREFIX_HPP

#include "scan.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace sctrace::log_prefix {

inline constexpr std::array<std::string_view, 10> level_names{
    "emerg", "alert", "crit", "err", "error", "warn", "warning", "notice", "info", "debug",
};

inline bool is_word_character(char c) noexcept
{
    return scan::is_letter(c) || scan::is_digit(c);
}

/// Whether the prefix holds no letter and no digit: empty, or a quotation mark of some kind.
inline bool is_bare(std::string_view prefix) noexcept
{
    return std::none_of(prefix.begin(), prefix.end(), is_word_character);
}

inline bool has_digit(std::string_view text) noexcept
{
    return std::any_of(text.begin(), text.end(), scan::is_digit);
}

inline bool is_number(std::string_view text) noexcept
{
    return !text.empty() && std::all_of(text.begin(), text.end(), scan::is_digit);
}

inline std::string_view last_word(std::string_view text) noexcept
{
    return text.substr(text.find_last_of(" :") + 1);
}

inline std::string_view last_token(std::string_view text) noexcept
{
    return text.substr(text.rfind(' ') + 1);
}

inline std::string_view without_last_token(std::string_view text) noexcept
{
    return scan::without_trailing_spaces(text.substr(0, text.rfind(' ') + 1));
}

inline bool is_clock_time(std::string_view token) noexcept
{
    return !token.empty() && scan::is_digit(token.front()) && token.find(':') != std::string_view::npos;
}

inline bool contains_clock_time(std::string_view text) noexcept
{
    for (std::size_t at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
        if (at > 0 && at + 1 < text.size() && scan::is_digit(text[at - 1]) && scan::is_digit(text[at + 1]))
            return true;
    }
    return false;
}

inline bool is_kernel_tag(std::string_view word) noexcept
{
    return word == "kernel" || std::find(level_names.begin(), level_names.end(), word) != level_names.end();
}

inline bool is_audit_tag(std::string_view word) noexcept
{
    return word.find("audi") != std::string_view::npos;
}

/// `name[123]`: syslog's tag of a process.
inline bool is_process_tag(std::string_view word) noexcept
{
    const std::size_t open = word.rfind('[');
    return open != std::string_view::npos && open > 0 && is_word_character(word[open - 1]) &&
           word.ends_with(']') && is_number(word.substr(open + 1, word.size() - open - 2));
}

/// What stands before the first `: `; syslog's tag is its last word.
inline std::string_view before_first_tag_end(std::string_view prefix) noexcept
{
    const std::size_t end = prefix.find(": ");
    return end == std::string_view::npos ? std::string_view() : prefix.substr(0, end);
}

/// Whether syslog's tag shows that a program wrote the message.
inline bool is_of_a_program(std::string_view prefix) noexcept
{
    const std::string_view head = before_first_tag_end(prefix);
    if (is_process_tag(last_token(head)))
        return true;
    return contains_clock_time(head) && !is_kernel_tag(last_word(head));
}

/// Whether the text ends with a time or a caller in brackets, as printk and dmesg write them.
inline bool ends_with_log_bracket(std::string_view text) noexcept
{
    const std::size_t open = text.rfind('[');
    return open != std::string_view::npos && text.ends_with(']') && has_digit(text.substr(open));
}

inline bool ends_with_lone_bracket(std::string_view text) noexcept
{
    const std::size_t open = text.rfind('[');
    return ends_with_log_bracket(text) && (open == 0 || text[open - 1] == ' ');
}

/// `<5>`: the priority that the kernel writes on a raw console.
inline bool is_priority(std::string_view text) noexcept
{
    const std::size_t open = text.find('<');
    return open != std::string_view::npos && is_bare(text.substr(0, open)) && text.ends_with('>') &&
           is_number(text.substr(open + 1, text.size() - open - 2));
}

/// `file:`, `12:` or `file:12:`: grep's, glued to what it found.
inline bool is_from_grep(std::string_view prefix) noexcept
{
    return prefix.ends_with(':') && prefix.find(' ') == std::string_view::npos;
}

inline bool is_tag_of_kernel_text(std::string_view before_colon) noexcept
{
    const std::string_view text = scan::without_trailing_spaces(before_colon);
    const std::string_view word = last_word(text);
    if (is_kernel_tag(word) || is_audit_tag(word) || ends_with_lone_bracket(text))
        return true;
    // A real-time kernel's console writes the processor behind the time: `[28922.398944] 000: `.
    return is_number(word) && ends_with_log_bracket(without_last_token(text));
}

/// `2026-11-24T05:40:36 ` or `05:40:36 host `.
inline bool ends_with_time_or_host(std::string_view text) noexcept
{
    return is_clock_time(last_token(text)) || is_clock_time(last_token(without_last_token(text)));
}

/// Whether the prefix opens the member `msg` of a JSON object, as `dmesg --json` writes it.
inline bool is_json_message(std::string_view prefix) noexcept
{
    return prefix.ends_with("\"msg\": \"") || prefix.ends_with("\"msg\":\"");
}

/// Whether the prefix names the kernel as syslog does.
inline bool names_kernel(std::string_view prefix) noexcept
{
    return prefix.find("kernel:") != std::string_view::npos;
}

/// Whether the kernel's own text may begin behind this prefix of a line.
/**
 * A text log cannot prove who wrote a line, but its prefix may show that a program did (`app[12]: `), or
 * that what follows is the middle of another message.
 */
inline bool may_precede_kernel_text(std::string_view prefix) noexcept
{
    const std::string_view text = scan::without_trailing_spaces(prefix);
    if (is_bare(text) || is_json_message(prefix) || is_from_grep(prefix) || is_priority(text))
        return true;
    if (is_of_a_program(prefix))
        return false;
    if (text.ends_with(':'))
        return is_tag_of_kernel_text(text.substr(0, text.size() - 1));
    return ends_with_log_bracket(text) || ends_with_time_or_host(text);
}

/// Whether the message of a journal entry begins behind this prefix.
inline bool may_precede_journal_message(std::string_view prefix) noexcept
{
    const bool ends_first_tag = prefix.ends_with(": ") && prefix.find(": ") == prefix.size() - 2;
    return is_bare(prefix) || is_from_grep(prefix) || ends_first_tag;
}

/// Whether a line of auditd's log may begin behind this prefix.
inline bool may_precede_daemon_text(std::string_view prefix) noexcept
{
    if (is_bare(prefix) || is_from_grep(prefix))
        return true;
    return may_precede_journal_message(prefix) && is_audit_tag(last_token(before_first_tag_end(prefix)));
}

} // namespace sctrace::log_prefix

#endif
