// watch SECONDS [NAME...]: prints the SECCOMP records of the whole host as they come, or those of the threads
// that have one of the names, each as one JSON object, until the time is over or an interrupt comes.
#include <sctrace/event.hpp>
#include <sctrace/watcher.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <string_view>

namespace asio = boost::asio;

namespace {

constexpr int usage_status = 2;

sctrace::watcher_options options_of(int argc, char* argv[])
{
    sctrace::watcher_options options;
    options.duration = std::chrono::seconds(std::atoi(argv[1]));
    options.filter.comms.assign(argv + 2, argv + argc);
    options.on_started = [] { std::cerr << "watching\n"; };
    options.on_record = [](const sctrace::seccomp_record& record) {
        std::cout << sctrace::to_event(record) << '\n';
    };
    options.on_batch = [] { std::cout << std::flush; };
    options.on_loss = [](std::string_view what) { std::cerr << what << '\n'; };
    return options;
}

asio::awaitable<void> watch(sctrace::watcher& watcher, asio::signal_set& signals, int& status)
{
    const auto token = asio::as_tuple(asio::use_awaitable);
    const auto [ec, summary] = co_await watcher.async_run(token);
    if (ec) {
        std::cerr << summary.failure_message << '\n';
    } else {
        std::cerr << summary.records << " records\n";
        status = EXIT_SUCCESS;
    }
    signals.cancel();
}

} // namespace

int main(int argc, char* argv[])
{
    if (argc < 2) {
        std::cerr << "usage: watch SECONDS [NAME...]\n";
        return usage_status;
    }

    asio::io_context context;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    sctrace::watcher watcher(context, options_of(argc, argv));
    int status = EXIT_FAILURE;

    signals.async_wait([&](boost::system::error_code ec, int) {
        if (!ec) {
            watcher.request_stop();
        }
    });
    asio::co_spawn(context, watch(watcher, signals, status), asio::detached);
    context.run();
    return status;
}
