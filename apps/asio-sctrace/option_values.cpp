#include "option_values.hpp"

#include "usage.hpp"

#include <boost/program_options/parsers.hpp>
#include <boost/program_options/positional_options.hpp>

#include <charconv>
#include <cmath>
#include <system_error>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

pid_t pid_of(const std::string& word)
{
    pid_t value = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != word.data() + word.size() || value <= 0) {
        reject("pid", word, "expected a process id, such as 4711");
    }
    return value;
}

} // namespace

po::variables_map parse_words(const std::vector<std::string>& words, const po::options_description& options,
                              const std::string& positional)
{
    po::options_description all;
    all.add(options);
    all.add_options()(positional.c_str(), po::value<std::vector<std::string>>());
    po::positional_options_description rest;
    rest.add(positional.c_str(), -1);
    po::variables_map given;
    try {
        const auto parsed =
            po::command_line_parser(words)
                .options(all)
                .positional(rest)
                .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
                .run();
        for (const auto& option : parsed.options) {
            if (option.string_key == positional && option.position_key < 0) {
                throw po::unknown_option("--" + positional);
            }
        }
        po::store(parsed, given);
        po::notify(given);
    } catch (const po::error& e) {
        throw usage_error(e.what());
    }
    return given;
}

void reject(const std::string& option, const std::string& word, const std::string& wanted)
{
    throw usage_error("--" + option + " '" + word + "': " + wanted);
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

std::vector<std::string> strings_of(const po::variables_map& given, const std::string& option)
{
    if (!given.count(option)) {
        return {};
    }
    const auto& words = given[option].as<std::vector<std::string>>();
    for (const std::string& word : words) {
        if (word.empty()) {
            reject(option, word, "needs a value");
        }
    }
    return words;
}

std::vector<pid_t> pids_of(const po::variables_map& given)
{
    std::vector<pid_t> pids;
    for (const std::string& word : strings_of(given, "pid")) {
        pids.push_back(pid_of(word));
    }
    return pids;
}

sctrace::architecture arch_of(const std::string& option, const std::string& word)
{
    const auto arch = sctrace::architecture::from_name(word);
    if (!arch) {
        reject(option, word, "expected an architecture, such as x86_64, i386 or aarch64");
    }
    return *arch;
}

std::optional<std::uint32_t> session_of(const po::variables_map& given)
{
    const std::string word = string_of(given, "session");
    if (word.empty()) {
        return std::nullopt;
    }
    std::uint32_t value = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != word.data() + word.size()) {
        reject("session", word, "expected an audit session id, such as 3");
    }
    return value;
}

std::chrono::milliseconds seconds_of(const po::variables_map& given, const std::string& option)
{
    using std::chrono::milliseconds;
    constexpr double most = 1e9;
    const auto& word = given[option].as<std::string>();
    double value = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != word.data() + word.size() || !(value >= 0) ||
        value > most) {
        reject(option, word, "expected a number of seconds, such as 5 or 0.5");
    }
    // A tenth of a millisecond is meant as a time, not as the zero that switches the option off.
    return milliseconds(static_cast<milliseconds::rep>(std::ceil(value * 1000)));
}

} // namespace asio_sctrace
