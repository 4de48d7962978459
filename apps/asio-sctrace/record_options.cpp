#include "record_options.hpp"

#include "command_run.hpp"
#include "option_values.hpp"
#include "output_file.hpp"
#include "source_option.hpp"
#include "usage.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <iostream>
#include <string_view>
#include <utility>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

constexpr std::string_view synopsis =
    R"(Records which system calls a process makes, from the kernel's SECCOMP audit records.

  asio-sctrace record [options] -- CMD [ARG...]        run CMD under a filter that logs every call, and record
                                                       it and all its descendants
  asio-sctrace record [options] --pid PID [--pid ...]  record processes that already run under such a filter

A table, the most frequent calls first, and a verdict whether the list is complete go to stderr.
)";

constexpr std::string_view epilogue = R"(
Exit status, the first that applies: 2 wrong usage; 127 CMD not found; 126 CMD not executable; 125 any other
failure before CMD ran, or the trace or report could not be written; 3 --require-complete and the verdict is
another; else CMD's own (128+N after signal N). With --pid, 1 stands where 125 does.

Signals: with CMD, a terminal's interrupt is CMD's and TERM and HUP are passed on to it; the recording ends with
CMD, or with its last descendant (--wait-descendants; once CMD has ended these signals end the recording too).
With --pid, INT, TERM and HUP end the recording. Everything seen is written.

Examples:
  asio-sctrace record -o trace.ndjson -- ls /
  asio-sctrace record --source kmsg --lift-ratelimit -o trace.ndjson -- ls /
  asio-sctrace record --known trace.ndjson --merged trace.ndjson -- ls /tmp
)";

po::options_description describe()
{
    constexpr unsigned line_length = 110;
    po::options_description options("Options", line_length, line_length / 2);
    auto add = options.add_options();
    add("output,o", po::value<std::string>()->value_name("FILE"),
        "write the trace (NDJSON) to FILE, - for stdout (default: only the table is shown)");
    add("pid", po::value<std::vector<std::string>>()->value_name("PID")->composing(),
        "record this running process; may be repeated");
    add_source_options(options, "while recording");
    add("follow", po::value<std::string>()->value_name("HOW"),
        "how other processes are found: session (an audit session of CMD's own, which its descendants "
        "inherit), tree (descendants, by fork events), container (with --pid: tree and all of PID's pid "
        "namespace) or none; falls back in the order session, tree, none and says why (default: session for "
        "CMD, none for --pid)");
    add("wait-descendants", po::bool_switch(),
        "go on when CMD has ended until all its descendants have ended too, such as a daemon in the "
        "background, or the duration is over (default: the recording ends with CMD)");
    add("flush-interval", po::value<std::string>()->value_name("SECONDS")->default_value("5"),
        "bring the trace up to date this often while recording; 0: only at the end");
    add("duration", po::value<std::string>()->value_name("SECONDS")->default_value("0"),
        "stop after this time; CMD then gets SIGTERM, and SIGKILL 2 s later; 0: no limit");
    add("report", po::value<std::string>()->value_name("FILE"),
        "write the machine-readable report (JSON) to FILE, - for stdout (default: none)");
    add("user", po::value<std::string>()->value_name("NAME"),
        "run CMD as this user (default: as the caller)");
    add("known", po::value<std::string>()->value_name("FILE"),
        "let the calls that FILE names, a trace or an OCI profile, pass without a record: only new ones are "
        "recorded, at next to no cost; for CMD only (default: record every call)");
    add("merged", po::value<std::string>()->value_name("FILE"),
        "with --known: write the sum of the known counts and the new ones to FILE, - for stdout; may be the "
        "known file itself (default: not written)");
    add("require-complete", po::bool_switch(),
        "exit with status 3 unless the verdict is complete (default: off)");
    add("quiet,q", po::bool_switch(), "print errors only (default: off)");
    add("help,h", po::bool_switch(), "show this help");
    add("version", po::bool_switch(), "show the version");
    return options;
}

po::variables_map parse(const std::vector<std::string>& words)
{
    const po::variables_map given = parse_words(words, describe(), "stray");
    if (given.count("stray")) {
        throw usage_error("unexpected word '" + strings_of(given, "stray").front() +
                          "'; a command goes behind --");
    }
    return given;
}

void read_what(const po::variables_map& given, std::vector<std::string> command,
               sctrace::recorder_options& to)
{
    to.pids = pids_of(given);
    if (!command.empty() && !to.pids.empty()) {
        throw usage_error("--pid and a command ('" + command.front() + "') exclude each other");
    }
    if (command.empty() && to.pids.empty()) {
        throw usage_error("nothing to record: name a command behind --, or --pid");
    }
    if (!command.empty()) {
        to.command.emplace();
        to.command->command = std::move(command);
    }
}

sctrace::follow_kind follow_of(const std::string& word)
{
    using sctrace::follow_kind;
    if (word == "session") {
        return follow_kind::session;
    }
    if (word == "tree") {
        return follow_kind::tree;
    }
    if (word == "container") {
        return follow_kind::container;
    }
    if (word != "none") {
        reject("follow", word, "expected session, tree, container or none");
    }
    return follow_kind::none;
}

void read_follow(const po::variables_map& given, sctrace::recorder_options& to)
{
    const std::string word = string_of(given, "follow");
    if (!word.empty()) {
        to.follow = follow_of(word);
    }
    if (to.follow == sctrace::follow_kind::session && !to.command) {
        reject("follow", word, "a running process cannot be given a session; it is for commands");
    }
    if (to.follow == sctrace::follow_kind::container && to.command) {
        reject("follow", word, "is for --pid: a command has no container of its own");
    }
    to.wait_for_descendants = given["wait-descendants"].as<bool>();
    if (to.wait_for_descendants && !to.command) {
        throw usage_error("--wait-descendants is for commands, not for --pid");
    }
}

void read_known(const po::variables_map& given, record_options& to)
{
    to.known = string_of(given, "known");
    to.merged = string_of(given, "merged");
    if (!to.known.empty() && !to.recorder.command) {
        reject("known", to.known, "is for commands, not for --pid: running processes keep their filters");
    }
    if (!to.merged.empty() && to.known.empty()) {
        reject("merged", to.merged, "is for --known; without it --output has the whole trace");
    }
}

void read_user(const po::variables_map& given, sctrace::recorder_options& to)
{
    const std::string user = string_of(given, "user");
    if (!user.empty() && !to.command) {
        reject("user", user, "is for commands, not for --pid");
    }
    if (to.command) {
        to.command->user = user;
    }
}

} // namespace

std::optional<record_options> parse_record_options(const std::vector<std::string>& words)
{
    const split_words parts = split_at_command(words);
    std::vector<std::string> command = parts.command.value_or(std::vector<std::string>());
    const po::variables_map given = parse(parts.options);
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
        return std::nullopt;
    }
    if (given["version"].as<bool>()) {
        show_version();
        return std::nullopt;
    }
    if (parts.command && (command.empty() || command.front().empty())) {
        throw usage_error("no command behind '--'");
    }

    record_options options;
    read_what(given, std::move(command), options.recorder);
    read_follow(given, options.recorder);
    read_user(given, options.recorder);
    read_known(given, options);
    read_source_options(given, options.recorder);
    options.recorder.output = string_of(given, "output");
    options.recorder.flush_interval = seconds_of(given, "flush-interval");
    options.recorder.duration = seconds_of(given, "duration");
    options.report = string_of(given, "report");
    options.require_complete = given["require-complete"].as<bool>();
    options.quiet = given["quiet"].as<bool>();
    check_outputs(
        {{"output", options.recorder.output}, {"report", options.report}, {"merged", options.merged}});
    return options;
}

} // namespace asio_sctrace
