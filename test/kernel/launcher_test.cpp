#include "audit_listener.hpp"
#include "common/paths.hpp"
#include "common/skip.hpp"
#include "common/temporary_folder.hpp"
#include "in_child.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/launcher.hpp>
#include <sctrace/profile.hpp>
#include <sctrace/seccomp_filter.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace sctrace;

namespace {

constexpr int deadline_ms = 20000;

launch_options command(std::vector<std::string> words, std::string user = {})
{
    launch_options options;
    options.command = std::move(words);
    options.user = std::move(user);
    return options;
}

launcher start(launch_options options)
{
    auto child = launcher::prepare(std::move(options)).value();
    child.start().value();
    return child;
}

bool has_ended(int pidfd)
{
    pollfd child{pidfd, POLLIN, 0};
    return ::poll(&child, 1, deadline_ms) == 1;
}

exit_status wait_for(launcher& child)
{
    if (!has_ended(child.pidfd())) {
        throw std::runtime_error("the child does not end");
    }
    return child.try_wait().value();
}

exit_status run(launch_options options)
{
    auto child = start(std::move(options));
    return wait_for(child);
}

// What a shell command writes to its output when it is launched.
std::string output_of(const std::string& script, std::string user = {})
{
    const test::temporary_folder folder;
    run(command({"/bin/sh", "-c", "exec >" + folder.file("output") + "; " + script}, std::move(user)));
    return test::read_file(folder.file("output"));
}

// The value of a line `name:<tab>value` of /proc/PID/status.
std::string status_line(const std::string& status, const std::string& name)
{
    std::istringstream lines(status);
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with(name + ":\t")) {
            return line.substr(name.size() + 2);
        }
    }
    return "no " + name;
}

bool signal_in(const std::string& hexadecimal_set, int number)
{
    return (std::stoull(hexadecimal_set, nullptr, 16) >> (number - 1) & 1) != 0;
}

boost::system::error_code prepare_error(const std::string& word)
{
    const auto prepared = launcher::prepare(command({word}));
    return prepared ? boost::system::error_code() : prepared.error().code;
}

std::string describe(const failure& f)
{
    return f.code.to_string() + " " + f.message;
}

std::string code_of(error e)
{
    return make_error_code(e).to_string();
}

// What start() says in a child process after some preparation.
template <class Prepare>
std::string start_error(Prepare prepare)
{
    return test::in_child([prepare] {
        prepare();
        auto child = launcher::prepare(command({"/bin/true"}));
        const auto started = child->start();
        const bool child_left = ::waitpid(-1, nullptr, WNOHANG) >= 0 || errno != ECHILD;
        return (started ? "started" : describe(started.error())) + (child_left ? " and left a child" : "");
    });
}

std::size_t open_descriptors()
{
    const std::filesystem::directory_iterator descriptors("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(descriptors), end(descriptors)));
}

std::string proc_number(const char* path)
{
    return test::read_file(path);
}

class environment_variable {
public:
    environment_variable(const char* name, const char* value)
        : name_(name)
        , old_(value_of(name))
    {
        if (value != nullptr) {
            ::setenv(name, value, 1);
        } else {
            ::unsetenv(name);
        }
    }
    environment_variable(const environment_variable&) = delete;
    environment_variable& operator=(const environment_variable&) = delete;
    ~environment_variable() { ::setenv(name_, old_.c_str(), 1); }

private:
    static std::string value_of(const char* name)
    {
        const char* const value = std::getenv(name);
        return value != nullptr ? value : "";
    }

    const char* name_;
    std::string old_;
};

struct drop_capability {
    unsigned number;

    void operator()() const { test::drop_capability(number); }
};

bool is_root()
{
    return ::geteuid() == 0;
}

void ignore_signal(int) {}

} // namespace

BOOST_AUTO_TEST_SUITE(launcher_test)

BOOST_AUTO_TEST_CASE(exit_code)
{
    const auto ended = run(command({"/bin/sh", "-c", "exit 7"}));
    BOOST_TEST(ended.code == 7);
    BOOST_TEST(!ended.signaled);
    BOOST_TEST(!ended.lost);
    BOOST_TEST(ended.shell_code() == 7);
    BOOST_TEST(run(command({"true"})).code == 0);
}

BOOST_AUTO_TEST_CASE(death_by_signal)
{
    const auto ended = run(command({"/bin/sh", "-c", "kill -TERM $$"}));
    BOOST_TEST(ended.code == SIGTERM);
    BOOST_TEST(ended.signaled);
    BOOST_TEST(ended.shell_code() == 128 + SIGTERM);
}

BOOST_AUTO_TEST_CASE(before_start_there_is_no_child)
{
    auto child = launcher::prepare(command({"true"})).value();
    BOOST_TEST(child.pid() == 0);
    BOOST_TEST(child.pidfd() == -1);
    BOOST_TEST(!child.session());
    BOOST_TEST(!child.filters_now());
    BOOST_TEST(!child.try_wait());
    BOOST_TEST(child.signal(SIGTERM).error().value() == ESRCH);
    BOOST_TEST(std::filesystem::equivalent(child.path(), "/bin/true"));
}

BOOST_AUTO_TEST_CASE(starts_only_once)
{
    auto child = start(command({"true"}));
    const auto again = child.start();
    BOOST_REQUIRE(again.has_error());
    BOOST_TEST(again.error().code == make_error_code(error::already_running));
    BOOST_TEST(wait_for(child).code == 0);
}

BOOST_AUTO_TEST_CASE(commands_that_are_nowhere)
{
    BOOST_TEST(prepare_error("sctrace-no-such-command") == make_error_code(error::command_not_found));
    BOOST_TEST(prepare_error("/no/such/command") == make_error_code(error::command_not_found));
    BOOST_TEST(prepare_error("/etc/passwd/command") == make_error_code(error::command_not_found));
    BOOST_TEST(prepare_error("./" + std::string(5000, 'x')) == make_error_code(error::command_not_found));
    BOOST_TEST(prepare_error("") == make_error_code(error::command_not_found));
    const auto prepared = launcher::prepare(command({"sctrace-no-such-command"}));
    BOOST_TEST(prepared.error().message == "cannot run sctrace-no-such-command: not found in PATH");
}

BOOST_AUTO_TEST_CASE(commands_that_cannot_be_executed)
{
    BOOST_TEST(prepare_error("/etc/passwd") == make_error_code(error::command_not_executable));
    BOOST_TEST(prepare_error("/etc") == make_error_code(error::command_not_executable));
    BOOST_TEST(prepare_error("/dev/null") == make_error_code(error::command_not_executable));
    const auto prepared = launcher::prepare(command({"/etc"}));
    BOOST_TEST(prepared.error().message == "cannot run /etc: Is a directory");
}

BOOST_AUTO_TEST_CASE(no_command)
{
    const auto prepared = launcher::prepare({});
    BOOST_REQUIRE(prepared.has_error());
    BOOST_TEST(prepared.error().code == make_error_code(error::invalid_options));
}

BOOST_AUTO_TEST_CASE(search_goes_on_after_a_file_that_cannot_be_executed)
{
    const test::temporary_folder first;
    const test::temporary_folder second;
    test::write_file(first.file("sctrace-tool"), "not executable");
    const std::string path = first.file("") + ":" + second.file("");
    const environment_variable search("PATH", path.c_str());
    BOOST_TEST(prepare_error("sctrace-tool") == make_error_code(error::command_not_executable));
    second.script("sctrace-tool", "#!/bin/sh\nexit 3\n");
    BOOST_TEST(run(command({"sctrace-tool"})).code == 3);
}

BOOST_AUTO_TEST_CASE(empty_folder_in_path_is_the_working_directory)
{
    const test::temporary_folder folder;
    folder.script("sctrace-tool", "#!/bin/sh\nexit 4\n");
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(folder.file(""));
    const environment_variable search("PATH", "/nowhere:");
    const auto ended = run(command({"sctrace-tool"}));
    std::filesystem::current_path(before);
    BOOST_TEST(ended.code == 4);
}

BOOST_AUTO_TEST_CASE(default_path_without_path)
{
    const environment_variable search("PATH", nullptr);
    BOOST_TEST(run(command({"true"})).code == 0);
}

BOOST_AUTO_TEST_CASE(arguments_and_environment_arrive)
{
    const environment_variable extra("SCTRACE_TEST_VALUE", "a b");
    BOOST_TEST(output_of("printf '%s' \"$SCTRACE_TEST_VALUE\"") == "a b");
    BOOST_TEST(
        run(command({"/bin/sh", "-c", "test $# = 2 && test \"$2\" = '' && exit 9", "sh", "x y", ""})).code ==
        9);
}

BOOST_AUTO_TEST_CASE(script_without_interpreter_line)
{
    const test::temporary_folder folder;
    auto child = launcher::prepare(command({folder.script("script", "exit 0\n")})).value();
    const auto started = child.start();
    BOOST_REQUIRE(started.has_error());
    BOOST_TEST(started.error().code == make_error_code(error::command_not_executable));
    BOOST_TEST(started.error().message.find("#!/bin/sh") != std::string::npos);
    BOOST_TEST(started.error().message.find(folder.file("script")) != std::string::npos);
    BOOST_TEST(child.pid() == 0);
    BOOST_TEST(child.pidfd() == -1);
    BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
    BOOST_TEST(errno == ECHILD);
}

BOOST_AUTO_TEST_CASE(script_with_missing_interpreter)
{
    const test::temporary_folder folder;
    auto child = launcher::prepare(command({folder.script("script", "#!/no/such/interpreter\n")})).value();
    const auto started = child.start();
    BOOST_REQUIRE(started.has_error());
    BOOST_TEST(started.error().code == make_error_code(error::command_not_found));
    BOOST_TEST(started.error().message.find("interpreter") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(command_that_disappears)
{
    const test::temporary_folder folder;
    auto child = launcher::prepare(command({folder.script("script", "#!/bin/sh\n")})).value();
    std::filesystem::remove(folder.file("script"));
    const auto started = child.start();
    BOOST_REQUIRE(started.has_error());
    BOOST_TEST(started.error().code == make_error_code(error::command_not_found));
}

BOOST_AUTO_TEST_CASE(command_that_is_being_written)
{
    const test::temporary_folder folder;
    std::filesystem::copy_file("/bin/true", folder.file("true"));
    const int writer = ::open(folder.file("true").c_str(), O_WRONLY | O_CLOEXEC);
    auto child = launcher::prepare(command({folder.file("true")})).value();
    const auto started = child.start();
    ::close(writer);
    BOOST_REQUIRE(started.has_error());
    BOOST_TEST(started.error().code == make_error_code(error::command_not_executable));
    BOOST_TEST(started.error().message.find("busy") != std::string::npos);
    child.start().value();
    BOOST_TEST(wait_for(child).code == 0);
}

BOOST_AUTO_TEST_CASE(unknown_users)
{
    for (const char* user : {"sctrace-no-such-user", "4000000000", "12x"}) {
        const auto prepared = launcher::prepare(command({"true"}, user));
        BOOST_REQUIRE(prepared.has_error());
        BOOST_TEST(prepared.error().code == make_error_code(error::unknown_user));
        BOOST_TEST(prepared.error().message == std::string("there is no user ") + user);
    }
}

BOOST_AUTO_TEST_CASE(another_user)
{
    if (!is_root()) {
        return test::skip("only root can become another user");
    }
    for (const char* user : {"nobody", "65534"}) {
        const auto status = output_of("exec cat /proc/self/status", user);
        BOOST_TEST(status_line(status, "Uid") == "65534\t65534\t65534\t65534");
        BOOST_TEST(status_line(status, "Gid") == "65534\t65534\t65534\t65534");
        BOOST_TEST(status_line(status, "Groups") == "65534 ");
        BOOST_TEST(status_line(status, "NoNewPrivs") == "0");
        BOOST_TEST(status_line(status, "Seccomp_filters") == "1");
        for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapAmb"}) {
            BOOST_TEST(status_line(status, set) == "0000000000000000");
        }
    }
}

BOOST_AUTO_TEST_CASE(root_keeps_its_powers)
{
    if (!is_root()) {
        return test::skip("only for root");
    }
    const auto own = test::read_file("/proc/self/status");
    for (const char* user : {"", "root"}) {
        const auto status = output_of("exec cat /proc/self/status", user);
        BOOST_TEST(status_line(status, "NoNewPrivs") == status_line(own, "NoNewPrivs"));
        BOOST_TEST(status_line(status, "CapEff") == status_line(own, "CapEff"));
    }
}

BOOST_AUTO_TEST_CASE(no_new_privs_only_where_needed)
{
    if (!is_root()) {
        return test::skip("only root can become another user");
    }
    auto as_root = start(command({"true"}));
    BOOST_TEST(!as_root.no_new_privs());
    BOOST_TEST(wait_for(as_root).code == 0);

    const auto report = [](auto prepare, const char* user) {
        return test::in_child([prepare, user] {
            prepare();
            auto child = start(command({"grep", "-q", "NoNewPrivs:.1", "/proc/self/status"}, user));
            return std::string(child.no_new_privs() ? "set" : "as it was") + " " +
                   (wait_for(child).code == 0 ? "1" : "0");
        });
    };
    BOOST_TEST(report(test::become_nobody, "") == "set 1");
    BOOST_TEST(report([] { ::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L); }, "") == "as it was 1");
    BOOST_TEST(report(drop_capability{CAP_SYS_ADMIN}, "nobody") == "set 1");
    BOOST_TEST(report([] {}, "nobody") == "as it was 0");
}

BOOST_AUTO_TEST_CASE(another_user_without_permission)
{
    if (!is_root()) {
        return test::skip("only root can become another user");
    }
    const auto error = test::in_child([] {
        test::become_nobody();
        return describe(launcher::prepare(command({"true"}, "root"))->start().error());
    });
    BOOST_TEST(error.starts_with(code_of(error::launch_failed) + " cannot become user root (CAP_SETUID"));
}

BOOST_AUTO_TEST_CASE(session_of_its_own)
{
    const test::temporary_folder folder;
    const std::string script = "cat /proc/self/sessionid >" + folder.file("session");
    auto first = start(command({"/bin/sh", "-c", script}));
    BOOST_TEST(wait_for(first).code == 0);
    if (!first.session()) {
        return test::skip(first.session_note());
    }
    BOOST_TEST(first.session_note() == "");
    BOOST_TEST(test::read_file(folder.file("session")) == std::to_string(*first.session()));
    auto second = start(command({"true"}));
    BOOST_TEST(wait_for(second).code == 0);
    BOOST_REQUIRE(second.session().has_value());
    BOOST_TEST(*second.session() != *first.session());
    BOOST_TEST(proc_number("/proc/self/sessionid") != std::to_string(*first.session()));
}

BOOST_AUTO_TEST_CASE(login_uid_stays_or_is_that_of_the_user)
{
    if (!is_root()) {
        return test::skip("only root can become another user");
    }
    const auto own = proc_number("/proc/self/loginuid");
    const bool unset = own == "4294967295";
    BOOST_TEST(output_of("cat /proc/self/loginuid") == (unset ? "0" : own));
    BOOST_TEST(output_of("cat /proc/self/loginuid", "nobody") == (unset ? "65534" : own));
    const auto kept = test::in_child([] {
        test::write_file("/proc/self/loginuid", "1234");
        return output_of("cat /proc/self/loginuid");
    });
    BOOST_TEST(kept == "1234");
}

BOOST_AUTO_TEST_CASE(session_not_asked_for)
{
    const auto own = proc_number("/proc/self/sessionid");
    auto options = command({"/bin/sh", "-c", "test \"$(cat /proc/self/sessionid)\" = " + own});
    options.new_session = false;
    auto child = start(options);
    BOOST_TEST(wait_for(child).code == 0);
    BOOST_TEST(!child.session());
    BOOST_TEST(child.session_note() == "");
}

BOOST_AUTO_TEST_CASE(session_not_to_be_had)
{
    if (!is_root()) {
        return test::skip("only root can take its own powers away");
    }
    const auto note = [](auto prepare) {
        return test::in_child([prepare] {
            prepare();
            auto child = start(command({"/bin/true"}));
            const auto ended = wait_for(child);
            return (child.session() ? "session " : "no session ") + std::to_string(ended.code) + " " +
                   child.session_note();
        });
    };
    const auto immutable = note([] {
        test::write_file("/proc/self/loginuid", "0");
        drop_capability{CAP_AUDIT_CONTROL}();
    });
    BOOST_TEST(immutable.starts_with("no session 0 the login uid is already set"));
    BOOST_TEST(note(test::hide_proc).starts_with("no session 0 this kernel has no audit"));
    const auto not_its_own = note([] {
        test::become_nobody();
        ::prctl(PR_SET_DUMPABLE, 0L, 0L, 0L, 0L);
    });
    BOOST_TEST(not_its_own == "no session 0 the login uid cannot be set: Permission denied");
}

namespace {

bool ends_with_its_parent(const std::string& user)
{
    std::array<int, 2> ends{};
    test::require(::pipe2(ends.data(), O_CLOEXEC) == 0, "pipe2");
    const pid_t parent = ::fork();
    if (parent == 0) {
        const auto child = start(command({"sleep", "60"}, user));
        const pid_t pid = child.pid();
        for (;;) {
            if (::write(ends[1], &pid, sizeof pid) > 0) {
                ::pause();
            }
        }
    }
    pid_t pid = 0;
    test::require(::read(ends[0], &pid, sizeof pid) == ssize_t{sizeof pid}, "read");
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
    ::kill(parent, SIGKILL);
    ::waitpid(parent, nullptr, 0);
    const bool ended = has_ended(pidfd);
    for (const int descriptor : {ends[0], ends[1], pidfd}) {
        ::close(descriptor);
    }
    return ended;
}

} // namespace

BOOST_AUTO_TEST_CASE(ends_with_parent)
{
    BOOST_TEST(ends_with_its_parent(""));
    if (!is_root()) {
        return test::skip("only root can become another user");
    }
    BOOST_TEST(ends_with_its_parent("nobody"));
}

BOOST_AUTO_TEST_CASE(signals_as_exec_leaves_them)
{
    const auto old_pipe = std::signal(SIGPIPE, SIG_IGN);
    const auto old_user = std::signal(SIGUSR1, ignore_signal);
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGUSR2);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto status = output_of("exec cat /proc/self/status");
    sigset_t after;
    ::pthread_sigmask(SIG_SETMASK, &before, &after);
    std::signal(SIGPIPE, old_pipe);
    std::signal(SIGUSR1, old_user);

    BOOST_TEST(signal_in(status_line(status, "SigIgn"), SIGPIPE));
    BOOST_TEST(!signal_in(status_line(status, "SigIgn"), SIGUSR1));
    BOOST_TEST(!signal_in(status_line(status, "SigCgt"), SIGUSR1));
    BOOST_TEST(signal_in(status_line(status, "SigBlk"), SIGUSR2));
    BOOST_TEST(!signal_in(status_line(status, "SigBlk"), SIGTERM));
    BOOST_TEST(::sigismember(&after, SIGUSR2) == 1);
    BOOST_TEST(::sigismember(&after, SIGTERM) == 0);
}

BOOST_AUTO_TEST_CASE(process_group_and_descriptors_of_the_caller)
{
    const auto other = start(command({"sleep", "60"}));
    BOOST_TEST(::getpgid(other.pid()) == ::getpgrp());

    // High numbers, which the shell does not use itself.
    const int kept = ::fcntl(STDERR_FILENO, F_DUPFD, 200);
    const int closed = ::fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 300);
    const auto listed = output_of("echo; for fd in /proc/self/fd/*; do echo \"${fd##*/}\"; done");
    ::close(kept);
    ::close(closed);
    BOOST_TEST(listed.find("\n" + std::to_string(kept) + "\n") != std::string::npos);
    BOOST_TEST(listed.find("\n" + std::to_string(closed) + "\n") == std::string::npos);
    BOOST_TEST(listed.find("\n" + std::to_string(other.pidfd()) + "\n") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(many_launches_leave_nothing)
{
    const auto before = open_descriptors();
    for (int i = 0; i != 50; ++i) {
        BOOST_REQUIRE(run(command({"/bin/true"})).code == 0);
    }
    BOOST_TEST(open_descriptors() == before);
    BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
    BOOST_TEST(errno == ECHILD);
}

BOOST_AUTO_TEST_CASE(signals_reach_the_child)
{
    auto child = start(command({"sleep", "60"}));
    BOOST_TEST(!child.try_wait());
    BOOST_TEST(child.signal(SIGTERM).has_value());
    BOOST_REQUIRE(has_ended(child.pidfd()));
    BOOST_TEST(child.signal(SIGTERM).error().value() == ESRCH);
    BOOST_TEST(child.try_wait()->shell_code() == 128 + SIGTERM);
    BOOST_TEST(child.signal(SIGTERM).error().value() == ESRCH);
    BOOST_TEST(child.try_wait()->shell_code() == 128 + SIGTERM);
    BOOST_TEST(child.signal(0).error().value() == ESRCH);
}

BOOST_AUTO_TEST_CASE(signal_refused)
{
    auto child = start(command({"sleep", "60"}));
    BOOST_TEST(child.signal(12345).error().value() == EINVAL);
}

BOOST_AUTO_TEST_CASE(destructor_ends_the_child)
{
    int pidfd = -1;
    {
        const auto child = start(command({"sleep", "60"}));
        pidfd = ::dup(child.pidfd());
    }
    pollfd ended{pidfd, POLLIN, 0};
    BOOST_TEST(::poll(&ended, 1, 0) == 1);
    BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
    ::close(pidfd);
}

BOOST_AUTO_TEST_CASE(assignment_ends_the_old_child)
{
    auto child = start(command({"sleep", "60"}));
    const int pidfd = ::dup(child.pidfd());
    child = start(command({"/bin/sh", "-c", "exit 5"}));
    pollfd ended{pidfd, POLLIN, 0};
    BOOST_TEST(::poll(&ended, 1, 0) == 1);
    BOOST_TEST(wait_for(child).code == 5);
    ::close(pidfd);
}

BOOST_AUTO_TEST_CASE(status_that_somebody_else_took)
{
    const auto taken = test::in_child([] {
        std::signal(SIGCHLD, SIG_IGN);
        auto child = start(command({"/bin/true"}));
        const auto ended = wait_for(child);
        return std::string(ended.lost ? "lost " : "known ") + std::to_string(ended.shell_code()) +
               (child.filters_now() ? " filters" : "");
    });
    BOOST_TEST(taken == "lost 255");
}

BOOST_AUTO_TEST_CASE(filters_of_the_child)
{
    auto plain = start(command({"/bin/cat", "/dev/null"}));
    BOOST_TEST(wait_for(plain).code == 0);
    const auto own = status_line(test::read_file("/proc/self/status"), "Seccomp_filters");
    BOOST_TEST(std::to_string(plain.filters() - 1) == own);
    BOOST_TEST(plain.filters_now().value() == plain.filters());

    auto stricter = start(command({test::generator_path(), "--filter"}));
    BOOST_REQUIRE(has_ended(stricter.pidfd()));
    BOOST_TEST(stricter.filters_now().value() == stricter.filters() + 1, "a zombie still shows it");
    BOOST_TEST(stricter.try_wait()->code == 0);
    BOOST_TEST(stricter.filters_now().value() == stricter.filters() + 1, "also once it is reaped");

    const auto inherited = test::in_child([] {
        test::fail_call(SYS_getpriority, ENOSYS);
        auto child = start(command({"/bin/true"}));
        const auto at_start = child.filters();
        return std::to_string(at_start) +
               (wait_for(child).code == 0 && child.filters_now() == at_start ? " same" : "");
    });
    BOOST_TEST(inherited == std::to_string(plain.filters() + 1) + " same");
}

namespace {

struct counted {
    std::vector<std::int64_t> calls;

    auto count(std::int64_t number) const { return std::count(calls.begin(), calls.end(), number); }
};

// All records of one launched command, in their order.
counted trace_of(test::audit_listener& listener, const launch_options& options)
{
    auto child = start(options);
    wait_for(child);
    const auto mark = emit_bracket().value();
    bool found = false;
    counted trace;
    for (const auto& record : listener.records_until(mark, found)) {
        if (record.pid != child.pid()) {
            continue;
        }
        trace.calls.push_back(record.syscall);
        if (child.session()) {
            BOOST_TEST(record.session == *child.session());
        }
    }
    BOOST_TEST(found);
    return trace;
}

void check_trace_of_true(const counted& trace)
{
    BOOST_REQUIRE(!trace.calls.empty());
    BOOST_TEST(trace.calls.front() == SYS_execve);
    BOOST_TEST(trace.count(SYS_execve) == 1);
    BOOST_TEST(trace.calls.back() == SYS_exit_group);
    for (const long number : {SYS_seccomp, SYS_write, SYS_rt_sigaction, SYS_rt_sigprocmask}) {
        BOOST_TEST(trace.count(number) == 0);
    }
}

} // namespace

BOOST_AUTO_TEST_CASE(trace_begins_with_the_one_execve)
{
    test::audit_listener listener;
    if (!listener.is_open()) {
        return test::skip("the audit multicast socket needs CAP_AUDIT_READ");
    }
    check_trace_of_true(trace_of(listener, command({"true"})));
    if (!is_root()) {
        return test::skip("only root can become another user");
    }
    check_trace_of_true(trace_of(listener, command({"true"}, "nobody")));
}

BOOST_AUTO_TEST_CASE(trace_under_no_new_privs_begins_with_the_one_execve)
{
    test::audit_listener listener;
    if (!listener.is_open() || !is_root()) {
        return test::skip("the audit multicast socket and another user need root");
    }
    const auto text = test::in_child([] {
        test::become_nobody();
        auto child = start(command({"/bin/true"}));
        return std::to_string(wait_for(child).code) + " " + std::to_string(child.pid());
    });
    BOOST_REQUIRE(text.starts_with("0 "));
    const pid_t pid = std::stoi(text.substr(2));
    const auto mark = emit_bracket().value();
    bool found = false;
    counted trace;
    for (const auto& record : listener.records_until(mark, found)) {
        if (record.pid == pid) {
            trace.calls.push_back(record.syscall);
        }
    }
    BOOST_TEST(found);
    check_trace_of_true(trace);
}

BOOST_AUTO_TEST_CASE(generator_makes_the_calls_it_is_told_to)
{
    test::audit_listener listener;
    if (!listener.is_open()) {
        return test::skip("the audit multicast socket needs CAP_AUDIT_READ");
    }
    const auto trace = trace_of(listener, command({test::generator_path(), "--threads", "2", "--comm", "a b",
                                                   "110:1000", "-1:3", "0x40000027:4", "123456:5"}));
    BOOST_TEST(trace.count(110) == 2000);
    BOOST_TEST(trace.count(-1) == 6);
    BOOST_TEST(trace.count(0x40000027) == 8);
    BOOST_TEST(trace.count(123456) == 10);
    BOOST_TEST(trace.count(SYS_exit_group) == 1);
}

namespace {

/// Lets everything through but what the rules name.
seccomp_filter deny_list(std::vector<profile_rule> rules)
{
    profile p;
    p.default_verdict = {filter_action::allow, 0};
    p.rules = std::move(rules);
    return seccomp_filter::from_profile(p, architecture::native()).value();
}

seccomp_filter answer_to(const char* name, filter_verdict verdict,
                         std::vector<argument_condition> conditions = {})
{
    return deny_list({{{name}, verdict, std::move(conditions)}});
}

launch_options under(seccomp_filter filter, std::vector<std::string> words, std::string user = {})
{
    auto options = command(std::move(words), std::move(user));
    options.filter = std::move(filter);
    return options;
}

} // namespace

BOOST_AUTO_TEST_CASE(filter_of_the_caller_is_in_force)
{
    const auto refused = answer_to("mkdir", {filter_action::errno_value, ENOSPC});
    const test::temporary_folder folder;
    const std::string script = "mkdir " + folder.file("a") + " 2>" + folder.file("error") + "; exit 3";
    const environment_variable language("LC_ALL", "C");
    BOOST_TEST(run(under(refused, {"/bin/sh", "-c", script})).code == 3);
    BOOST_TEST(!std::filesystem::exists(folder.file("a")));
    BOOST_TEST(test::read_file(folder.file("error")).find("No space left on device") != std::string::npos);

    const auto killed =
        run(under(answer_to("mkdir", {filter_action::kill_process, 0}), {"mkdir", folder.file("b")}));
    BOOST_TEST(killed.signaled);
    BOOST_TEST(killed.code == SIGSYS);
}

BOOST_AUTO_TEST_CASE(filter_that_does_not_let_the_command_be_executed)
{
    const std::string what = code_of(error::launch_failed) +
                             " the filter does not let the child execute /bin/true: the call execve "
                             "is refused (";
    for (const auto& [verdict, why] : std::vector<std::pair<filter_verdict, std::string>>{
             {{filter_action::errno_value, EACCES}, "it would fail with: Permission denied"},
             {{filter_action::errno_value, 0}, "it would seem to succeed"},
             {{filter_action::kill_process, 0}, "it would be killed"},
             {{filter_action::kill_thread, 0}, "it would be killed"},
             {{filter_action::trap, 0}, "it would be killed"},
             {{filter_action::trace, 5}, "it needs a tracer"}}) {
        auto child = launcher::prepare(under(answer_to("execve", verdict), {"/bin/true"})).value();
        const auto started = child.start();
        BOOST_REQUIRE(started.has_error());
        BOOST_TEST(describe(started.error()) == what + why + "); allow execve");
        BOOST_TEST(child.pid() == 0);
        BOOST_TEST(::waitpid(-1, nullptr, WNOHANG) == -1);
        BOOST_TEST(errno == ECHILD);
    }
    const auto not_null =
        answer_to("execve", {filter_action::errno_value, EPERM}, {{1, comparison::not_equal, 0, 0}});
    BOOST_TEST(launcher::prepare(under(not_null, {"/bin/true"}))->start().has_error());
    const auto null =
        answer_to("execve", {filter_action::errno_value, EPERM}, {{1, comparison::equal, 0, 0}});
    BOOST_TEST(run(under(null, {"/bin/true"})).code == 0);
    BOOST_TEST(run(under(answer_to("execve", {filter_action::log, 0}), {"/bin/true"})).code == 0);
}

BOOST_AUTO_TEST_CASE(filter_that_does_not_let_a_child_end_whose_execve_failed)
{
    const test::temporary_folder folder;
    const auto script = folder.script("script", "exit 0\n");
    const auto no_exit = answer_to("exit_group", {filter_action::errno_value, EPERM});
    const auto started = launcher::prepare(under(no_exit, {script}))->start();
    BOOST_REQUIRE(started.has_error());
    BOOST_TEST(started.error().code == make_error_code(error::command_not_executable));
    BOOST_TEST(started.error().message.find("#!/bin/sh") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(filter_without_records_needs_no_log_action)
{
    const auto outcome = test::in_child([] {
        const auto silent = answer_to("mkdir", {filter_action::errno_value, EPERM});
        const auto logs = answer_to("mkdir", {filter_action::log, 0});
        test::fail_call(SYS_seccomp, EOPNOTSUPP, SECCOMP_GET_ACTION_AVAIL);
        const auto ended = run(under(silent, {"/bin/true"}));
        return std::to_string(ended.code) + " " +
               describe(launcher::prepare(under(logs, {"/bin/true"}))->start().error());
    });
    BOOST_TEST(outcome == "0 " + code_of(error::launch_failed) +
                              " this kernel has no SECCOMP_RET_LOG: Linux 4.14 or later is needed");
}

BOOST_AUTO_TEST_CASE(filters_of_a_child_under_another_filter)
{
    const auto plain = start(command({"/bin/true"}));
    auto child =
        start(under(answer_to("mkdir", {filter_action::errno_value, EPERM}), {"/bin/cat", "/dev/null"}));
    BOOST_TEST(wait_for(child).code == 0);
    BOOST_TEST(child.filters() == plain.filters());
    BOOST_TEST(child.filters_now().value() == child.filters());
}

BOOST_AUTO_TEST_CASE(filter_of_the_caller_for_another_user)
{
    if (!is_root()) {
        return test::skip("only root can become another user");
    }
    const auto refused = answer_to("mkdir", {filter_action::kill_process, 0});
    auto child = start(under(refused, {"mkdir", "/nowhere"}, "nobody"));
    BOOST_TEST(!child.no_new_privs());
    BOOST_TEST(wait_for(child).code == SIGSYS);
    const auto unprivileged = test::in_child([&] {
        test::become_nobody();
        auto other = start(under(refused, {"mkdir", "/nowhere"}));
        return std::to_string(wait_for(other).code) + (other.no_new_privs() ? " set" : " as it was");
    });
    BOOST_TEST(unprivileged == std::to_string(SIGSYS) + " set");
}

BOOST_AUTO_TEST_CASE(calls_that_are_known_leave_no_record)
{
    test::audit_listener listener;
    if (!listener.is_open()) {
        return test::skip("the audit multicast socket needs CAP_AUDIT_READ");
    }
    const architecture native = architecture::native();
    const std::vector<syscall_key> known{
        {native, SYS_getppid},
        {native, 123456},
        {native, SYS_exit_group},
        {architecture::of_call(native.audit_arch(), 0x40000027), 0x40000027}};
    const auto filter = seccomp_filter::log_all_but(known, native).value();
    const auto trace =
        trace_of(listener, under(filter, {test::generator_path(), std::to_string(SYS_getppid) + ":10", "-1:3",
                                          "0x40000027:4", "0x40000028:5", "123456:6", "123457:7"}));
    BOOST_TEST(trace.count(SYS_getppid) == 0);
    BOOST_TEST(trace.count(-1) == 3);
    BOOST_TEST(trace.count(0x40000027) == 0);
    BOOST_TEST(trace.count(0x40000028) == 5);
    BOOST_TEST(trace.count(123456) == 0);
    BOOST_TEST(trace.count(123457) == 7);
    BOOST_TEST(trace.count(SYS_execve) == 1);
    BOOST_TEST(trace.count(SYS_exit_group) == 0);
}

BOOST_AUTO_TEST_CASE(no_log_action)
{
    const auto error =
        start_error([] { test::fail_call(SYS_seccomp, EOPNOTSUPP, SECCOMP_GET_ACTION_AVAIL); });
    BOOST_TEST(error.starts_with(code_of(error::launch_failed) + " this kernel has no SECCOMP_RET_LOG"));
}

BOOST_AUTO_TEST_CASE(no_pipe)
{
    const auto error = start_error([] { test::fail_call(SYS_pipe2, EMFILE, O_CLOEXEC, 1); });
    BOOST_TEST(error == code_of(error::launch_failed) + " cannot prepare the child: Too many open files");
}

BOOST_AUTO_TEST_CASE(no_child)
{
    const auto error = start_error([] { test::fail_call(SYS_clone, EAGAIN); });
    BOOST_TEST(error.starts_with(code_of(error::launch_failed) + " cannot make the child: "));
}

BOOST_AUTO_TEST_CASE(no_pidfd)
{
    const auto error = start_error([] { test::fail_call(SYS_pidfd_open, ENOSYS); });
    BOOST_TEST(error.starts_with(code_of(error::launch_failed) + " cannot watch the child (Linux 5.3"));
    BOOST_TEST(error.find("left a child") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_filter)
{
    const auto error = start_error([] { test::fail_call(SYS_seccomp, ENOMEM, SECCOMP_SET_MODE_FILTER); });
    BOOST_TEST(error == code_of(error::launch_failed) +
                            " cannot prepare the child of /bin/true: Cannot allocate memory");
}

BOOST_AUTO_TEST_CASE(child_killed_before_exec)
{
    const auto kill = [] { test::answer_call(SYS_prctl, SECCOMP_RET_KILL_PROCESS, PR_SET_PDEATHSIG); };
    BOOST_TEST(start_error(kill) ==
               code_of(error::launch_failed) + " the child was killed before it could run /bin/true");
}

BOOST_AUTO_TEST_SUITE_END()
