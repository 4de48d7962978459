#include "record_options.hpp"

#include "option_values.hpp"
#include "output_file.hpp"
#include "usage.hpp"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <iostream>
#include <system_error>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

using std::chrono::milliseconds;

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
    add("source", po::value<std::string>()->value_name("SOURCE")->default_value("auto"),
        "where records are read from: audit (the audit multicast socket, loses nothing), kmsg (/dev/kmsg), "
        "or auto: "
        "audit if a record of our own comes back through it within 1 s, else kmsg");
    add("kmsg", po::value<std::string>()->value_name("PATH")->default_value("/dev/kmsg"),
        "another kmsg character device, or a FIFO of newline-separated entries");
    add("follow", po::value<std::string>()->value_name("HOW"),
        "how other processes are found: session (an audit session of CMD's own, which its descendants "
        "inherit), tree (descendants, by fork events), container (with --pid: tree and all of PID's pid "
        "namespace) or none; falls back in the order session, tree, none and says why (default: session for "
        "CMD, none for --pid)");
    add("wait-descendants", po::bool_switch(),
        "go on when CMD has ended until all its descendants have ended too, such as a daemon in the "
        "background, or the duration is over (default: the recording ends with CMD)");
    add("receive-buffer", po::value<std::string>()->value_name("BYTES")->default_value("64M"),
        "the audit socket's receive buffer, with K or M for KiB or MiB; a small one overruns and loses "
        "records");
    add("lift-ratelimit", po::bool_switch(),
        "keep kernel.printk_ratelimit at 0 while recording, and restore it (default: leave it, and lose "
        "records)");
    add("flush-interval", po::value<std::string>()->value_name("SECONDS")->default_value("5"),
        "bring the trace up to date this often while recording; 0: only at the end");
    add("duration", po::value<std::string>()->value_name("SECONDS")->default_value("0"),
        "stop after this time; CMD then gets SIGTERM, and SIGKILL 2 s later; 0: no limit");
    add("report", po::value<std::string>()->value_name("FILE"),
        "write the machine-readable report (JSON) to FILE, - for stdout (default: none)");
    add("user", po::value<std::string>()->value_name("NAME"),
        "run CMD as this user (default: as the caller)");
    add("require-complete", po::bool_switch(),
        "exit with status 3 unless the verdict is complete (default: off)");
    add("quiet,q", po::bool_switch(), "print errors only (default: off)");
    add("help,h", po::bool_switch(), "show this help");
    add("version", po::bool_switch(), "show the version");
    return options;
}

milliseconds seconds_of(const po::variables_map& given, const std::string& option)
{
    constexpr double most = 1e9;
    const auto& word = given[option].as<std::string>();
    double value = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != word.data() + word.size() || !(value >= 0) ||
        value > most) {
        reject(option, word, "expected a number of seconds, such as 5 or 0.5");
    }
    // A tenth of a millisecond was meant as a time, not as the zero that switches the option off.
    return milliseconds(static_cast<milliseconds::rep>(std::ceil(value * 1000)));
}

std::size_t bytes_of(const po::variables_map& given, const std::string& option)
{
    constexpr std::size_t most = std::size_t{1} << 30;
    const auto& word = given[option].as<std::string>();
    const char* const end = word.data() + word.size();
    std::size_t value = 0;
    const auto parsed = std::from_chars(word.data(), end, value);
    const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    const std::size_t factor = unit.empty() ? 1 : unit == "K" ? 1024 : unit == "M" ? 1024 * 1024 : 0;
    if (parsed.ec != std::errc{} || factor == 0 || value == 0 || value > most / factor) {
        reject(option, word, "expected bytes up to 1024M, such as 64M or 512K");
    }
    return value * factor;
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

sctrace::source_kind source_of(const std::string& word)
{
    if (word == "auto") {
        return sctrace::source_kind::automatic;
    }
    if (word == "audit") {
        return sctrace::source_kind::audit;
    }
    if (word != "kmsg") {
        reject("source", word, "expected auto, audit or kmsg");
    }
    return sctrace::source_kind::kmsg;
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

void check_source(const po::variables_map& given, const sctrace::recorder_options& options)
{
    if (options.source == sctrace::source_kind::audit && !given["kmsg"].defaulted()) {
        reject("kmsg", options.kmsg, "is not read with --source audit");
    }
}

} // namespace

std::optional<record_options> parse_record_options(const std::vector<std::string>& words)
{
    const auto split = std::find(words.begin(), words.end(), "--");
    std::vector<std::string> command;
    if (split != words.end()) {
        command.assign(split + 1, words.end());
    }
    const po::variables_map given = parse({words.begin(), split});
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
        return std::nullopt;
    }
    if (given["version"].as<bool>()) {
        show_version();
        return std::nullopt;
    }
    if (split != words.end() && (command.empty() || command.front().empty())) {
        throw usage_error("no command behind '--'");
    }

    record_options options;
    read_what(given, std::move(command), options.recorder);
    read_follow(given, options.recorder);
    read_user(given, options.recorder);
    options.recorder.source = source_of(string_of(given, "source"));
    options.recorder.kmsg = string_of(given, "kmsg");
    options.recorder.output = string_of(given, "output");
    options.recorder.lift_ratelimit = given["lift-ratelimit"].as<bool>();
    options.recorder.receive_buffer = bytes_of(given, "receive-buffer");
    options.recorder.flush_interval = seconds_of(given, "flush-interval");
    options.recorder.duration = seconds_of(given, "duration");
    options.report = string_of(given, "report");
    options.require_complete = given["require-complete"].as<bool>();
    options.quiet = given["quiet"].as<bool>();
    check_outputs(options.recorder.output, options.report);
    check_source(given, options.recorder);
    return options;
}

} // namespace asio_sctrace
