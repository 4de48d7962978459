#ifndef SCTRACE_LOG_LINE_HPP
#define SCTRACE_LOG_LINE_HPP

#include <sctrace/loss_notice.hpp>
#include <sctrace/seccomp_record.hpp>

#include <boost/system/result.hpp>

#include <string_view>

namespace sctrace {

/// Where a line of a saved log comes from, as far as its prefix shows.
enum class log_form {
    /// An entry of /dev/kmsg: `5,1234,5678,-;audit: type=…`
    kmsg,
    /// dmesg in any of its formats, a serial console, `dmesg --json`.
    dmesg,
    /// A syslog file: the prefix names `kernel:`. journalctl shows kernel messages in the same way.
    syslog,
    /// journald's own copy of an audit record: `audit[123]: SECCOMP auid=…`; it has no header.
    journal,
    /// auditd's log: `type=SECCOMP msg=audit(…): …`
    audit_log,
    /// No prefix, or one without a word in it (`> `, `# `).
    bare,
};

/// A line of a saved log: its form and the audit text after the prefix.
struct log_line {
    /// How the line is written.
    log_form form = log_form::bare;

    /// What is before the audit text.
    std::string_view prefix;

    /// The audit text, fit for parse_audit_record(); of form journal it starts with `SECCOMP `.
    std::string_view text;

    /// Escapes that `text` still contains.
    text_escapes escapes = text_escapes::none;

    /// A pager or the kernel may have cut `text` at its end.
    bool maybe_cut = false;
};

/// Finds the audit record in a line of a saved log.
/**
 * The first header of an audit record in the line decides, and only where the kernel's or the audit
 * daemon's own text begins: a header inside another message is no header, nor is one in a kmsg entry that
 * a program wrote. Allocates nothing.
 *
 * @param line The line, with or without its newline. It must outlive the result.
 * @par Errors
 * @li error::not_an_audit_record - the line holds no audit record
 * @par Exception safety
 * No-throw guarantee.
 */
boost::system::result<log_line> parse_log_line(std::string_view line) noexcept;

/// Parses prefix, header and fields of one line of any form.
/**
 * A record of form journal has neither time nor serial.
 *
 * @param line The line, with or without its newline. It must outlive the result.
 * @par Errors
 * @li error::not_an_audit_record - the line holds no audit record
 * @li error::not_a_seccomp_record, error::truncated_record, error::malformed_record - see
 *     parse_seccomp_record()
 * @par Exception safety
 * No-throw guarantee.
 *
 * @par Example
 * @code
 * const auto record = sctrace::parse_seccomp_line(
 *     "Nov 28 03:04:05 host kernel: audit: type=1326 audit(1795497556.007:200135): pid=2752 syscall=110");
 * std::cout << record->pid.value() << ' ' << record->syscall << '\n'; // 2752 110
 * @endcode
 */
boost::system::result<seccomp_record> parse_seccomp_line(std::string_view line) noexcept;

/// Whether a line is a SECCOMP record as `ausearch -i` shows it, which holds no numbers.
/**
 * `type=SECCOMP msg=audit(03/04/2025 07:39:37.599:201) : auid=unset … syscall=faccessat …`: time, user,
 * architecture and system call are words that depend on the host and its language, and values lost their
 * quotation marks, so that parse_seccomp_line() refuses it. `ausearch --raw` shows the record itself. Plain
 * `ausearch` shows that too, between lines that hold no record.
 *
 * @param line The line, with or without its newline.
 * @par Exception safety
 * No-throw guarantee.
 */
bool is_interpreted_record(std::string_view line) noexcept;

/// Parses prefix and text of a line in which the kernel says that audit records were lost.
/**
 * @param line The line, of any form but journal and audit_log, with or without its newline.
 * @par Errors
 * @li error::not_a_loss_notice - the line holds no such notice where the kernel's text begins
 * @par Exception safety
 * No-throw guarantee.
 */
boost::system::result<loss_notice> parse_loss_line(std::string_view line) noexcept;

} // namespace sctrace

#endif
