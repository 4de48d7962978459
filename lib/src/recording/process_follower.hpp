#ifndef SCTRACE_SRC_TREE_KEEPER_HPP
#define SCTRACE_SRC_TREE_KEEPER_HPP

#include <sctrace/loss_ledger.hpp>
#include <sctrace/process_event.hpp>
#include <sctrace/process_tree.hpp>
#include <sctrace/recorder_options.hpp>
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

/// What /proc shows of a process that has just been made; read at most once, whoever asks.
class newborn_process {
public:
    explicit newborn_process(pid_t pid) noexcept
        : pid_(pid)
    {
    }

    /// Empty if it can't be read.
    std::optional<std::uint64_t> pid_namespace();

    /// Whether it is known to be under no filter.
    bool has_no_filter();

private:
    pid_t pid_;
    bool asked_for_namespace_ = false;
    std::optional<std::uint64_t> namespace_;
    std::optional<bool> has_no_filter_;
};

/// Keeps a target's process tree in step with the kernel: from process events, and from /proc where they
/// start.
/**
 * Process events must be received before anything is added, so that nobody is born unnoticed in between.
 */
class process_follower {
public:
    /// How much later than its consequences the end of a process may be stamped.
    static constexpr std::chrono::milliseconds listing_margin{11};

    /// @p whose and @p ledger must outlive the follower.
    process_follower(target& whose, loss_ledger& ledger);

    /// Takes in running processes, and their relatives as @p how says.
    void follow_pids(std::span<const pid_t> pids, follow_kind how);
    /// Takes in a command that has just been started by this process.
    void follow_command(pid_t pid, follow_kind how);

    /// To be called when the events of the time of follow_pids() have been taken: listing_margin later.
    void settle_listing();

    /// Applies what has happened; @p newborn is asked at births only.
    void take(const process_event& event, newborn_process& newborn);
    /// Fork events are missing; they belong in front of those of @p since and later.
    void take_overruns(std::uint64_t overruns, process_tree::time since);
    /// The wall clock is no longer as far ahead of CLOCK_MONOTONIC as it was.
    void take_clock_step();
    /// Drops those who ended long ago, every now and then.
    void forget_dead(process_tree::time now);

    /// A process that was made at @p when by this one is no member, whoever its siblings are.
    void rule_out(pid_t pid, process_tree::time when) { tree_.rule_out(pid, when); }

    /// The pid namespaces whose newborns matter, from whomever they descend.
    std::span<const std::uint64_t> containers() const noexcept { return containers_; }

    /// Whether all endings matter, and not only those of members: while existing processes are being listed.
    bool is_listing() const noexcept { return is_listing_; }

    process_tree& tree() noexcept { return tree_; }

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

    void take_birth(const process_event& event, newborn_process& newborn);
    where where_is(const process_event& event, newborn_process& newborn) const;
    bool is_surely_foreign(const process_event& event, newborn_process& newborn) const;
    bool was_listing(process_tree::time when) const;
    void watch_for_endings_while_listing(const process_event& event);
    void list_again();

    process_tree& tree_;
    loss_ledger& ledger_;
    follow_kind how_ = follow_kind::none;
    std::vector<std::uint64_t> containers_;
    std::vector<pid_t> entrants_;
    std::optional<std::uint64_t> own_namespace_;
    // Everything about them and their children is known from events.
    std::unordered_set<pid_t> born_while_listing_;
    std::vector<pid_t> ancestors_;
    bool is_listing_ = false;
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
