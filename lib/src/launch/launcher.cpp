#include "launch/audit_session.hpp"
#include "launch/command.hpp"
#include "launch/launch_child.hpp"
#include "os/descriptor.hpp"
#include "os/fork_safety.hpp"
#include "os/kernel.hpp"
#include "os/os_error.hpp"
#include "os/process.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/launcher.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <csignal>
#include <new>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sctrace {
namespace {

using boost::system::result;

failure launch_failure(std::string_view what, int number)
{
    return {error::launch_failed, std::string(what) + ": " + detail::system_error(number).message()};
}

// Memory that the child goes on sharing with us after fork().
struct unmap {
    void operator()(detail::launch_report* report) const noexcept { ::munmap(report, sizeof *report); }
};
using shared_report = std::unique_ptr<detail::launch_report, unmap>;

shared_report map_report()
{
    constexpr auto size = sizeof(detail::launch_report);
    void* const memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return shared_report(memory == MAP_FAILED ? nullptr : ::new (memory) detail::launch_report);
}

void wait_for_end(int pipe) noexcept
{
    char byte = 0;
    while (::read(pipe, &byte, 1) < 0 && errno == EINTR) {
    }
}

// fs/proc/array.c, task_seccomp(): since Linux 5.9.
std::optional<std::uint32_t> seccomp_filters(const std::string& folder)
{
    return detail::number_in_status(folder, "Seccomp_filters");
}

std::string describe_session_error(int number)
{
    if (number == EPERM) {
        return "the login uid is already set and may not be changed: it is immutable, or CAP_AUDIT_CONTROL "
               "is "
               "missing";
    }
    if (number == ENOENT) {
        return "this kernel has no audit, or /proc is not mounted: there is no /proc/self/loginuid";
    }
    return "the login uid cannot be set: " + detail::system_error(number).message();
}

failure describe_exec_error(const std::string& path, int number)
{
    if (number == ENOEXEC) {
        return detail::cannot_run(error::command_not_executable, path,
                                  detail::system_error(number).message() +
                                      " (a script needs a first line like #!/bin/sh)");
    }
    if (number == ENOENT && ::access(path.c_str(), F_OK) == 0) {
        return detail::cannot_run(error::command_not_found, path,
                                  "the interpreter or loader that it names does not exist");
    }
    return detail::cannot_run(path, number);
}

bool returns_log(const seccomp_filter& filter)
{
    return std::any_of(filter.program().begin(), filter.program().end(), [](const auto& instruction) {
        return instruction.code == (BPF_RET | BPF_K) && instruction.operand == SECCOMP_RET_LOG;
    });
}

std::uint64_t address_of(const void* memory)
{
    return reinterpret_cast<std::uintptr_t>(memory);
}

// The call as the child makes it, which is a copy of this program.
seccomp_filter::call execution_of(const std::string& path, char* const* words)
{
    seccomp_filter::call execution;
    execution.audit_arch = architecture(seccomp_arch_native()).audit_arch();
    execution.number = SYS_execve;
    execution.arguments = {address_of(path.c_str()), address_of(words), address_of(environ)};
    return execution;
}

std::string describe_refusal(std::uint32_t verdict)
{
    switch (verdict & SECCOMP_RET_ACTION_FULL) {
    case SECCOMP_RET_ERRNO:
        return verdict == SECCOMP_RET_ERRNO
                   ? "it would seem to succeed"
                   : "it would fail with: " + detail::system_error(verdict & SECCOMP_RET_DATA).message();
    case SECCOMP_RET_TRACE:
        return "it needs a tracer";
    default:
        return "it would be killed";
    }
}

std::vector<sock_filter> kernel_program(const seccomp_filter& filter)
{
    static_assert(sizeof(sock_filter) == sizeof(seccomp_filter::instruction));
    std::vector<sock_filter> program;
    for (const auto& instruction : filter.program()) {
        program.push_back(std::bit_cast<sock_filter>(instruction));
    }
    return program;
}

} // namespace

failure detail::child_runs()
{
    return {error::already_running, "a child runs; close the handle first"};
}

struct launcher::state {
    state() = default;
    state(const state&) = delete;
    state& operator=(const state&) = delete;
    ~state() { end(); }

    result<void, failure> start()
    {
        if (pid != 0) {
            return failure{error::already_running, "the command has been started already"};
        }
        const std::vector<char*> words = arguments();
        if (auto usable = check_filter(words.data()); !usable) {
            return usable;
        }
        const shared_report report = map_report();
        std::array<int, 2> ends{-1, -1};
        if (!report || ::pipe2(ends.data(), O_CLOEXEC) != 0) {
            return launch_failure("cannot prepare the child", errno);
        }
        const detail::unique_descriptor read_end(ends[0]);
        detail::unique_descriptor write_end(ends[1]);

        const pid_t child = fork_child(words.data(), *report);
        if (child < 0) {
            return launch_failure("cannot make the child", -child);
        }
        pid = child;
        pidfd.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        const int pidfd_error = pidfd ? 0 : errno;
        write_end.reset();
        wait_for_end(read_end.get());

        auto done = outcome(*report);
        if (done && pidfd_error != 0) {
            ::kill(pid, SIGKILL);
            done = launch_failure("cannot watch the child (Linux 5.3 or later is needed)", pidfd_error);
        }
        if (!done) {
            forget_child();
        } else {
            take_over(*report);
        }
        return done;
    }

    // As execve(2) takes them.
    std::vector<char*> arguments()
    {
        std::vector<char*> words;
        for (auto& argument : options.command) {
            words.push_back(argument.data());
        }
        words.push_back(nullptr);
        return words;
    }

    // A filter that refuses the execve leaves no way to tell whose error it was, and may even claim success.
    result<void, failure> check_filter(char* const* words) const
    {
        if (returns_log(*options.filter) && detail::check_log_action()) {
            return failure{error::launch_failed,
                           "this kernel has no SECCOMP_RET_LOG: Linux 4.14 or later is needed"};
        }
        const std::uint32_t verdict = options.filter->verdict(execution_of(path, words));
        if (verdict == SECCOMP_RET_ALLOW || verdict == SECCOMP_RET_LOG) {
            return {};
        }
        return failure{error::launch_failed, "the filter does not let the child execute " + path +
                                                 ": the call execve is refused (" +
                                                 describe_refusal(verdict) + "); allow execve"};
    }

    // The child's process id, or the negative errno.
    pid_t fork_child(char* const* words, detail::launch_report& report) const
    {
        std::vector<sock_filter> program = kernel_program(*options.filter);
        if (options.new_session) {
            report.session = detail::prepare_session(user ? user->uid : ::getuid());
        }
        const detail::signal_block no_signals;
        detail::launch_plan plan;
        plan.path = path.c_str();
        plan.arguments = words;
        plan.environment = environ;
        plan.user = user ? &*user : nullptr;
        plan.new_session = options.new_session;
        plan.parent = ::getpid();
        plan.signal_mask = no_signals.before();
        plan.filter = {static_cast<unsigned short>(program.size()), program.data()};
        plan.filter_flags = options.filter->flags();
        plan.report = &report;
        const pid_t child = ::fork();
        if (child == 0) {
            detail::run_launch_child(plan);
        }
        return child < 0 ? -errno : child;
    }

    result<void, failure> outcome(const detail::launch_report& report) const
    {
        using detail::launch_step;
        if (report.error == 0 && report.step == launch_step::exec) {
            return {};
        }
        if (report.error == 0) {
            return failure{error::launch_failed, "the child was killed before it could run " + path};
        }
        switch (report.step) {
        case launch_step::user:
            return launch_failure("cannot become user " + options.user +
                                      " (CAP_SETUID and CAP_SETGID are needed)",
                                  report.error);
        case launch_step::exec:
            return describe_exec_error(path, report.error);
        default:
            return launch_failure("cannot prepare the child of " + path, report.error);
        }
    }

    void take_over(const detail::launch_report& report)
    {
        session = detail::id_of(report.session);
        if (report.session.error != 0) {
            session_note = describe_session_error(report.session.error);
        }
        no_new_privs = report.no_new_privs;
        // A thread passes on its own filters, not those of the process.
        filters = seccomp_filters("/proc/thread-self").value_or(0) + 1;
    }

    // It has ended, or is about to.
    void forget_child() noexcept
    {
        siginfo_t info{};
        wait_child(info, WEXITED);
        pid = 0;
        pidfd.reset();
    }

    bool is_running() const noexcept
    {
        pollfd child{pidfd.get(), POLLIN, 0};
        return pid != 0 && !ended && ::poll(&child, 1, 0) == 0;
    }

    // The pidfd outlives the child, so the signal never meets another process.
    result<void> send(int number) const noexcept
    {
        if (!is_running()) {
            return detail::system_error(ESRCH);
        }
        if (::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0) != 0) {
            return detail::system_error();
        }
        return {};
    }

    int wait_child(siginfo_t& info, int flags) const noexcept
    {
        int outcome = 0;
        do {
            outcome = ::waitid(P_PID, static_cast<id_t>(pid), &info, flags);
        } while (outcome != 0 && errno == EINTR);
        return outcome;
    }

    void note_end(const siginfo_t& info) noexcept
    {
        ended.emplace();
        ended->code = info.si_status;
        ended->signaled = info.si_code != CLD_EXITED;
    }

    void end() noexcept
    {
        if (pid == 0 || ended) {
            return;
        }
        if (is_running() && !send(SIGKILL)) {
            return;
        }
        siginfo_t info{};
        wait_child(info, WEXITED);
    }

    launch_options options;
    std::string path;
    std::optional<detail::user_identity> user;

    pid_t pid = 0;
    detail::unique_descriptor pidfd;
    std::optional<std::uint32_t> session;
    std::string session_note;
    bool no_new_privs = false;
    std::uint32_t filters = 0;
    std::optional<std::uint32_t> filters_at_end;
    std::optional<exit_status> ended;
};

result<launcher, failure> launcher::prepare(launch_options options)
{
    if (options.command.empty()) {
        return failure{error::invalid_options, "no command to run"};
    }
    auto prepared = std::make_unique<state>();
    auto path = detail::resolve_command(options.command.front());
    if (!path) {
        return path.error();
    }
    prepared->path = *std::move(path);
    if (!options.user.empty()) {
        auto user = detail::resolve_user(options.user);
        if (!user) {
            return user.error();
        }
        prepared->user = *std::move(user);
    }
    if (!options.filter) {
        options.filter = seccomp_filter::log_everything();
    }
    prepared->options = std::move(options);
    return launcher(std::move(prepared));
}

launcher::launcher(std::unique_ptr<state> s) noexcept
    : state_(std::move(s))
{
}
launcher::launcher(launcher&& other) noexcept = default;
launcher& launcher::operator=(launcher&& other) noexcept = default;
launcher::~launcher() = default;

result<void, failure> launcher::start()
{
    return state_->start();
}

const std::string& launcher::path() const noexcept
{
    return state_->path;
}

pid_t launcher::pid() const noexcept
{
    return state_->pid;
}

int launcher::pidfd() const noexcept
{
    return state_->pidfd.get();
}

std::optional<std::uint32_t> launcher::session() const noexcept
{
    return state_->session;
}

const std::string& launcher::session_note() const noexcept
{
    return state_->session_note;
}

bool launcher::no_new_privs() const noexcept
{
    return state_->no_new_privs;
}

std::uint32_t launcher::filters() const noexcept
{
    return state_->filters;
}

result<void> launcher::signal(int number) noexcept
{
    return state_->send(number);
}

std::optional<std::uint32_t> launcher::filters_now() const
{
    if (state_->ended) {
        return state_->filters_at_end;
    }
    if (state_->pid == 0) {
        return std::nullopt;
    }
    return seccomp_filters(detail::folder_of(state_->pid));
}

std::optional<exit_status> launcher::try_wait() noexcept
{
    if (state_->ended || state_->pid == 0) {
        return state_->ended;
    }
    siginfo_t info{};
    if (state_->wait_child(info, WEXITED | WNOHANG | WNOWAIT) != 0) {
        state_->ended = exit_status{255, false, true};
        return state_->ended;
    }
    if (info.si_pid == 0) {
        return std::nullopt;
    }
    // Only until it is reaped does the process id belong to the child for certain.
    state_->filters_at_end = filters_now();
    state_->note_end(info);
    state_->wait_child(info, WEXITED | WNOHANG);
    return state_->ended;
}

} // namespace sctrace
