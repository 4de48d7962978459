#include "recorded.hpp"

#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>

#include <signal.h>
#include <sys/syscall.h>

using namespace sctrace::test;

namespace {

/// A command that a stop has to kill, which takes two seconds.
const word_list stubborn{"/bin/sh", "-c", "trap '' TERM; while :; do sleep 0.1; done"};

bool is_dead(pid_t pid)
{
    return ::kill(pid, 0) != 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_directory)

BOOST_AUTO_TEST_CASE(a_signal_ends_everything_in_order)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    running_server server({"--allow-exec", "--directory", folder.path()});
    http_client client = server.connect();
    http_client events = server.connect();
    const std::string ended = begin_recording(client, command_body(generator({"110:300"})));
    wait_for_end(client, ended);
    const std::string trace = client.get(ended + "/trace").body();
    const std::string running = begin_recording(client, command_body(stubborn));
    events.send(make_request(http::verb::get, running + "/events"));
    events.read_until("data: ");

    server.signal(SIGTERM);
    BOOST_TEST(eventually([&] { return server.has_said("shutting down"); }));
    const http_reply health = client.get("/healthz");
    BOOST_TEST(health.result_int() == 503U);
    BOOST_TEST(client.post("/recordings", command_body(stubborn)).result_int() == 503U);
    BOOST_TEST(events.read_until("event: end").find("\"verdict\":") != std::string::npos);
    BOOST_TEST(server.wait().status == 0, server.said());

    BOOST_TEST(read_file(folder.file("1.ndjson")) == trace);
    BOOST_TEST(counts_in(trace).at(SYS_getppid) == 300U);
    BOOST_TEST(counts_in(read_file(folder.file("2.ndjson"))).at(SYS_execve) >= 1U);
    const auto report = parsed(read_file(folder.file("2.report.json")));
    BOOST_TEST(report.at("version").as_int64() == 1);
    BOOST_TEST(text_of(report, "verdict") != "incomplete");
    BOOST_TEST(std::distance(std::filesystem::directory_iterator(folder.path()), {}) == 4);
}

BOOST_AUTO_TEST_CASE(a_second_signal_ends_it_at_once)
{
    if (!can_record()) {
        return;
    }
    running_server server({"--allow-exec"});
    http_client client = server.connect();
    const temporary_folder folder;
    const word_list tells_its_id{"/bin/sh", "-c", "echo $$ > " + folder.file("pid") + "; exec sleep 1000"};
    begin_recording(client, command_body(stubborn));
    begin_recording(client, command_body(tells_its_id));
    BOOST_REQUIRE(eventually([&] { return read_file(folder.file("pid")).ends_with('\n'); }));
    server.signal(SIGINT);
    BOOST_TEST(eventually([&] { return server.has_said("shutting down"); }));
    server.signal(SIGINT);
    BOOST_TEST(server.wait().status == 1, server.said());
    BOOST_TEST(server.has_said("second signal"));
    const pid_t command = std::stoi(read_file(folder.file("pid")));
    BOOST_TEST(eventually([&] { return is_dead(command); }));
}

BOOST_AUTO_TEST_CASE(what_was_counted_is_there_though_it_could_not_be_written)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    const std::string directory = folder.file("traces");
    std::filesystem::create_directory(directory);
    running_server server({"--allow-exec", "--directory", directory});
    http_client client = server.connect();
    const std::string path = begin_recording(client, command_body(stubborn));
    std::filesystem::remove_all(directory);
    client.post(path + "/stop");
    const auto ended = parsed(client.get(path).body());
    BOOST_TEST(text_of(ended, "state") == "failed");
    BOOST_TEST(!text_of(ended, "error").empty());
    const http_reply trace = client.get(path + "/trace");
    BOOST_REQUIRE_MESSAGE(trace.result_int() == 200U, trace.body());
    BOOST_TEST(counts_in(trace.body())[SYS_execve] >= 1U);
    BOOST_TEST(client.get(path + "/profile").result_int() == 200U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(files_of_an_earlier_run_stay)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    write_file(folder.file("7.ndjson"), "old");
    write_file(folder.file("notes"), "old");
    running_server server({"--allow-exec", "--directory", folder.path()});
    http_client client = server.connect();
    BOOST_TEST(begin_recording(client, command_body({"true"})) == "/recordings/8");
    wait_for_end(client, "/recordings/8");
    server.stop();
    BOOST_TEST(read_file(folder.file("7.ndjson")) == "old");
    BOOST_TEST(!read_file(folder.file("8.ndjson")).empty());
}

BOOST_AUTO_TEST_SUITE_END()
