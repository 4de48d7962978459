#include <sctrace/recorder.hpp>
#include <sctrace/replayer.hpp>
#include <sctrace/watcher.hpp>

#include <boost/asio/io_context.hpp>

#include <array>
#include <iostream>
#include <string>

#include <unistd.h>

namespace {

/// A descriptor of kmsg entries from which none comes.
int empty_source()
{
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0) {
        return -1;
    }
    ::close(ends[1]);
    return ends[0];
}

bool replays(const std::string& capture)
{
    boost::asio::io_context context;
    sctrace::replay_options options;
    options.logs = {capture};
    options.filter.comms = {"ls"};
    sctrace::replayer replayer(context, options);
    bool counted = false;
    replayer.async_run([&](boost::system::error_code ec, const sctrace::report& report) {
        counted = !ec && report.counts.total() == 71;
    });
    context.run();
    return counted;
}

bool records()
{
    boost::asio::io_context context;
    sctrace::recorder_options options;
    options.pids = {::getpid()};
    options.kmsg_descriptor = empty_source();
    sctrace::recorder recorder(context, options);
    bool ended = false;
    recorder.async_run([&](boost::system::error_code ec, const sctrace::report& report) {
        ended = !ec && report.counts.total() == 0;
    });
    context.run();
    return ended;
}

bool watches()
{
    boost::asio::io_context context;
    sctrace::watcher_options options;
    options.kmsg_descriptor = empty_source();
    sctrace::watcher watcher(context, options);
    bool ended = false;
    watcher.async_run([&](boost::system::error_code ec, const sctrace::watch_summary& summary) {
        ended = !ec && summary.records == 0;
    });
    context.run();
    return ended;
}

} // namespace

/// Succeeds when the runtime works; the argument is the capture that the repository has.
int main(int argc, char* argv[])
{
    if (argc != 2 || !replays(argv[1]) || !records() || !watches()) {
        std::cerr << "the runtime does not work\n";
        return 1;
    }
    return 0;
}
