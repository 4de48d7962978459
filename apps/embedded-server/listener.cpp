#include "listener.hpp"

#include "say.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <exception>
#include <sstream>
#include <utility>

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

namespace embedded_server {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

using generic_stream = asio::generic::stream_protocol;
using local_stream = asio::local::stream_protocol;

/// Commands that are run would inherit the descriptor otherwise.
void close_on_exec(int descriptor)
{
    ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
}

/// No other user of the machine may connect, from the first moment on.
class private_files {
public:
    private_files() noexcept
        : old_(::umask(0177))
    {
    }
    private_files(const private_files&) = delete;
    private_files& operator=(const private_files&) = delete;
    ~private_files() { ::umask(old_); }

private:
    ::mode_t old_;
};

bool is_socket(const std::string& path)
{
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISSOCK(status.st_mode);
}

/// A server that was killed leaves its socket behind.
void remove_if_abandoned(asio::io_context& context, const std::string& path)
{
    // A file that is no socket refuses connections as well.
    if (!is_socket(path)) {
        return;
    }
    local_stream::socket probe(context);
    error_code ec;
    probe.connect(local_stream::endpoint(path), ec);
    if (ec == asio::error::connection_refused) {
        ::unlink(path.c_str());
    }
}

} // namespace

listener::listener(asio::io_context& context, std::function<void(socket_type)> accepted)
    : context_(context)
    , accepted_(std::move(accepted))
    , acceptor_(context)
    , pause_(context)
{
}

listener::~listener()
{
    stop();
}

void listener::listen(const tcp::endpoint& at)
{
    family_ = at.protocol().family();
    acceptor_.open(generic_stream(family_, IPPROTO_TCP));
    close_on_exec(acceptor_.native_handle());
    acceptor_.non_blocking(true);
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.bind(generic_stream::endpoint(at));
    acceptor_.listen();
}

void listener::listen(const std::string& path)
{
    remove_if_abandoned(context_, path);
    family_ = AF_UNIX;
    acceptor_.open(generic_stream(family_, 0));
    close_on_exec(acceptor_.native_handle());
    acceptor_.non_blocking(true);
    {
        const private_files only_mine;
        acceptor_.bind(generic_stream::endpoint(local_stream::endpoint(path)));
    }
    path_ = path;
    ::lstat(path_.c_str(), &socket_file_);
    acceptor_.listen();
}

std::string listener::address() const
{
    if (!path_.empty()) {
        return "unix:" + path_;
    }
    const auto bound = acceptor_.local_endpoint();
    tcp::endpoint at;
    std::memcpy(at.data(), bound.data(), bound.size());
    at.resize(bound.size());
    std::ostringstream text;
    text << "http://" << at;
    return text.str();
}

void listener::start()
{
    asio::co_spawn(context_, accept_all(), asio::detached);
}

void listener::stop()
{
    remove_own_socket();
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
}

/// Another may have been put in its place. As long as the acceptor is open no other file has its inode.
void listener::remove_own_socket()
{
    const std::string path = std::exchange(path_, std::string());
    struct stat now {};
    if (!path.empty() && ::lstat(path.c_str(), &now) == 0 && now.st_dev == socket_file_.st_dev &&
        now.st_ino == socket_file_.st_ino) {
        ::unlink(path.c_str());
    }
}

/// Not by async_accept: it leaves the peer open to commands until its handler runs, behind others that may
/// launch one.
asio::awaitable<void> listener::accept_all()
{
    constexpr std::chrono::milliseconds until_descriptors_are_free{100};
    while (acceptor_.is_open()) {
        const auto [failed] =
            co_await acceptor_.async_wait(asio::socket_base::wait_read, asio::as_tuple(asio::use_awaitable));
        const bool goes_well = !failed && accept_waiting();
        if (!goes_well && acceptor_.is_open()) {
            pause_.expires_after(until_descriptors_are_free);
            co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
}

/// Takes connections that wait, but not so many at once that nothing else is done; false where one waits
/// that cannot be had, as all descriptors are in use.
bool listener::accept_waiting()
{
    constexpr int most_at_once = 64;
    for (int i = 0; i != most_at_once && acceptor_.is_open(); ++i) {
        const int peer = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (peer >= 0) {
            hand_over(peer);
        } else if (errno == EAGAIN) {
            return true;
        } else if (errno != ECONNABORTED && errno != EINTR) {
            return false;
        }
    }
    return true;
}

/// One connection that cannot be served does not keep others from it.
void listener::hand_over(int descriptor)
{
    try {
        socket_type peer(context_);
        error_code ec;
        peer.assign(generic_stream(family_, 0), descriptor, ec);
        if (ec) {
            ::close(descriptor);
            throw boost::system::system_error(ec);
        }
        accepted_(std::move(peer));
    } catch (const std::exception& e) {
        say(std::string("cannot serve a connection: ") + e.what());
    }
}

} // namespace embedded_server
