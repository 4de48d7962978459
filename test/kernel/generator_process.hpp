#ifndef SCTRACE_TEST_KERNEL_GENERATOR_PROCESS_HPP
#define SCTRACE_TEST_KERNEL_GENERATOR_PROCESS_HPP

#include "common/paths.hpp"
#include "common/temporary_folder.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sctrace::test {

/// Copies the generator to where its path is too long for a record to fit into one message of the log.
inline std::string generator_with_long_path(const temporary_folder& folder)
{
    std::string deep = folder.path();
    for (int i = 0; i < 10; ++i) {
        deep += '/' + std::string(90, 'd');
    }
    std::filesystem::create_directories(deep);
    const std::string program = deep + "/generator";
    std::filesystem::copy_file(generator_path(), program);
    return program;
}

/// A generator under a filter of its own that waits to be released; it may be given a process id.
class generator_process {
public:
    /// @p wanted_pid 0: any.
    explicit generator_process(std::vector<std::string> arguments, pid_t wanted_pid = 0)
    {
        int hold[2] = {-1, -1};
        int output[2] = {-1, -1};
        BOOST_REQUIRE(::pipe2(hold, O_CLOEXEC) == 0);
        BOOST_REQUIRE(::pipe2(output, O_CLOEXEC) == 0);
        std::vector<std::string> words{generator_path(), "--filter", "--wait-fd", "3"};
        words.insert(words.end(), arguments.begin(), arguments.end());
        pid_ = spawn(words, hold[0], output[1], wanted_pid);
        ::close(hold[0]);
        ::close(output[1]);
        release_ = hold[1];
        if (pid_ > 0) {
            read_announcement(output[0]);
        }
        ::close(output[0]);
    }
    generator_process(const generator_process&) = delete;
    generator_process& operator=(const generator_process&) = delete;
    ~generator_process()
    {
        release();
        wait();
    }

    /// Negative when the wanted id could not be had.
    pid_t pid() const noexcept { return pid_; }

    /// Lets it make its calls.
    void release()
    {
        if (release_ >= 0) {
            ::close(std::exchange(release_, -1));
        }
    }

    /// Waits for its end and returns its exit status.
    int wait()
    {
        int status = -1;
        if (pid_ > 0) {
            ::waitpid(std::exchange(pid_, 0), &status, 0);
        }
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

private:
    static pid_t spawn(std::vector<std::string>& words, int hold, int output, pid_t wanted_pid)
    {
        std::vector<char*> argv;
        for (std::string& w : words) {
            argv.push_back(w.data());
        }
        argv.push_back(nullptr);
        const pid_t child = wanted_pid == 0 ? ::fork() : fork_as(wanted_pid);
        if (child == 0) {
            // In this order: the pipe's end may have number 1 or 3 itself.
            const int held = ::fcntl(hold, F_DUPFD_CLOEXEC, 10);
            const int out = ::fcntl(output, F_DUPFD_CLOEXEC, 10);
            ::dup2(held, 3);
            ::dup2(out, STDOUT_FILENO);
            ::execv(argv[0], argv.data());
            ::_exit(127);
        }
        return child;
    }

    static pid_t fork_as(pid_t wanted)
    {
        clone_args args = {};
        args.exit_signal = SIGCHLD;
        args.set_tid = reinterpret_cast<std::uintptr_t>(&wanted);
        args.set_tid_size = 1;
        return static_cast<pid_t>(::syscall(SYS_clone3, &args, sizeof args));
    }

    static void read_announcement(int output)
    {
        char c = 0;
        while (::read(output, &c, 1) == 1 && c != '\n') {
        }
    }

    pid_t pid_ = -1;
    int release_ = -1;
};

} // namespace sctrace::test

#endif
