#ifndef SCTRACE_SRC_RECORD_READER_HPP
#define SCTRACE_SRC_RECORD_READER_HPP

#include "record/logged_call.hpp"
#include "recording/live_queue.hpp"
#include "recording/record_listener.hpp"
#include "verdict/verdict_rules.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/audit_record.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/syscall_key.hpp>
#include <sctrace/target.hpp>

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sctrace::detail {

/// Picks the target's calls out of what a record_router finds in batches.
/**
 * Every record of the target that can't be counted goes into the ledger. Records outside of the window are
 * nobody's.
 */
class call_collector final : public record_listener {
public:
    /// All but the architecture must outlive the reader; @p live gets each record that is counted, if wanted.
    /** If the target has a process tree too, the tree is told of each process that the session selects. */
    call_collector(architecture native, target& whose, loss_ledger& ledger, live_queue& live);

    bool take(const logged_call& record, const audit_record& header) override;
    void take_uncountable(const audit_record& header, bool truncated) override;

    /// The target's calls since the last time.
    std::span<const syscall_key> calls() const noexcept { return calls_; }
    void forget_calls() noexcept { calls_.clear(); }

    const filter_calls& own_filters() const noexcept { return own_filters_; }

    void note_outside_session() override { outside_session_ = true; }
    bool has_outside_session() const noexcept { return outside_session_; }

    /// Processes of the session that the tree had not known: their children may have been taken for others'.
    std::uint64_t latecomers() const noexcept { return latecomers_; }

    /// Records that the tree selected and not the session.
    std::uint64_t selected_by_tree() const noexcept { return selected_by_tree_; }

    void listen_for(pid_t pid) override { silent_entrants_.insert(pid); }
    /// Those of whom no record has come.
    const std::unordered_set<pid_t>& silent_entrants() const noexcept { return silent_entrants_; }

    /// Calls of the target that were refused, or of which the records do not tell.
    std::uint64_t refused() const noexcept { return refused_; }

    /// Records of which the target's process tree could not tell whose they are.
    std::uint64_t unclear() const noexcept { return unclear_; }

private:
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
    void take_early() override;
    bool take_call(const logged_call& record, const audit_record& header);
    void show_live(const audit_record& header);
    membership whose(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses,
                     std::string_view time);
    void learn_member(pid_t pid, process_tree::time made);
    void watch_filters(syscall_key call, std::optional<std::int32_t> pid);
    const filter_installers& installers_of(architecture arch);

    architecture native_;
    target& target_;
    live_queue& live_;
    std::vector<syscall_key> calls_;
    std::deque<early_record> early_;
    filter_calls own_filters_;
    bool outside_session_ = false;
    std::uint64_t refused_ = 0;
    std::uint64_t unclear_ = 0;
    std::uint64_t latecomers_ = 0;
    std::uint64_t selected_by_tree_ = 0;
    std::unordered_set<pid_t> silent_entrants_;
    pid_t learned_ = 0;
    std::uint64_t learned_at_change_ = 0;
    std::vector<filter_installers> installers_;
};

} // namespace sctrace::detail

#endif
