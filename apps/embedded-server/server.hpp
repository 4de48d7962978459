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

#include <exception>
#include <memory>

namespace embedded_server {

/// The server: connections, recordings and their source on one io_context, which one thread runs.
class server {
public:
    /// Listens from now on.
    /** @throws std::exception */
    explicit server(const options& given);

    /// Serves until a signal or an error ends it; returns the exit status.
    int run();

private:
    bool run_until_thrown();
    void end_after_error();
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
    bool has_failed_ = false;
};

} // namespace embedded_server

#endif
