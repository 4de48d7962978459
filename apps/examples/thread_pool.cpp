// thread_pool FOLDER...: records `ls FOLDER` for all folders at once on the threads of a pool, and waits for
// the reports on the main thread, for some minutes at most: request_stop() may be called from any thread.
#include <sctrace/hub.hpp>
#include <sctrace/recorder.hpp>

#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_future.hpp>

#include <chrono>
#include <future>
#include <iostream>
#include <list>
#include <string>

namespace asio = boost::asio;

namespace {

constexpr int usage_status = 2;
constexpr std::size_t threads = 4;
constexpr std::chrono::minutes patience{2};

std::string verdict_of(boost::system::error_code ec, const sctrace::report& report)
{
    return ec ? report.failure_message : report.command.back() + ": " + sctrace::verdict_line(report);
}

struct recording {
    recording(sctrace::hub& hub, const std::string& folder)
        : recorder(hub, options_of(folder))
        , verdict(recorder.async_run(asio::use_future(verdict_of)))
    {
    }

    static sctrace::recorder_options options_of(const std::string& folder)
    {
        sctrace::recorder_options options;
        options.command.emplace().command = {"ls", folder};
        return options;
    }

    sctrace::recorder recorder;
    std::future<std::string> verdict;
};

} // namespace

int main(int argc, char* argv[])
{
    if (argc < 2) {
        std::cerr << "usage: thread_pool FOLDER...\n";
        return usage_status;
    }

    asio::thread_pool pool(threads);
    sctrace::hub hub(pool); // one source for all recorders, which run on one strand of the pool
    std::list<recording> recordings;
    for (int i = 1; i < argc; ++i) {
        recordings.emplace_back(hub, argv[i]);
    }

    const auto give_up = std::chrono::steady_clock::now() + patience;
    for (recording& each : recordings) {
        if (each.verdict.wait_until(give_up) == std::future_status::timeout) {
            each.recorder.request_stop();
        }
        std::cout << each.verdict.get() << '\n';
    }
    pool.join();
}
