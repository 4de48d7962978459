#ifndef SCTRACE_LOSS_LEDGER_HPP
#define SCTRACE_LOSS_LEDGER_HPP

#include <sctrace/detail/serial_numbers.hpp>
#include <sctrace/loss_notice.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace {

namespace detail {
struct shared_accounts;
}

/// Whether a recording is known to hold every record of its window.
enum class verdict {
    /// Proved: both markers and every audit serial between them were seen, and nothing else hides records.
    complete,
    /// Records are missing, and how many at most is known.
    incomplete,
    /// Whether records are missing could not be found out.
    unproven,
};

/// `complete`, `incomplete` or `unproven`.
std::string_view to_string(verdict v) noexcept;

/// What was lost on the way, by the place where it was noticed.
struct loss_counts {
    /// Entries that the kernel's ring buffer overwrote before they were read.
    std::uint64_t kmsg_overwritten = 0;
    /// Messages that printk's rate limit dropped, as its own notices say.
    std::uint64_t printk_suppressed = 0;
    /// Audit serials between the markers that were never seen.
    std::uint64_t serial_gaps = 0;
    /// Growth of the kernel's own counter of lost records; empty when it could not be read.
    std::optional<std::uint64_t> audit_lost;
    /// Times that the audit socket's buffer overran.
    std::uint64_t netlink_overruns = 0;
    /// Times that the buffer of the process connector's socket overran.
    std::uint64_t fork_event_overruns = 0;
    /// SECCOMP records of the target that the kernel cut before the system call's number.
    std::uint64_t truncated_records = 0;
    /// SECCOMP records that could not be read, or whose process is unknown.
    std::uint64_t malformed_records = 0;
};

/// A verdict with its reasons.
struct judgement {
    /// The verdict.
    verdict what = verdict::unproven;
    /// How many records are missing at most; empty when that is not known.
    std::optional<std::uint64_t> missing_at_most;
    /// The reasons, in words; empty when complete.
    std::vector<std::string> why;
};

/// Keeps account of everything that can make a recording incomplete, and judges it.
/**
 * The window is opened by the serial of a record of one's own before the target's first call and closed by
 * one after its last. Every audit record takes the next value of one 32-bit counter
 * (kernel/audit.c, audit_log_start and audit_serial), so that a recording that saw each serial between the
 * two lost nothing after a serial was taken. Drops before that are counted by the kernel as `lost`.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * sctrace::loss_ledger ledger;
 * ledger.open_window(7);
 * ledger.saw_serial(7);
 * ledger.saw_serial(9);
 * ledger.saw_serial(10);
 * ledger.close_window(10);
 * ledger.audit_lost(0, 0);
 * const sctrace::judgement judged = ledger.judge();
 * std::cout << to_string(judged.what) << ' ' << judged.missing_at_most.value() << '\n'; // incomplete 1
 * @endcode
 */
class loss_ledger {
public:
    /// The window begins with the record of this serial.
    void open_window(std::uint32_t serial) { serials_.open(serial); }
    /// The window ends with the record of this serial.
    void close_window(std::uint32_t serial) { serials_.close(serial); }
    /// Whether open_window() was called.
    bool window_open() const noexcept { return serials_.is_open(); }
    /// Whether close_window() was called.
    bool window_closed() const noexcept { return serials_.is_closed(); }
    /// The serial that opened the window.
    std::optional<std::uint32_t> first_serial() const noexcept { return serials_.first(); }
    /// The serial that closed the window.
    std::optional<std::uint32_t> last_serial() const noexcept { return serials_.last(); }
    /// Whether a record with this serial lies within the window as far as its ends are known.
    bool in_window(std::uint32_t serial) const noexcept { return serials_.contains(serial); }
    /// How many serials of the window were not seen.
    std::uint64_t missing_serials() const noexcept { return serials_.missing(); }

    /// A record of any type came.
    void saw_serial(std::uint32_t serial) { serials_.see(serial); }

    /// The kernel said that records were lost.
    void saw_notice(const loss_notice& notice) noexcept;
    /// The ring buffer overwrote entries that were not read yet.
    void overwritten(std::uint64_t entries) noexcept { counts_.kmsg_overwritten += entries; }
    /// The audit socket's buffer overran.
    void overrun(std::uint64_t times) noexcept { counts_.netlink_overruns += times; }
    /// Lost fork events are no lost records: what they mean for the verdict depends on who is followed how.
    void fork_event_overrun(std::uint64_t times) noexcept { counts_.fork_event_overruns += times; }
    /// A SECCOMP record of the target ended before the call's number.
    void truncated_record() noexcept { ++counts_.truncated_records; }
    /// SECCOMP records could not be read, or it is unknown whose they are.
    void malformed_record(std::uint64_t records = 1) noexcept { counts_.malformed_records += records; }

    /// The kernel's counter of lost records before and after; without both the verdict is `unproven`.
    void audit_lost(std::optional<std::uint32_t> before, std::optional<std::uint32_t> after);

    /// Something that keeps the recording from being proved; the same words are kept once.
    void cannot_prove(std::string why);

    /// What was lost so far.
    loss_counts counts() const;
    /// The verdict on what was seen so far.
    judgement judge() const;

    /// The verdict on a log that was saved by somebody else: always `unproven`.
    /**
     * What the log itself says of losses is among the reasons, but no log shows that nothing else is
     * missing: it has no markers, and says nothing of exclude rules and of actions_logged.
     */
    judgement judge_saved_log() const;

private:
    friend struct detail::shared_accounts;

    std::vector<std::string> losses() const;
    void saw_lost_counter(std::uint64_t lost) noexcept;

    detail::serial_window serials_;
    loss_counts counts_;
    std::uint64_t overflow_notices_ = 0;
    // What the kernel's own notices say: of this boot, and of those before it.
    std::uint64_t said_lost_ = 0;
    std::uint64_t said_lost_before_ = 0;
    std::vector<std::string> doubts_;
};

} // namespace sctrace

#endif
