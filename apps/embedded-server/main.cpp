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

#include <charconv>
#include <exception>
#include <fstream>
#include <iostream>
#include <iterator>
#include <limits>
#include <stdexcept>
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

template <class Number>
Number number_of(const std::string& word, Number most)
{
    Number value = 0;
    const auto parsed = std::from_chars(word.data(), word.data() + word.size(), value);
    if (parsed.ec != std::errc{} || parsed.ptr != word.data() + word.size() || value <= 0 || value > most) {
        throw std::invalid_argument("'" + word + "' is not a number from 1 to " + std::to_string(most));
    }
    return value;
}

bool run(unsigned short port, pid_t pid)
{
    bool recorded = false;
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
        recorded = !ec;
        acceptor.close();
        signals.cancel();
    });
    context.run();
    return recorded;
}

} // namespace

int main(int argc, char** argv)
{
    if (argc != 3) {
        std::cerr << "usage: embedded-server PORT PID\n";
        return 2;
    }
    try {
        const auto port = number_of<int>(argv[1], 65535);
        const auto pid = number_of<pid_t>(argv[2], std::numeric_limits<pid_t>::max());
        return run(static_cast<unsigned short>(port), pid) ? 0 : 1;
    } catch (const std::exception& e) {
        std::cerr << "embedded-server: " << e.what() << '\n';
        return 1;
    }
}
