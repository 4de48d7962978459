#include "kernel/generator_process.hpp"
#include "recorded.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

#include <sys/syscall.h>

using namespace sctrace::test;

namespace {

/// Clients of these tests are silent for as long as the kernel takes.
const word_list patient{"--idle-timeout", "600"};

/// What came through a stream of events.
struct followed {
    call_numbers events;
    std::uint64_t total = 0;
    std::uint64_t dropped = 0;
    std::string verdict;
    bool has_ended = false;
};

void take_line(const std::string& kind, const std::string& data, followed& to)
{
    const auto value = parsed(data);
    BOOST_TEST(!to.has_ended, "nothing comes behind the end");
    if (kind == "dropped") {
        to.dropped += value.at("count").to_number<std::uint64_t>();
    } else if (kind == "end") {
        to.has_ended = true;
        to.verdict = text_of(value, "verdict");
    } else {
        BOOST_TEST(kind.empty());
        ++to.events[value.at("syscall").as_int64()];
        ++to.total;
    }
}

followed read_events(const std::string& text)
{
    followed found;
    std::istringstream lines(text.substr(text.find("\r\n\r\n") + 4));
    std::string kind;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("event: ")) {
            kind = line.substr(7);
        } else if (line.starts_with("data: ")) {
            take_line(kind, line.substr(6), found);
        } else if (line.empty()) {
            kind.clear();
        } else {
            BOOST_TEST(line.starts_with(":"), line);
        }
    }
    return found;
}

void subscribe(http_client& client, const std::string& path)
{
    client.send(make_request(http::verb::get, path + "/events"));
    BOOST_TEST(client.read_until("\r\n\r\n").find("Content-Type: text/event-stream") != std::string::npos);
}

/// Everything up to the end of the connection.
followed follow(http_client& client)
{
    return read_events(client.read_until("\x01"));
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_events)

BOOST_AUTO_TEST_CASE(each_record_comes_to_each_subscriber)
{
    if (!can_record()) {
        return;
    }
    running_server server(patient);
    http_client client = server.connect();
    generator_process child({"--comm", "a \"<b>\n", "110:500", "5000:2"});
    const std::string path = begin_recording(client, pids_body({child.pid()}));
    http_client first = server.connect();
    http_client second = server.connect();
    subscribe(first, path);
    subscribe(second, path);
    child.release();
    for (http_client* const each : {&first, &second}) {
        const followed found = follow(*each);
        BOOST_TEST(found.events.at(SYS_getppid) == 500U);
        BOOST_TEST(found.events.at(5000) == 2U);
        BOOST_TEST(found.events.at(SYS_exit_group) == 1U);
        BOOST_TEST(found.dropped == 0U);
        BOOST_TEST(found.has_ended);
        BOOST_TEST(found.verdict == text_of(parsed(client.get(path + "/report").body()), "verdict"));
    }
    server.stop();
}

BOOST_AUTO_TEST_CASE(an_event_is_the_object_of_the_tool)
{
    if (!can_record()) {
        return;
    }
    running_server server(patient);
    http_client client = server.connect();
    generator_process child({"--comm", "a \"<b>", "110:1"});
    const std::string path = begin_recording(client, pids_body({child.pid()}));
    http_client events = server.connect();
    subscribe(events, path);
    child.release();
    const std::string text = events.read_until("getppid");
    const auto begin = text.rfind("data: ", text.find("getppid")) + 6;
    const auto event = parsed(events.read_until("event: end").substr(begin, text.find('\n', begin) - begin));
    BOOST_TEST(text_of(event, "comm") == "a \"<b>");
    BOOST_TEST(event.at("pid").as_int64() == child.pid());
    BOOST_TEST(text_of(event, "arch") == "x86_64");
    BOOST_TEST(text_of(event, "action") == "log");
    server.stop();
}

BOOST_AUTO_TEST_CASE(one_that_does_not_read_holds_up_nobody_and_is_told_what_it_missed)
{
    if (!can_record()) {
        return;
    }
    constexpr std::uint64_t calls = 60000;
    running_server server(patient);
    http_client client = server.connect();
    generator_process child({"110:" + std::to_string(calls)});
    const std::string path = begin_recording(client, pids_body({child.pid()}));
    http_client slow = server.connect();
    http_client fast = server.connect();
    subscribe(slow, path);
    subscribe(fast, path);
    child.release();
    const followed quick = follow(fast);
    BOOST_TEST(quick.has_ended);
    call_numbers trace = trace_of(client, path);
    BOOST_TEST(trace[SYS_getppid] == calls);
    std::uint64_t total = 0;
    for (const auto& [number, count] : trace) {
        total += count;
    }
    BOOST_TEST(quick.total + quick.dropped == total);
    const followed late = follow(slow);
    BOOST_TEST(late.has_ended);
    BOOST_TEST(late.dropped > 0U);
    BOOST_TEST(late.total + late.dropped == total);
    BOOST_TEST(late.total < quick.total);

    const std::string metrics = client.get("/metrics").body();
    BOOST_TEST(metric(metrics, "sctrace_calls_total", {"syscall=\"getppid\""}) == calls);
    server.stop();
}

BOOST_AUTO_TEST_CASE(one_that_reads_slowly_but_steadily_is_not_cut_off)
{
    if (!can_record()) {
        return;
    }
    // What waits for it takes longer than the timeout, each part of it far less.
    constexpr std::size_t piece = 16 * 1024;
    constexpr std::chrono::milliseconds pause{30};
    const temporary_folder folder;
    running_server server({"--idle-timeout", "1", "--unix", folder.file("socket")});
    generator_process child({"110:60000"});
    http_client client = server.connect();
    const std::string path = begin_recording(client, pids_body({child.pid()}));
    http_client slow = server.connect();
    slow.send(make_request(http::verb::get, path + "/events"));
    child.release();
    slow.read_slowly_until("event: end", piece, pause);
    const followed found = follow(slow);
    BOOST_TEST(found.dropped > 0U);
    BOOST_TEST(found.has_ended);
    server.stop();
}

BOOST_AUTO_TEST_CASE(one_that_goes_on_talking_sees_the_end)
{
    if (!can_record()) {
        return;
    }
    running_server server(patient);
    http_client client = server.connect();
    generator_process child({"110:1"});
    const std::string path = begin_recording(client, pids_body({child.pid()}));
    http_client events = server.connect();
    subscribe(events, path);
    events.send(std::string_view("\r\n"));
    events.send(std::string_view("more"));
    child.release();
    const followed found = follow(events);
    BOOST_TEST(found.events.at(SYS_getppid) == 1U);
    BOOST_TEST(found.has_ended);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_stream_of_what_has_ended_ends_at_once)
{
    if (!can_record()) {
        return;
    }
    running_server server(patient);
    http_client client = server.connect();
    generator_process child({"110:1"});
    const std::string path = begin_recording(client, pids_body({child.pid()}));
    child.release();
    wait_for_end(client, path);
    http_client events = server.connect();
    subscribe(events, path);
    const followed found = follow(events);
    BOOST_TEST(found.total == 0U);
    BOOST_TEST(found.has_ended);
    const http_reply head = client.exchange(make_request(http::verb::head, path + "/events"));
    BOOST_TEST(head.result_int() == 200U);
    BOOST_TEST(field_of(head, "Content-Type") == "text/event-stream");
    BOOST_TEST(head.count(http::field::content_length) == 0U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_subscriber_that_leaves_is_noticed)
{
    if (!can_record()) {
        return;
    }
    running_server server(patient);
    http_client client = server.connect();
    generator_process child({"110:1"});
    const std::string path = begin_recording(client, pids_body({child.pid()}));
    {
        http_client events = server.connect();
        subscribe(events, path);
        BOOST_TEST(metric(client.get("/metrics").body(), "sctrace_connections") == 2U);
    }
    BOOST_TEST(
        eventually([&] { return metric(client.get("/metrics").body(), "sctrace_connections") == 1U; }));
    BOOST_TEST(state_of(client, path) == "running");
    server.stop();
}

BOOST_AUTO_TEST_SUITE_END()
