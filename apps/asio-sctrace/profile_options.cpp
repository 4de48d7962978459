#include "profile_options.hpp"

#include "call_files.hpp"
#include "option_values.hpp"
#include "output_file.hpp"
#include "ready_bases.hpp"
#include "usage.hpp"

#include <algorithm>
#include <array>
#include <filesystem>
#include <iostream>
#include <string_view>
#include <system_error>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

using sctrace::filter_action;
using sctrace::filter_verdict;
using sctrace::profile_format;

constexpr std::string_view synopsis =
    R"(Writes an allow-list: a profile that lets through the system calls that traces show, and refuses all others.

  asio-sctrace profile [options] TRACE...
  asio-sctrace profile [options] -             read standard input
  asio-sctrace profile --log-all [-o FILE]     the profile that logs every call and refuses none, to record with
  asio-sctrace profile --list-bases            the ready-made bases
  asio-sctrace profile --show-base NAME        one of them, with the reason for each call

TRACE is a trace of record, replay or merge, events of replay --events or watch, an OCI profile, or a list of names
(one a line, # begins a comment). What it is shows in its first line.
)";

constexpr std::string_view epilogue = R"(
Formats:
  oci       JSON for Docker, Podman, containerd, runc, crun, Kubernetes
  nucleus   JSON with names only; always kill-process
  systemd   a drop-in for a unit
  minijail  a policy for minijail's compile_seccomp_policy.py; kill-process, kill-thread or trap
What a format has no way to say (conditions on arguments, foreign architectures, an action) is an error: nothing is
left out silently.

A container's runtime itself makes calls after the filter is in place: --base @runc and --base @crun allow them.

Exit status: 0 success; 1 a file could not be read, the traces have numbers without a name or no call at all, the
format cannot say it, or the output could not be written (it then stays as it was); 2 wrong usage.

Examples:
  asio-sctrace profile --base @runc -o nginx.json nginx.ndjson
  asio-sctrace profile --format systemd -o /etc/systemd/system/nginx.service.d/calls.conf nginx.ndjson
  asio-sctrace profile --log-all -o log-all.json; docker run --security-opt seccomp=log-all.json nginx
)";

po::options_description describe()
{
    constexpr unsigned line_length = 110;
    const auto one = [] { return po::value<std::string>(); };
    po::options_description options("Options", line_length, line_length / 2);
    auto add = options.add_options();
    add("output,o", one()->value_name("FILE")->default_value("-"), "write the profile to FILE, - for stdout");
    add("format", one()->value_name("FORMAT")->default_value("oci"), "oci, nucleus, systemd or minijail");
    add("default-action", one()->value_name("ACTION"),
        "what happens to all other calls: errno (they fail with EPERM), kill-process, kill-thread, log or "
        "trap "
        "(default: errno; kill-process for nucleus and minijail)");
    add("base", po::value<std::vector<std::string>>()->composing()->value_name("FILE"),
        "allow also what a list, profile or trace has; @runc and @crun are ready-made; may be repeated "
        "(default: none)");
    add("log-all", po::bool_switch(),
        "write the OCI profile that logs every call and refuses none, without any TRACE (default: off)");
    add("log-refusals", po::bool_switch(),
        "oci: have the kernel log refused calls (SECCOMP_FILTER_FLAG_LOG), so that `watch --denied` shows "
        "them; "
        "crun does by itself, runc before 1.2 refuses profiles that ask for it (default: off)");
    add("include-denied", po::bool_switch(),
        "allow also calls that events show as refused (default: leave them out and say so)");
    add("lenient", po::bool_switch(),
        "leave out what is not understood in a profile, and say so (default: an error)");
    add("allow-unknown", po::bool_switch(), "leave out numbers that have no name (default: write nothing)");
    add("allow-empty", po::bool_switch(),
        "write a profile even if it allows no call at all (default: write nothing)");
    add("suggest-variants", po::bool_switch(),
        "print calls that another C library or kernel may use instead of those in the profile; adds none "
        "(default: off)");
    add("frequency", one()->value_name("FILE"),
        "write how often each call was seen, for minijail's @frequency (default: none)");
    add("native", one()->value_name("ARCH"),
        "the architecture of trace lines without arch, and the profile's first (default: this machine's)");
    add("list-bases", po::bool_switch(), "show the ready-made bases");
    add("show-base", one()->value_name("NAME"), "show a ready-made base");
    add("quiet,q", po::bool_switch(), "print no notes (default: off)");
    add("help,h", po::bool_switch(), "show this help");
    add("version", po::bool_switch(), "show the version");
    return options;
}

profile_format format_of(const std::string& word)
{
    const auto format = sctrace::profile_format_from_name(word);
    if (!format) {
        reject("format", word, "expected oci, nucleus, systemd or minijail");
    }
    return *format;
}

struct named_verdict {
    std::string_view word;
    filter_verdict verdict;
};

constexpr std::uint16_t eperm = 1;

constexpr std::array verdicts{
    named_verdict{"errno", {filter_action::errno_value, eperm}},
    named_verdict{"kill-process", {filter_action::kill_process, 0}},
    named_verdict{"kill-thread", {filter_action::kill_thread, 0}},
    named_verdict{"log", {filter_action::log, 0}},
    named_verdict{"trap", {filter_action::trap, 0}},
};

filter_verdict default_verdict(const po::variables_map& given, profile_format format)
{
    const std::string word = string_of(given, "default-action");
    if (word.empty()) {
        const bool kills = format == profile_format::nucleus || format == profile_format::minijail;
        return {kills ? filter_action::kill_process : filter_action::errno_value,
                kills ? std::uint16_t{0} : eperm};
    }
    const auto* found = std::find_if(verdicts.begin(), verdicts.end(),
                                     [&](const named_verdict& v) { return v.word == word; });
    if (found == verdicts.end()) {
        reject("default-action", word, "expected errno, kill-process, kill-thread, log or trap");
    }
    if (format == profile_format::nucleus && found->verdict.action != filter_action::kill_process) {
        reject("default-action", word, "--format nucleus has kill-process only");
    }
    return found->verdict;
}

void check_bases(const std::vector<std::string>& bases)
{
    for (const std::string& base : bases) {
        if (base.starts_with('@') && find_ready_base(base.substr(1)) == nullptr) {
            reject("base", base,
                   "expected " + ready_base_words() + ", or ./" + base + " for a file of that name");
        }
    }
}

bool is_same_file(const std::string& a, const std::string& b)
{
    std::error_code ignored;
    return a == b || std::filesystem::equivalent(a, b, ignored);
}

/// An input that is written over would be lost, and standard input can be read once.
void check_files(const profile_options& options)
{
    std::vector<std::string> inputs = options.traces;
    inputs.insert(inputs.end(), options.bases.begin(), options.bases.end());
    check_standard_input(inputs);
    for (const std::string& output : {options.output, options.frequencies}) {
        for (const std::string& input : inputs) {
            if (output != "-" && !output.empty() && is_same_file(input, output)) {
                throw usage_error("'" + input + "' and '" + output + "' are the same file");
            }
        }
    }
    check_outputs({{"output", options.output}, {"frequency", options.frequencies}});
}

/// The profile that logs everything has nothing that could be chosen but its architecture.
void check_log_all(const po::variables_map& given, const profile_options& options)
{
    if (!options.traces.empty()) {
        throw usage_error("--log-all takes no traces, but '" + options.traces.front() + "' is given");
    }
    if (options.format != profile_format::oci) {
        reject("format", given["format"].as<std::string>(), "--log-all is for oci only");
    }
    for (const std::string option : {"base", "default-action", "frequency"}) {
        if (given.count(option) != 0) {
            throw usage_error("--" + option + " and --log-all exclude each other");
        }
    }
    for (const std::string option :
         {"log-refusals", "include-denied", "lenient", "allow-unknown", "allow-empty", "suggest-variants"}) {
        if (given[option].as<bool>()) {
            throw usage_error("--" + option + " and --log-all exclude each other");
        }
    }
}

void check(const po::variables_map& given, const profile_options& options)
{
    if (options.log_all) {
        check_log_all(given, options);
        return;
    }
    if (options.traces.empty()) {
        throw usage_error("no trace given; name files, - for standard input, or --log-all");
    }
    if (options.log_refusals && options.format != profile_format::oci) {
        reject("format", given["format"].as<std::string>(), "--log-refusals is for oci only");
    }
    if (!options.frequencies.empty() && options.format != profile_format::minijail) {
        reject("frequency", options.frequencies, "is for --format minijail only");
    }
    check_bases(options.bases);
    check_files(options);
}

profile_options options_of(const po::variables_map& given)
{
    profile_options options;
    options.traces = strings_of(given, "trace");
    options.bases = strings_of(given, "base");
    options.format = format_of(string_of(given, "format"));
    options.default_verdict = default_verdict(given, options.format);
    options.reading.native = native_of(given);
    options.reading.how =
        given["lenient"].as<bool>() ? sctrace::strictness::lenient : sctrace::strictness::strict;
    options.output = string_of(given, "output");
    options.frequencies = string_of(given, "frequency");
    options.log_all = given["log-all"].as<bool>();
    options.log_refusals = given["log-refusals"].as<bool>();
    options.include_denied = given["include-denied"].as<bool>();
    options.allow_unknown = given["allow-unknown"].as<bool>();
    options.allow_empty = given["allow-empty"].as<bool>();
    options.suggest_variants = given["suggest-variants"].as<bool>();
    options.quiet = given["quiet"].as<bool>();
    return options;
}

void list_bases()
{
    for (const ready_base& base : ready_bases()) {
        std::cout << '@' << base.name << "  " << title_of(base) << '\n';
    }
}

void show_base(const std::string& word)
{
    const ready_base* base = find_ready_base(word.substr(word.starts_with('@') ? 1 : 0));
    if (base == nullptr) {
        reject("show-base", word, "expected " + ready_base_words());
    }
    std::cout << base->text;
}

/// Whether the command line only asks to show something, which it does.
bool show_what_is_asked(const po::variables_map& given)
{
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
    } else if (given["version"].as<bool>()) {
        show_version();
    } else if (given["list-bases"].as<bool>()) {
        list_bases();
    } else if (const std::string base = string_of(given, "show-base"); !base.empty()) {
        show_base(base);
    } else {
        return false;
    }
    return true;
}

} // namespace

std::optional<profile_options> parse_profile_options(const std::vector<std::string>& words)
{
    const po::variables_map given = parse_words(words, describe(), "trace");
    if (show_what_is_asked(given)) {
        return std::nullopt;
    }
    profile_options options = options_of(given);
    check(given, options);
    return options;
}

} // namespace asio_sctrace
