#include "watch_options.hpp"

#include "option_values.hpp"
#include "source_option.hpp"
#include "usage.hpp"

#include <iostream>
#include <string_view>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

constexpr std::string_view synopsis =
    R"(Prints the SECCOMP records of the whole host as they come, one on a line, until it is interrupted.

  asio-sctrace watch [options]

Each line is written at once. Only calls that a seccomp filter logs or refuses leave a record; see `asio-sctrace
doctor` for what this host logs.
)";

constexpr std::string_view epilogue = R"(
Lines of ndjson are JSON objects as `replay --events` writes them; with --unique, one that stands for several
records has a last member `count`. Lines of text have the local time, the process id, the thread's name, the
system call, with its architecture if that is not this machine's, and what seccomp did; with --unique, xN behind
it. What is not printable ASCII is written as \xNN there.

When records are missing, a message on stderr says so within about a second, and why.

INT, TERM and HUP end it when what had come before is written, and so does the end of whoever reads its output.

Exit status: 0 success; 1 the source could not be opened or failed, or the output not be written, or not be
read in time; 2 wrong usage.

Examples:
  asio-sctrace watch --denied --format text
  asio-sctrace watch --denied --unique | jq -c '[.exe, .name, .count // 1]'
  asio-sctrace watch --pid 4711 | head -n 20
)";

po::options_description describe()
{
    constexpr unsigned line_length = 110;
    po::options_description options("Options", line_length, line_length / 2);
    auto add = options.add_options();
    add("denied", po::bool_switch(),
        "only calls that were refused, whose action is neither log nor allow (default: off)");
    add("pid", po::value<std::vector<std::string>>()->value_name("PID")->composing(),
        "only records of this process; may be repeated (default: all)");
    add("session", po::value<std::string>()->value_name("N"),
        "only records of this audit session (default: all)");
    add("format", po::value<std::string>()->value_name("FORMAT")->default_value("ndjson"),
        "ndjson (JSON objects) or text (for people)");
    add("unique", po::bool_switch(),
        "fold lines that differ in nothing but time, serial and instruction pointer: the first one is "
        "printed at once, the others each second as one line with their count (default: off)");
    add_source_options(options, "while watching");
    add("duration", po::value<std::string>()->value_name("SECONDS")->default_value("0"),
        "stop after this time; 0: no limit");
    add("quiet,q", po::bool_switch(), "print errors and what is missing only (default: off)");
    add("help,h", po::bool_switch(), "show this help");
    add("version", po::bool_switch(), "show the version");
    return options;
}

bool is_text(const po::variables_map& given)
{
    const std::string word = string_of(given, "format");
    if (word != "ndjson" && word != "text") {
        reject("format", word, "expected ndjson or text");
    }
    return word == "text";
}

} // namespace

std::optional<watch_options> parse_watch_options(const std::vector<std::string>& words)
{
    const po::variables_map given = parse_words(words, describe(), "stray");
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
        return std::nullopt;
    }
    if (given["version"].as<bool>()) {
        show_version();
        return std::nullopt;
    }
    if (given.count("stray")) {
        throw usage_error("unexpected word '" + given["stray"].as<std::vector<std::string>>().front() + "'");
    }
    watch_options options;
    options.watcher.denied_only = given["denied"].as<bool>();
    options.watcher.filter.pids = pids_of(given);
    options.watcher.filter.session = session_of(given);
    options.text = is_text(given);
    options.unique = given["unique"].as<bool>();
    read_source_options(given, options.watcher);
    options.watcher.duration = seconds_of(given, "duration");
    options.quiet = given["quiet"].as<bool>();
    return options;
}

} // namespace asio_sctrace
