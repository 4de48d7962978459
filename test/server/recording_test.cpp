#include "kernel/generator_process.hpp"
#include "recorded.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <string>
#include <vector>

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

using namespace sctrace::test;

namespace {

/// A number that no kernel has a call for.
constexpr long nameless = 5000;

/// Without the one read that the child may have begun before it was recorded.
call_numbers without_read(call_numbers counts)
{
    BOOST_TEST(counts[SYS_read] <= 1U);
    counts.erase(SYS_read);
    return counts;
}

const word_list allow_exec{"--allow-exec"};

} // namespace

BOOST_AUTO_TEST_SUITE(server_recording)

BOOST_AUTO_TEST_CASE(a_process_is_recorded_to_the_last_call)
{
    if (!can_record()) {
        return;
    }
    running_server server;
    http_client client = server.connect();
    generator_process child(
        {std::to_string(SYS_getppid) + ":5000", "5000:7", std::to_string(SYS_getuid) + ":3"});
    const std::string path =
        begin_recording(client, R"({"name":"a name","pid":)" + std::to_string(child.pid()) + "}");

    const auto running = parsed(client.get(path).body());
    BOOST_TEST(text_of(running, "state") == "running");
    BOOST_TEST(text_of(running, "name") == "a name");
    BOOST_TEST(running.at("pids").as_array().at(0).as_int64() == child.pid());
    BOOST_TEST(running.at("ended").is_null());
    BOOST_TEST(running.at("verdict").is_null());
    BOOST_TEST(client.get(path + "/report").result_int() == 409U);

    child.release();
    BOOST_TEST(child.wait() == 0);
    wait_for_end(client, path);
    const call_numbers expected{{SYS_getppid, 5000}, {SYS_getuid, 3}, {SYS_exit_group, 1}, {nameless, 7}};
    const call_numbers trace = trace_of(client, path);
    BOOST_TEST((without_read(trace) == expected));

    const auto report = parsed(client.get(path + "/report").body());
    std::uint64_t total = 0;
    for (const auto& [number, count] : trace) {
        total += count;
    }
    BOOST_TEST(report.at("records").to_number<std::uint64_t>() == total);
    BOOST_TEST(text_of(report, "verdict") != "incomplete");
    const auto ended = parsed(client.get(path).body());
    BOOST_TEST(ended.at("calls").to_number<std::uint64_t>() == total);
    BOOST_TEST(text_of(ended, "verdict") == text_of(report, "verdict"));
    BOOST_TEST(text_of(ended, "ended").ends_with("Z"));

    const std::string metrics = client.get("/metrics").body();
    BOOST_TEST(metric(metrics, "sctrace_calls_total", {"syscall=\"getppid\""}) == 5000U);
    BOOST_TEST(metric(metrics, "sctrace_calls_total", {"syscall=\"other\""}) == 7U);
    BOOST_TEST(metric(metrics, "sctrace_calls_total", {"syscall=\"getuid\"", "arch=\"x86_64\""}) == 3U);
    BOOST_TEST(metric(metrics, "sctrace_calls_total") == total);
    BOOST_TEST(metric(metrics, "sctrace_recordings", {"state=\"ended\""}) == 1U);
    BOOST_TEST(metric(metrics, "sctrace_recordings_ended_total", {text_of(report, "verdict")}) == 1U);

    const http_reply removed = client.remove(path);
    BOOST_TEST(removed.result_int() == 200U);
    BOOST_TEST(parsed(removed.body()) == report);
    BOOST_TEST(client.get(path).result_int() == 404U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_command_is_recorded_from_its_first_call)
{
    if (!can_record()) {
        return;
    }
    running_server server(allow_exec);
    http_client client = server.connect();
    const std::string path = begin_recording(client, command_body(generator({"110:1000"})));
    wait_for_end(client, path);
    call_numbers trace = trace_of(client, path);
    BOOST_TEST(trace[SYS_getppid] == 1000U);
    BOOST_TEST(trace[SYS_execve] == 1U);
    BOOST_TEST(trace[SYS_exit_group] == 1U);

    const http_reply stopped = client.post(path + "/stop");
    BOOST_TEST(stopped.result_int() == 200U);
    const auto report = parsed(stopped.body());
    BOOST_TEST(report.at("command").as_array().size() == 2U);
    BOOST_TEST(text_of(report, "verdict") != "incomplete");
    BOOST_TEST(client.get(path + "/report").body() == stopped.body());
    server.stop();
}

BOOST_AUTO_TEST_CASE(counts_can_be_had_while_they_grow)
{
    if (!can_record()) {
        return;
    }
    running_server server;
    http_client client = server.connect();
    generator_process first({"110:300"});
    generator_process second({"102:5"});
    const std::string path = begin_recording(client, pids_body({first.pid(), second.pid()}));
    BOOST_TEST(client.get(path + "/profile").result_int() == 409U);
    first.release();
    BOOST_TEST(first.wait() == 0);
    BOOST_TEST(eventually([&] { return trace_of(client, path)[SYS_exit_group] == 1U; }));
    BOOST_TEST(trace_of(client, path)[SYS_getppid] == 300U);
    BOOST_TEST(parsed(client.get(path).body()).at("calls").to_number<std::uint64_t>() >= 301U);
    BOOST_TEST(state_of(client, path) == "running");

    const http_reply stopped = client.post(path + "/stop");
    BOOST_TEST(stopped.result_int() == 200U);
    BOOST_TEST(state_of(client, path) == "ended");
    BOOST_TEST(trace_of(client, path)[SYS_getppid] == 300U);
    BOOST_TEST(client.remove(path).result_int() == 200U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_profile_is_made_in_every_format)
{
    if (!can_record()) {
        return;
    }
    running_server server(allow_exec);
    http_client client = server.connect();
    const std::string path = begin_recording(client, command_body(generator({"110:1"})));
    wait_for_end(client, path);
    const auto oci = parsed(client.get(path + "/profile").body());
    BOOST_TEST(text_of(oci, "defaultAction") == "SCMP_ACT_ERRNO");
    BOOST_TEST(client.get(path + "/profile?format=oci").body() == client.get(path + "/profile").body());
    const http_reply nucleus = client.get(path + "/profile?format=nucleus");
    BOOST_TEST(field_of(nucleus, "Content-Type") == "application/json");
    BOOST_TEST(nucleus.body().find("getppid") != std::string::npos);
    const http_reply drop_in = client.get(path + "/profile?format=systemd");
    BOOST_TEST(field_of(drop_in, "Content-Type").starts_with("text/plain"));
    BOOST_TEST(drop_in.body().find("SystemCallFilter=") != std::string::npos);
    BOOST_TEST(client.get(path + "/profile?format=minijail").body().find("getppid: 1") != std::string::npos);
    BOOST_TEST(client.get(path + "/profile?format=xml").result_int() == 400U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_call_without_a_name_is_in_no_profile)
{
    if (!can_record()) {
        return;
    }
    running_server server(allow_exec);
    http_client client = server.connect();
    const std::string path = begin_recording(client, command_body(generator({"5000:1"})));
    wait_for_end(client, path);
    const http_reply refused = client.get(path + "/profile");
    BOOST_TEST(refused.result_int() == 409U);
    BOOST_TEST(refused.body().find("5000 of x86_64") != std::string::npos);
    server.stop();
}

BOOST_AUTO_TEST_CASE(what_the_library_refuses_is_told_in_its_words)
{
    if (!can_record()) {
        return;
    }
    running_server server(allow_exec);
    http_client client = server.connect();
    const auto require_refusal = [&](const std::string& body, unsigned status, const std::string& said) {
        const http_reply reply = client.post("/recordings", body);
        BOOST_TEST(reply.result_int() == status, body << ": " << reply.body());
        BOOST_TEST(reply.body().find(said) != std::string::npos, body << ": " << reply.body());
    };
    require_refusal(R"({"pid":1,"follow":"session"})", 422, "session");
    require_refusal(R"({"command":["ls"],"follow":"container"})", 422, "container");
    require_refusal(R"({"command":["/no/such/program"]})", 422, "/no/such/program");
    require_refusal(R"({"command":["/etc/passwd"]})", 422, "/etc/passwd");
    BOOST_TEST(client.get("/recordings").body() == "[]\n");
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_source_that_cannot_be_opened_is_a_conflict)
{
    if (!can_record()) {
        return;
    }
    running_server server({"--source", "audit"},
                          [] { ::prctl(PR_CAPBSET_DROP, CAP_AUDIT_READ, 0L, 0L, 0L); });
    http_client client = server.connect();
    const http_reply reply = client.post("/recordings", R"({"pid":1})");
    BOOST_TEST(reply.result_int() == 409U, reply.body());
    BOOST_TEST(reply.body().find("CAP_AUDIT_READ") != std::string::npos, reply.body());
    BOOST_TEST(client.get("/healthz").result_int() == 200U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_duration_ends_a_recording)
{
    if (!can_record()) {
        return;
    }
    running_server server(allow_exec);
    http_client client = server.connect();
    const std::string path =
        begin_recording(client, R"({"command":["sleep","1000"],"duration":0.1,"follow":"none"})");
    wait_for_end(client, path);
    BOOST_TEST(state_of(client, path) == "ended");
    server.stop();
}

BOOST_AUTO_TEST_CASE(no_more_recordings_run_or_are_kept_than_allowed)
{
    if (!can_record()) {
        return;
    }
    running_server server({"--allow-exec", "--max-recordings", "2"});
    http_client client = server.connect();
    const std::string sleep = R"({"command":["sleep","1000"]})";
    const std::string first = begin_recording(client, sleep);
    const std::string second = begin_recording(client, sleep);
    const http_reply refused = client.post("/recordings", sleep);
    BOOST_TEST(refused.result_int() == 429U);
    BOOST_TEST(refused.body().find("--max-recordings") != std::string::npos);

    BOOST_TEST(client.post(first + "/stop").result_int() == 200U);
    const std::string third = begin_recording(client, sleep);
    BOOST_TEST(client.post(second + "/stop").result_int() == 200U);
    BOOST_TEST(client.get(first).result_int() == 200U);
    BOOST_TEST(client.post(third + "/stop").result_int() == 200U);
    BOOST_TEST(client.get(first).result_int() == 404U);
    BOOST_TEST(client.get(second).result_int() == 200U);
    BOOST_TEST(client.get(third).result_int() == 200U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(what_has_just_ended_is_kept_though_it_began_first)
{
    if (!can_record()) {
        return;
    }
    running_server server({"--allow-exec", "--max-recordings", "2"});
    http_client client = server.connect();
    const std::string sleep = R"({"command":["sleep","1000"]})";
    const std::string longest = begin_recording(client, sleep);
    const std::string second = begin_recording(client, sleep);
    BOOST_TEST(client.post(second + "/stop").result_int() == 200U);
    const std::string third = begin_recording(client, sleep);
    BOOST_TEST(client.post(third + "/stop").result_int() == 200U);
    BOOST_TEST(client.post("/recordings", R"({"command":["/no/such/program"]})").result_int() == 422U);
    BOOST_TEST(client.get(second).result_int() == 200U);

    BOOST_TEST(client.post(longest + "/stop").result_int() == 200U);
    BOOST_TEST(client.get(longest + "/report").result_int() == 200U);
    BOOST_TEST(client.get(second).result_int() == 404U);
    BOOST_TEST(client.get(third).result_int() == 200U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_command_inherits_no_connection_that_comes_meanwhile)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    running_server server(allow_exec);
    http_client client = server.connect();
    BOOST_TEST(client.get("/healthz").result_int() == 200U);
    const word_list list{"/bin/sh", "-c", "exec ls -l /proc/self/fd > " + folder.file("descriptors")};
    for (int turn = 0; turn != 5; ++turn) {
        server.signal(SIGSTOP);
        client.send(make_request(http::verb::post, "/recordings", command_body(list)));
        std::vector<std::unique_ptr<http_client>> others;
        for (int i = 0; i != 10; ++i) {
            others.push_back(std::make_unique<http_client>(server.address()));
        }
        server.signal(SIGCONT);
        const http_reply created = client.receive();
        BOOST_REQUIRE_MESSAGE(created.result_int() == 201U, created.body());
        wait_for_end(client, field_of(created, "Location"));
        const std::string descriptors = read_file(folder.file("descriptors"));
        BOOST_TEST(descriptors.find("-> ") != std::string::npos);
        BOOST_TEST(descriptors.find("socket:") == std::string::npos, descriptors);
    }
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_command_inherits_no_connection)
{
    if (!can_record()) {
        return;
    }
    const temporary_folder folder;
    running_server server(allow_exec);
    http_client client = server.connect();
    const word_list list{"/bin/sh", "-c", "exec ls -l /proc/self/fd > " + folder.file("descriptors")};
    const std::string path = begin_recording(client, command_body(list));
    wait_for_end(client, path);
    const std::string descriptors = read_file(folder.file("descriptors"));
    BOOST_TEST(descriptors.find("-> ") != std::string::npos);
    BOOST_TEST(descriptors.find("socket:") == std::string::npos, descriptors);
    BOOST_TEST(descriptors.find("anon_inode:") == std::string::npos, descriptors);
    server.stop();
}

BOOST_AUTO_TEST_SUITE_END()
