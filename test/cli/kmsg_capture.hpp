#ifndef SCTRACE_TEST_CLI_KMSG_CAPTURE_HPP
#define SCTRACE_TEST_CLI_KMSG_CAPTURE_HPP

#include "process.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cerrno>
#include <cstddef>
#include <stop_token>
#include <string>
#include <thread>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

namespace sctrace::test {

/// What /dev/kmsg says from the construction on, byte for byte as read(2) gives it.
class kmsg_capture {
public:
    kmsg_capture()
        : log_(::open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC))
    {
        BOOST_REQUIRE(log_);
        BOOST_REQUIRE(::lseek(log_.get(), 0, SEEK_END) == 0);
        reader_ = std::jthread([this](const std::stop_token& stop) { read_until(stop); });
    }
    kmsg_capture(const kmsg_capture&) = delete;
    kmsg_capture& operator=(const kmsg_capture&) = delete;

    /// Everything up to now, once.
    std::string stop()
    {
        reader_.request_stop();
        reader_.join();
        drain();
        return text_;
    }

    /// Whether the kernel overwrote entries before they were read; after stop().
    bool has_lost() const noexcept { return has_lost_; }

private:
    void read_until(const std::stop_token& stop)
    {
        while (!stop.stop_requested()) {
            pollfd readable{log_.get(), POLLIN, 0};
            ::poll(&readable, 1, 20);
            drain();
        }
    }

    void drain()
    {
        std::array<char, std::size_t{16} * 1024> entry;
        for (;;) {
            const ssize_t size = ::read(log_.get(), entry.data(), entry.size());
            if (size > 0) {
                text_.append(entry.data(), static_cast<std::size_t>(size));
            } else if (size < 0 && errno == EPIPE) {
                has_lost_ = true;
            } else if (size == 0 || errno != EINTR) {
                return;
            }
        }
    }

    descriptor log_;
    std::string text_;
    bool has_lost_ = false;
    // Last, so that it ends before what it uses.
    std::jthread reader_;
};

} // namespace sctrace::test

#endif
