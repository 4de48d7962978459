// replay LOG [NAME...]: reads a saved log of any form on all processors, counts the calls of the threads that
// have one of the names, or all calls, and prints them as a trace.
#include <sctrace/replayer.hpp>
#include <sctrace/trace.hpp>

#include <boost/asio/thread_pool.hpp>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <string_view>
#include <thread>

namespace {

constexpr int usage_status = 2;

} // namespace

int main(int argc, char* argv[])
{
    if (argc < 2) {
        std::cerr << "usage: replay LOG [NAME...]\n";
        return usage_status;
    }
    const std::size_t threads = std::max(1U, std::thread::hardware_concurrency());

    sctrace::replay_options options;
    options.logs = {argv[1]};
    options.filter.comms.assign(argv + 2, argv + argc);
    options.parts_at_once = threads;
    options.on_notice = [](std::string_view text) { std::cerr << text << '\n'; };

    boost::asio::thread_pool pool(threads);
    sctrace::replayer replayer(pool, options);
    int status = EXIT_FAILURE;
    replayer.async_run([&](boost::system::error_code ec, const sctrace::report& report) {
        // What could be read is counted, also if a part of the log could not.
        std::cout << sctrace::to_ndjson(report.counts, report.native);
        std::cerr << (ec ? report.failure_message : sctrace::verdict_line(report)) << '\n';
        status = ec ? EXIT_FAILURE : EXIT_SUCCESS;
    });
    pool.join();
    return status;
}
