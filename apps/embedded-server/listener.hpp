#ifndef EMBEDDED_SERVER_LISTENER_HPP
#define EMBEDDED_SERVER_LISTENER_HPP

#include "session.hpp"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <string>

#include <sys/stat.h>

namespace embedded_server {

/// Accepts connections on an address or on a Unix socket.
class listener {
public:
    using socket_type = boost::asio::generic::stream_protocol::socket;

    /// @p accepted gets each connection.
    listener(boost::asio::io_context& context, std::function<void(socket_type)> accepted);
    listener(const listener&) = delete;
    listener& operator=(const listener&) = delete;
    ~listener();

    /// @throws boost::system::system_error
    void listen(const boost::asio::ip::tcp::endpoint& at);
    /// On a socket that only its owner may use; replaces one that no process listens on any more.
    /** @throws boost::system::system_error */
    void listen(const std::string& path);

    /// Where it listens, as one types it: with the port that it was given instead of 0.
    std::string address() const;

    void start();
    void stop();

private:
    boost::asio::awaitable<void> accept_all();
    bool accept_waiting();
    void hand_over(int descriptor);
    void remove_own_socket();

    boost::asio::io_context& context_;
    std::function<void(socket_type)> accepted_;
    boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor_;
    boost::asio::steady_timer pause_;
    int family_ = 0;
    std::string path_;
    struct stat socket_file_ {};
};

} // namespace embedded_server

#endif
