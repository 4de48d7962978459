#ifndef SCTRACE_SRC_WATCH_READER_HPP
#define SCTRACE_SRC_WATCH_READER_HPP

#include "recording/call_collector.hpp"

#include <sctrace/audit_record.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/seccomp_record.hpp>
#include <sctrace/watcher_options.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sctrace::detail {

/// Parses the messages of live batches, hands wanted records on, and keeps account of what is missing.
/**
 * Records of our own, this operation's or another one's, are nobody's.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class watch_reader {
public:
    /// Both must outlive the reader.
    watch_reader(const watcher_options& options, loss_ledger& ledger) noexcept
        : options_(options)
        , ledger_(ledger)
    {
    }

    /// Reads a batch; on_record and on_batch are called within.
    void read(const record_batch& batch);

    /// How many wanted records there were.
    std::uint64_t records() const noexcept { return records_; }

    /// A record of our own has been made.
    void expect_bracket(const bracket& made, bracket_role role) { expected_.push_back({made.syscall, role}); }
    bool saw_bracket(bracket_role role) const noexcept { return seen_[static_cast<std::size_t>(role)]; }
    std::size_t brackets_seen() const noexcept
    {
        return static_cast<std::size_t>(std::count(seen_.begin(), seen_.end(), true));
    }

    /// Takes the kernel's counter of lost records; its growth since the first time is what was lost.
    void saw_lost_counter(std::uint32_t lost);

    /// What has been found missing since the last call, in words; empty if nothing has.
    /**
     * Records can overtake each other between two CPUs, so that a serial is missing only if it had been
     * passed by already when the last call was made.
     */
    std::string news();

    /// As news(), but no more records are to come: every serial that has been passed by is missing.
    std::string last_news();

    /// Whether serials are missing that news() has not told yet.
    bool has_open_gaps() const { return ledger_.missing_serials() != told_.serial_gaps; }

    /// Whether such serials may still come: nothing else that was lost explains them.
    bool serials_may_be_late() const;

private:
    struct expectation {
        std::int64_t number;
        bracket_role role;
    };

    void read_message(const source_message& message);
    void see_serial(std::uint32_t serial);
    void read_text(std::string_view text);
    void read_seccomp(const audit_record& header);
    void read_uncountable(const audit_record& header, bool truncated);
    bool is_bracket(const seccomp_record& record) const noexcept;
    void take_bracket(std::int64_t number, std::uint32_t serial);
    bool wants(const seccomp_record& record) const;
    std::uint64_t settled_gaps() const;
    std::string tell(const loss_counts& now);

    const watcher_options& options_;
    loss_ledger& ledger_;
    std::vector<expectation> expected_;
    std::array<bool, 2> seen_{};
    std::uint64_t records_ = 0;
    std::uint64_t overflows_ = 0;
    std::optional<std::uint32_t> newest_serial_;
    // The newest one when news() was called last.
    std::optional<std::uint32_t> newest_told_;
    loss_counts told_;
    std::uint64_t overflows_told_ = 0;
    // The kernel's counter as it was last, and its growth over all of its resets.
    std::optional<std::uint32_t> lost_counter_;
    std::uint32_t lost_ = 0;
    std::uint64_t resets_ = 0;
    std::uint64_t resets_told_ = 0;
};

} // namespace sctrace::detail

#endif
