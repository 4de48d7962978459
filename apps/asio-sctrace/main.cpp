#include "record_command.hpp"
#include "usage.hpp"

#include <algorithm>
#include <exception>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr std::string_view help =
    R"(asio-sctrace records which system calls processes make, from the kernel's SECCOMP audit records.

Usage: asio-sctrace COMMAND [options]

Commands:
  record    run a command, or watch running processes, and write the trace of their system calls

`asio-sctrace COMMAND --help` explains a command. Common options: --help, --version, --quiet.
Exit status: 0 success, 1 failure, 2 wrong usage; each command's help tells what else it returns.
)";

/// A common option may stand before the command as well; it is the command's then.
std::vector<std::string> options_behind_command(std::vector<std::string> words)
{
    const auto is_quiet = [](const std::string& w) { return w == "--quiet" || w == "-q"; };
    const auto command = std::find_if_not(words.begin(), words.end(), is_quiet);
    if (command != words.end()) {
        std::rotate(words.begin(), command, command + 1);
    }
    return words;
}

int run(const std::vector<std::string>& given)
{
    using namespace asio_sctrace;
    const std::vector<std::string> words = options_behind_command(given);
    if (words.empty()) {
        throw usage_error("no command given");
    }
    const std::string& command = words.front();
    if (command == "--help" || command == "-h" || command == "help") {
        std::cout << help;
        return exit_code::success;
    }
    if (command == "--version") {
        show_version();
        return exit_code::success;
    }
    if (command == "record") {
        return record_command({words.begin() + 1, words.end()});
    }
    throw usage_error("unknown command '" + command + "'");
}

} // namespace

int main(int argc, char** argv)
{
    try {
        return run({argv + 1, argv + argc});
    } catch (const asio_sctrace::usage_error& e) {
        const bool of_record = std::find(argv, argv + argc, std::string_view("record")) != argv + argc;
        asio_sctrace::say(std::string(e.what()) + " (see asio-sctrace " + (of_record ? "record " : "") +
                          "--help)");
        return asio_sctrace::exit_code::usage;
    } catch (const std::exception& e) {
        asio_sctrace::say(e.what());
        return asio_sctrace::exit_code::failure;
    }
}
