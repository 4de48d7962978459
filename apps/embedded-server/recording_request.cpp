#include "recording_request.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace embedded_server {

namespace json = boost::json;

namespace {

using sctrace::follow_kind;

struct follow_word {
    std::string_view word;
    follow_kind kind;
};

constexpr std::array follow_words{
    follow_word{"none", follow_kind::none},
    follow_word{"tree", follow_kind::tree},
    follow_word{"container", follow_kind::container},
    follow_word{"session", follow_kind::session},
};

/// Thrown by the readers of members; it does not leave this file.
class mistake {
public:
    mistake(std::string_view member, std::string_view wanted)
        : words_('"' + std::string(member) + "\" must be " + std::string(wanted))
    {
    }
    explicit mistake(std::string words)
        : words_(std::move(words))
    {
    }

    const std::string& words() const noexcept { return words_; }

private:
    std::string words_;
};

pid_t read_pid(const json::value& from, std::string_view member)
{
    constexpr std::string_view wanted = "process ids, which are integers from 1 to 2147483647";
    const auto* const number = from.if_int64();
    if (number == nullptr || *number < 1 || *number > std::numeric_limits<pid_t>::max()) {
        throw mistake(member, wanted);
    }
    return static_cast<pid_t>(*number);
}

constexpr std::size_t most_pids = 1000;

std::vector<pid_t> read_pids(const json::value& from)
{
    const auto* const list = from.if_array();
    if (list == nullptr || list->empty() || list->size() > most_pids) {
        throw mistake("pids", "a list of 1 to " + std::to_string(most_pids) + " process ids");
    }
    std::vector<pid_t> pids;
    for (const json::value& each : *list) {
        const pid_t pid = read_pid(each, "pids");
        if (std::find(pids.begin(), pids.end(), pid) != pids.end()) {
            throw mistake("\"pids\" names process " + std::to_string(pid) + " twice");
        }
        pids.push_back(pid);
    }
    return pids;
}

std::string read_word(const json::value& from)
{
    constexpr std::string_view wanted =
        "a list of strings without NUL, the program first, such as [\"ls\",\"-l\"]";
    const auto* const word = from.if_string();
    if (word == nullptr || word->find('\0') != json::string::npos) {
        throw mistake("command", wanted);
    }
    return {word->data(), word->size()};
}

std::vector<std::string> read_command(const json::value& from)
{
    const auto* const list = from.if_array();
    if (list == nullptr || list->empty()) {
        throw mistake("command", "a list of at least one string, such as [\"ls\",\"-l\"]");
    }
    std::vector<std::string> command;
    for (const json::value& each : *list) {
        command.push_back(read_word(each));
    }
    return command;
}

follow_kind read_follow(const json::value& from)
{
    const auto* const word = from.if_string();
    const auto* const found =
        std::find_if(follow_words.begin(), follow_words.end(), [&](const follow_word& w) {
            return word != nullptr && *word == json::string_view(w.word.data(), w.word.size());
        });
    if (found == follow_words.end()) {
        throw mistake("follow", "\"none\", \"tree\", \"container\" or \"session\"");
    }
    return found->kind;
}

std::chrono::milliseconds read_duration(const json::value& from)
{
    constexpr double longest = 1e7;
    boost::system::error_code ec;
    const auto seconds = from.to_number<double>(ec);
    if (ec || !(seconds >= 0.001) || seconds > longest) {
        throw mistake("duration", "seconds from 0.001 to 10000000; leave it out for no limit");
    }
    return std::chrono::milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

bool read_flag(const json::value& from, std::string_view member)
{
    const auto* const flag = from.if_bool();
    if (flag == nullptr) {
        throw mistake(member, "true or false");
    }
    return *flag;
}

std::string read_name(const json::value& from)
{
    constexpr std::size_t longest = 200;
    const auto* const name = from.if_string();
    if (name == nullptr || name->size() > longest) {
        throw mistake("name", "a string of at most 200 bytes");
    }
    return {name->data(), name->size()};
}

void read_member(std::string_view key, const json::value& value, recording_request& to)
{
    if (key == "pid") {
        to.pids = {read_pid(value, key)};
    } else if (key == "pids") {
        to.pids = read_pids(value);
    } else if (key == "command") {
        to.command = read_command(value);
    } else if (key == "follow") {
        to.follow = read_follow(value);
    } else if (key == "duration") {
        to.duration = read_duration(value);
    } else if (key == "wait_for_descendants") {
        to.wait_for_descendants = read_flag(value, key);
    } else if (key == "name") {
        to.name = read_name(value);
    } else {
        throw mistake("unknown member \"" + std::string(key) +
                      "\"; known are pid, pids, command, follow, duration, wait_for_descendants and name");
    }
}

recording_request read_request(const json::value& from)
{
    const auto* const object = from.if_object();
    if (object == nullptr) {
        throw mistake("the body must be a JSON object, such as {\"pid\": 4711}");
    }
    const auto targets = object->count("pid") + object->count("pids") + object->count("command");
    if (targets != 1) {
        throw mistake(std::string(targets == 0 ? "nothing to record" : "too much to record") +
                      ": name one of \"pid\", \"pids\" and \"command\"");
    }
    recording_request wanted;
    for (const auto& member : *object) {
        read_member({member.key().data(), member.key().size()}, member.value(), wanted);
    }
    if (wanted.wait_for_descendants && wanted.command.empty()) {
        throw mistake("\"wait_for_descendants\" is for a command; processes are recorded until they end");
    }
    return wanted;
}

} // namespace

boost::system::result<recording_request, bad_body> parse_recording_request(std::string_view body)
{
    boost::system::error_code ec;
    const json::value parsed = json::parse(json::string_view(body.data(), body.size()), ec);
    if (ec) {
        return bad_body{"the body is no JSON: " + ec.message()};
    }
    try {
        return read_request(parsed);
    } catch (const mistake& m) {
        return bad_body{m.words()};
    }
}

std::string_view to_word(std::optional<follow_kind> follow) noexcept
{
    const auto* const found = std::find_if(follow_words.begin(), follow_words.end(),
                                           [&](const follow_word& w) { return w.kind == follow; });
    return found == follow_words.end() ? std::string_view("default") : found->word;
}

} // namespace embedded_server
