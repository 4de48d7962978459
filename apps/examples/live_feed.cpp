// live_feed: two recorders share one hub, which reads the kernel once. The first one also hands out its
// records as they come, from a bounded queue that never holds the recording up.
#include <sctrace/event.hpp>
#include <sctrace/hub.hpp>
#include <sctrace/recorder.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <iostream>

namespace asio = boost::asio;

namespace {

constexpr auto token = asio::as_tuple(asio::use_awaitable);

asio::awaitable<void> record(sctrace::recorder& recorder)
{
    const auto [ec, report] = co_await recorder.async_run(token);
    std::cout << (ec ? report.failure_message : sctrace::verdict_line(report)) << '\n';
}

asio::awaitable<void> show_live(sctrace::recorder& recorder)
{
    sctrace::live_records batch;
    for (;;) {
        const auto [ec, count] = co_await recorder.async_receive(batch, token);
        if (ec) {
            co_return; // end of file: the recording has ended, and everything was received
        }
        for (const sctrace::seccomp_record& record : batch.records()) {
            std::cerr << sctrace::to_event(record) << '\n';
        }
        if (batch.dropped() != 0) {
            std::cerr << batch.dropped() << " records more than the queue holds\n";
        }
    }
}

} // namespace

int main()
{
    asio::io_context context;
    sctrace::hub hub(context);

    sctrace::recorder_options root;
    root.command.emplace().command = {"ls", "/"};
    root.output = "trace.ndjson";
    root.live_records = 1000;
    sctrace::recorder first(hub, root);

    sctrace::recorder_options home;
    home.command.emplace().command = {"ls", "/home"};
    sctrace::recorder second(hub, home);

    asio::co_spawn(context, record(first), asio::detached);
    asio::co_spawn(context, show_live(first), asio::detached);
    asio::co_spawn(context, record(second), asio::detached);
    context.run();
}
