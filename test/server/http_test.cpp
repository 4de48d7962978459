#include "running_server.hpp"

#include <boost/test/unit_test.hpp>

#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/syscall.h>
#include <unistd.h>

using namespace sctrace::test;

namespace {

std::string error_of(const http_reply& reply)
{
    BOOST_TEST(field_of(reply, "Content-Type") == "application/json");
    const auto body = parsed(reply.body());
    BOOST_REQUIRE(body.as_object().contains("error"));
    return std::string(body.at("error").as_string());
}

void require_error(const http_reply& reply, unsigned status, const std::string& words)
{
    BOOST_TEST_CONTEXT("status " << reply.result_int() << ", body " << reply.body())
    {
        BOOST_TEST(reply.result_int() == status);
        BOOST_TEST(error_of(reply).find(words) != std::string::npos);
    }
}

std::string numbers_up_to(int last)
{
    boost::json::array numbers;
    for (int number = 1; number <= last; ++number) {
        numbers.emplace_back(number);
    }
    return boost::json::serialize(numbers);
}

/// A thread of this process, which does nothing.
class own_thread {
public:
    own_thread()
        : thread_([this] {
            id_.set_value(static_cast<pid_t>(::syscall(SYS_gettid)));
            released_.get_future().wait();
        })
        , known_(id_.get_future().get())
    {
    }
    own_thread(const own_thread&) = delete;
    own_thread& operator=(const own_thread&) = delete;
    ~own_thread()
    {
        released_.set_value();
        thread_.join();
    }

    pid_t id() const noexcept { return known_; }

private:
    std::promise<pid_t> id_;
    std::promise<void> released_;
    std::thread thread_;
    pid_t known_;
};

} // namespace

BOOST_AUTO_TEST_SUITE(server_http)

BOOST_AUTO_TEST_CASE(it_answers_what_needs_no_recording)
{
    running_server server;
    http_client client = server.connect();

    const http_reply health = client.get("/healthz");
    BOOST_TEST(health.result_int() == 200U);
    BOOST_TEST(health.body() == "ok\n");
    BOOST_TEST(field_of(health, "X-Content-Type-Options") == "nosniff");

    const http_reply list = client.get("/recordings");
    BOOST_TEST(list.result_int() == 200U);
    BOOST_TEST(list.body() == "[]\n");

    const http_reply metrics = client.get("/metrics");
    BOOST_TEST(field_of(metrics, "Content-Type") == "text/plain; version=0.0.4; charset=utf-8");
    BOOST_TEST(metrics.body().find("\nsctrace_connections 1\n") != std::string::npos);
    BOOST_TEST(metrics.body().find("\nsctrace_recordings{state=\"running\"} 0\n") != std::string::npos);
    server.stop();
}

BOOST_AUTO_TEST_CASE(the_page_allows_its_own_script_only)
{
    running_server server;
    http_client client = server.connect();
    const http_reply first = client.get("/");
    const http_reply second = client.get("/");
    const std::string policy = field_of(first, "Content-Security-Policy");
    BOOST_TEST(field_of(first, "Content-Type") == "text/html; charset=utf-8");
    BOOST_TEST(policy.starts_with("default-src 'none'; script-src 'nonce-"));
    BOOST_TEST(policy != field_of(second, "Content-Security-Policy"));
    const auto begin = policy.find("nonce-") + 6;
    const std::string nonce = policy.substr(begin, policy.find('\'', begin) - begin);
    BOOST_TEST(nonce.size() == 32U);
    BOOST_TEST(first.body().find("<script nonce=\"" + nonce + "\">") != std::string::npos);
    BOOST_TEST(first.body().find("@NONCE@") == std::string::npos);
    for (const char* outside : {"src=", "href=", "innerHTML", "url("}) {
        BOOST_TEST(first.body().find(outside) == std::string::npos, outside);
    }
    server.stop();
}

BOOST_AUTO_TEST_CASE(head_is_get_without_the_body)
{
    running_server server;
    http_client client = server.connect();
    const http_reply get = client.get("/healthz");
    const http_reply head = client.exchange(make_request(http::verb::head, "/healthz"));
    BOOST_TEST(head.result_int() == 200U);
    BOOST_TEST(head.body().empty());
    BOOST_TEST(field_of(head, "Content-Length") == field_of(get, "Content-Length"));
    // The connection is still in step.
    BOOST_TEST(client.get("/healthz").body() == "ok\n");
    server.stop();
}

BOOST_AUTO_TEST_CASE(what_is_not_there_is_said)
{
    running_server server;
    http_client client = server.connect();
    require_error(client.get("/nowhere"), 404, "/recordings");
    require_error(client.get("/recordings/"), 404, "nothing here");
    require_error(client.get("/recordings/7"), 404, "no recording 7");
    require_error(client.get("/recordings/7/trace"), 404, "no recording 7");
    require_error(client.remove("/recordings/%37"), 404, "no recording 7");
    require_error(client.get("/recordings/%ff%22"), 404, "no such recording");
    require_error(client.get("/%zz"), 400, "target");
    require_error(client.exchange(make_request(http::verb::options, "*")), 400, "target");
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_wrong_method_is_told_the_right_ones)
{
    running_server server;
    http_client client = server.connect();
    const std::vector<std::pair<std::string, std::string>> allowed{{"/", "GET, HEAD"},
                                                                   {"/recordings", "GET, HEAD, POST"},
                                                                   {"/recordings/1", "GET, HEAD, DELETE"},
                                                                   {"/recordings/1/stop", "POST"},
                                                                   {"/recordings/1/events", "GET, HEAD"}};
    for (const auto& [path, methods] : allowed) {
        const http_reply reply = client.exchange(make_request(http::verb::patch, path));
        BOOST_TEST(reply.result_int() == 405U, path);
        BOOST_TEST(field_of(reply, "Allow") == methods);
    }
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_body_is_read_strictly)
{
    running_server server;
    http_client client = server.connect();
    const std::vector<std::pair<std::string, std::string>> mistakes{
        {"{", "no JSON"},
        {"[1]", "JSON object"},
        {"{}", "nothing to record"},
        {R"({"name":"x"})", "nothing to record"},
        {R"({"pid":1,"command":["ls"]})", "too much"},
        {R"({"pid":1,"pids":[1]})", "too much"},
        {R"({"pid":"1"})", "\"pid\" must be"},
        {R"({"pid":0})", "\"pid\" must be"},
        {R"({"pid":-1})", "\"pid\" must be"},
        {R"({"pid":1.5})", "\"pid\" must be"},
        {R"({"pid":2147483648})", "\"pid\" must be"},
        {R"({"pids":[]})", "\"pids\" must be"},
        {R"({"pids":1})", "\"pids\" must be"},
        {R"({"pids":[1,"2"]})", "\"pids\" must be"},
        {R"({"pids":[1,1]})", "twice"},
        {R"({"command":[]})", "\"command\" must be"},
        {R"({"command":"ls"})", "\"command\" must be"},
        {R"({"command":["ls",1]})", "\"command\" must be"},
        {R"({"command":["l\u0000s"]})", "\"command\" must be"},
        {R"({"pid":1,"follow":"all"})", "\"follow\" must be"},
        {R"({"pid":1,"follow":null})", "\"follow\" must be"},
        {R"({"pid":1,"duration":0})", "\"duration\" must be"},
        {R"({"pid":1,"duration":"5"})", "\"duration\" must be"},
        {R"({"pid":1,"duration":1e300})", "\"duration\" must be"},
        {R"({"pid":1,"name":7})", "\"name\" must be"},
        {R"({"pid":1,"name":")" + std::string(201, 'x') + "\"}", "\"name\" must be"},
        {R"({"pid":1,"wait_for_descendants":true})", "for a command"},
        {R"({"command":["ls"],"wait_for_descendants":1})", "\"wait_for_descendants\" must be"},
        {R"({"pid":1,"pidd":2})", "unknown member \"pidd\""}};
    for (const auto& [body, words] : mistakes) {
        BOOST_TEST_CONTEXT(body)
        {
            require_error(client.post("/recordings", body), 400, words);
        }
    }
    require_error(client.exchange(make_request(http::verb::post, "/recordings")), 400, "no JSON");
    require_error(client.post("/recordings", "{\"pids\":" + numbers_up_to(1001) + "}"), 400, "1 to 1000");
    require_error(client.post("/recordings", "{\"name\":7,\"pids\":" + numbers_up_to(1000) + "}"), 400,
                  "\"name\" must be");
    BOOST_TEST(client.get("/recordings").body() == "[]\n");
    server.stop();
}

BOOST_AUTO_TEST_CASE(what_is_not_to_be_recorded_is_refused)
{
    running_server server;
    http_client client = server.connect();
    require_error(client.post("/recordings", R"({"command":["ls"]})"), 403, "--allow-exec");
    const std::string own = std::to_string(server.pid());
    require_error(client.post("/recordings", "{\"pid\":" + own + "}"), 422, "this server");
    require_error(client.post("/recordings", "{\"pids\":[1," + own + "]}"), 422, "this server");
    require_error(client.post("/recordings", R"({"pid":2147483647})"), 422, "no process 2147483647");
    const own_thread thread;
    require_error(client.post("/recordings", "{\"pid\":" + std::to_string(thread.id()) + "}"), 422,
                  "a thread");
    server.stop();
}

BOOST_AUTO_TEST_CASE(requests_by_other_names_are_refused)
{
    running_server server;
    http_client client = server.connect();
    const auto status = [&](const std::string& host) {
        http_request request = make_request(http::verb::get, "/recordings");
        request.set(http::field::host, host);
        return client.exchange(request).result_int();
    };
    for (const char* own :
         {"localhost", "LocalHost:8080", "127.0.0.1", "127.0.0.1:1", "[::1]", "[::1]:8080"}) {
        BOOST_TEST(status(own) == 200U, own);
    }
    for (const char* foreign : {"example.org", "localhost.example.org", "127.0.0.1.example.org:80",
                                "127.0.0.2", "[::2]", "::1", "localhost:80:80", ""}) {
        BOOST_TEST(status(foreign) == 403U, foreign);
    }
    http_request none = make_request(http::verb::get, "/healthz");
    none.erase(http::field::host);
    require_error(client.exchange(none), 400, "Host");
    http_request two = make_request(http::verb::get, "/healthz");
    two.insert(http::field::host, "localhost");
    require_error(client.exchange(two), 400, "Host");
    server.stop();
}

BOOST_AUTO_TEST_CASE(the_address_that_it_listens_on_is_one_of_its_names)
{
    running_server server({"--listen", "127.0.0.2:0"});
    http_client client = server.connect();
    const auto status = [&](const std::string& host) {
        http_request request = make_request(http::verb::get, "/recordings");
        request.set(http::field::host, host);
        return client.exchange(request).result_int();
    };
    BOOST_TEST(status("127.0.0.2:8080") == 200U);
    BOOST_TEST(status("localhost") == 200U);
    BOOST_TEST(status("127.0.0.3") == 403U);
    BOOST_TEST(status("") == 403U);
    server.stop();
}

BOOST_AUTO_TEST_CASE(changes_from_other_origins_are_refused)
{
    running_server server;
    http_client client = server.connect();
    const auto changed = [&](const char* field, const std::string& value) {
        http_request request = make_request(http::verb::delete_, "/recordings/1");
        request.set(http::field::host, "localhost:8080");
        request.set(field, value);
        return client.exchange(request).result_int();
    };
    BOOST_TEST(changed("Origin", "http://localhost:8080") == 404U);
    BOOST_TEST(changed("Sec-Fetch-Site", "same-origin") == 404U);
    BOOST_TEST(changed("Sec-Fetch-Site", "none") == 404U);
    for (const char* foreign : {"http://example.org", "http://localhost:8081", "http://localhost", "null"}) {
        BOOST_TEST(changed("Origin", foreign) == 403U, foreign);
    }
    BOOST_TEST(changed("Sec-Fetch-Site", "cross-site") == 403U);
    BOOST_TEST(changed("Sec-Fetch-Site", "same-site") == 403U);

    http_request form = make_request(http::verb::post, "/recordings", R"({"pid":1})");
    form.set(http::field::content_type, "text/plain");
    require_error(client.exchange(form), 415, "application/json");
    form.erase(http::field::content_type);
    require_error(client.exchange(form), 415, "application/json");
    form.set(http::field::content_type, "application/json; charset=utf-8");
    form.body() = "{}";
    form.prepare_payload();
    require_error(client.exchange(form), 400, "nothing to record");
    server.stop();
}

BOOST_AUTO_TEST_CASE(requests_may_come_before_their_answers)
{
    running_server server;
    http_client client = server.connect();
    client.send("GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /nowhere HTTP/1.1\r\nHost: "
                "localhost\r\n\r\nGET /recordings HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    BOOST_TEST(client.receive().body() == "ok\n");
    BOOST_TEST(client.receive().result_int() == 404U);
    const http_reply last = client.receive();
    BOOST_TEST(last.body() == "[]\n");
    BOOST_TEST(!last.keep_alive());
    BOOST_TEST(client.is_closed());
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_client_that_asks_before_it_sends_its_body_is_let_to)
{
    running_server server;
    http_client client = server.connect();
    client.send("POST /recordings HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
    BOOST_TEST(client.read_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
    client.send("{}");
    require_error(client.receive(), 400, "nothing to record");
    server.stop();
}

BOOST_AUTO_TEST_CASE(a_client_that_cannot_know_of_it_is_not_told_to_go_on)
{
    running_server server;
    http_client client = server.connect();
    client.send("POST /recordings HTTP/1.0\r\nContent-Type: application/json\r\n"
                "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n{}");
    BOOST_TEST(client.read_until("\r\n").starts_with("HTTP/1.0 400"));
    server.stop();
}

BOOST_AUTO_TEST_CASE(http_1_0_is_served_and_closed)
{
    running_server server;
    http_client client = server.connect();
    client.send("GET /healthz HTTP/1.0\r\n\r\n");
    BOOST_TEST(client.receive().body() == "ok\n");
    BOOST_TEST(client.is_closed());
    server.stop();
}

BOOST_AUTO_TEST_CASE(what_is_no_http_is_answered_and_closed)
{
    running_server server;
    for (const char* nonsense :
         {"nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
          "GET / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
          "GET / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n"}) {
        http_client client = server.connect();
        client.send(std::string_view(nonsense));
        BOOST_TEST(client.receive().result_int() == 400U, nonsense);
        BOOST_TEST(client.is_closed());
    }
    BOOST_TEST(server.connect().get("/healthz").result_int() == 200U);
    server.stop();
}

BOOST_AUTO_TEST_SUITE_END()
