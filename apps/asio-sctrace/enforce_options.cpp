#include "enforce_options.hpp"

#include "command_run.hpp"
#include "option_values.hpp"
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
    R"(Runs a command under a seccomp profile as container runtimes have it (OCI), without a container.

  asio-sctrace enforce [options] --profile FILE -- CMD [ARG...]

What CMD and its descendants call that the profile does not let through is answered as the profile says, and is
logged by the kernel, where `asio-sctrace watch --denied` shows it.
)";

constexpr std::string_view epilogue = R"(
The profile must let CMD be executed (execve), and be for this machine's architecture. Without CAP_SYS_ADMIN
no_new_privs is set for CMD, and a line says so: set-uid programs then do not gain privileges.

Exit status, the first that applies: 2 wrong usage; 127 CMD not found; 126 CMD not executable; 125 any other
failure before CMD ran: the profile cannot be read or is damaged, no filter can be made of it, or it does not let
CMD be executed; else CMD's own (128+N after signal N; 159 where the filter killed it).

Signals: a terminal's interrupt is CMD's, and TERM and HUP are passed on to it.

Examples:
  asio-sctrace profile -o ls.json trace.ndjson && asio-sctrace enforce --profile ls.json -- ls /
  asio-sctrace enforce --lenient --profile /usr/share/containers/seccomp.json --user nobody -- ls /
)";

po::options_description describe()
{
    constexpr unsigned line_length = 110;
    const auto one = [] { return po::value<std::string>(); };
    po::options_description options("Options", line_length, line_length / 2);
    auto add = options.add_options();
    add("profile", one()->value_name("FILE"), "the profile in OCI JSON, - for stdin (no default: needed)");
    add("lenient", po::bool_switch(),
        "leave out what is unknown in the profile, and say so, where that permits nothing more (default: it "
        "is an error)");
    add("user", one()->value_name("NAME"), "run CMD as this user (default: as the caller)");
    add("quiet,q", po::bool_switch(), "print errors only (default: off)");
    add("help,h", po::bool_switch(), "show this help");
    add("version", po::bool_switch(), "show the version");
    return options;
}

po::variables_map parse(const std::vector<std::string>& words)
{
    po::variables_map given = parse_words(words, describe(), "stray");
    if (given.count("stray")) {
        throw usage_error("unexpected word '" + strings_of(given, "stray").front() +
                          "'; a command goes behind --");
    }
    return given;
}

std::vector<std::string> command_of(std::optional<std::vector<std::string>> words)
{
    if (!words) {
        throw usage_error("nothing to run: name a command behind --");
    }
    if (words->empty() || words->front().empty()) {
        throw usage_error("no command behind '--'");
    }
    return *std::move(words);
}

} // namespace

std::optional<enforce_options> parse_enforce_options(const std::vector<std::string>& words)
{
    split_words parts = split_at_command(words);
    const po::variables_map given = parse(parts.options);
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
        return std::nullopt;
    }
    if (given["version"].as<bool>()) {
        show_version();
        return std::nullopt;
    }
    enforce_options options;
    options.profile = string_of(given, "profile");
    if (options.profile.empty()) {
        throw usage_error("no profile given; name one with --profile");
    }
    options.launch.command = command_of(std::move(parts.command));
    options.launch.user = string_of(given, "user");
    options.launch.new_session = false;
    if (given["lenient"].as<bool>()) {
        options.how = sctrace::strictness::lenient;
    }
    options.quiet = given["quiet"].as<bool>();
    return options;
}

} // namespace asio_sctrace
