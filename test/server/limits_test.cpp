#include "running_server.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>

using namespace sctrace::test;

namespace {

/// The mask, of which the lowest bit is signal 1.
std::uint64_t ignored_signals(pid_t pid)
{
    constexpr std::string_view before = "SigIgn:\t";
    const std::string status = read_file("/proc/" + std::to_string(pid) + "/status");
    const auto begin = status.find(before);
    BOOST_REQUIRE(begin != std::string::npos);
    return std::stoull(status.substr(begin + before.size(), 16), nullptr, 16);
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_limits)

BOOST_AUTO_TEST_CASE(a_body_that_is_too_long_is_refused_before_it_is_read)
{
    running_server server({"--max-body", "100"});
    http_client exact = server.connect();
    const std::string filler(100 - std::string(R"({"name":""})").size(), 'x');
    BOOST_TEST(exact.post("/recordings", R"({"name":")" + filler + "\"}").result_int() == 400U);

    http_client longer = server.connect();
    longer.send("POST /recordings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: 101\r\n\r\n");
    const http_reply reply = longer.receive();
    BOOST_TEST(reply.result_int() == 413U);
    BOOST_TEST(reply.body().find("--max-body") != std::string::npos);
    BOOST_TEST(longer.is_closed());

    http_client chunked = server.connect();
    chunked.send("POST /recordings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                 "Transfer-Encoding: chunked\r\n\r\n65\r\n" +
                 std::string(101, ' ') + "\r\n0\r\n\r\n");
    BOOST_TEST(chunked.receive().result_int() == 413U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_client_that_goes_on_sending_still_gets_the_answer)
{
    running_server server({"--max-body", "100"});
    http_client client = server.connect();
    client.send("POST /recordings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: 200000\r\n\r\n" +
                std::string(200000, ' '));
    BOOST_TEST(client.receive().result_int() == 413U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_header_that_is_too_long_is_refused)
{
    running_server server;
    http_client client = server.connect();
    client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20000, 'x') + "\r\n\r\n");
    BOOST_TEST(client.receive().result_int() == 431U);
    BOOST_TEST(client.is_closed());

    http_client lines = server.connect();
    std::string many = "GET / HTTP/1.1\r\nHost: localhost\r\n";
    for (int i = 0; i != 5000; ++i) {
        many += "X: y\r\n";
    }
    lines.send(many);
    BOOST_TEST(lines.receive().result_int() == 431U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_request_that_does_not_come_in_time_is_told_so)
{
    running_server server({"--idle-timeout", "1"});
    http_client silent = server.connect();
    http_client in_header = server.connect();
    http_client in_body = server.connect();
    in_header.send("GET / HTT");
    in_body.send("POST /recordings HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\n{");
    BOOST_TEST(in_header.receive().result_int() == 408U);
    BOOST_TEST(in_header.is_closed());
    BOOST_TEST(in_body.receive().result_int() == 408U);
    BOOST_TEST(silent.is_closed());
    server.stop();
}

BOOST_AUTO_TEST_CASE(connections_beyond_the_limit_are_told_so)
{
    running_server server({"--max-connections", "2"});
    std::optional<http_client> first(std::in_place, server.address());
    http_client second = server.connect();
    BOOST_TEST(first->get("/healthz").result_int() == 200U);
    BOOST_TEST(second.get("/healthz").result_int() == 200U);
    {
        http_client third = server.connect();
        third.send(make_request(http::verb::get, "/healthz"));
        const http_reply refused = third.receive();
        BOOST_TEST(refused.result_int() == 503U);
        BOOST_TEST(refused.body().find("--max-connections") != std::string::npos);
        BOOST_TEST(third.is_closed());
    }
    // One that leaves makes room.
    first.reset();
    BOOST_TEST(eventually([&] { return server.connect().get("/healthz").result_int() == 200U; }));
    BOOST_TEST(second.get("/healthz").result_int() == 200U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(who_has_been_refused_takes_no_room)
{
    // Less than the server waits for a client that has been refused to leave.
    constexpr std::chrono::milliseconds soon{1500};
    running_server server({"--max-connections", "1"});
    std::optional<http_client> served(std::in_place, server.address());
    BOOST_TEST(served->get("/healthz").result_int() == 200U);
    http_client refused = server.connect();
    BOOST_TEST(refused.receive().result_int() == 503U);
    served.reset();
    BOOST_TEST(eventually([&] { return server.connect().get("/healthz").result_int() == 200U; }, soon));
    server.stop();
}

BOOST_AUTO_TEST_CASE(signals_work_though_who_started_it_blocked_or_ignored_them)
{
    running_server server({}, [] {
        ::signal(SIGCHLD, SIG_IGN);
        ::sigset_t all;
        ::sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
    });
    // An ignored SIGCHLD would take the exit statuses of commands.
    BOOST_TEST((ignored_signals(server.pid()) >> (SIGCHLD - 1) & 1U) == 0U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_connection_that_comes_with_the_signal_does_not_hold_it_up)
{
    running_server server;
    http_client idle = server.connect();
    BOOST_TEST(idle.get("/healthz").result_int() == 200U);
    server.signal(SIGSTOP);
    server.signal(SIGTERM);
    std::vector<std::unique_ptr<http_client>> late;
    for (int i = 0; i != 20; ++i) {
        late.push_back(std::make_unique<http_client>(server.address()));
    }
    server.signal(SIGCONT);
    BOOST_TEST(server.wait().status == 0, server.said());
}

BOOST_AUTO_TEST_CASE(a_signal_ends_it_though_clients_are_connected)
{
    for (const int number : {SIGINT, SIGTERM}) {
        running_server server;
        http_client idle = server.connect();
        http_client busy = server.connect();
        BOOST_TEST(idle.get("/healthz").result_int() == 200U);
        busy.send("GET /heal");
        server.signal(number);
        BOOST_TEST(server.wait().status == 0, server.said());
        BOOST_TEST(idle.is_closed());
        BOOST_TEST(busy.is_closed());
    }
}

BOOST_AUTO_TEST_SUITE_END()
