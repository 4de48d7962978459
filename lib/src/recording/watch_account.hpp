#ifndef SCTRACE_SRC_RECORDING_WATCH_ACCOUNT_HPP
#define SCTRACE_SRC_RECORDING_WATCH_ACCOUNT_HPP

#include "recording/record_listener.hpp"

#include <sctrace/audit_record.hpp>
#include <sctrace/detail/serial_numbers.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/watcher_options.hpp>

#include <cstdint>
#include <exception>
#include <optional>
#include <string>

namespace sctrace::detail {

/// Hands wanted records on, and keeps account of what is missing.
/**
 * Records of our own, this operation's or another one's, are nobody's.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class watch_account final : public record_listener {
public:
    /// All must outlive the object; @p serials are those that the ledger is about.
    watch_account(const watcher_options& options, const serial_history& serials, loss_ledger& ledger) noexcept
        : record_listener(ledger)
        , options_(options)
        , serials_(serials)
    {
        count_without_bracket();
    }

    bool take(const logged_call& record, const audit_record& header) override;
    void take_uncountable(const audit_record& header, bool truncated) override;
    /// A batch has been read.
    void end_batch();

    /// How many wanted records there were.
    std::uint64_t records() const noexcept { return records_; }

    /// What on_record or on_batch threw; nothing more is handed on then.
    const std::exception_ptr& thrown() const noexcept { return thrown_; }

    /// Takes the kernel's counter of lost records; its growth since the first time is what was lost.
    void saw_lost_counter(std::uint32_t lost);

    /// What has been found missing since the last call, in words; empty if nothing has.
    /**
     * Records can overtake each other between two CPUs, so that a serial is missing only if it had been
     * passed by already when the last call was made.
     */
    std::string news();

    /// As news(), but no more records are to come: every serial that has been passed by is missing.
    std::string last_news() { return tell(ledger().counts()); }

    /// Whether serials are missing that news() has not told yet.
    bool has_open_gaps() const { return ledger().missing_serials() != settled_.serial_gaps; }

private:
    bool is_unwanted(const logged_call& record) const noexcept;
    std::string tell(const loss_counts& now);

    const watcher_options& options_;
    const serial_history& serials_;
    std::uint64_t records_ = 0;
    std::uint64_t records_before_batch_ = 0;
    std::exception_ptr thrown_;
    // Behind the newest serial when news() was called last.
    std::uint64_t passed_by_ = 0;
    // The kernel's counter as it was last, and its growth over all of its resets.
    std::optional<std::uint32_t> lost_counter_;
    std::uint32_t lost_ = 0;
    std::uint64_t resets_ = 0;
    std::uint64_t resets_told_ = 0;
    std::uint64_t overflows_told_ = 0;
};

} // namespace sctrace::detail

#endif
