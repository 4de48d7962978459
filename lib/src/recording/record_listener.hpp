#ifndef SCTRACE_SRC_RECORDING_RECORD_LISTENER_HPP
#define SCTRACE_SRC_RECORDING_RECORD_LISTENER_HPP

#include "record/logged_call.hpp"

#include <sctrace/audit_record.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/record_batch.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// What a record of our own is good for.
enum class bracket_role : std::size_t {
    /// Opens the window: it was made before the target's first call.
    opening,
    /// Closes the window: it was made after the target's last call.
    closing,
};

/// What a record_router tells of the records of a source; keeps account of losses and of our own records.
/**
 * Every notice of loss goes into the ledger, once the listener counts.
 */
class record_listener {
public:
    /// @p ledger must outlive the object.
    explicit record_listener(loss_ledger& ledger) noexcept
        : ledger_(ledger)
    {
    }
    record_listener(const record_listener&) = delete;
    record_listener& operator=(const record_listener&) = delete;

    /// How far the wall clock, which records carry, is ahead of CLOCK_MONOTONIC, which process events carry.
    void set_clock_offset(std::chrono::nanoseconds offset) noexcept { clock_offset_ = offset; }

    /// Takes a SECCOMP record that may be wanted, with its header; true if it surely is.
    virtual bool take(const logged_call& record, const audit_record& header) = 0;
    /// Takes a SECCOMP record that can't be counted.
    virtual void take_uncountable(const audit_record& header, bool truncated) = 0;
    /// From now on notes whether a record of @p pid comes.
    virtual void listen_for(pid_t pid) { static_cast<void>(pid); }
    /// There were records that were not selected, but may be those of descendants that left the audit
    /// session.
    virtual void note_outside_session() {}

    /// Takes a record of a changed setting of the audit subsystem.
    void take_setting(const audit_record& header);
    void take_notice(const loss_notice& notice);
    void take_losses(const source_losses& losses);
    /// Takes kernel text that looks like a SECCOMP record's and is none.
    void take_unreadable();

    /// A call with @p number is a record of our own.
    void expect_bracket(std::int64_t number, bracket_role role) { expected_.push_back({number, role}); }
    /// Whether it was one.
    bool take_bracket(const logged_call& record, std::uint32_t serial);
    bool saw_bracket(bracket_role role) const noexcept { return seen_[static_cast<std::size_t>(role)]; }

    /// Counts from now on, although no opening bracket has come back.
    void count_without_bracket() noexcept { counting_ = true; }

    /// Whether the numbers of records that are missing may still come: nothing else that was lost explains
    /// them.
    bool serials_may_be_late() const;

protected:
    ~record_listener() = default;

    /// The window has just been opened.
    virtual void take_early() {}

    /// A record that may be wanted can't be counted.
    void miss_record(bool truncated) noexcept;

    bool is_counting() const noexcept { return counting_; }
    std::chrono::nanoseconds clock_offset() const noexcept { return clock_offset_; }
    loss_ledger& ledger() const noexcept { return ledger_; }

    /// What was lost and has been dealt with.
    loss_counts settled_;

private:
    struct expectation {
        std::int64_t number;
        bracket_role role;
    };

    loss_ledger& ledger_;
    std::vector<expectation> expected_;
    std::array<bool, 2> seen_{};
    bool counting_ = false;
    std::chrono::nanoseconds clock_offset_{};
};

} // namespace sctrace::detail

#endif
