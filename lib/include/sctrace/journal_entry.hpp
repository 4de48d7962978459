#ifndef SCTRACE_JOURNAL_ENTRY_HPP
#define SCTRACE_JOURNAL_ENTRY_HPP

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sctrace {

/// What this library needs of one entry of the systemd journal; a field that the entry lacks is empty.
/**
 * Fields whose names begin with an underscore were written by journald itself; a program that sends an entry
 * can set all others to anything.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
struct journal_entry {
    /// `_TRANSPORT`: how the entry came to journald; `kernel`, `audit`, `syslog`, `stdout`, `journal`, ….
    std::string transport;

    /// `SYSLOG_IDENTIFIER`: `kernel` for what the kernel wrote into its own log
    /// (src/journal/journald-kmsg.c: dev_kmsg_record), `audit` for an audit record.
    std::string identifier;

    /// `SYSLOG_FACILITY`: `0` is the kernel's.
    std::string facility;

    /// `MESSAGE`.
    std::string message;

    /// `_AUDIT_TYPE`: the number of an audit record's type (src/journal/journald-audit.c:
    /// process_audit_string).
    std::string audit_type;

    /// `_AUDIT_ID`: the record's serial.
    std::string audit_id;

    /// `_SOURCE_REALTIME_TIMESTAMP`: when the record was written, in microseconds since 1970. An audit
    /// record's own time ends with milliseconds.
    std::string source_time;
};

/// Parses one entry as `journalctl -o json`, `-o json-seq` and `-o json-sse` write it.
/**
 * A value is a string; an array of numbers where bytes are not UTF-8; an array of such values where the
 * entry has the field more than once, of which the first counts; or null where it was too long to show, which
 * leaves the field empty (src/shared/logs-show.c: output_json).
 *
 * @param line One object on one line, with or without its newline, after an optional byte 0x1E (json-seq)
 *     or `data: ` (json-sse).
 * @par Errors
 * @li error::not_a_journal_entry - no JSON object, or one without `MESSAGE`, `_TRANSPORT`, `__CURSOR` and
 *     `__REALTIME_TIMESTAMP`
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc only.
 *
 * @par Example
 * @code
 * const auto entry = sctrace::parse_journal_json(
 *     R"({"_TRANSPORT":"audit","_AUDIT_TYPE":"1326","MESSAGE":"SECCOMP pid=7 syscall=110"})");
 * std::cout << sctrace::audit_line_of(*entry).value() << '\n'; // SECCOMP pid=7 syscall=110
 * @endcode
 */
boost::system::result<journal_entry> parse_journal_json(std::string_view line);

/// What an entry says of audit records, as a line for parse_seccomp_line() or parse_loss_line().
/**
 * @li An audit record that journald received itself (transport `audit`) becomes
 *     `type=1326 audit(SECONDS.mmm:SERIAL): auid=…`. journald keeps its header in other fields; where they
 *     are missing, the line is `SECCOMP auid=…` and has neither time nor serial.
 * @li A kernel message (transport `kernel`, facility 0, identifier `kernel`) is taken if it is an audit
 *     record of any type, or a notice of loss. What a program wrote to /dev/kmsg has another facility.
 * @li Without transport and identifier (`journalctl --output-fields=MESSAGE`) nothing says who wrote the
 *     message, and it is taken like a line without a prefix. Without a transport, the identifier is believed.
 * @li Any other transport is another program's, whatever its message says.
 *
 * @return One line, without a newline, that contains neither a newline nor a NUL byte: such a byte ends the
 *     message. Nothing if the entry holds no SECCOMP record and no notice of loss.
 * @par Exception safety
 * Strong guarantee; throws std::bad_alloc only.
 */
std::optional<std::string> audit_line_of(const journal_entry& entry);

} // namespace sctrace

#endif
