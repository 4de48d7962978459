#include "recording_json.hpp"

#include <boost/json/array.hpp>

#include <array>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <optional>

namespace embedded_server {

namespace json = boost::json;

namespace {

json::string_view view(std::string_view text)
{
    return {text.data(), text.size()};
}

/// RFC 3339 in UTC, to the millisecond.
json::value time_of(std::optional<std::chrono::system_clock::time_point> time)
{
    if (!time) {
        return nullptr;
    }
    const auto seconds = std::chrono::floor<std::chrono::seconds>(*time);
    const auto milliseconds = std::chrono::floor<std::chrono::milliseconds>(*time - seconds).count();
    const std::time_t whole = std::chrono::system_clock::to_time_t(seconds);
    std::tm parts{};
    ::gmtime_r(&whole, &parts);
    std::array<char, 32> date{};
    std::strftime(date.data(), date.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%s.%03dZ", date.data(), static_cast<int>(milliseconds));
    return json::value(view(text.data()));
}

json::value verdict_of(const recording& from)
{
    if (!from.report() || from.failure()) {
        return nullptr;
    }
    return json::value(view(sctrace::to_string(from.report()->judged.what)));
}

template <class List>
json::array array_of(const List& list)
{
    json::array to;
    for (const auto& each : list) {
        to.emplace_back(each);
    }
    return to;
}

} // namespace

json::object to_json(const recording& from)
{
    const recording_request& wanted = from.wanted();
    json::object to;
    to["id"] = from.id();
    to["name"] = wanted.name;
    to["state"] = view(to_string(from.state()));
    if (wanted.command.empty()) {
        to["pids"] = array_of(wanted.pids);
    } else {
        to["command"] = array_of(wanted.command);
    }
    to["follow"] = view(to_word(wanted.follow));
    to["started"] = time_of(from.started());
    to["ended"] = from.report() ? time_of(from.report()->ended) : json::value(nullptr);
    to["calls"] = from.calls();
    to["verdict"] = verdict_of(from);
    if (from.report() && from.failure()) {
        to["error"] = from.report()->failure_message;
    }
    return to;
}

} // namespace embedded_server
