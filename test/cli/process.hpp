#ifndef SCTRACE_TEST_CLI_PROCESS_HPP
#define SCTRACE_TEST_CLI_PROCESS_HPP

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sctrace::test {

/// Far more than any step takes, also under a sanitizer on a busy machine.
inline constexpr std::chrono::seconds patience{110};

/// Asks again and again, at most until the deadline; what it asked last is returned.
template <class Condition>
bool eventually(Condition condition, std::chrono::milliseconds within = patience)
{
    const auto give_up = std::chrono::steady_clock::now() + within;
    while (!condition()) {
        if (std::chrono::steady_clock::now() >= give_up) {
            return condition();
        }
        ::poll(nullptr, 0, 5);
    }
    return true;
}

/// A file descriptor that is closed at the end.
class descriptor {
public:
    explicit descriptor(int number = -1) noexcept
        : number_(number)
    {
    }
    descriptor(descriptor&& other) noexcept
        : number_(std::exchange(other.number_, -1))
    {
    }
    descriptor& operator=(descriptor&& other) noexcept
    {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor() { close(); }

    int get() const noexcept { return number_; }
    explicit operator bool() const noexcept { return number_ >= 0; }

    void close() noexcept
    {
        if (number_ >= 0) {
            ::close(std::exchange(number_, -1));
        }
    }

private:
    int number_;
};

/// What is to be run, and how.
struct invocation {
    std::vector<std::string> words;
    /// Put beside the caller's own: `NAME=value`.
    std::vector<std::string> environment{};
    /// Empty: the caller's.
    std::string folder{};
    /// What it reads from its standard input.
    std::string input{};
    /// A file that takes its standard output; without one the output is captured.
    std::optional<std::string> output_file{};
    /// Runs in the child, last before exec.
    std::function<void()> prepare{};
};

/// The status of a child that did not get as far as its program.
inline constexpr int could_not_start = 99;

/// What a process that has ended left.
struct outcome {
    /// As a shell has it: 128+N after signal N; -1 when it did not end in time.
    int status = -1;
    std::string out;
    std::string err;

    bool says(std::string_view words) const { return err.find(words) != std::string::npos; }
};

inline std::ostream& operator<<(std::ostream& to, const outcome& o)
{
    return to << "status " << o.status << "\nstdout: " << o.out << "\nstderr: " << o.err;
}

/// A running process, the first of a process group of its own, which is killed at the end.
class process {
public:
    explicit process(invocation what)
    {
        std::array<int, 2> out{};
        std::array<int, 2> err{};
        BOOST_REQUIRE(::pipe2(out.data(), O_CLOEXEC) == 0);
        BOOST_REQUIRE(::pipe2(err.data(), O_CLOEXEC) == 0);
        out_ = captured{descriptor(out[0]), {}};
        err_ = captured{descriptor(err[0]), {}};
        const descriptor out_end(out[1]);
        const descriptor err_end(err[1]);
        const descriptor in = input(what);
        pid_ = ::fork();
        BOOST_REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            become(what, {in.get(), out_end.get(), err_end.get()});
        }
        // Both sides do it, so that neither is too early.
        ::setpgid(pid_, pid_);
        pidfd_ = descriptor(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
        BOOST_REQUIRE(pidfd_.get() >= 0);
    }
    process(const process&) = delete;
    process& operator=(const process&) = delete;
    ~process()
    {
        ::kill(-pid_, SIGKILL);
        if (!status_) {
            ::waitpid(pid_, nullptr, 0);
        }
    }

    pid_t pid() const noexcept { return pid_; }
    const std::string& out() const noexcept { return out_.text; }
    const std::string& err() const noexcept { return err_.text; }

    void signal(int number) const { BOOST_TEST(::kill(pid_, number) == 0); }
    void signal_group(int number) const { BOOST_TEST(::kill(-pid_, number) == 0); }

    /// As when the reader of a pipeline has gone.
    void close_output() noexcept { out_.end.close(); }
    void close_errors() noexcept { err_.end.close(); }

    /// Reads until its standard output holds these words; false when it ends or the deadline comes before.
    bool wait_for_output(std::string_view words)
    {
        return read_until([&] { return out_.text.find(words) != std::string::npos; });
    }
    bool wait_for_errors(std::string_view words)
    {
        return read_until([&] { return err_.text.find(words) != std::string::npos; });
    }

    /// Waits for its end.
    outcome wait()
    {
        read_until([] { return false; });
        return {status_.value_or(-1), out_.text, err_.text};
    }

private:
    struct captured {
        descriptor end;
        std::string text;
    };
    using standard_files = std::array<int, 3>;

    static descriptor input(const invocation& what)
    {
        descriptor file(::memfd_create("input", MFD_CLOEXEC));
        BOOST_REQUIRE(::write(file.get(), what.input.data(), what.input.size()) ==
                      static_cast<ssize_t>(what.input.size()));
        BOOST_REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
        return file;
    }

    [[noreturn]] static void become(invocation& what, standard_files files)
    {
        ::setpgid(0, 0);
        if (what.output_file) {
            files[STDOUT_FILENO] = ::open(what.output_file->c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
        }
        for (int number = 0; number != 3; ++number) {
            ::dup2(files[static_cast<std::size_t>(number)], number);
        }
        if (!what.folder.empty() && ::chdir(what.folder.c_str()) != 0) {
            fail("chdir");
        }
        for (std::string& setting : what.environment) {
            ::putenv(setting.data());
        }
        if (what.prepare) {
            run_preparation(what);
        }
        execute(what.words);
    }

    static void run_preparation(const invocation& what)
    {
        try {
            what.prepare();
        } catch (const std::exception& e) {
            fail(e.what());
        }
    }

    [[noreturn]] static void execute(std::vector<std::string>& words)
    {
        std::vector<char*> arguments;
        for (std::string& w : words) {
            arguments.push_back(w.data());
        }
        arguments.push_back(nullptr);
        ::execvp(arguments[0], arguments.data());
        fail(arguments[0]);
    }

    [[noreturn]] static void fail(const char* what)
    {
        ::perror(what);
        ::_exit(could_not_start);
    }

    /// Both pipes are read at any time, so that neither ever holds the process up.
    template <class Condition>
    bool read_until(Condition condition)
    {
        const auto give_up = std::chrono::steady_clock::now() + patience;
        while (!condition()) {
            if (status_ || std::chrono::steady_clock::now() >= give_up) {
                return false;
            }
            const bool ended = wait_for_anything(give_up);
            take(out_);
            take(err_);
            if (ended) {
                reap();
            }
        }
        return true;
    }

    bool wait_for_anything(std::chrono::steady_clock::time_point give_up) const
    {
        std::array<pollfd, 3> files{
            {{out_.end.get(), POLLIN, 0}, {err_.end.get(), POLLIN, 0}, {pidfd_.get(), POLLIN, 0}}};
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(give_up - std::chrono::steady_clock::now());
        ::poll(files.data(), files.size(), static_cast<int>(std::max<long>(left.count(), 0)));
        return (files[2].revents & POLLIN) != 0;
    }

    /// Takes what is there: a descendant may hold the pipe open for longer than the process lives.
    static void take(captured& from)
    {
        pollfd readable{from.end.get(), POLLIN, 0};
        while (from.end && ::poll(&readable, 1, 0) == 1) {
            std::array<char, 65536> part;
            const ssize_t size = ::read(from.end.get(), part.data(), part.size());
            if (size <= 0) {
                from.end.close();
                return;
            }
            from.text.append(part.data(), static_cast<std::size_t>(size));
        }
    }

    void reap()
    {
        int status = 0;
        BOOST_REQUIRE(::waitpid(pid_, &status, 0) == pid_);
        status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    pid_t pid_ = -1;
    descriptor pidfd_;
    captured out_;
    captured err_;
    std::optional<int> status_;
};

inline outcome run(invocation what)
{
    return process(std::move(what)).wait();
}

} // namespace sctrace::test

#endif
