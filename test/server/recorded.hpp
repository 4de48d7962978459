#ifndef SCTRACE_TEST_SERVER_RECORDED_HPP
#define SCTRACE_TEST_SERVER_RECORDED_HPP

#include "common/paths.hpp"
#include "common/skip.hpp"
#include "http_client.hpp"
#include "running_server.hpp"

#include <sctrace/architecture.hpp>

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <map>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace sctrace::test {

/// Says why and returns false where processes cannot be recorded.
inline bool can_record()
{
    if (::geteuid() != 0 || architecture::native().name() != "x86_64") {
        skip("needs root and x86_64");
        return false;
    }
    const descriptor log(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!log) {
        skip("/dev/kmsg cannot be read");
        return false;
    }
    return true;
}

/// Counts by the number of the call.
using call_numbers = std::map<std::int64_t, std::uint64_t>;

inline call_numbers counts_in(const std::string& ndjson)
{
    call_numbers counts;
    std::istringstream lines(ndjson);
    for (std::string line; std::getline(lines, line);) {
        const auto value = parsed(line);
        counts[value.at("syscall").as_int64()] += value.at("count").to_number<std::uint64_t>();
    }
    return counts;
}

inline std::string text_of(const boost::json::value& from, std::string_view member)
{
    const auto* const text = from.at({member.data(), member.size()}).if_string();
    return text == nullptr ? std::string() : std::string(*text);
}

inline std::string command_body(const word_list& command, const boost::json::object& more = {})
{
    boost::json::object body = more;
    body["command"] = boost::json::value_from(command);
    return boost::json::serialize(body);
}

inline word_list generator(const word_list& arguments)
{
    word_list all{generator_path()};
    all.insert(all.end(), arguments.begin(), arguments.end());
    return all;
}

inline std::string pids_body(const std::vector<pid_t>& pids)
{
    boost::json::object body;
    body["pids"] = boost::json::value_from(pids);
    return boost::json::serialize(body);
}

/// Begins a recording and returns its path, `/recordings/ID`.
inline std::string begin_recording(http_client& client, const std::string& body)
{
    const http_reply created = client.post("/recordings", body);
    BOOST_REQUIRE_MESSAGE(created.result_int() == 201U, created.body());
    const auto recording = parsed(created.body());
    const std::string path = field_of(created, "Location");
    BOOST_TEST(path == "/recordings/" + text_of(recording, "id"));
    return path;
}

inline std::string state_of(http_client& client, const std::string& path)
{
    return text_of(parsed(client.get(path).body()), "state");
}

inline void wait_for_end(http_client& client, const std::string& path)
{
    BOOST_REQUIRE(eventually([&] {
        const std::string state = state_of(client, path);
        return state == "ended" || state == "failed";
    }));
}

inline call_numbers trace_of(http_client& client, const std::string& path)
{
    const http_reply reply = client.get(path + "/trace");
    BOOST_REQUIRE_MESSAGE(reply.result_int() == 200U, reply.body());
    BOOST_TEST(field_of(reply, "Content-Type") == "application/x-ndjson");
    return counts_in(reply.body());
}

/// A counter of the metrics, summed over the labels that are not named; @p labels as they stand there.
inline std::uint64_t metric(const std::string& metrics, const std::string& name,
                            const std::vector<std::string>& labels = {})
{
    std::uint64_t sum = 0;
    std::istringstream lines(metrics);
    for (std::string line; std::getline(lines, line);) {
        bool fits = line.starts_with(name + '{') || line.starts_with(name + ' ');
        for (const std::string& label : labels) {
            fits = fits && line.find(label) != std::string::npos;
        }
        if (fits) {
            sum += std::stoull(line.substr(line.rfind(' ') + 1));
        }
    }
    return sum;
}

} // namespace sctrace::test

#endif
