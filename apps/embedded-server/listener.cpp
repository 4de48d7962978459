#include "listener.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>

#include <chrono>
#include <cstring>
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

/// Nobody else on the machine may connect, from the first moment on.
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
    acceptor_.open(generic_stream(at.protocol().family(), IPPROTO_TCP));
    close_on_exec(acceptor_.native_handle());
    acceptor_.set_option(asio::socket_base::reuse_address(true));
    acceptor_.bind(generic_stream::endpoint(at));
    acceptor_.listen();
}

void listener::listen(const std::string& path)
{
    remove_if_abandoned(context_, path);
    acceptor_.open(generic_stream(AF_UNIX, 0));
    close_on_exec(acceptor_.native_handle());
    {
        const private_files only_mine;
        acceptor_.bind(generic_stream::endpoint(local_stream::endpoint(path)));
    }
    path_ = path;
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
    error_code ignored;
    acceptor_.close(ignored);
    pause_.cancel();
    if (!path_.empty()) {
        ::unlink(std::exchange(path_, std::string()).c_str());
    }
}

asio::awaitable<void> listener::accept_all()
{
    constexpr std::chrono::milliseconds until_descriptors_are_free{100};
    while (acceptor_.is_open()) {
        auto [failed, peer] = co_await acceptor_.async_accept(asio::as_tuple(asio::use_awaitable));
        if (!failed) {
            close_on_exec(peer.native_handle());
            accepted_(std::move(peer));
        } else if (failed != asio::error::connection_aborted && acceptor_.is_open()) {
            pause_.expires_after(until_descriptors_are_free);
            co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
    }
}

} // namespace embedded_server
