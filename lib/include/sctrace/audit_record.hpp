#ifndef SCTRACE_AUDIT_RECORD_HPP
#define SCTRACE_AUDIT_RECORD_HPP

#include <boost/system/result.hpp>

#include <cstdint>
#include <string_view>

namespace sctrace {

/// Audit record types that this library tells apart (include/uapi/linux/audit.h).
/**
 * An object of this type may hold the number of any other type as well.
 */
enum class audit_type : std::uint32_t {
    /// The record gives its type by a name that this library does not know.
    unknown = 0,
    /// What seccomp did with a system call (since 3.8).
    seccomp = 1326,
    /// An abnormal end of a process. Before 3.8 seccomp used this type too, with `reason="seccomp"`.
    anom_abend = 1701,
};

/// Escapes that a line of text still contains, because undoing them takes a buffer.
enum class text_escapes {
    /// None: the text is as the audit subsystem wrote it.
    none,
    /// `\xNN`, as in the text of a kmsg_entry.
    kmsg,
    /// `\"` and `\\`, as in a JSON string (`dmesg --json`).
    json,
};

/// The header of an audit record of any type and the text after it; its views point into the parsed text.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
struct audit_record {
    /// The record's type.
    audit_type type = audit_type::unknown;

    /// Wall clock time in seconds since 1970, in the record's own digits: `1795497556.007`, rarely `123`.
    std::string_view time;

    /// Number of the record: one 32-bit counter for records of all types since boot, which wraps
    /// (kernel/audit.c: audit_serial).
    std::uint32_t serial = 0;

    /// The fields, without a newline or NUL byte at the end and without what auditd appends
    /// (log_format = ENRICHED: a byte 0x1D, then `AUID="…" UID="…" …`).
    std::string_view body;

    /// The kernel's log may have cut the text at its end; see kernel_text_may_be_cut().
    bool maybe_cut = false;

    /// Escapes that `body` still contains. The parsers of records say `none`; a caller whose text still has
    /// its escapes sets it before parsing the fields.
    text_escapes escapes = text_escapes::none;
};

/// Parses a record as it is in a kernel log or in auditd's log, without a prefix.
/**
 * Reads `[audit: ]type=1326 audit(T:S): …` (kernel/audit.c: kauditd_printk_skb) and auditd's
 * `[node=H ]type=SECCOMP msg=audit(T:S): …`, where types without a name are `type=UNKNOWN[1425]`.
 * A type name that this library does not know gives audit_type::unknown. Allocates nothing.
 *
 * @param text The record from its first character on. It must outlive the result.
 * @par Errors
 * @li error::not_an_audit_record - the text does not start with such a header, or the header is cut
 * @par Exception safety
 * No-throw guarantee.
 *
 * @par Example
 * @code
 * const auto record = sctrace::parse_audit_record("type=1300 audit(1795497556.007:200135): arch=c000003e");
 * std::cout << record->serial << ' ' << record->body << '\n'; // 200135 arch=c000003e
 * @endcode
 */
boost::system::result<audit_record> parse_audit_record(std::string_view text) noexcept;

/// Parses the payload of an audit netlink message: `audit(T:S): …`.
/**
 * @param type The message's type (nlmsg_type), which the payload does not repeat.
 * @param payload The message after its header. The kernel ends it with neither newline nor NUL; both
 *     are tolerated. It must outlive the result.
 * @par Errors
 * @li error::not_an_audit_record - the payload does not start with a record's stamp
 * @par Exception safety
 * No-throw guarantee.
 */
boost::system::result<audit_record> parse_audit_payload(audit_type type, std::string_view payload) noexcept;

/// Whether a text of the kernel's log is exactly as long as the longest one that the kernel keeps.
/**
 * The kernel cuts longer texts without any mark, so that the last word of such a text may be incomplete.
 * The limit is 1021 characters since 6.3 (kernel/printk/printk.c: PRINTKRB_RECORD_MAX); before, it was
 * 991, or 975 with CONFIG_PRINTK_CALLER (LOG_LINE_MAX). A `\xNN` escape counts as the one character that
 * it stands for.
 *
 * @param kernel_text The kernel's own text, without the log's prefix and newline.
 * @par Exception safety
 * No-throw guarantee.
 */
bool kernel_text_may_be_cut(std::string_view kernel_text) noexcept;

} // namespace sctrace

#endif
