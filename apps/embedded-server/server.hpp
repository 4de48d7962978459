#ifndef EMBEDDED_SERVER_SERVER_HPP
#define EMBEDDED_SERVER_SERVER_HPP

#include "api.hpp"
#include "connection_list.hpp"
#include "listener.hpp"
#include "options.hpp"
#include "registry.hpp"

#include <sctrace/hub.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <memory>
#include <string_view>

namespace embedded_server {

/// Writes `embedded-server: TEXT` as one line to stderr.
void say(std::string_view text);

/// The server: connections, recordings and their source on one io_context, which one thread runs.
class server {
public:
    /// Listens from now on.
    /** @throws std::exception */
    explicit server(const options& given);

    /// Serves until a signal ends it.
    void run();

private:
    void take_connection(listener::socket_type peer);
    boost::asio::awaitable<void> wait_for_signals();
    boost::asio::awaitable<void> shut_down();
    boost::asio::awaitable<void> end_connections();
    void end_at_next_signal();

    options given_;
    boost::asio::io_context context_;
    boost::asio::signal_set signals_;
    sctrace::hub hub_;
    std::shared_ptr<connection_list> connections_;
    registry recordings_;
    api api_;
    listener listener_;
};

} // namespace embedded_server

#endif
