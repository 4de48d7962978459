#include "common/skip.hpp"
#include "common/temporary_folder.hpp"
#include "in_child.hpp"

#include <sctrace/printk_ratelimit_hold.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace sctrace;

namespace {

// A setting and a state file of the test's own.
class fake_host {
public:
    explicit fake_host(const std::string& value = "5\n") { set(value); }

    printk_ratelimit_paths paths() const { return {folder_.file("sysctl"), folder_.file("state")}; }
    std::string value() const { return test::read_file(folder_.file("sysctl")); }
    void set(const std::string& value) const { test::write_file(folder_.file("sysctl"), value); }
    bool has_state() const { return std::filesystem::exists(std::filesystem::symlink_status(paths().state)); }
    std::string state() const { return test::read_file(paths().state); }
    const test::temporary_folder& folder() const { return folder_; }

private:
    test::temporary_folder folder_;
};

printk_ratelimit_hold hold(const fake_host& host)
{
    return printk_ratelimit_hold::acquire(host.paths()).value();
}

failure error_of(const printk_ratelimit_paths& paths)
{
    const auto held = printk_ratelimit_hold::acquire(paths);
    return held ? failure{} : held.error();
}

template <class Condition>
bool eventually(Condition condition)
{
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        ::poll(nullptr, 0, 1);
    }
    return true;
}

std::vector<std::filesystem::path> entries(const std::filesystem::path& folder)
{
    std::error_code ec;
    std::vector<std::filesystem::path> found;
    for (std::filesystem::directory_iterator it(folder, ec), end; !ec && it != end; it.increment(ec)) {
        found.push_back(it->path());
    }
    return found;
}

std::vector<std::string> open_files(const std::filesystem::path& process)
{
    std::vector<std::string> files;
    for (const auto& descriptor : entries(process / "fd")) {
        std::error_code ec;
        files.push_back(std::filesystem::read_symlink(descriptor, ec));
    }
    return files;
}

// The guardians of one state file.
std::vector<pid_t> guardians(const fake_host& host)
{
    std::vector<pid_t> found;
    for (const auto& process : entries("/proc")) {
        if (test::read_file(process / "comm") != "sctrace-guard\n") {
            continue;
        }
        for (const auto& file : open_files(process)) {
            if (file == host.paths().state) {
                found.push_back(std::stoi(process.filename()));
            }
        }
    }
    return found;
}

void kill_guardians(const fake_host& host)
{
    for (const pid_t guardian : guardians(host)) {
        ::kill(guardian, SIGKILL);
    }
    BOOST_TEST(eventually([&] { return guardians(host).empty(); }));
}

// A process of its own that holds until it is killed.
class holder_process {
public:
    explicit holder_process(const fake_host& host)
    {
        std::array<int, 2> ends{};
        test::require(::pipe2(ends.data(), O_CLOEXEC) == 0, "pipe2");
        pid_ = ::fork();
        if (pid_ == 0) {
            const auto held = printk_ratelimit_hold::acquire(host.paths());
            const bool told = ::write(ends[1], held ? "y" : "n", 1) == 1;
            while (told) {
                ::pause();
            }
            ::_exit(1);
        }
        ::close(ends[1]);
        char answer = 0;
        holds_ = ::read(ends[0], &answer, 1) == 1 && answer == 'y';
        ::close(ends[0]);
    }
    holder_process(const holder_process&) = delete;
    holder_process& operator=(const holder_process&) = delete;
    ~holder_process() { kill(); }

    bool holds() const { return holds_; }

    void kill()
    {
        if (pid_ == 0) {
            return;
        }
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }

private:
    pid_t pid_ = 0;
    bool holds_ = false;
};

template <class Prepare>
std::string acquire_in_child(const fake_host& host, Prepare prepare)
{
    return test::in_child([&host, prepare] {
        prepare();
        const auto held = printk_ratelimit_hold::acquire(host.paths());
        return held ? "held " + host.value() : held.error().code.to_string() + " " + held.error().message;
    });
}

} // namespace

BOOST_AUTO_TEST_SUITE(printk_ratelimit_hold_test)

BOOST_AUTO_TEST_CASE(lifts_and_restores)
{
    const fake_host host;
    {
        const auto held = hold(host);
        BOOST_TEST(host.value() == "0\n");
        BOOST_TEST(host.state() == "5\n");
        BOOST_TEST(
            (std::filesystem::status(host.paths().state).permissions() == std::filesystem::perms(0600)));
    }
    BOOST_TEST(host.value() == "5\n");
    BOOST_TEST(!host.has_state());
    BOOST_TEST(guardians(host).empty());
}

BOOST_AUTO_TEST_CASE(the_last_of_several_holders_restores)
{
    const fake_host host("17\n");
    std::optional first(hold(host));
    std::optional second(hold(host));
    holder_process third(host);
    BOOST_TEST(third.holds());
    BOOST_TEST(guardians(host).size() == 3U);
    first.reset();
    BOOST_TEST(host.value() == "0\n");
    second.reset();
    BOOST_TEST(host.value() == "0\n");
    third.kill();
    BOOST_TEST(eventually([&] { return host.value() == "17\n" && !host.has_state(); }));
}

BOOST_AUTO_TEST_CASE(restored_after_a_holder_is_killed)
{
    const fake_host host;
    holder_process holder(host);
    BOOST_TEST(holder.holds());
    BOOST_TEST(host.value() == "0\n");
    holder.kill();
    BOOST_TEST(eventually([&] { return host.value() == "5\n" && !host.has_state(); }));
}

BOOST_AUTO_TEST_CASE(next_holder_repairs_after_a_guardian_was_killed)
{
    const fake_host host;
    {
        holder_process holder(host);
        BOOST_REQUIRE(guardians(host).size() == 1U);
        kill_guardians(host);
    }
    BOOST_TEST(host.value() == "0\n");
    BOOST_TEST(host.state() == "5\n");
    {
        const auto held = hold(host);
        BOOST_TEST(host.value() == "0\n");
    }
    BOOST_TEST(host.value() == "5\n");
    BOOST_TEST(!host.has_state());
}

BOOST_AUTO_TEST_CASE(holder_survives_its_guardian)
{
    const fake_host host;
    {
        const auto held = hold(host);
        kill_guardians(host);
    }
    BOOST_TEST(host.value() == "0\n");
    BOOST_TEST(host.has_state());
}

BOOST_AUTO_TEST_CASE(old_state_of_a_setting_that_was_repaired_by_hand)
{
    const fake_host host("8\n");
    test::write_file(host.paths().state, "5\n");
    {
        const auto held = hold(host);
    }
    BOOST_TEST(host.value() == "8\n");
}

BOOST_AUTO_TEST_CASE(state_that_is_no_number)
{
    const fake_host host("0\n");
    test::write_file(host.paths().state, "rubbish, and more of it than any number has digits\n");
    {
        const auto held = hold(host);
        BOOST_TEST(host.state() == "0\n");
    }
    BOOST_TEST(host.value() == "0\n");
    BOOST_TEST(!host.has_state());
}

BOOST_AUTO_TEST_CASE(value_that_somebody_else_sets_stays)
{
    const fake_host host;
    {
        const auto held = hold(host);
        host.set("7\n");
    }
    BOOST_TEST(host.value() == "7\n");
    BOOST_TEST(!host.has_state());
}

BOOST_AUTO_TEST_CASE(new_holder_lifts_what_somebody_else_set)
{
    const fake_host host;
    std::optional first(hold(host));
    host.set("7\n");
    std::optional second(hold(host));
    BOOST_TEST(host.value() == "0\n");
    first.reset();
    BOOST_TEST(host.value() == "0\n");
    second.reset();
    BOOST_TEST(host.value() == "7\n");
}

BOOST_AUTO_TEST_CASE(already_lifted)
{
    const fake_host host("0\n");
    {
        const auto held = hold(host);
        BOOST_TEST(host.value() == "0\n");
    }
    BOOST_TEST(host.value() == "0\n");
    BOOST_TEST(!host.has_state());
}

BOOST_AUTO_TEST_CASE(moves)
{
    const fake_host host;
    const fake_host other;
    auto held = hold(host);
    auto moved = std::move(held);
    BOOST_TEST(host.value() == "0\n");
    moved = hold(other);
    BOOST_TEST(host.value() == "5\n");
    BOOST_TEST(other.value() == "0\n");
    auto& same = moved;
    moved = std::move(same);
    BOOST_TEST(other.value() == "0\n");
}

BOOST_AUTO_TEST_CASE(guardian_keeps_nothing_of_the_program)
{
    const fake_host host;
    std::array<int, 2> ends{};
    BOOST_REQUIRE(::pipe(ends.data()) == 0);
    const auto held = hold(host);
    const auto found = guardians(host);
    BOOST_REQUIRE(found.size() == 1U);
    const std::filesystem::path process = "/proc/" + std::to_string(found.front());
    std::set<std::string> kinds;
    for (const auto& file : open_files(process)) {
        kinds.insert(file.starts_with("socket:") ? "socket" : file);
    }
    BOOST_TEST((kinds == std::set<std::string>{"/dev/null", "socket", host.paths().state}));
    BOOST_TEST(open_files(process).size() == 5U);
    BOOST_TEST(::getsid(found.front()) == found.front());
    BOOST_TEST(std::filesystem::read_symlink(process / "cwd").string() == "/");

    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE}) {
        ::kill(found.front(), number);
    }
    BOOST_TEST(guardians(host) == found, boost::test_tools::per_element());

    ::close(ends[1]);
    char byte = 0;
    BOOST_TEST(::read(ends[0], &byte, 1) == 0, "the guardian has no copy of the pipe's other end");
    ::close(ends[0]);
}

BOOST_AUTO_TEST_CASE(guardian_is_not_the_programs_child)
{
    const fake_host host;
    static volatile std::sig_atomic_t child_signals = 0;
    const auto old_handler = std::signal(SIGCHLD, [](int) { child_signals = child_signals + 1; });
    {
        const auto held = hold(host);
        BOOST_TEST(::waitpid(-1, nullptr, WNOHANG | __WALL) == -1);
        BOOST_TEST(errno == ECHILD);
    }
    std::signal(SIGCHLD, old_handler);
    BOOST_TEST(child_signals == 0);
}

BOOST_AUTO_TEST_CASE(a_fork_of_the_program_keeps_nothing_up)
{
    const fake_host host;
    pid_t child = 0;
    {
        const auto held = hold(host);
        child = ::fork();
        if (child == 0) {
            for (;;) {
                ::pause();
            }
        }
    }
    BOOST_TEST(host.value() == "5\n");
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
}

BOOST_AUTO_TEST_CASE(many_holders_come_and_go)
{
    const fake_host host("23\n");
    std::atomic<int> wrong = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i != 4; ++i) {
        threads.emplace_back([&] {
            for (int round = 0; round != 25; ++round) {
                const auto held = printk_ratelimit_hold::acquire(host.paths());
                if (!held || host.value() != "0\n") {
                    ++wrong;
                }
            }
        });
    }
    for (auto& thread : threads) {
        thread.join();
    }
    BOOST_TEST(wrong == 0);
    BOOST_TEST(host.value() == "23\n");
    BOOST_TEST(!host.has_state());
    BOOST_TEST(guardians(host).empty());
}

BOOST_AUTO_TEST_CASE(relative_paths)
{
    const fake_host host;
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(host.folder().file(""));
    {
        const auto held = printk_ratelimit_hold::acquire({"sysctl", "state"}).value();
        BOOST_TEST(host.value() == "0\n");
        std::filesystem::current_path(before);
    }
    BOOST_TEST(host.value() == "5\n");
}

BOOST_AUTO_TEST_CASE(not_permitted)
{
    if (::geteuid() != 0) {
        return test::skip("only root can become another user");
    }
    const auto error = test::in_child([] {
        test::become_nobody();
        const auto failed = error_of({});
        return failed.code.to_string() + " " + failed.message;
    });
    BOOST_TEST(error.starts_with("system:13 "));
    BOOST_TEST(error.find("root") != std::string::npos);
    BOOST_TEST(error.find("sysctl -w kernel.printk_ratelimit=0") != std::string::npos);
    BOOST_TEST(error.find("/proc/sys/kernel/printk_ratelimit") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(read_only_setting)
{
    if (::geteuid() != 0) {
        return test::skip("only root can mount");
    }
    const fake_host host;
    const auto error = acquire_in_child(host, [&host] {
        const auto path = host.paths().sysctl;
        test::require(::unshare(CLONE_NEWNS) == 0, "unshare");
        test::require(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0, "mount private");
        test::require(::mount(path.c_str(), path.c_str(), nullptr, MS_BIND, nullptr) == 0, "mount bind");
        test::require(::mount("none", path.c_str(), nullptr, MS_BIND | MS_REMOUNT | MS_RDONLY, nullptr) == 0,
                      "mount read-only");
    });
    BOOST_TEST(error.starts_with("system:30 "));
    BOOST_TEST(error.find("root on the host itself is needed") != std::string::npos);
    BOOST_TEST(!host.has_state());
}

BOOST_AUTO_TEST_CASE(setting_that_is_not_there)
{
    const fake_host host;
    BOOST_TEST(error_of({host.folder().file("nowhere"), host.paths().state}).code.value() == ENOENT);
    BOOST_TEST(!host.has_state());
}

BOOST_AUTO_TEST_CASE(state_files_that_are_refused)
{
    const fake_host host;
    std::filesystem::create_symlink(host.folder().file("elsewhere"), host.paths().state);
    BOOST_TEST(error_of(host.paths()).code.value() == ELOOP);
    std::filesystem::remove(host.paths().state);

    std::filesystem::create_directory(host.paths().state);
    BOOST_TEST(error_of(host.paths()).code.value() == EISDIR);
    std::filesystem::remove(host.paths().state);

    BOOST_REQUIRE(::mkfifo(host.paths().state.c_str(), 0600) == 0);
    BOOST_TEST(error_of(host.paths()).code.value() == EINVAL);
    std::filesystem::remove(host.paths().state);

    if (::geteuid() == 0) {
        test::write_file(host.paths().state, "5\n");
        BOOST_REQUIRE(::chown(host.paths().state.c_str(), test::nobody, test::nobody) == 0);
        BOOST_TEST(error_of(host.paths()).code.value() == EINVAL);
    }
    BOOST_TEST(host.value() == "5\n");
}

BOOST_AUTO_TEST_CASE(somebody_in_the_way)
{
    const fake_host host;
    const int state = ::open(host.paths().state.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct flock lock {};
    lock.l_type = F_WRLCK;
    BOOST_REQUIRE(::fcntl(state, F_OFD_SETLK, &lock) == 0);
    const auto failed = error_of(host.paths());
    ::close(state);
    BOOST_TEST(failed.code.value() == ETIMEDOUT);
    BOOST_TEST(failed.message.find(host.paths().state) != std::string::npos);
    BOOST_TEST(host.value() == "5\n");
}

BOOST_AUTO_TEST_CASE(faults_leave_everything_as_it_was)
{
    const fake_host host;
    BOOST_TEST(acquire_in_child(host, [] { test::fail_call(SYS_pwrite64, EIO); }).starts_with("system:5 "));
    BOOST_TEST(!host.has_state());
    BOOST_TEST(acquire_in_child(host, [] { test::fail_call(SYS_pread64, EIO); }).starts_with("system:5 "));
    BOOST_TEST(!host.has_state());
    BOOST_TEST(acquire_in_child(host, [] { test::fail_call(SYS_ftruncate, EIO); }).starts_with("system:5 "));
    BOOST_TEST(!host.has_state());
    BOOST_TEST(acquire_in_child(host, [] { test::fail_call(SYS_fcntl, ENOLCK); }).starts_with("system:37 "));
    std::filesystem::remove(host.paths().state);
    for (const long number : {SYS_socketpair, SYS_clone, SYS_chdir, SYS_dup}) {
        BOOST_TEST_CONTEXT("call " << number)
        {
            const auto error = acquire_in_child(host, [number] { test::fail_call(number, EMFILE); });
            BOOST_TEST(error.starts_with("system:24 "));
            BOOST_TEST(error.find("no process to restore it") != std::string::npos);
            BOOST_TEST(host.value() == "5\n");
            BOOST_TEST(!host.has_state());
        }
    }
}

BOOST_AUTO_TEST_CASE(guardian_killed_at_birth)
{
    const fake_host host;
    const auto kill = [] { test::answer_call(SYS_setsid, SECCOMP_RET_KILL_PROCESS); };
    BOOST_TEST(acquire_in_child(host, kill).starts_with("system:11 "));
    BOOST_TEST(host.value() == "5\n");
    BOOST_TEST(!host.has_state());
}

BOOST_AUTO_TEST_CASE(kernel_without_close_range)
{
    const fake_host host;
    BOOST_TEST(acquire_in_child(host, [] { test::fail_call(SYS_close_range, ENOSYS); }) == "held 0\n");
    BOOST_TEST(eventually([&] { return host.value() == "5\n"; }));
}

BOOST_AUTO_TEST_CASE(the_real_setting)
{
    const printk_ratelimit_paths paths;
    const auto before = test::read_file(paths.sysctl);
    {
        const auto held = printk_ratelimit_hold::acquire();
        if (!held) {
            return test::skip(held.error().message);
        }
        BOOST_TEST(test::read_file(paths.sysctl) == "0\n");
    }
    if (!std::filesystem::exists(paths.state)) {
        BOOST_TEST(test::read_file(paths.sysctl) == before);
    }
}

BOOST_AUTO_TEST_SUITE_END()
