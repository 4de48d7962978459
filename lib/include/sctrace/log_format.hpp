#ifndef SCTRACE_LOG_FORMAT_HPP
#define SCTRACE_LOG_FORMAT_HPP

#include <sctrace/log_line.hpp>

#include <optional>
#include <string_view>

namespace sctrace {

/// Which lines of a saved log are looked at.
enum class log_format {
    /// Lines of every form, each told by its own prefix.
    automatic,
    /// Entries of /dev/kmsg, one a line or separated by NUL bytes.
    kmsg,
    /// What dmesg prints, and serial consoles.
    dmesg,
    /// Syslog files.
    syslog,
    /// What journalctl prints, exports or writes as JSON.
    journal,
    /// auditd's log, and what ausearch prints.
    audit,
};

/// The format of this name: `auto`, `kmsg`, `dmesg`, `syslog`, `journal`, `audit`; empty for any other word.
std::optional<log_format> log_format_from_name(std::string_view name) noexcept;

/// Whether a line of form @p form belongs to a log of format @p format.
/**
 * A line without a prefix is dmesg's (`dmesg --notime`) or journalctl's (`-o cat`).
 *
 * @par Example
 * @code
 * const auto line = sctrace::parse_log_line("type=SECCOMP msg=audit(1.000:1): pid=7 syscall=110");
 * std::cout << sctrace::has_format(line->form, sctrace::log_format::audit) << '\n'; // 1
 * std::cout << sctrace::has_format(line->form, sctrace::log_format::kmsg) << '\n'; // 0
 * @endcode
 */
bool has_format(log_form form, log_format format) noexcept;

} // namespace sctrace

#endif
