#include "replay_options.hpp"

#include "call_files.hpp"
#include "option_values.hpp"
#include "output_file.hpp"
#include "time_option.hpp"
#include "usage.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <iostream>
#include <string_view>
#include <system_error>
#include <vector>

#include <sys/stat.h>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

constexpr std::string_view synopsis =
    R"(Reads SECCOMP records from saved logs of any form, and counts the system calls in them.

  asio-sctrace replay [options] FILE...
  asio-sctrace replay [options] -              read standard input

Takes dmesg's and journalctl's output, syslog files, auditd's log, ausearch's output, captures of /dev/kmsg and
journald's JSON and export formats, plain or gzip'd, without being told which. The table goes to stderr. A record
that a log holds twice, such as journald's, counts once (within 4096 records).
)";

constexpr std::string_view epilogue = R"(
A log cannot show that nothing was lost before it was saved: the verdict is always `unproven`, and says what the
log itself tells of losses.

TIME is @SECONDS since 1970 (@1795497556.007, as in the records), YYYY-MM-DD, YYYY-MM-DD HH:MM[:SS[.mmm]] with or
without a zone (Z, +01:00; else local time), HH:MM[:SS] of today, now, today or yesterday.

Exit status: 0 success; 1 a log could not be read wholly, or the output not be written (everything else was read
and written); 2 wrong usage.

Examples:
  dmesg | asio-sctrace replay -
  asio-sctrace replay -o trace.ndjson --comm nginx /var/log/kern.log /var/log/kern.log.2.gz
  asio-sctrace replay --events /var/log/audit/audit.log | jq -c 'select(.action != "log")'
)";

po::options_description describe()
{
    constexpr unsigned line_length = 110;
    const auto several = [] { return po::value<std::vector<std::string>>()->composing(); };
    const auto one = [] { return po::value<std::string>(); };
    po::options_description options("Options", line_length, line_length / 2);
    auto add = options.add_options();
    add("output,o", one()->value_name("FILE"),
        "write the trace (NDJSON), or with --events the events, to FILE, - for stdout (default: only the "
        "table "
        "is shown; events go to stdout)");
    add("events", po::bool_switch(),
        "print every record as one JSON object on a line instead of counting (default: off)");
    add("pid", several()->value_name("PID"), "only records of this process; may be repeated (default: all)");
    add("session", one()->value_name("N"), "only records of this audit session (default: all)");
    add("comm", several()->value_name("NAME"),
        "only records of threads with this name; may be repeated (default: all)");
    add("exe", several()->value_name("PATH"),
        "only records of this executable; may be repeated (default: all)");
    add("arch", several()->value_name("ARCH"),
        "only calls of this architecture, such as x86_64, i386, x32; may be repeated (default: all)");
    add("since", one()->value_name("TIME"), "only records from this time on (default: all)");
    add("until", one()->value_name("TIME"), "only records before this time (default: all)");
    add("format", one()->value_name("FORMAT")->default_value("auto"),
        "look only at lines of this format: kmsg, dmesg, syslog, journal or audit; auto: at all");
    add("native", one()->value_name("ARCH"),
        "the architecture of records that name none, whose lines carry no arch (default: this machine's)");
    add("report", one()->value_name("FILE"),
        "write the machine-readable report (JSON) to FILE, - for stdout (default: none)");
    add("quiet,q", po::bool_switch(), "print errors only (default: off)");
    add("help,h", po::bool_switch(), "show this help");
    add("version", po::bool_switch(), "show the version");
    return options;
}

sctrace::log_time time_of(const std::string& option, const std::string& word)
{
    const auto time = parse_time(word, std::chrono::system_clock::now());
    if (!time) {
        reject(option, word, "expected a time, such as 2026-11-24 05:40 or @1795497556.007");
    }
    return *time;
}

void read_filter(const po::variables_map& given, sctrace::record_filter& to)
{
    to.pids = pids_of(given);
    to.session = session_of(given);
    to.comms = strings_of(given, "comm");
    to.exes = strings_of(given, "exe");
    for (const std::string& word : strings_of(given, "arch")) {
        to.archs.push_back(arch_of("arch", word));
    }
    if (const std::string since = string_of(given, "since"); !since.empty()) {
        to.since = time_of("since", since);
    }
    if (const std::string until = string_of(given, "until"); !until.empty()) {
        to.until = time_of("until", until);
    }
    if (to.since && to.until && *to.since >= *to.until) {
        throw usage_error("--until '" + string_of(given, "until") + "' is not later than --since '" +
                          string_of(given, "since") + "'");
    }
}

void read_logs(const po::variables_map& given, sctrace::replay_options& to)
{
    to.logs = strings_of(given, "log");
    if (to.logs.empty()) {
        throw usage_error("no log given; name files, or - for standard input");
    }
    if (std::count(to.logs.begin(), to.logs.end(), "-") > 1) {
        throw usage_error("'-' stands twice; standard input can be read once");
    }
    const std::string format = string_of(given, "format");
    const auto known = sctrace::log_format_from_name(format);
    if (!known) {
        reject("format", format, "expected auto, kmsg, dmesg, syslog, journal or audit");
    }
    to.format = *known;
}

/// What identifies a regular file, by whatever name.
struct file_identity {
    dev_t device;
    ino_t inode;

    friend bool operator==(const file_identity&, const file_identity&) = default;
};

std::optional<file_identity> identity_of(const std::string& path)
{
    struct stat status = {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) {
        return std::nullopt;
    }
    return file_identity{status.st_dev, status.st_ino};
}

/// A log that is read twice would count twice, and one that is written over would be lost.
void check_files(const replay_options& options)
{
    std::vector<std::string> paths;
    std::vector<file_identity> seen;
    const auto check = [&](const std::string& path) {
        const auto identity = identity_of(path);
        if (!identity) {
            return;
        }
        const auto same = std::find(seen.begin(), seen.end(), *identity);
        if (same != seen.end()) {
            throw usage_error("'" + paths[static_cast<std::size_t>(same - seen.begin())] + "' and '" + path +
                              "' are the same file");
        }
        paths.push_back(path);
        seen.push_back(*identity);
    };
    for (const std::string& log : options.replay.logs) {
        check(log);
    }
    for (const std::string& output : {options.replay.output, options.events, options.report}) {
        if (!output.empty() && output != "-") {
            check(output);
        }
    }
}

void read_outputs(const po::variables_map& given, replay_options& to)
{
    const std::string output = string_of(given, "output");
    to.report = string_of(given, "report");
    if (given["events"].as<bool>()) {
        to.events = output.empty() ? "-" : output;
    } else {
        to.replay.output = output;
    }
    check_outputs({{"output", to.events.empty() ? output : to.events}, {"report", to.report}});
}

} // namespace

std::optional<replay_options> parse_replay_options(const std::vector<std::string>& words)
{
    const po::variables_map given = parse_words(words, describe(), "log");
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
        return std::nullopt;
    }
    if (given["version"].as<bool>()) {
        show_version();
        return std::nullopt;
    }
    replay_options options;
    read_logs(given, options.replay);
    read_filter(given, options.replay.filter);
    options.replay.native = native_of(given);
    read_outputs(given, options);
    check_files(options);
    options.quiet = given["quiet"].as<bool>();
    return options;
}

} // namespace asio_sctrace
