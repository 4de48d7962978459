#ifndef SCTRACE_KMSG_ENTRY_HPP
#define SCTRACE_KMSG_ENTRY_HPP

#include <boost/system/result.hpp>

#include <cstdint>
#include <span>
#include <string_view>

namespace sctrace {

/// One entry of the kernel's ring buffer as /dev/kmsg shows it; its views point into the parsed text.
/**
 * The format is `PRI,SEQ,USEC,FLAGS[,more…];TEXT\n[ KEY=VALUE\n]*` (Documentation/ABI/testing/dev-kmsg,
 * kernel/printk/printk.c: info_print_ext_header, msg_print_ext_body).
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
struct kmsg_entry {
    /// Who wrote the entry: 0 is the kernel; the kernel forces every other writer to another number
    /// (kernel/printk/printk.c: devkmsg_write).
    std::uint32_t facility = 0;

    /// Severity from 0 (emergency) to 7 (debug); SECCOMP records have 5 (notice).
    std::uint32_t level = 0;

    /// Number of the entry since boot; each next entry has the next number.
    std::uint64_t sequence = 0;

    /// Time of the entry on the kernel's log clock, in microseconds since boot.
    std::uint64_t microseconds = 0;

    /// `-` for a whole line, `c` for a fragment of one; `-` where the kernel (3.5) writes no flag.
    char flag = '-';

    /// Value of the field `caller=` (`T123` a thread, `C0` a processor); empty without one. For audit
    /// records this is the kernel's audit thread, never the process that the record is about.
    std::string_view caller;

    /// The text, still with the kernel's `\xNN` escapes, without its newline.
    std::string_view text;

    /// The continuation lines (` KEY=VALUE`), raw, with their newlines; empty without any.
    std::string_view dictionary;

    /// The entry is as long as the kernel's own output buffer, so that its text may be cut at the end
    /// (PRINTK_MESSAGE_MAX, 2048 bytes since 6.3). Only a text with hundreds of escapes gets that long.
    bool maybe_cut = false;

    /// Whether the kernel itself wrote the entry; if not, any program may have.
    bool from_kernel() const noexcept { return facility == 0; }
};

/// Parses what one read of /dev/kmsg returned, or one such entry out of a file.
/**
 * Fields between the flags and the `;` that this library does not know are ignored, as the kernel's
 * documentation asks. Allocates nothing.
 *
 * @param entry The entry, with or without its last newline. It must outlive the result.
 * @par Errors
 * @li error::not_a_kmsg_entry - the text does not start with `PRI,SEQ,USEC[,…];`
 * @par Exception safety
 * No-throw guarantee.
 *
 * @par Example
 * @code
 * const auto entry = sctrace::parse_kmsg_entry("5,478,1334821,-;audit: type=1326 audit(1.000:136): pid=7");
 * std::cout << entry->sequence << ' ' << entry->from_kernel() << '\n'; // 478 1
 * std::cout << entry->text << '\n'; // audit: type=1326 audit(1.000:136): pid=7
 * @endcode
 */
boost::system::result<kmsg_entry> parse_kmsg_entry(std::string_view entry) noexcept;

/// Undoes the kernel's `\xNN` escapes once.
/**
 * The kernel writes control characters, bytes outside ASCII and the backslash itself as `\xNN`
 * (kernel/printk/printk.c: msg_add_ext_text). An escape that the kernel cut at the end, or one that is
 * not of this form, stays as it is.
 *
 * @param text The text of a kmsg_entry.
 * @param buffer Where the result is written; text.size() bytes always suffice, of a longer result only
 *     what fits is written.
 * @return `text` itself if it holds no backslash (the buffer is then untouched), else a view of the
 *     written part of `buffer`.
 * @par Exception safety
 * No-throw guarantee.
 */
std::string_view unescape_kmsg(std::string_view text, std::span<char> buffer) noexcept;

} // namespace sctrace

#endif
