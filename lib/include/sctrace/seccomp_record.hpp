#ifndef SCTRACE_SECCOMP_RECORD_HPP
#define SCTRACE_SECCOMP_RECORD_HPP

#include <sctrace/audit_record.hpp>

#include <boost/system/result.hpp>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sctrace {

/// A string as the audit subsystem writes it: quoted, hexadecimal, or a bare word such as `(null)`.
/**
 * kernel/audit.c, audit_log_untrustedstring: a string with a quote, a space, a control character or a
 * byte outside ASCII is written as hexadecimal digits, any other between quotes without escapes.
 */
struct untrusted_string {
    /// How a string is written.
    enum class encoding {
        /// The record lacks the field.
        absent,
        /// `raw` is what is between the quotes.
        quoted,
        /// `raw` is pairs of hexadecimal digits.
        hex,
        /// `raw` is no string of the process: `(null)`, `<no_memory>`, `<too_long>`, or a cut value.
        bare,
    };

    /// How this one is written.
    encoding form = encoding::absent;
    /// What the record holds; see the encodings.
    std::string_view raw;

    /// Escapes that a quoted `raw` still contains; decode() undoes them.
    text_escapes escapes = text_escapes::none;

    /// Whether there is a value that decode() can give.
    bool present() const noexcept { return form == encoding::quoted || form == encoding::hex; }
};

/// Decodes a string into a buffer, without allocating.
/**
 * @param value The string. A bare word decodes to itself, an absent one to an empty view.
 * @param buffer Where decoded bytes are written; value.raw.size() bytes always suffice, of a longer
 *     result only what fits is written.
 * @return A view of `value.raw` if nothing has to be decoded (the buffer is then untouched), else of the
 *     written part of `buffer`. The bytes may be anything but NUL in what the kernel writes; they need
 *     not be UTF-8.
 * @par Exception safety
 * No-throw guarantee.
 */
std::string_view decode(const untrusted_string& value, std::span<char> buffer) noexcept;

/// Decodes a string into a new std::string; else like decode().
std::string decoded(const untrusted_string& value);

/// One SECCOMP audit record; a field that the record lacks is empty. Views point into the parsed text.
/**
 * Written by kernel/auditsc.c, audit_seccomp(). A number that does not fit its member, or is no number
 * (`uid=invalid`), counts as lacking.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
struct seccomp_record {
    /// Seconds since 1970 in the record's own digits; empty where the log dropped the header (journald).
    std::string_view time;
    /// The audit serial; empty where the log dropped the header (journald).
    std::optional<std::uint32_t> serial;
    /// Login user id; 4294967295 while it is not set. All ids are those of the initial user namespace.
    std::optional<std::uint64_t> auid;
    /// Real user id.
    std::optional<std::uint64_t> uid;
    /// Real group id.
    std::optional<std::uint64_t> gid;
    /// Audit session id; 4294967295 while it is not set.
    std::optional<std::uint64_t> ses;
    /// Security label, verbatim: it may contain spaces and a leading `=`, and still has the text's escapes.
    std::optional<std::string_view> subj;
    /// Process id in the initial pid namespace; before about 4.9 the thread's.
    std::optional<std::int32_t> pid;
    /// The thread's name, at most 15 bytes.
    untrusted_string comm;
    /// Path of the process's executable, seen from the process's own root.
    untrusted_string exe;
    /// Signal that seccomp sent: 31 (SIGSYS) or 9 (SIGKILL) when it killed, else 0.
    std::optional<std::int32_t> sig;
    /// AUDIT_ARCH_* of the call; since 3.16.
    std::optional<std::uint32_t> arch;
    /// Number of the system call as logged: it may be negative, unknown, or carry the x32 bit.
    std::int64_t syscall = 0;
    /// 1 for a call of a 32-bit program on a 64-bit kernel.
    std::optional<std::int32_t> compat;
    /// Instruction pointer of the call.
    std::optional<std::uint64_t> ip;
    /// What the filter returned; see seccomp_action_name().
    std::optional<std::uint32_t> code;
    /// Escapes that `subj` still contains.
    text_escapes escapes = text_escapes::none;
};

/// Parses the fields of a record that seccomp wrote.
/**
 * The first of several fields of one name counts, unknown fields are skipped, and nothing after `code=`
 * is read. `subj=`, which the kernel does not quote, ends at the last ` pid=N comm=` of the record, so
 * that a label cannot pretend to be other fields. Allocates nothing.
 *
 * @param record A record of any type. The text that it views must outlive the result.
 * @par Errors
 * @li error::not_a_seccomp_record - the type is neither 1326, nor 1701 with `reason="seccomp"`
 * @li error::truncated_record - the text ends before the system call's number does; which process made the
 * call may still be known, see parse_process_fields()
 * @li error::malformed_record - the system call's number is missing or no number
 * @par Exception safety
 * No-throw guarantee.
 *
 * @par Example
 * @code
 * const auto record = sctrace::parse_audit_record(
 *     "type=1326 audit(1.000:1): pid=7 comm=6E67696E78 arch=c000003e syscall=110 code=0x7ffc0000");
 * const auto call = sctrace::parse_seccomp_record(*record);
 * std::cout << sctrace::decoded(call->comm) << '\n'; // nginx
 * std::cout << sctrace::seccomp_action_name(call->code.value()) << '\n'; // log
 * @endcode
 */
boost::system::result<seccomp_record> parse_seccomp_record(const audit_record& record) noexcept;

/// Which process a record is about.
struct process_fields {
    /// Process id in the initial pid namespace.
    std::optional<std::int32_t> pid;
    /// Audit session id.
    std::optional<std::uint64_t> ses;
};

/// Reads whose record it is, also from one that is cut; a number at the very end of the text may be cut
/// too and is left out.
/**
 * @param record A record of any type.
 * @par Exception safety
 * No-throw guarantee.
 */
process_fields parse_process_fields(const audit_record& record) noexcept;

/// What seccomp did with the call: the name of `code & 0xffff0000`, or an empty view for an unknown action.
/**
 * The names are those of the kernel's actions_avail: `kill_process`, `kill_thread`, `trap`, `errno`,
 * `user_notif`, `trace`, `log`, `allow` (kernel/seccomp.c). The kernel treats an unknown action as
 * `kill_process` and logs its number unchanged.
 *
 * @par Exception safety
 * No-throw guarantee.
 */
std::string_view seccomp_action_name(std::uint32_t code) noexcept;

/// Whether a record does not show that the call was let through: its action is neither log nor allow, or it
/// has none.
/**
 * @par Exception safety
 * No-throw guarantee.
 */
bool is_refusal(std::optional<std::uint32_t> code) noexcept;

} // namespace sctrace

#endif
