#include "host/ratelimit_guardian.hpp"
#include "host/ratelimit_state.hpp"
#include "os/descriptor.hpp"
#include "os/os_error.hpp"

#include <sctrace/printk_ratelimit_hold.hpp>

#include <cerrno>
#include <chrono>
#include <filesystem>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sctrace {
namespace {

using boost::system::error_code;
using boost::system::result;
using clock = std::chrono::steady_clock;

constexpr std::chrono::seconds lock_timeout{5};
constexpr std::chrono::seconds leave_timeout{2};

failure cannot_lift(const error_code& ec, const std::string& what)
{
    return {ec, "cannot lift the kernel's rate limit: " + what + ": " + ec.message()};
}

failure cannot_set(const printk_ratelimit_paths& paths, const error_code& ec)
{
    failure why = cannot_lift(ec, paths.sysctl);
    const int number = ec.value();
    if (number == EACCES || number == EPERM || number == EROFS) {
        why.message += " (root on the host itself is needed; an administrator can set it by hand: "
                       "sysctl -w kernel.printk_ratelimit=0)";
    }
    return why;
}

// The guardian works in the root folder.
printk_ratelimit_paths make_absolute(const printk_ratelimit_paths& paths)
{
    return {std::filesystem::absolute(paths.sysctl), std::filesystem::absolute(paths.state)};
}

error_code check_writable(const std::string& path)
{
    const detail::unique_descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    return file ? error_code{} : detail::system_error();
}

result<detail::unique_descriptor> open_state(const std::string& path)
{
    detail::unique_descriptor state(::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600));
    struct stat status {};
    if (!state || ::fstat(state.get(), &status) != 0) {
        return detail::system_error();
    }
    if (!S_ISREG(status.st_mode) || status.st_uid != ::geteuid()) {
        return detail::system_error(EINVAL);
    }
    return state;
}

// Polls: there is no wait for a record lock that ends by itself, and whoever has it may have been stopped.
error_code take_record_lock(int state, clock::time_point deadline)
{
    for (;;) {
        const int error = detail::set_record_lock(state, F_OFD_SETLK, F_WRLCK);
        if (error == 0) {
            return {};
        }
        if (error != EAGAIN && error != EACCES) {
            return detail::system_error(error);
        }
        if (clock::now() >= deadline) {
            return detail::system_error(ETIMEDOUT);
        }
        ::poll(nullptr, 0, 2);
    }
}

// The last holder may have removed the file between our open and our lock: what we locked then is nobody's
// file.
bool is_removed(int state)
{
    struct stat status {};
    return ::fstat(state, &status) == 0 && status.st_nlink == 0;
}

result<detail::unique_descriptor> lock_state(const std::string& path)
{
    const auto deadline = clock::now() + lock_timeout;
    for (;;) {
        auto state = open_state(path);
        if (!state) {
            return state;
        }
        if (const auto ec = take_record_lock(state->get(), deadline)) {
            return ec;
        }
        if (!is_removed(state->get())) {
            return state;
        }
    }
}

// Needs the record lock.
result<detail::unique_descriptor, failure> join_hold(int state, const printk_ratelimit_paths& paths)
{
    if (const int error = detail::lift_limit(state, paths.sysctl.c_str())) {
        return cannot_set(paths, detail::system_error(error));
    }
    auto guardian = detail::start_guardian(paths);
    if (!guardian) {
        return cannot_lift(guardian.error(), "no process to restore it could be started");
    }
    return *std::move(guardian);
}

// The guardian closes its end when it is done.
void await_end(int guardian)
{
    const auto deadline = clock::now() + leave_timeout;
    pollfd end{guardian, POLLIN, 0};
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
        const int ready = left <= 0 ? 0 : ::poll(&end, 1, static_cast<int>(left));
        if (ready >= 0 || errno != EINTR) {
            return;
        }
    }
}

} // namespace

result<printk_ratelimit_hold, failure> printk_ratelimit_hold::acquire(const printk_ratelimit_paths& paths)
{
    const auto files = make_absolute(paths);
    if (const auto ec = check_writable(files.sysctl)) {
        return cannot_set(files, ec);
    }
    const auto state = lock_state(files.state);
    if (!state) {
        return cannot_lift(state.error(), "state file " + files.state);
    }
    auto guardian = join_hold(state->get(), files);
    if (!guardian) {
        detail::restore_if_last(state->get(), files.sysctl.c_str(), files.state.c_str());
    }
    // Not left to close(): a child that another thread forks now shares the open file.
    detail::set_record_lock(state->get(), F_OFD_SETLK, F_UNLCK);
    if (!guardian) {
        return guardian.error();
    }
    return printk_ratelimit_hold(guardian->release());
}

printk_ratelimit_hold::printk_ratelimit_hold(int guardian) noexcept
    : guardian_(guardian)
{
}

printk_ratelimit_hold::printk_ratelimit_hold(printk_ratelimit_hold&& other) noexcept
    : guardian_(std::exchange(other.guardian_, -1))
{
}

printk_ratelimit_hold& printk_ratelimit_hold::operator=(printk_ratelimit_hold&& other) noexcept
{
    if (this != &other) {
        leave();
        guardian_ = std::exchange(other.guardian_, -1);
    }
    return *this;
}

printk_ratelimit_hold::~printk_ratelimit_hold()
{
    leave();
}

// Shut down and not only closed: a child that was forked meanwhile may share the socket.
void printk_ratelimit_hold::leave() noexcept
{
    const detail::unique_descriptor guardian(std::exchange(guardian_, -1));
    if (!guardian) {
        return;
    }
    ::shutdown(guardian.get(), SHUT_WR);
    await_end(guardian.get());
}

} // namespace sctrace
