#ifndef SCTRACE_TEST_SERVER_RUNNING_SERVER_HPP
#define SCTRACE_TEST_SERVER_RUNNING_SERVER_HPP

#include "cli/process.hpp"
#include "common/paths.hpp"
#include "common/temporary_folder.hpp"
#include "http_client.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

namespace sctrace::test {

using word_list = std::vector<std::string>;

inline invocation server_invocation(const word_list& options)
{
    word_list all{server_path()};
    all.insert(all.end(), options.begin(), options.end());
    return {all};
}

/// A server on a free port of the loopback interface, or where its options say.
/** What it says goes into a file: nobody would read a pipe meanwhile. */
class running_server {
public:
    /// @p prepare runs before the server does, in its process.
    explicit running_server(const word_list& options = {}, std::function<void()> prepare = {})
        : process_(invocation_of(options, std::move(prepare)))
    {
        BOOST_REQUIRE_MESSAGE(eventually([this] { return !line_of_address().empty(); }), said());
    }

    pid_t pid() const noexcept { return process_.pid(); }
    std::string said() const { return read_file(log_path()); }
    bool has_said(std::string_view text) const { return said().find(text) != std::string::npos; }

    http_client connect() const { return http_client(address()); }

    server_address address() const
    {
        const std::string line = line_of_address();
        if (line.starts_with("unix:")) {
            return boost::asio::local::stream_protocol::endpoint(line.substr(5));
        }
        const auto colon = line.rfind(':');
        const auto port = static_cast<unsigned short>(std::stoi(line.substr(colon + 1)));
        const auto host = line.find("//") + 2;
        const auto given = line[host] == '['
                               ? boost::asio::ip::make_address(line.substr(host + 1, colon - host - 2))
                               : boost::asio::ip::make_address(line.substr(host, colon - host));
        const auto loopback = boost::asio::ip::make_address("127.0.0.1");
        return boost::asio::ip::tcp::endpoint(given.is_unspecified() ? loopback : given, port);
    }
    std::string line_of_address() const
    {
        constexpr std::string_view before = "embedded-server: listening on ";
        const std::string text = said();
        const auto begin = text.find(before);
        const auto end = text.find('\n', begin);
        if (begin == std::string::npos || end == std::string::npos) {
            return {};
        }
        return text.substr(begin + before.size(), end - begin - before.size());
    }

    void signal(int number) const { process_.signal(number); }
    outcome wait() { return process_.wait(); }

    /// Ends it as a service manager does; it must end well.
    void stop()
    {
        signal(SIGTERM);
        const int status = wait().status;
        BOOST_TEST(status == 0, "status " << status << "\n" << said());
    }

private:
    std::string log_path() const { return folder_.file("log"); }

    invocation invocation_of(const word_list& options, std::function<void()> prepare) const
    {
        word_list all = options;
        const auto is_place = [](const std::string& w) { return w == "--listen" || w == "--unix"; };
        if (std::none_of(options.begin(), options.end(), is_place)) {
            all.insert(all.begin(), {"--listen", "127.0.0.1:0"});
        }
        invocation made = server_invocation(all);
        made.output_file = "/dev/null";
        made.prepare = [path = log_path(), prepare = std::move(prepare)] {
            const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
            ::dup2(file, STDERR_FILENO);
            if (prepare) {
                prepare();
            }
        };
        return made;
    }

    temporary_folder folder_;
    process process_;
};

} // namespace sctrace::test

#endif
