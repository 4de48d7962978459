// A server with a recorder inside: it answers each connection with the trace of a process so far.
//
//     embedded-server PORT PID        then: nc 127.0.0.1 PORT

#include <sctrace/recorder.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <utility>

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

constexpr auto trace_path = "embedded-server.ndjson";

// The recorder replaces the file as a whole, so that a reader never sees half a trace.
std::string trace_so_far()
{
    std::ifstream file(trace_path);
    return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

asio::awaitable<void> answer(tcp::socket peer)
{
    const std::string text = trace_so_far();
    co_await asio::async_write(peer, asio::buffer(text), asio::as_tuple(asio::use_awaitable));
}

asio::awaitable<void> serve(tcp::acceptor& acceptor)
{
    for (;;) {
        auto [failed, peer] = co_await acceptor.async_accept(asio::as_tuple(asio::use_awaitable));
        if (failed) {
            co_return;
        }
        asio::co_spawn(acceptor.get_executor(), answer(std::move(peer)), asio::detached);
    }
}

void run(unsigned short port, pid_t pid)
{
    asio::io_context context;
    tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), port});
    asio::co_spawn(context, serve(acceptor), asio::detached);

    sctrace::recorder_options options;
    options.pids = {pid};
    options.output = trace_path;
    options.flush_interval = std::chrono::seconds(1);
    options.on_notice = [](std::string_view text) { std::cerr << text << '\n'; };
    sctrace::recorder recorder(context, options);

    asio::signal_set signals(context, SIGINT, SIGTERM);
    signals.async_wait([&](boost::system::error_code, int) { recorder.request_stop(); });

    recorder.async_run([&](boost::system::error_code ec, const sctrace::report& report) {
        std::cerr << (ec ? report.failure_message : sctrace::verdict_line(report)) << '\n';
        acceptor.close();
        signals.cancel();
    });
    context.run();
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: embedded-server PORT PID\n";
        return 2;
    }
    try {
        run(static_cast<unsigned short>(std::strtoul(argv[1], nullptr, 10)),
            static_cast<pid_t>(std::strtol(argv[2], nullptr, 10)));
    } catch (const std::exception& e) {
        std::cerr << "embedded-server: " << e.what() << '\n';
        return 1;
    }
}
