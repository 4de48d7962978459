#ifndef SCTRACE_PROCESS_TREE_HPP
#define SCTRACE_PROCESS_TREE_HPP

#include <sctrace/detail/ending_memory.hpp>
#include <sctrace/process_event.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <sys/types.h>

namespace sctrace {

namespace detail {
struct shared_accounts;
}

/// Whose a record is.
enum class membership {
    /// A process that is recorded made it.
    ours,
    /// Another process made it.
    foreign,
    /// That is not known: the process may be a relative, or two processes had the number at about that time.
    unclear,
};

/// Which processes descend from some others, by fork events; a number that is used again is another process.
/**
 * A record of a process may be asked about long after the process has ended: the dead are kept until
 * forget_dead(). Two processes of one number are told apart by their time of birth, which the kernel stamps
 * exactly; a record's own time is that of the last tick (kernel/audit.c, audit_log_start() takes the coarse
 * clock).
 *
 * Events may come late, but in order; add() may be called before or after the events of what it adds.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * using namespace std::chrono_literals;
 * sctrace::process_tree tree;
 * tree.add(42, 1s);
 * tree.apply({sctrace::process_event::kind::fork, 2s, 43, 43, 42});
 * std::cout << (tree.whose(43, 3s) == sctrace::membership::ours) << '\n'; // 1
 * std::cout << (tree.whose(44, 3s) == sctrace::membership::ours) << '\n'; // 0
 * @endcode
 */
class process_tree {
public:
    /// CLOCK_MONOTONIC.
    using time = std::chrono::nanoseconds;

    /// How much later than its own time a record can have been made.
    /**
     * Its time is that of the last tick, in whole milliseconds; ticks come late on a busy machine (25 ms late
     * were seen in one with 2 processors).
     */
    static constexpr time record_lag = std::chrono::milliseconds(100);
    /// For how long before a birth it is known which process had the number.
    static constexpr time memory_of_others = detail::ending_memory::span;

    /// The numbers of which apply() and whose() may have something to say: members, and those
    /// that are expected.
    std::vector<pid_t> numbers() const;

    /// Takes in the process that has @p pid at the time @p seen, and all that it makes from its birth on.
    void add(pid_t pid, time seen);

    /// From now on children of members are foreign.
    void leave_children_out() noexcept { with_children_ = false; }

    /// Takes in the next process that gets @p pid.
    void expect(pid_t pid) { expected_.insert(pid); }

    /// Children that @p pid makes from now on may be siblings that a member made with CLONE_PARENT.
    void suspect_children_of(pid_t pid) { suspects_.insert(pid); }

    /// Marks the process that has @p pid at the time @p seen as one that could not be looked at.
    void cannot_tell(pid_t pid, time seen);

    /// The process that has @p pid at the time @p seen is no member, if that was unclear.
    void rule_out(pid_t pid, time seen);

    /// Takes in an event of the process connector.
    void apply(const process_event& event);

    /// Whose a record is that carries @p pid and was made at @p made, or up to record_lag later.
    membership whose(pid_t pid, time made) const;

    /// Members that have not been seen to end; a process whose first thread alone ended is among them.
    std::vector<pid_t> living() const;

    /// How often what whose() answers can have changed.
    std::uint64_t changes() const noexcept { return changes_; }

    /// Drops processes that ended before @p then.
    void forget_dead(time then);

    /// How many processes are remembered, dead ones included.
    std::size_t size() const noexcept { return known_.size(); }

    /// Fork or exit events are missing: from now on only numbers that are used again end what is remembered.
    /**
     * What seemed to end at @p since or later, while events were missing, may live: it may have got a thread
     * unnoticed.
     */
    void events_were_lost(time since = time::max());

private:
    friend struct detail::shared_accounts;

    /// One process among those that have had its number.
    struct incarnation {
        /// Unknown while it is the smallest time; an event that is not later than `seen` then shows it.
        time born;
        time seen;
        membership whose = membership::foreign;
        /// Living threads; unknown when negative.
        long threads = 1;
        time ended = time::max();
        /// When a process that is not remembered last ended under the number; the smallest time if none did.
        time other_ended = time::min();
    };
    using incarnations = std::vector<incarnation>;

    void begin(const process_event& event);
    void end(const process_event& event);
    void add_thread(const process_event& event);
    void remove_thread(const process_event& event);
    membership membership_of_child(const process_event& event);
    incarnation& at_or_new(pid_t pid, time seen);
    incarnation* at(pid_t pid, time when);
    time last_foreign_ending(pid_t pid) const;

    std::unordered_map<pid_t, incarnations> known_;
    std::unordered_set<pid_t> suspects_;
    std::unordered_set<pid_t> expected_;
    detail::ending_memory foreign_endings_;
    const detail::ending_memory* shared_endings_ = nullptr;
    bool with_children_ = true;
    std::uint64_t changes_ = 0;
};

} // namespace sctrace

#endif
