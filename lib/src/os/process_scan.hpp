#ifndef SCTRACE_SRC_PROCESS_SCAN_HPP
#define SCTRACE_SRC_PROCESS_SCAN_HPP

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

// All of these read /proc, which shows one process after the other, not all at one moment. Where it can't be
// read, what it would have shown is missing.

/// Those of @p roots that live and all their living descendants, by the parents that /proc shows now,
/// ascending.
/** A process whose parent ended while /proc was being read may be missing: it has got another parent. */
std::vector<pid_t> with_descendants(std::span<const pid_t> roots);

/// The living ancestors of @p pid, its parent first.
std::vector<pid_t> ancestors_of(pid_t pid);

/// The living children of all @p parents, ascending.
std::vector<pid_t> children_of(std::span<const pid_t> parents);

/// Identifies the pid namespace that a process is in (the inode of its /proc/PID/ns/pid), if it can be read.
std::optional<std::uint64_t> pid_namespace_of(pid_t pid);

/// All processes of a pid namespace that /proc shows, ascending; not those of namespaces within it.
std::vector<pid_t> processes_in_pid_namespace(std::uint64_t id);

/// All living processes (zombies are not) of an audit session, ascending.
std::vector<pid_t> processes_in_session(std::uint32_t session);

/// Whether a process exists and is not a zombie.
/** A process whose first thread ended looks like a zombie, but lives while another thread does. */
bool is_alive(pid_t pid);

} // namespace sctrace::detail

#endif
