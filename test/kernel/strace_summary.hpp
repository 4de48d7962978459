#ifndef SCTRACE_TEST_KERNEL_STRACE_SUMMARY_HPP
#define SCTRACE_TEST_KERNEL_STRACE_SUMMARY_HPP

#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace sctrace::test {

/// How often each system call was made, by its name.
using call_counts = std::map<std::string, std::uint64_t>;

/// Runs a program that is found in PATH and returns its exit status, or -1 after a signal.
inline int run_program(std::vector<std::string> words)
{
    std::vector<char*> argv;
    for (std::string& w : words) {
        argv.push_back(w.data());
    }
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child == 0) {
        ::execvp(argv[0], argv.data());
        ::_exit(127);
    }
    int status = -1;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// The table that `strace -c -U name,calls` writes: the native calls, which come first.
inline call_counts read_strace_table(const std::string& path)
{
    call_counts counts;
    std::ifstream file(path);
    std::string line;
    while (std::getline(file, line) && !line.starts_with("total")) {
        std::istringstream words(line);
        std::string name;
        std::uint64_t calls = 0;
        if (words >> name >> calls) {
            counts[name] += calls;
        }
    }
    return counts;
}

/// What `strace -f -c` counts of a command and all its descendants; empty when strace cannot do it.
inline std::optional<call_counts> strace_summary(const std::vector<std::string>& command,
                                                 const std::string& table)
{
    std::vector<std::string> words{"strace", "-f", "-c", "-U", "name,calls", "-o", table};
    words.insert(words.end(), command.begin(), command.end());
    if (run_program(std::move(words)) != 0) {
        return std::nullopt;
    }
    return read_strace_table(table);
}

} // namespace sctrace::test

#endif
