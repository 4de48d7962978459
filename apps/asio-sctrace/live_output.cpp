#include "live_output.hpp"

#include <boost/asio/posix/descriptor_base.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include <poll.h>
#include <sys/epoll.h>
#include <unistd.h>

namespace asio_sctrace {

namespace {

constexpr int patience_when_stopping_ms = 1000;

/// Readable when standard output has an error or no reader left; -1 for what has none, such as a file.
/** To wait for it by Asio itself would make the output non-blocking for all that share it. */
int watch_reader_of_output()
{
    const int watch = ::epoll_create1(EPOLL_CLOEXEC);
    // EPOLLERR and EPOLLHUP come unasked.
    epoll_event nothing = {};
    if (watch >= 0 && ::epoll_ctl(watch, EPOLL_CTL_ADD, STDOUT_FILENO, &nothing) != 0) {
        ::close(watch);
        return -1;
    }
    return watch;
}

/// As much as a pipe that is ready takes without blocking (pipe(7), PIPE_BUF), cut at a line if there is one.
std::string_view first_part(std::string_view lines)
{
    if (lines.size() <= PIPE_BUF) {
        return lines;
    }
    const auto end = lines.rfind('\n', PIPE_BUF - 1);
    return lines.substr(0, end == std::string_view::npos ? PIPE_BUF : end + 1);
}

} // namespace

live_output::live_output(boost::asio::io_context& context, stop_signals& signals,
                         std::function<void()> on_closed)
    : signals_(signals)
    , reader_watch_(context)
    , on_closed_(std::move(on_closed))
{
    const int watch = watch_reader_of_output();
    if (watch < 0) {
        return;
    }
    reader_watch_.assign(watch);
    reader_watch_.async_wait(boost::asio::posix::descriptor_base::wait_read,
                             [this](boost::system::error_code ec) {
                                 if (!ec && !over_) {
                                     fail(EPIPE);
                                     on_closed_();
                                 }
                             });
}

void live_output::write(std::string_view lines)
{
    while (!lines.empty() && !over_) {
        if (!wait_for_space()) {
            over_ = true;
            return;
        }
        lines.remove_prefix(write_some(first_part(lines)));
    }
}

std::optional<boost::system::error_code> live_output::failure() const
{
    if (!error_ || error_.value() == EPIPE) {
        return std::nullopt;
    }
    return error_;
}

void live_output::end()
{
    boost::system::error_code ignored;
    reader_watch_.close(ignored);
}

/// False when it is to stop, and nothing reads.
bool live_output::wait_for_space()
{
    if (!signals_.came() && wait_until_stop()) {
        return true;
    }
    pollfd output{STDOUT_FILENO, POLLOUT, 0};
    return ::poll(&output, 1, patience_when_stopping_ms) > 0;
}

/// Whether there is space before a signal or the deadline comes.
bool live_output::wait_until_stop()
{
    std::array<pollfd, 2> files{{{STDOUT_FILENO, POLLOUT, 0}, {signals_.descriptor(), POLLIN, 0}}};
    int ready = 0;
    do {
        ready = ::poll(files.data(), files.size(), time_to_deadline());
    } while ((ready < 0 && errno == EINTR) || (ready == 0 && time_to_deadline() != 0));
    return files[0].revents != 0;
}

/// In milliseconds, as poll(2) wants it.
int live_output::time_to_deadline() const
{
    if (!deadline_) {
        return -1;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - clock::now()).count();
    return static_cast<int>(std::clamp<decltype(left)>(left, 0, INT_MAX));
}

std::size_t live_output::write_some(std::string_view lines)
{
    const ssize_t written = ::write(STDOUT_FILENO, lines.data(), lines.size());
    if (written >= 0) {
        return static_cast<std::size_t>(written);
    }
    if (errno != EINTR && errno != EAGAIN) {
        fail(errno);
    }
    return 0;
}

void live_output::fail(int error)
{
    over_ = true;
    error_ = boost::system::error_code(error, boost::system::system_category());
}

} // namespace asio_sctrace
