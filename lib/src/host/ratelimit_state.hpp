#ifndef SCTRACE_SRC_HOST_RATELIMIT_STATE_HPP
#define SCTRACE_SRC_HOST_RATELIMIT_STATE_HPP

// What holders and guardians do to the setting and to the state file. Guardians run it in a copy of a process
// that may have had threads, so nothing here allocates, and the system calls are bare: sanitizers replace
// functions of the C library by versions that take locks, which some thread may have held.
//
// Two kinds of lock lie on the state file. A guardian has a shared flock(2) as long as its holder holds:
// members are counted by trying for an exclusive one. Whoever comes or goes first takes the record lock, so
// that the last one never leaves while a new one is coming.
namespace sctrace::detail {

/// A descriptor, or -1.
int open_file(const char* path, int flags) noexcept;

/// Owned by the open file, not by the process: closing some other descriptor of the file does not drop it.
/** Returns the errno, or 0. */
int set_record_lock(int state, int command, short type) noexcept;

bool become_member(int state) noexcept;

/// Sets the limit to 0 and keeps the old value in the state file; needs the record lock.
/**
 * A value in the file is the old one if the setting is still 0, also when all members were killed. If it is
 * not, somebody has set it since, and that is the value to come back to. Returns the errno, or 0.
 */
int lift_limit(int state, const char* sysctl) noexcept;

/// Puts the old value back if no member is left; needs the record lock.
void restore_if_last(int state, const char* sysctl, const char* state_path) noexcept;

} // namespace sctrace::detail

#endif
