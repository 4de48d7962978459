#ifndef SCTRACE_TARGET_HPP
#define SCTRACE_TARGET_HPP

#include <sctrace/process_tree.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace sctrace {

/// Which processes a recording is about: some process ids, an audit session, a process tree, or several of
/// them.
/**
 * Process ids are compared as numbers of the initial pid namespace, as the kernel writes them; 42 never
 * matches 421.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * sctrace::target target;
 * target.add_pid(42);
 * const auto now = std::chrono::steady_clock::now().time_since_epoch();
 * std::cout << (target.whose(42, {}, now) == sctrace::membership::ours) << '\n'; // 1
 * std::cout << (target.whose(421, {}, now) == sctrace::membership::ours) << '\n'; // 0
 * @endcode
 */
class target {
public:
    /// Adds a process.
    void add_pid(pid_t pid);
    /// Takes in all records that carry an audit session.
    void follow_session(std::uint32_t session) noexcept { session_ = session; }

    /// Lets a process tree decide about all records that the session does not select.
    /**
     * The process ids then select nothing by themselves: the processes that have them are to be added to the
     * tree, so that a number that is used again is not taken for theirs.
     */
    process_tree& follow_tree();

    /// The processes that were added.
    const std::vector<pid_t>& pids() const noexcept { return pids_; }
    /// The session that is followed.
    std::optional<std::uint32_t> session() const noexcept { return session_; }
    /// Null without follow_tree().
    process_tree* tree() noexcept { return tree_ ? &*tree_ : nullptr; }
    /// Null without follow_tree().
    const process_tree* tree() const noexcept { return tree_ ? &*tree_ : nullptr; }

    /// Whether a record carries the session that is followed.
    bool in_session(std::optional<std::uint64_t> ses) const noexcept;

    /// Whose a record with these fields is that was made at @p made (CLOCK_MONOTONIC), or up to
    /// process_tree::record_lag later.
    membership whose(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses,
                     process_tree::time made) const;

    /// Whether a record that is not selected could still be a descendant's that left the session.
    /**
     * A task can only get a session that is newer than the one it has, or none at all
     * (kernel/audit.c, audit_set_loginuid).
     */
    bool may_have_left_session(std::optional<std::uint64_t> ses) const noexcept;

private:
    std::vector<pid_t> pids_;
    std::optional<std::uint32_t> session_;
    std::optional<process_tree> tree_;
};

} // namespace sctrace

#endif
