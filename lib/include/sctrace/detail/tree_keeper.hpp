#ifndef SCTRACE_DETAIL_TREE_KEEPER_HPP
#define SCTRACE_DETAIL_TREE_KEEPER_HPP

#include <sctrace/follow_kind.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/process_event.hpp>
#include <sctrace/process_tree.hpp>
#include <sctrace/target.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <unordered_set>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// Keeps a target's process tree in step with the kernel: from process events, and from /proc where they
/// start.
/**
 * Process events must be received before anything is added, so that nobody is born unnoticed in between.
 */
class tree_keeper {
public:
    /// How much later than its consequences the end of a process may be stamped.
    static constexpr std::chrono::milliseconds listing_margin{11};

    /// @p whose and @p ledger must outlive the keeper.
    tree_keeper(target& whose, loss_ledger& ledger);

    /// Takes in running processes, and their relatives as @p how says.
    void follow_pids(std::span<const pid_t> pids, follow_kind how);
    /// Takes in a command that has just been started by this process.
    void follow_command(pid_t pid, follow_kind how);

    /// To be called when the events of the time of follow_pids() have been taken: listing_margin later.
    void settle_listing();

    /// Applies what has happened.
    void take(const process_event_batch& batch);

    /// Those who entered a container from outside since the last call: they may be under no filter.
    std::vector<pid_t> take_entrants() { return std::exchange(entrants_, {}); }

    /// Whether each process event has been seen so far.
    bool lost_nothing() const noexcept { return lost_nothing_; }

    /// Members that still run.
    std::vector<pid_t> living() const;

private:
    void add_all(std::span<const pid_t> pids, process_tree::time seen);
    void follow_containers(std::span<const pid_t> pids);
    void suspect_siblings_of(pid_t pid);
    /// Where a newborn is that descends from no member, if it matters.
    enum class where { unasked, in_container, outside, unknown };

    void take_birth(const process_event& event);
    where where_is(pid_t pid, pid_t parent, process_tree::time born) const;
    bool is_surely_foreign(const process_event& event) const;
    bool is_listing(process_tree::time when) const;
    void watch_for_endings_while_listing(const process_event& event);
    void note_overruns(const process_event_batch& batch);
    void list_again();
    void forget_dead_now_and_then();

    process_tree& tree_;
    loss_ledger& ledger_;
    follow_kind how_ = follow_kind::none;
    std::vector<std::uint64_t> containers_;
    std::vector<pid_t> entrants_;
    std::optional<std::uint64_t> own_namespace_;
    // Everything about them and their children is known from events.
    std::unordered_set<pid_t> born_while_listing_;
    std::vector<pid_t> ancestors_;
    bool ended_while_listing_ = false;
    process_tree::time listing_began_{};
    process_tree::time listing_ended_{};
    process_tree::time last_forgetting_{};
    bool lost_nothing_ = true;
};

/// CLOCK_MONOTONIC, which process events carry.
process_tree::time monotonic_now() noexcept;

/// Whether this process's CLOCK_MONOTONIC is another one than the kernel's (time_namespaces(7)).
bool in_shifted_time_namespace();

/// How far the wall clock is ahead of CLOCK_MONOTONIC.
std::chrono::nanoseconds wall_clock_offset() noexcept;

} // namespace sctrace::detail

#endif
