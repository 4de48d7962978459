#include "doctor_command.hpp"

#include "doctor_report.hpp"
#include "usage.hpp"

#include <algorithm>
#include <iostream>
#include <string_view>

namespace asio_sctrace {

namespace {

constexpr std::string_view help =
    R"(Says what this host allows for a recording, and what to change.

  asio-sctrace doctor [options]

Looks at the kernel, its settings and the rights of this process, then records a child of its own that makes
two calls: do both records come through the audit socket and through /dev/kmsg, is a child given an audit
session, and does the kernel tell of its birth? Takes a moment; up to 7 s where the kernel's rate limit holds
back what goes to /dev/kmsg. Nothing is changed.

Options:
  --json       one JSON object for programs instead of the table (default: off)
  -q, --quiet  only the conclusion, which is the last line of the table (default: off)
  -h, --help   show this help
  --version    show the version

Status of each line, which the JSON object has too:
  ok       nothing stands in the way
  warning  a recording can be complete, but something works less well
  bad      as long as this is so, no recording can be proved complete
  unknown  could not be found out, and need not be known

The JSON object: {"version":1, "complete_recording_possible":…, "findings":[{"name", "status", "value",
"meaning", "remedy"}, …], "probe":{"calls", "audit":{"status", "arrived", "milliseconds", "why"},
"kmsg":{the same}, "session":{"status", "session", "why"}, "fork_events":{"status", "why"}}}

Exit status: 0 a complete recording is possible; 1 it is not; 2 wrong usage.
)";

struct doctor_options {
    bool json = false;
    bool quiet = false;
    bool help = false;
    bool version = false;
};

doctor_options parse(const std::vector<std::string>& words)
{
    doctor_options options;
    for (const std::string& word : words) {
        if (word == "--json") {
            options.json = true;
        } else if (word == "--quiet" || word == "-q") {
            options.quiet = true;
        } else if (word == "--help" || word == "-h") {
            options.help = true;
        } else if (word == "--version") {
            options.version = true;
        } else {
            throw usage_error((word.starts_with('-') ? "unrecognised option '" : "unexpected word '") + word +
                              "'");
        }
    }
    return options;
}

/// Where `log` is not among the actions that are logged, no record would ever come.
bool logs_calls(const std::vector<sctrace::host_finding>& findings)
{
    return std::none_of(findings.begin(), findings.end(), [](const auto& found) {
        return found.name == "actions_logged" && found.status == sctrace::host_status::bad;
    });
}

doctor_report examine()
{
    doctor_report report;
    report.findings = sctrace::check_host();
    report.probe = probe_host(logs_calls(report.findings));
    return report;
}

std::string shown(const doctor_report& report, const doctor_options& options)
{
    if (options.json) {
        return to_json(report);
    }
    return (options.quiet ? "" : to_text(report) + '\n') + conclusion(report) + '\n';
}

} // namespace

int doctor_command(const std::vector<std::string>& words)
{
    const doctor_options options = parse(words);
    if (options.help) {
        std::cout << help;
        return exit_code::success;
    }
    if (options.version) {
        show_version();
        return exit_code::success;
    }
    const doctor_report report = examine();
    std::cout << shown(report, options) << std::flush;
    if (!std::cout) {
        say("cannot write to standard output");
        return exit_code::failure;
    }
    return can_be_complete(report) ? exit_code::success : exit_code::failure;
}

} // namespace asio_sctrace
