#ifndef SCTRACE_SRC_LOG_PREFIX_HPP
#define SCTRACE_SRC_LOG_PREFIX_HPP

#include <string_view>

namespace sctrace::detail {

/// Whether the prefix holds no letter and no digit: empty, or a quotation mark of some kind.
bool is_bare(std::string_view prefix) noexcept;

/// Whether the prefix names the kernel as syslog does.
bool names_kernel(std::string_view prefix) noexcept;

/// Whether the prefix opens the member `msg` of a JSON object, as `dmesg --json` writes it.
bool is_json_message(std::string_view prefix) noexcept;

/// Whether the kernel's own text may begin behind this prefix of a line.
/**
 * A text log cannot prove who wrote a line, but its prefix may show that a program did (`app[12]: `,
 * `user  :notice: `), or that what follows is the middle of another message.
 */
bool may_precede_kernel_text(std::string_view prefix) noexcept;

/// Whether journald's copy of an audit record may begin behind this prefix.
/**
 * journald's own tag is `audit[123]`; a viewer may show the process's name without its number instead.
 */
bool may_precede_journal_copy(std::string_view prefix) noexcept;

/// Whether a line of auditd's log may begin behind this prefix.
bool may_precede_daemon_text(std::string_view prefix) noexcept;

} // namespace sctrace::detail

#endif
