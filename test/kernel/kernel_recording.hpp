#ifndef SCTRACE_TEST_KERNEL_KERNEL_RECORDING_HPP
#define SCTRACE_TEST_KERNEL_KERNEL_RECORDING_HPP

#include "async/context.hpp"
#include "common/skip.hpp"

#include <sctrace/recorder.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace sctrace::test {

constexpr std::int64_t getppid_call = 110;

inline bool can_record()
{
    if (::geteuid() != 0 || architecture::native().name() != "x86_64") {
        skip("needs root and x86_64");
        return false;
    }
    const int fd = ::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) {
        skip("/dev/kmsg cannot be read");
        return false;
    }
    ::close(fd);
    return true;
}

/// One recording of the real kernel's log.
struct kernel_recording {
    checked_context context;
    sctrace::recorder_options options;
    std::optional<sctrace::recorder> recorder;
    bool started = false;
    bool ended = false;
    boost::system::error_code ec;
    sctrace::report report;
    std::string notices;

    kernel_recording()
    {
        options.on_notice = [this](std::string_view text) { notices += std::string(text) + '\n'; };
        options.source = sctrace::source_kind::kmsg;
        options.lift_ratelimit = true;
        options.stop_check_interval = std::chrono::milliseconds(20);
        options.on_started = [this] { started = true; };
    }

    void start()
    {
        recorder.emplace(context.get(), options);
        recorder->async_run([this](boost::system::error_code e, sctrace::report r) {
            ec = e;
            report = std::move(r);
            ended = true;
        });
        BOOST_REQUIRE(context.run_until([this] { return started || ended; }));
        BOOST_REQUIRE_MESSAGE(started, report.failure_message);
    }

    void finish()
    {
        BOOST_REQUIRE(context.run_until([this] { return ended; }));
        context.run();
        BOOST_TEST(!ec, report.failure_message);
    }

    void stop()
    {
        recorder->request_stop();
        finish();
    }

    /// Runs a command from start to end.
    void run(std::vector<std::string> command)
    {
        options.command.emplace().command = std::move(command);
        start();
        finish();
    }

    std::uint64_t count(std::int64_t number) const
    {
        return report.counts.count(
            {architecture::of_call(architecture::native().audit_arch(), number), number});
    }

    std::string why() const
    {
        std::string all;
        for (const std::string& w : report.judged.why) {
            all += w + "; ";
        }
        return all;
    }

    bool noticed(const std::string& words) const { return notices.find(words) != std::string::npos; }

    bool why_mentions(const std::string& words) const { return why().find(words) != std::string::npos; }
};

/// Puts a setting of the kernel back at the end.
class kept_setting {
public:
    kept_setting(std::string path, const std::string& value)
        : path_(std::move(path))
    {
        std::ifstream file(path_);
        std::getline(file, old_);
        std::ofstream(path_) << value;
    }
    kept_setting(const kept_setting&) = delete;
    kept_setting& operator=(const kept_setting&) = delete;
    ~kept_setting() { std::ofstream(path_) << old_; }

private:
    std::string path_;
    std::string old_;
};

} // namespace sctrace::test

#endif
