#ifndef SCTRACE_TARGET_HPP
#define SCTRACE_TARGET_HPP

#include <cstdint>
#include <optional>
#include <vector>

#include <sys/types.h>

namespace sctrace {

/// Which processes a recording is about: some process ids, an audit session, or both.
/**
 * Process ids are compared as numbers of the initial pid namespace, as the kernel writes them; 42 never
 * matches 421.
 */
class target {
public:
    void add_pid(pid_t pid);
    void follow_session(std::uint32_t session) noexcept { session_ = session; }

    const std::vector<pid_t>& pids() const noexcept { return pids_; }
    std::optional<std::uint32_t> session() const noexcept { return session_; }

    /// Whether a record with these fields is the target's.
    bool selects(std::optional<std::int32_t> pid, std::optional<std::uint64_t> ses) const noexcept;

    /// Whether a record that is not selected could still be a descendant's that left the session.
    /**
     * A task can only get a session that is newer than the one it has, or none at all
     * (kernel/audit.c, audit_set_loginuid).
     */
    bool may_have_left_session(std::optional<std::uint64_t> ses) const noexcept;

private:
    std::vector<pid_t> pids_;
    std::optional<std::uint32_t> session_;
};

} // namespace sctrace

#endif
