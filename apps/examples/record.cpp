// record TRACE COMMAND [ARG...]: records the command and all its descendants, prints how often each system
// call was made and whether anything is missing, and ends with the command's exit status. An interrupt ends
// the recording.
#include <sctrace/error.hpp>
#include <sctrace/recorder.hpp>
#include <sctrace/syscall_names.hpp>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <iostream>
#include <string_view>

namespace asio = boost::asio;

namespace {

constexpr int usage_status = 2;

sctrace::recorder_options options_of(int argc, char* argv[])
{
    sctrace::recorder_options options;
    options.output = argv[1];
    options.command.emplace().command.assign(argv + 2, argv + argc);
    options.on_notice = [](std::string_view text) { std::cerr << text << '\n'; };
    return options;
}

void print(const sctrace::report& report)
{
    for (const auto& [call, count] : report.counts.sorted(report.native)) {
        std::cout << count << ' ' << sctrace::syscall_name(call.arch, call.number).value_or("unknown")
                  << '\n';
    }
    std::cout << sctrace::verdict_line(report) << '\n';
}

} // namespace

int main(int argc, char* argv[])
{
    if (argc < 3) {
        std::cerr << "usage: record TRACE COMMAND [ARG...]\n";
        return usage_status;
    }

    asio::io_context context;
    asio::signal_set signals(context, SIGINT, SIGTERM);
    asio::cancellation_signal stop;
    sctrace::recorder recorder(context, options_of(argc, argv));
    int status = 1;

    const auto ended = [&](boost::system::error_code ec, const sctrace::report& report) {
        if (ec == sctrace::condition::source_unavailable) {
            std::cout << "no records can be had here: " << report.failure_message << '\n';
        } else if (ec) {
            std::cout << report.failure_message << '\n';
        } else {
            print(report);
            status = report.child ? report.child->shell_code() : 0;
        }
        signals.cancel();
    };
    recorder.async_run(asio::bind_cancellation_slot(stop.slot(), ended));
    signals.async_wait([&](boost::system::error_code ec, int) {
        if (!ec) {
            stop.emit(asio::cancellation_type::partial); // terminal would also kill the command
        }
    });
    context.run();
    return status;
}
