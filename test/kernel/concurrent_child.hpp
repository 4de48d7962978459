#ifndef SCTRACE_TEST_KERNEL_CONCURRENT_CHILD_HPP
#define SCTRACE_TEST_KERNEL_CONCURRENT_CHILD_HPP

#include "kernel/in_child.hpp"

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace sctrace::test {

/// Runs a function in a child process, beside the caller.
class concurrent_child {
public:
    template <class Function>
    explicit concurrent_child(Function function)
    {
        std::array<int, 2> ends{};
        if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
            throw std::runtime_error("pipe2");
        }
        pid_ = ::fork();
        if (pid_ == 0) {
            run_and_report(function, ends[1]);
        }
        ::close(ends[1]);
        output_ = ends[0];
    }
    concurrent_child(const concurrent_child&) = delete;
    concurrent_child& operator=(const concurrent_child&) = delete;
    ~concurrent_child() { result(); }

    /// Waits for its end and returns the text that the function returned, once.
    std::string result()
    {
        if (pid_ <= 0) {
            return {};
        }
        std::string text = read_to_end(output_);
        ::close(output_);
        ::waitpid(std::exchange(pid_, -1), nullptr, 0);
        return text;
    }

private:
    pid_t pid_ = -1;
    int output_ = -1;
};

} // namespace sctrace::test

#endif
