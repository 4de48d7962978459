#include "diff_command.hpp"
#include "doctor_command.hpp"
#include "enforce_command.hpp"
#include "merge_command.hpp"
#include "profile_command.hpp"
#include "record_command.hpp"
#include "replay_command.hpp"
#include "usage.hpp"
#include "watch_command.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

struct command {
    std::string_view name;
    int (*run)(const std::vector<std::string>& words);
};

constexpr std::array commands{
    command{"record", asio_sctrace::record_command},   command{"replay", asio_sctrace::replay_command},
    command{"watch", asio_sctrace::watch_command},     command{"profile", asio_sctrace::profile_command},
    command{"enforce", asio_sctrace::enforce_command}, command{"merge", asio_sctrace::merge_command},
    command{"diff", asio_sctrace::diff_command},       command{"doctor", asio_sctrace::doctor_command},
};

constexpr std::string_view help =
    R"(asio-sctrace records which system calls processes make, from the kernel's SECCOMP audit records.

Usage: asio-sctrace COMMAND [options]

Commands:
  record    run a command, or watch running processes, and write the trace of their system calls
  replay    read saved logs of any form, and write the trace or the records in them
  watch     print the records of the whole host as they come, or of refused calls only
  profile   write an allow-list from traces, for container runtimes, systemd or minijail
  enforce   run a command under such an allow-list
  merge     sum traces
  diff      tell what only one of two traces or profiles has
  doctor    say what this host allows for a recording, and what to change

`asio-sctrace COMMAND --help` explains a command. Common options: --help, --version, --quiet.
Exit status: 0 success, 1 failure, 2 wrong usage; each command's help tells what else it returns.
)";

/// A common option may come before the command as well; it is the command's then.
std::vector<std::string> options_behind_command(std::vector<std::string> words)
{
    const auto is_quiet = [](const std::string& w) { return w == "--quiet" || w == "-q"; };
    const auto command = std::find_if_not(words.begin(), words.end(), is_quiet);
    if (command != words.end()) {
        std::rotate(words.begin(), command, command + 1);
    }
    return words;
}

int run_command(const command& chosen, const std::vector<std::string>& words)
{
    using asio_sctrace::usage_error;
    try {
        return chosen.run(words);
    } catch (const usage_error& e) {
        throw usage_error(e.what() + (" (see asio-sctrace " + std::string(chosen.name)) + " --help)");
    }
}

int run(const std::vector<std::string>& given)
{
    using namespace asio_sctrace;
    const std::vector<std::string> words = options_behind_command(given);
    if (words.empty()) {
        throw usage_error("no command given (see asio-sctrace --help)");
    }
    const std::string& word = words.front();
    if (word == "--help" || word == "-h" || word == "help") {
        std::cout << help;
        return exit_code::success;
    }
    if (word == "--version") {
        show_version();
        return exit_code::success;
    }
    const auto* chosen =
        std::find_if(commands.begin(), commands.end(), [&](const command& c) { return c.name == word; });
    if (chosen == commands.end()) {
        throw usage_error("unknown command '" + word + "' (see asio-sctrace --help)");
    }
    return run_command(*chosen, {words.begin() + 1, words.end()});
}

/// A descriptor that is opened later must not be taken for standard input; reading this one fails.
void reserve_standard_input()
{
    if (::fcntl(STDIN_FILENO, F_GETFD) < 0) {
        static_cast<void>(::open("/dev/null", O_WRONLY));
    }
}

} // namespace

int main(int argc, char** argv)
{
    reserve_standard_input();
    try {
        return run({argv + 1, argv + argc});
    } catch (const asio_sctrace::usage_error& e) {
        asio_sctrace::say(e.what());
        return asio_sctrace::exit_code::usage;
    } catch (const std::exception& e) {
        asio_sctrace::say(e.what());
        return asio_sctrace::exit_code::failure;
    }
}
