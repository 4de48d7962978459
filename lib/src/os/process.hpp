#ifndef SCTRACE_SRC_OS_PROCESS_HPP
#define SCTRACE_SRC_OS_PROCESS_HPP

#include "os/descriptor.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace sctrace::detail {

/// The first line of a file; empty when it can't be read.
std::optional<std::string> first_line_of(const std::string& path);

/// The number that a file begins with.
std::optional<long> number_in(const std::string& path);

/// What tells namespaces apart: the inode of a file such as /proc/PID/ns/pid.
std::optional<ino_t> inode_of(const std::string& path) noexcept;

/// Whether a list of words that are separated by spaces holds one.
bool has_word(std::string_view words, std::string_view wanted);

/// The folder of a process under /proc.
std::string folder_of(pid_t pid);

/// A field of the file `status` in a process's folder.
std::optional<std::string> status_field(const std::string& folder, std::string_view name);

/// The number in such a field.
std::optional<std::uint32_t> number_in_status(const std::string& folder, std::string_view name);

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

/// Keeps hold of a process by a pidfd, so that its end shows and a later process of the same id is not taken
/// for it.
class process_handle {
public:
    explicit process_handle(pid_t pid) noexcept;

    pid_t pid() const noexcept { return pid_; }

    /// False while it runs, and for a process that did not exist or could not be held (before Linux 5.3).
    bool has_ended() const noexcept;

private:
    pid_t pid_;
    unique_descriptor descriptor_;
};

} // namespace sctrace::detail

#endif
