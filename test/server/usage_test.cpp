#include "common/skip.hpp"
#include "running_server.hpp"

#include <boost/algorithm/string/join.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace sctrace::test;

namespace {

/// Ends with status 2 and one line that has these words.
void require_usage_error(const word_list& options, const std::vector<std::string>& named)
{
    const outcome o = run(server_invocation(options));
    BOOST_TEST_CONTEXT("embedded-server " << boost::algorithm::join(options, " ") << "\n" << o)
    {
        BOOST_TEST(o.status == 2);
        BOOST_TEST(o.out.empty());
        BOOST_TEST(o.err.starts_with("embedded-server: "));
        BOOST_TEST(o.err.find('\n') == o.err.size() - 1);
        for (const std::string& word : named) {
            BOOST_TEST(o.says(word), "names " << word);
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(server_usage)

BOOST_AUTO_TEST_CASE(the_help_names_every_option_with_its_default)
{
    const outcome o = run(server_invocation({"--help"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err.empty(), o);
    const std::vector<std::pair<std::string, std::string>> defaults{{"--listen", "=127.0.0.1:8080"},
                                                                    {"--unix", "default: not"},
                                                                    {"--allow-remote", "default: off"},
                                                                    {"--allow-exec", "default: off"},
                                                                    {"--source", "=auto"},
                                                                    {"--lift-ratelimit", "default: leave it"},
                                                                    {"--max-recordings", "=16"},
                                                                    {"--max-connections", "=256"},
                                                                    {"--max-body", "=65536"},
                                                                    {"--idle-timeout", "=30"},
                                                                    {"--directory", "default: nowhere"}};
    for (const auto& [option, value] : defaults) {
        const auto begin = o.out.find("  " + option);
        BOOST_REQUIRE_MESSAGE(begin != std::string::npos, option);
        const auto text = o.out.substr(begin, o.out.find("\n  -", begin + 1) - begin);
        BOOST_TEST(text.find(value) != std::string::npos, option << ": " << text);
    }
}

BOOST_AUTO_TEST_CASE(mistakes_are_named)
{
    require_usage_error({"--nonsense"}, {"--nonsense", "--help"});
    require_usage_error({"8080"}, {"'8080'"});
    require_usage_error({"--listen"}, {"--listen"});
    require_usage_error({"--listen", "8080"}, {"--listen '8080'", "127.0.0.1:8080"});
    require_usage_error({"--listen", "127.0.0.1:65536"}, {"'127.0.0.1:65536'"});
    require_usage_error({"--listen", "::1:80"}, {"'::1:80'", "[::1]:8080"});
    require_usage_error({"--listen", "[127.0.0.1]:80"}, {"'[127.0.0.1]:80'"});
    require_usage_error({"--listen", "example.org:80"}, {"'example.org:80'"});
    require_usage_error({"--source", "pipe"}, {"--source 'pipe'", "kmsg"});
    require_usage_error({"--max-recordings", "0"}, {"--max-recordings '0'"});
    require_usage_error({"--max-connections", "many"}, {"--max-connections 'many'"});
    require_usage_error({"--max-body", "-1"}, {"--max-body '-1'"});
    require_usage_error({"--idle-timeout", "1.5"}, {"--idle-timeout '1.5'"});
    require_usage_error({"--unix", std::string(200, 'x')}, {"--unix", "107"});
    require_usage_error({"--unix", "/tmp/s", "--listen", "127.0.0.1:0"}, {"--unix '/tmp/s'", "--listen"});
}

BOOST_AUTO_TEST_CASE(other_machines_are_let_in_only_on_purpose)
{
    require_usage_error({"--listen", "0.0.0.0:0"}, {"'0.0.0.0:0'", "--allow-remote"});
    require_usage_error({"--listen", "[::]:0"}, {"'[::]:0'", "--allow-remote"});
    require_usage_error({"--listen", "192.0.2.1:80"}, {"'192.0.2.1:80'", "--allow-remote"});
    running_server open({"--listen", "127.0.0.1:0", "--allow-remote"});
    http_request request = make_request(http::verb::get, "/healthz");
    request.set(http::field::host, "server.example.org");
    BOOST_TEST(open.connect().exchange(request).result_int() == 200U);
    open.stop();
}

BOOST_AUTO_TEST_CASE(what_cannot_be_listened_on_is_a_failure)
{
    running_server first;
    const auto place = first.line_of_address().substr(std::string("http://").size());
    const outcome o = run(server_invocation({"--listen", place}));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says("in use"), o);
    first.stop();
}

BOOST_AUTO_TEST_CASE(a_folder_that_is_none_is_a_failure)
{
    const outcome o = run(server_invocation({"--listen", "127.0.0.1:0", "--directory", "/no/such/folder"}));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says("/no/such/folder"), o);
}

BOOST_AUTO_TEST_CASE(a_unix_socket_is_its_owners_alone)
{
    const temporary_folder folder;
    const std::string path = folder.file("socket");
    running_server server({"--unix", path});
    BOOST_TEST(server.line_of_address() == "unix:" + path);
    struct stat status {};
    BOOST_REQUIRE(::stat(path.c_str(), &status) == 0);
    BOOST_TEST((status.st_mode & 0777) == 0600U);
    BOOST_TEST(server.connect().get("/healthz").result_int() == 200U);

    const outcome second = run(server_invocation({"--unix", path}));
    BOOST_TEST(second.status == 1, second);
    BOOST_TEST(server.connect().get("/healthz").result_int() == 200U);
    server.stop();
    BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(a_socket_that_a_killed_server_left_is_replaced_and_a_file_is_not)
{
    const temporary_folder folder;
    const std::string path = folder.file("socket");
    {
        running_server killed({"--unix", path});
        killed.signal(SIGKILL);
        BOOST_TEST(killed.wait().status == 128 + SIGKILL);
    }
    BOOST_REQUIRE(std::filesystem::exists(path));
    running_server next({"--unix", path});
    BOOST_TEST(next.connect().get("/healthz").result_int() == 200U);
    next.stop();

    write_file(path, "text");
    const outcome o = run(server_invocation({"--unix", path}));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(read_file(path) == "text");
}

BOOST_AUTO_TEST_CASE(what_has_been_put_in_its_sockets_place_stays)
{
    const temporary_folder folder;
    const std::string path = folder.file("socket");
    running_server first({"--unix", path});
    std::filesystem::remove(path);
    running_server second({"--unix", path});
    first.stop();
    BOOST_TEST(second.connect().get("/healthz").result_int() == 200U);
    second.stop();
    BOOST_TEST(!std::filesystem::exists(path));
}

BOOST_AUTO_TEST_CASE(ipv6_has_its_loopback_too)
{
    const int probe = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const outcome o =
        run({{"/bin/sh", "-c", "test -e /proc/net/if_inet6 && grep -q ' lo$' /proc/net/if_inet6"}});
    if (probe < 0 || o.status != 0) {
        sctrace::test::skip("this machine has no ::1");
        return;
    }
    ::close(probe);
    running_server server({"--listen", "[::1]:0"});
    BOOST_TEST(server.line_of_address().starts_with("http://[::1]:"));
    BOOST_TEST(server.connect().get("/healthz").result_int() == 200U);
    server.stop();
}

BOOST_AUTO_TEST_SUITE_END()
