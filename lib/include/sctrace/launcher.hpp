#ifndef SCTRACE_LAUNCHER_HPP
#define SCTRACE_LAUNCHER_HPP

#include <sctrace/error.hpp>
#include <sctrace/exit_status.hpp>
#include <sctrace/seccomp_filter.hpp>

#include <boost/system/result.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace sctrace {

/// What to run, and as whom.
struct launch_options {
    /// The command and its arguments; a command without a slash is looked for in PATH.
    std::vector<std::string> command;
    /// Run as this user (name or number); empty: as the caller.
    std::string user;
    /// Give the child an audit session id of its own, which all its descendants' records then carry.
    bool new_session = true;
    /// The filter that the command runs under; empty: seccomp_filter::log_everything().
    std::optional<seccomp_filter> filter;
};

/// A child process under a seccomp filter: one that logs every system call, or another one.
/**
 * The child's records begin with the one execve(2) that started the command: path and user are resolved
 * before, and nothing happens between the installation of the filter and that call. All descendants inherit
 * the filter.
 *
 * The child inherits what a command started by a shell inherits: environment, working directory, terminal,
 * process group (so that a terminal's SIGINT is the child's too), signal mask, ignored signals, and every
 * descriptor that is not close-on-exec. Caught signals are back at their default action.
 *
 * It ends with the caller: PR_SET_PDEATHSIG has the kernel send it SIGTERM when the *thread* that called
 * start() ends, whichever way (kernel/exit.c, forget_original_parent()), so call start() on a thread that
 * outlives the command. A set-uid program or one with file capabilities loses this setting.
 *
 * Needs Linux 5.3 (pidfd_open(2)). The process must not ignore SIGCHLD and must not reap with waitpid(-1):
 * otherwise the exit status is lost (exit_status::lost).
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 *
 * @par Example
 * @code
 * sctrace::launch_options options;
 * options.command = {"/no/such/command"};
 * const auto child = sctrace::launcher::prepare(options);
 * if (!child && child.error().code == sctrace::condition::command_not_started) {
 *     std::cout << child.error().message << '\n';
 * }
 * // cannot run /no/such/command: No such file or directory
 * @endcode
 */
class launcher {
public:
    /// Resolves the command and the user, so that errors show before anything has started.
    /**
     * A command with a slash is taken as it is; any other one is looked for in the folders of PATH (of the
     * system's default path if PATH is not set), as a shell does it.
     *
     * @return A launcher that has not started, or what is wrong, in words:
     * @li `error::invalid_options` - the command is empty
     * @li `error::command_not_found` - there is no such file; a shell's 127
     * @li `error::command_not_executable` - there is one, but it cannot be executed; a shell's 126
     * @li `error::unknown_user` - the user database has no such name or number
     */
    static boost::system::result<launcher, failure> prepare(launch_options options);

    /// Takes over the child; `other` may then only be destroyed or assigned to.
    launcher(launcher&& other) noexcept;
    /// Ends the child that this object had, as the destructor does, and takes over that of `other`.
    launcher& operator=(launcher&& other) noexcept;
    launcher(const launcher&) = delete;
    launcher& operator=(const launcher&) = delete;
    /// Ends a child that still runs with SIGKILL and reaps it.
    ~launcher();

    /// Starts the child: session, ids, filter, exec.
    /**
     * Blocks until the child executes the command or has failed. In this order the child
     * @li takes an audit session id of its own, if asked to, by writing its login uid anew (kernel/audit.c,
     *     audit_set_loginuid()): an unset login uid becomes the uid that the command will run as. When that
     * is not permitted the child starts all the same, and session_note() says why;
     * @li becomes the other user, if asked to, with that user's groups. HOME, USER, LOGNAME and SHELL stay as
     * they are. Of its capabilities only CAP_SYS_ADMIN stays, for the filter, until exec drops it;
     * @li installs the filter. With CAP_SYS_ADMIN no_new_privs stays as it was, so that set-uid programs
     * behave; otherwise it is set;
     * @li executes the command.
     *
     * @return Nothing, or what failed, in words. No child is left then.
     * @li `error::command_not_found`, `error::command_not_executable` - execve(2) failed; the former also for
     * a missing interpreter, as in a shell
     * @li `error::launch_failed` - the child could not be made or prepared; the filter refuses the execve(2),
     * with an errno or otherwise; or it returns SECCOMP_RET_LOG, which the kernel does not know
     * @li `error::already_running` - start() has succeeded before
     */
    boost::system::result<void, failure> start();

    /// The file that is executed.
    const std::string& path() const noexcept;
    /// 0 before start().
    pid_t pid() const noexcept;
    /// Readable once the child has ended; -1 before start(). Owned by the launcher.
    int pidfd() const noexcept;
    /// The child's audit session id, if it has one of its own.
    std::optional<std::uint32_t> session() const noexcept;
    /// Why there is no session of its own, when one was asked for; empty otherwise.
    const std::string& session_note() const noexcept;
    /// Whether no_new_privs had to be set; false also if the caller had set it already.
    bool no_new_privs() const noexcept;
    /// How many seccomp filters the child had when it was started: inherited ones and ours.
    /**
     * Inherited ones are known since Linux 5.9 (fs/proc/array.c, task_seccomp()), else they are not counted.
     */
    std::uint32_t filters() const noexcept;

    /// Sends a signal to the child.
    /**
     * @par Errors
     * @li `no_such_process` - not started, or it has ended
     * @li `operation_not_permitted` - it has become another user
     */
    boost::system::result<void> signal(int number) noexcept;

    /// How many filters the child's status shows: more than filters() means it installed its own.
    /**
     * Once the child has ended and try_wait() has reaped it, the number it ended with.
     *
     * @return Empty before start(), before Linux 5.9, or if somebody else reaped the child.
     */
    std::optional<std::uint32_t> filters_now() const;

    /// Reaps the child if it has ended: empty while it runs, and before start().
    /**
     * Never blocks; returns the same status again when called again.
     */
    std::optional<exit_status> try_wait() noexcept;

private:
    struct state;
    explicit launcher(std::unique_ptr<state> s) noexcept;
    std::unique_ptr<state> state_;
};

namespace detail {

/// That a handle cannot start another child.
failure child_runs();

} // namespace detail

} // namespace sctrace

#endif
