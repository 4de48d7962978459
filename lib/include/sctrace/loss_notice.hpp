#ifndef SCTRACE_LOSS_NOTICE_HPP
#define SCTRACE_LOSS_NOTICE_HPP

#include <boost/system/result.hpp>

#include <cstdint>
#include <string_view>

namespace sctrace {

/// A line in which the kernel says that audit records were lost.
struct loss_notice {
    /// What a notice says.
    enum class kind {
        /// `…: N callbacks suppressed`: printk's rate limit dropped `count` messages of its callers.
        /// The limit is one for all callers of printk_ratelimit(), and the notice names the one that
        /// spoke next (lib/ratelimit.c: ___ratelimit), so that any name may stand for lost records.
        printk_suppressed,
        /// `audit_lost=N …`: `count` records lost since boot (kernel/audit.c: audit_log_lost).
        audit_lost,
        /// `audit_backlog=N > audit_backlog_limit=M`: the queue held `count` records
        /// (kernel/audit.c: audit_log_start).
        audit_backlog,
        /// A reason without a number: `backlog limit exceeded`, `rate limit exceeded` and the like
        /// (kernel/audit.c: audit_panic).
        audit_overflow,
    };

    /// Which notice it is.
    kind what = kind::audit_overflow;

    /// The number that the notice gives; 0 for audit_overflow.
    std::uint64_t count = 0;
};

/// Parses a text of the kernel's log.
/**
 * The notice must be the whole text: one inside another message does not count. Allocates nothing.
 *
 * @param text The kernel's own text, without a prefix; a newline at its end is tolerated.
 * @par Errors
 * @li error::not_a_loss_notice - any other text
 * @par Exception safety
 * No-throw guarantee.
 *
 * @par Example
 * @code
 * const std::string_view text = "audit: audit_lost=7 audit_rate_limit=0 audit_backlog_limit=64";
 * const auto notice = sctrace::parse_loss_notice(text);
 * std::cout << notice->count << " records lost since boot\n"; // 7 records lost since boot
 * @endcode
 */
boost::system::result<loss_notice> parse_loss_notice(std::string_view text) noexcept;

} // namespace sctrace

#endif
