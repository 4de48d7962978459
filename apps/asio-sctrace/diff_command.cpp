#include "diff_command.hpp"

#include "call_files.hpp"
#include "option_values.hpp"
#include "usage.hpp"

#include <sctrace/call_diff.hpp>
#include <sctrace/trace_file.hpp>

#include <iostream>
#include <optional>
#include <stdexcept>
#include <string_view>

#include <signal.h>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

constexpr std::string_view synopsis =
    R"(Tells which system calls only one of two files has.

  asio-sctrace diff [options] A B              - reads standard input

Takes traces, the events of replay --events and watch, OCI profiles that name what they allow, and lists of names.
Prints `-NAME` for a call that only A has and `+NAME` for one that only B has, a call of a foreign architecture as
`-NAME (ARCH)`, and one without a name by its number. Counts do not matter.
)";

constexpr std::string_view epilogue = R"(
Against a profile, a call that the profile does not permit on the call's architecture, or permits only with certain
arguments, is only in the other file. Two profiles that permit the same differ still if their conditions, actions,
default verdicts, flags or architectures do; stderr tells how.

Exit status: 0 both have the same; 1 they differ, or a file could not be read (stderr tells which); 2 wrong usage.

Examples:
  asio-sctrace diff monday.ndjson tuesday.ndjson
  asio-sctrace diff trace.ndjson profile.json | grep '^-'      what the profile would refuse
)";

/// The command line of `asio-sctrace diff`.
struct diff_options {
    std::vector<std::string> files;
    sctrace::architecture native;
    bool quiet = false;
};

po::options_description describe()
{
    constexpr unsigned line_length = 110;
    po::options_description options("Options", line_length, line_length / 2);
    auto add = options.add_options();
    add("native", po::value<std::string>()->value_name("ARCH"),
        "the architecture of lines, lists and profiles that name none (default: this machine's)");
    add("quiet,q", po::bool_switch(), "print the differences and errors only (default: off)");
    add("help,h", po::bool_switch(), "show this help");
    add("version", po::bool_switch(), "show the version");
    return options;
}

void check_files(const std::vector<std::string>& files)
{
    if (files.size() < 2) {
        throw usage_error("two files are needed; name them, or - for standard input");
    }
    if (files.size() > 2) {
        throw usage_error("'" + files[2] + "': only two files can be compared");
    }
    check_standard_input(files);
}

/// Empty when only the help or the version was asked for.
std::optional<diff_options> parse_options(const std::vector<std::string>& words)
{
    const po::variables_map given = parse_words(words, describe(), "file");
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
        return std::nullopt;
    }
    if (given["version"].as<bool>()) {
        show_version();
        return std::nullopt;
    }
    diff_options options{strings_of(given, "file"), native_of(given), given["quiet"].as<bool>()};
    check_files(options.files);
    return options;
}

std::string_view display_name(std::string_view path)
{
    return path == "-" ? "standard input" : path;
}

sctrace::call_diff compare(const diff_options& options)
{
    const std::string& a = options.files[0];
    const std::string& b = options.files[1];
    const auto first = load_calls(a, {.native = options.native}, options.quiet);
    const auto second = load_calls(b, {.native = options.native}, options.quiet);
    const auto diff =
        sctrace::compare_calls({display_name(a), first}, {display_name(b), second}, options.native);
    if (!diff) {
        throw std::runtime_error(diff.error().message);
    }
    return *diff;
}

void print(const std::string& text)
{
    const auto output = sctrace::trace_file::prepare("-");
    if (!output) {
        throw std::runtime_error(output.error().message);
    }
    const auto written = output->write(text, sctrace::trace_file::durability::final);
    if (!written) {
        throw std::runtime_error(written.error().message);
    }
}

void say_all(const std::vector<std::string>& notes)
{
    for (const std::string& note : notes) {
        say(note);
    }
}

int show_difference(const diff_options& options)
{
    const sctrace::call_diff diff = compare(options);
    print(sctrace::to_text(diff, options.native));
    if (!options.quiet) {
        say_all(diff.other);
        say_all(diff.notes);
    }
    return diff.equal() ? exit_code::success : exit_code::failure;
}

} // namespace

int diff_command(const std::vector<std::string>& words)
{
    const auto options = parse_options(words);
    if (!options) {
        return exit_code::success;
    }
    // A broken pipe is an error of the write.
    ::signal(SIGPIPE, SIG_IGN);
    return show_difference(*options);
}

} // namespace asio_sctrace
