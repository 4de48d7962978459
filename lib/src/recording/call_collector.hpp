#ifndef SCTRACE_SRC_RECORD_READER_HPP
#define SCTRACE_SRC_RECORD_READER_HPP

#include "record/logged_call.hpp"
#include "recording/live_queue.hpp"
#include "verdict/verdict_rules.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/audit_record.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/loss_notice.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/syscall_key.hpp>
#include <sctrace/target.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sctrace::detail {

/// What a record of our own is good for.
enum class bracket_role : std::size_t {
    /// Opens the window: it was made before the target's first call.
    opening,
    /// Closes the window: it was made after the target's last call.
    closing,
};

/// Picks the target's calls out of what a record_router finds in batches.
/**
 * Every notice of loss and every record of the target that can't be counted goes into the ledger. Records
 * outside of the window are nobody's.
 */
class call_collector {
public:
    /// All but the architecture must outlive the reader; @p live gets each record that is counted, if wanted.
    /** If the target has a process tree too, the tree is told of each process that the session selects. */
    call_collector(architecture native, target& whose, loss_ledger& ledger, live_queue& live);

    /// How far the wall clock, which records carry, is ahead of CLOCK_MONOTONIC, which process events carry.
    void set_clock_offset(std::chrono::nanoseconds offset) noexcept { clock_offset_ = offset; }

    /// Takes a SECCOMP record that may be the target's, with its header.
    void take(const logged_call& record, const audit_record& header);
    /// Takes a SECCOMP record that can't be counted.
    void take_uncountable(const audit_record& header, bool truncated);
    /// Takes a record of a changed setting of the audit subsystem.
    void take_setting(const audit_record& header);
    void take_notice(const loss_notice& notice);
    void take_losses(const source_losses& losses);
    /// Takes kernel text that looks like a SECCOMP record's and is none.
    void take_unreadable();

    /// The target's calls since the last time.
    std::span<const syscall_key> calls() const noexcept { return calls_; }
    void forget_calls() noexcept { calls_.clear(); }

    /// A call with @p number is a record of our own.
    void expect_bracket(std::int64_t number, bracket_role role);
    /// Whether it was one.
    bool take_bracket(const logged_call& record, std::uint32_t serial);
    bool saw_bracket(bracket_role role) const noexcept { return seen_[static_cast<std::size_t>(role)]; }

    /// Counts from now on, although no opening bracket has come back.
    void count_without_bracket() noexcept { counting_ = true; }

    const filter_calls& own_filters() const noexcept { return own_filters_; }

    /// There were records that were not selected, but may be those of descendants that left the audit
    /// session.
    void note_outside_session() noexcept { outside_session_ = true; }
    bool has_outside_session() const noexcept { return outside_session_; }

    /// Processes of the session that the tree had not known: their children may have been taken for others'.
    std::uint64_t latecomers() const noexcept { return latecomers_; }

    /// Records that the tree selected and not the session.
    std::uint64_t selected_by_tree() const noexcept { return selected_by_tree_; }

    /// From now on notes whether a record of @p pid comes.
    void listen_for(pid_t pid) { silent_entrants_.insert(pid); }
    /// Those of whom none has come.
    const std::unordered_set<pid_t>& silent_entrants() const noexcept { return silent_entrants_; }

    /// Calls of the target that were refused, or of which the records do not tell.
    std::uint64_t refused() const noexcept { return refused_; }

    /// Records of which the target's process tree could not tell whose they are.
    std::uint64_t unclear() const noexcept { return unclear_; }

private:
    struct expectation {
        std::int64_t number;
        bracket_role role;
    };

    // A record that came before the one that opens the window; it may still be of a later time.
    struct early_record {
        logged_call call;
        audit_record header;
        // What the header's views point into.
        std::unique_ptr<char[]> text;
    };

    // The two calls that install filters, by architecture.
    struct filter_installers {
        architecture arch;
        std::int64_t seccomp;
        std::int64_t prctl;
    };

    void keep_early(const logged_call& record, const audit_record& header);
    void take_early();
    void take_call(const logged_call& record, const audit_record& header);
    void show_live(const audit_record& header);
    membership whose(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses,
                     std::string_view time);
    void learn_member(pid_t pid, process_tree::time made);
    void watch_filters(syscall_key call, std::optional<std::int32_t> pid);
    const filter_installers& installers_of(architecture arch);

    architecture native_;
    target& target_;
    loss_ledger& ledger_;
    live_queue& live_;
    std::vector<syscall_key> calls_;
    std::vector<expectation> expected_;
    std::array<bool, 2> seen_{};
    std::deque<early_record> early_;
    bool counting_ = false;
    filter_calls own_filters_;
    bool outside_session_ = false;
    std::uint64_t refused_ = 0;
    std::uint64_t unclear_ = 0;
    std::uint64_t latecomers_ = 0;
    std::uint64_t selected_by_tree_ = 0;
    std::unordered_set<pid_t> silent_entrants_;
    std::chrono::nanoseconds clock_offset_{};
    pid_t learned_ = 0;
    std::uint64_t learned_at_change_ = 0;
    std::vector<filter_installers> installers_;
};

} // namespace sctrace::detail

#endif
