#include "kernel/generator_process.hpp"
#include "load_client.hpp"
#include "recorded.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <sys/resource.h>
#include <sys/syscall.h>

using namespace sctrace::test;
namespace asio = boost::asio;

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool has_sanitizer = true;
#else
constexpr bool has_sanitizer = false;
#endif

/// SCTRACE_LOAD_SECONDS shortens or lengthens it.
seconds load_time()
{
    const char* const wanted = std::getenv("SCTRACE_LOAD_SECONDS");
    return seconds(wanted != nullptr ? std::stoi(wanted) : has_sanitizer ? 15 : 60);
}

/// Anonymous memory in KiB.
std::uint64_t anonymous_memory(pid_t pid)
{
    std::ifstream status("/proc/" + std::to_string(pid) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (line.starts_with("RssAnon:")) {
            return std::stoull(line.substr(8));
        }
    }
    throw std::runtime_error("no RssAnon");
}

std::size_t open_descriptors(pid_t pid)
{
    using iterator = std::filesystem::directory_iterator;
    return static_cast<std::size_t>(
        std::distance(iterator("/proc/" + std::to_string(pid) + "/fd"), iterator()));
}

std::size_t occurrences(std::string_view text, std::string_view of)
{
    std::size_t count = 0;
    for (auto at = text.find(of); at != std::string_view::npos; at = text.find(of, at + of.size())) {
        ++count;
    }
    return count;
}

void expect(bool condition, const std::string& word_list)
{
    if (!condition) {
        throw std::runtime_error(word_list);
    }
}

std::string shown(const call_numbers& counts)
{
    std::string text;
    for (const auto& [number, count] : counts) {
        text += std::to_string(number) + ':' + std::to_string(count) + ' ';
    }
    return text;
}

/// Many clients that begin and end recordings until the time is over.
class load {
public:
    load(server_address to, seconds time)
        : to_(to)
        , end_(std::chrono::steady_clock::now() + time)
    {
    }

    void run()
    {
        for (int i = 0; i != 3; ++i) {
            spawn(&load::record_flood);
        }
        spawn(&load::stop_flood);
        for (int i = 0; i != 8; ++i) {
            spawn(&load::record_small_command);
        }
        for (int i = 0; i != 6; ++i) {
            spawn(&load::record_process);
        }
        for (int i = 0; i != 2; ++i) {
            spawn(&load::stop_sleeper);
        }
        context_.run_until(end_ + longest_stall);
        BOOST_TEST(running_ == 0);
        for (const std::string& mistake : mistakes_) {
            BOOST_ERROR(mistake);
        }
    }

    std::size_t recordings() const noexcept { return recordings_; }
    std::uint64_t calls() const noexcept { return calls_; }

private:
    using step = asio::awaitable<void> (load::*)(load_client&);

    void spawn(step what)
    {
        ++running_;
        asio::co_spawn(context_, repeat(what), [this](std::exception_ptr thrown) {
            --running_;
            if (thrown) {
                take(thrown);
            }
        });
    }

    void take(std::exception_ptr thrown)
    {
        try {
            std::rethrow_exception(thrown);
        } catch (const std::exception& e) {
            mistakes_.emplace_back(e.what());
        }
    }

    asio::awaitable<void> repeat(step what)
    {
        while (std::chrono::steady_clock::now() < end_ && mistakes_.empty()) {
            load_client client(context_);
            co_await client.connect(to_);
            co_await (this->*what)(client);
            ++recordings_;
            co_await client.pause(milliseconds(number(0, 50)));
        }
    }

    std::uint64_t number(std::uint64_t least, std::uint64_t most)
    {
        return std::uniform_int_distribution<std::uint64_t>(least, most)(random_);
    }

    asio::awaitable<void> record_flood(load_client& client) { return record_command(client, 20000, 60000); }
    asio::awaitable<void> record_small_command(load_client& client)
    {
        return record_command(client, 1, 2000);
    }

    /// A command's known calls among those of its beginning.
    asio::awaitable<void> record_command(load_client& client, std::uint64_t least, std::uint64_t most)
    {
        const std::uint64_t first = number(least, most);
        const std::uint64_t second = number(1, 100);
        const word_list calls{"110:" + std::to_string(first), "5000:" + std::to_string(second)};
        const std::string path = co_await client.begin(command_body(yielding(generator(calls))));
        co_await client.wait_for_end(path);
        call_numbers trace = counts_in(co_await client.get(path + "/trace"));
        const std::string report = co_await client.get(path + "/report");
        expect(trace[SYS_getppid] == first && trace[5000] == second && trace[SYS_execve] == 2 &&
                   trace[SYS_exit_group] == 1,
               "made " + std::to_string(first) + " and " + std::to_string(second) + ", recorded " +
                   shown(trace) + report);
        co_await finish(client, path, trace);
    }

    /// Whoever reads records loses some if others leave him no processor.
    static word_list yielding(const word_list& command)
    {
        word_list all{"nice", "-n", "19"};
        all.insert(all.end(), command.begin(), command.end());
        return all;
    }

    static call_numbers process_calls(std::uint64_t read, std::uint64_t made)
    {
        call_numbers calls{{SYS_getppid, made}, {SYS_exit_group, 1}, {5000, 3}};
        if (read != 0) {
            calls[SYS_read] = read;
        }
        return calls;
    }

    /// A process under a filter of its own, whose trace holds nothing else; its events are followed.
    asio::awaitable<void> record_process(load_client& client)
    {
        const std::uint64_t made = number(1, 1000);
        const word_list calls{"110:" + std::to_string(made), "5000:3"};
        generator_process child(calls);
        const std::vector<pid_t> pids{child.pid()};
        const std::string path = co_await client.begin(pids_body(pids));
        load_client follower(context_);
        co_await follower.connect(to_);
        child.release();
        const std::string events = co_await follower.follow(path);
        co_await client.wait_for_end(path);
        call_numbers trace = counts_in(co_await client.get(path + "/trace"));
        const std::uint64_t read = trace.count(SYS_read);
        const call_numbers expected = process_calls(read, made);
        expect(read <= 1 && trace == expected, "made " + std::to_string(made) + ", recorded " + shown(trace));
        check_events(events, made);
        co_await finish(client, path, trace);
    }

    /// The follower may have come when the first of them had gone by, but no later.
    static void check_events(const std::string& events, std::uint64_t made)
    {
        const auto seen = occurrences(events, "\"name\":\"getppid\"");
        const bool dropped = events.find("event: dropped") != std::string::npos;
        expect(dropped || seen <= made, "more events than calls");
        expect(events.find("event: end") != std::string::npos, "events without an end");
    }

    asio::awaitable<void> stop_flood(load_client& client)
    {
        const std::string made = "110:" + std::to_string(stopped_calls);
        const word_list command = yielding(generator({made}));
        return stop_command(client, command);
    }
    asio::awaitable<void> stop_sleeper(load_client& client)
    {
        return stop_command(client, word_list{"sleep", "1000"});
    }

    /// How many calls it makes until it is stopped nobody knows, unless it ends before.
    asio::awaitable<void> stop_command(load_client& client, word_list command)
    {
        const std::string path = co_await client.begin(command_body(command));
        co_await client.pause(milliseconds(number(0, 500)));
        const http_reply stopped = co_await client.ask(http::verb::post, path + "/stop");
        load_client::require(stopped, 200);
        call_numbers trace = counts_in(co_await client.get(path + "/trace"));
        const bool has_ended = trace[SYS_exit_group] == 1;
        const bool fits =
            has_ended ? trace[SYS_getppid] == stopped_calls : trace[SYS_getppid] <= stopped_calls;
        expect(trace[SYS_execve] >= 1 && fits, "stopped, recorded " + shown(trace));
        co_await finish(client, path, trace);
    }

    asio::awaitable<void> finish(load_client& client, std::string path, call_numbers trace)
    {
        const http_reply removed = co_await client.ask(http::verb::delete_, path);
        load_client::require(removed, 200);
        const auto report = parsed(removed.body());
        expect(report.at("verdict").as_string() != "incomplete", removed.body());
        for (const auto& [call, count] : trace) {
            calls_ += count;
        }
    }

    static constexpr std::uint64_t stopped_calls = 100000;
    /// A program that logs much sometimes sleeps for 15 s though the kernel's queue is empty (kernel/audit.c:
    /// audit_log_start() looks at the queue before it begins to wait), and a flood may meet that several
    /// times.
    static constexpr seconds longest_stall{150};

    server_address to_;
    std::chrono::steady_clock::time_point end_;
    asio::io_context context_;
    std::mt19937 random_{42};
    std::vector<std::string> mistakes_;
    std::size_t recordings_ = 0;
    std::uint64_t calls_ = 0;
    int running_ = 0;
};

std::uint64_t counted_by(const running_server& server)
{
    return metric(server.connect().get("/metrics").body(), "sctrace_calls_total");
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_load)

BOOST_AUTO_TEST_CASE(every_trace_is_exact_and_nothing_grows)
{
    if (!can_record()) {
        return;
    }
    // Allocators keep some of what was used; a leak of one trace or queue per recording is far more.
    constexpr std::uint64_t tolerance_kib = 8 * 1024;
    constexpr int before_others = -10;
    running_server server({"--allow-exec", "--lift-ratelimit", "--max-recordings", "20"},
                          [] { ::setpriority(PRIO_PROCESS, 0, before_others); });

    load warm_up(server.address(), load_time() / 6);
    warm_up.run();
    std::size_t descriptors = 0;
    BOOST_REQUIRE(eventually([&] {
        descriptors = open_descriptors(server.pid());
        return metric(server.connect().get("/metrics").body(), "sctrace_connections") == 1U;
    }));
    descriptors = open_descriptors(server.pid());
    const auto memory = anonymous_memory(server.pid());

    load main_part(server.address(), load_time());
    main_part.run();
    BOOST_TEST(main_part.recordings() >= 20U);
    BOOST_TEST(counted_by(server) == warm_up.calls() + main_part.calls());
    BOOST_TEST(eventually([&] { return open_descriptors(server.pid()) <= descriptors; }),
               open_descriptors(server.pid()) << " descriptors, " << descriptors << " before");
    const auto memory_after = anonymous_memory(server.pid());
    std::cout << main_part.recordings() << " recordings of " << main_part.calls() << " calls; " << memory
              << " KiB before, " << memory_after << " KiB after\n";
    if (!has_sanitizer) {
        BOOST_TEST(memory_after <= memory + tolerance_kib);
    }
    server.stop();
}

BOOST_AUTO_TEST_SUITE_END()
