#include "options.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>
#include <boost/program_options/variables_map.hpp>
#include <boost/system/error_code.hpp>

#include <charconv>
#include <iostream>
#include <string_view>
#include <system_error>

#include <sys/un.h>

namespace embedded_server {

namespace po = boost::program_options;
using boost::asio::ip::tcp;

namespace {

constexpr std::string_view synopsis =
    R"(embedded-server is an HTTP server that records which system calls processes make.

Usage: embedded-server [options]
)";

constexpr std::string_view epilogue = R"(
  GET  /                        a page to look at recordings, and to start and stop them
  POST /recordings              begins one: {"pid": N}, {"pids": [N, …]} or {"command": ["ls", "-l"]}, and any of
                                "follow": "none|tree|container|session", "duration": SECONDS,
                                "wait_for_descendants": true|false, "name": TEXT
  GET  /recordings              all of them
  GET  /recordings/ID           one of them
  GET  /recordings/ID/trace     its counts so far, or at the end (NDJSON)
  GET  /recordings/ID/profile   an allow-list of them; ?format=oci|nucleus|systemd|minijail
  GET  /recordings/ID/events    its records as they come (server-sent events)
  GET  /recordings/ID/report    its report, once it has ended
  POST /recordings/ID/stop      ends it, answers with its report
  DELETE /recordings/ID         the same, and forgets it
  GET  /metrics                 for Prometheus
  GET  /healthz                 200, or 503 while the server is shutting down

Who may connect may see the system calls of every process here that runs under a filter which logs, and with
--allow-exec run commands as the user of this server. There is no password: the server listens on the loopback
interface, or on a Unix socket that only its owner may use, and refuses what pages of other origins send. With
--allow-remote put something in front of it that asks who is there.

INT and TERM end all recordings in an orderly way, then the server; a second one ends it at once.

Exit status: 0 ended by a signal; 1 failure, or ended by a second signal; 2 wrong usage.
)";

po::options_description describe()
{
    constexpr unsigned line_length = 110;
    po::options_description described("Options", line_length, line_length / 2);
    auto add = described.add_options();
    const auto word = [] { return po::value<std::string>(); };
    add("listen", word()->value_name("ADDRESS:PORT")->default_value("127.0.0.1:8080"),
        "where to listen, an IPv6 address in brackets; port 0: any free one, which is told on stderr");
    add("unix", word()->value_name("PATH"), "listen on this Unix socket instead (default: not)");
    add("allow-remote", po::bool_switch(),
        "allow addresses that other machines reach, and requests for any Host (default: off)");
    add("allow-exec", po::bool_switch(), "allow clients to run commands (default: off)");
    add("source", word()->value_name("SOURCE")->default_value("auto"),
        "where records are read from: audit (the audit multicast socket, loses nothing), kmsg (/dev/kmsg), "
        "or "
        "auto");
    add("lift-ratelimit", po::bool_switch(),
        "keep kernel.printk_ratelimit at 0 while recording from kmsg, and restore it (default: leave it)");
    add("max-recordings", word()->value_name("N")->default_value("16"),
        "how many recordings may run at a time; as many that have ended are kept, the oldest goes first");
    add("max-connections", word()->value_name("N")->default_value("256"),
        "how many connections may be open at a time");
    add("max-body", word()->value_name("BYTES")->default_value("65536"), "the longest body of a request");
    add("idle-timeout", word()->value_name("SECONDS")->default_value("30"),
        "how long a client may take for a request or for reading an answer");
    add("directory", word()->value_name("DIR"),
        "write each trace to DIR/ID.ndjson and each report to DIR/ID.report.json (default: nowhere)");
    add("help,h", po::bool_switch(), "show this help");
    return described;
}

[[noreturn]] void reject(const std::string& option, const std::string& word, const std::string& wanted)
{
    throw usage_error("--" + option + " '" + word + "': " + wanted);
}

po::variables_map parse_words(const std::vector<std::string>& words)
{
    po::options_description all;
    all.add(describe());
    all.add_options()("stray", po::value<std::vector<std::string>>());
    po::positional_options_description rest;
    rest.add("stray", -1);
    const auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::variables_map given;
    try {
        po::store(po::command_line_parser(words).options(all).positional(rest).style(style).run(), given);
    } catch (const po::error& e) {
        throw usage_error(e.what());
    }
    if (given.count("stray")) {
        throw usage_error("unexpected word '" + given["stray"].as<std::vector<std::string>>().front() + "'");
    }
    return given;
}

std::string string_of(const po::variables_map& given, const std::string& option)
{
    if (!given.count(option)) {
        return {};
    }
    const auto& word = given[option].as<std::string>();
    if (word.empty()) {
        reject(option, word, "needs a value");
    }
    return word;
}

bool parse_whole(std::string_view word, std::uint64_t& to)
{
    const char* const end = word.data() + word.size();
    const auto parsed = std::from_chars(word.data(), end, to);
    return parsed.ec == std::errc{} && parsed.ptr == end;
}

std::uint64_t number_of(const po::variables_map& given, const std::string& option, std::uint64_t most)
{
    const std::string word = string_of(given, option);
    std::uint64_t value = 0;
    if (!parse_whole(word, value) || value == 0 || value > most) {
        reject(option, word, "expected a number from 1 to " + std::to_string(most));
    }
    return value;
}

sctrace::source_kind source_of(const po::variables_map& given)
{
    const std::string word = string_of(given, "source");
    if (word == "auto") {
        return sctrace::source_kind::automatic;
    }
    if (word == "audit") {
        return sctrace::source_kind::audit;
    }
    if (word != "kmsg") {
        reject("source", word, "expected auto, kmsg or audit");
    }
    return sctrace::source_kind::kmsg;
}

tcp::endpoint endpoint_of(const po::variables_map& given)
{
    constexpr auto wanted = "expected ADDRESS:PORT, such as 127.0.0.1:8080 or [::1]:8080";
    const std::string word = string_of(given, "listen");
    const auto colon = word.rfind(':');
    std::uint64_t port = 0;
    if (colon == std::string::npos || !parse_whole(std::string_view(word).substr(colon + 1), port) ||
        port > 65535) {
        reject("listen", word, wanted);
    }
    std::string host = word.substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    boost::system::error_code ec;
    const auto address = boost::asio::ip::make_address(host, ec);
    if (ec || address.is_v6() != bracketed) {
        reject("listen", word, wanted);
    }
    return {address, static_cast<unsigned short>(port)};
}

void check_address(const options& parsed, const std::string& word)
{
    if (!parsed.listen.address().is_loopback() && !parsed.allow_remote) {
        reject("listen", word,
               "other machines reach this address, and who reaches the server sees what every process here "
               "does; listen on 127.0.0.1 or [::1], or say --allow-remote");
    }
}

std::string unix_socket_of(const po::variables_map& given)
{
    const std::string path = string_of(given, "unix");
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        reject("unix", path,
               "is longer than the " + std::to_string(sizeof(sockaddr_un::sun_path) - 1) +
                   " bytes that the kernel has for such a path");
    }
    if (!path.empty() && !given["listen"].defaulted()) {
        reject("unix", path, "cannot be together with --listen");
    }
    return path;
}

} // namespace

std::optional<options> parse_options(const std::vector<std::string>& words)
{
    const po::variables_map given = parse_words(words);
    if (given["help"].as<bool>()) {
        std::cout << synopsis << '\n' << describe() << epilogue;
        return std::nullopt;
    }
    constexpr std::uint64_t longest_body = std::uint64_t{1} << 30;
    options parsed;
    parsed.listen = endpoint_of(given);
    parsed.unix_socket = unix_socket_of(given);
    parsed.allow_remote = given["allow-remote"].as<bool>();
    parsed.allow_exec = given["allow-exec"].as<bool>();
    parsed.source = source_of(given);
    parsed.lift_ratelimit = given["lift-ratelimit"].as<bool>();
    parsed.max_recordings = number_of(given, "max-recordings", 1000);
    parsed.max_connections = number_of(given, "max-connections", 100000);
    parsed.max_body = number_of(given, "max-body", longest_body);
    parsed.idle_timeout = std::chrono::seconds(number_of(given, "idle-timeout", 86400));
    parsed.directory = string_of(given, "directory");
    check_address(parsed, string_of(given, "listen"));
    return parsed;
}

} // namespace embedded_server
