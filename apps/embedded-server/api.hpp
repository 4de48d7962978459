#ifndef EMBEDDED_SERVER_API_HPP
#define EMBEDDED_SERVER_API_HPP

#include "access_rules.hpp"
#include "connection_list.hpp"
#include "event_stream.hpp"
#include "http.hpp"
#include "registry.hpp"
#include "router.hpp"
#include "target.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <memory>
#include <variant>

namespace embedded_server {

/// A reply, or a stream of events that is to follow the reply's header.
using answer = std::variant<response, std::shared_ptr<event_stream>>;

/// Answers requests; knows nothing of connections but their number.
class api {
public:
    struct setting {
        access_rules access;
        /// Commands may be run.
        bool allow_exec = false;
    };

    api(registry& recordings, const connection_list& connections, setting given);

    /// The answer without the fields that depend on the connection.
    boost::asio::awaitable<answer> handle(const request& asked);

    /// From now on nothing new is begun, and the server says that it is not well.
    void begin_shutdown() noexcept { shutting_down_ = true; }
    bool is_shutting_down() const noexcept { return shutting_down_; }

private:
    boost::asio::awaitable<answer> handle_route(const route& to, const target& named, const request& asked);
    boost::asio::awaitable<answer> handle_recording(endpoint to, std::shared_ptr<recording> which,
                                                    const target& named);

    response page() const;
    response health() const;
    response metrics() const;
    response list() const;
    boost::asio::awaitable<response> create(const request& asked);
    boost::asio::awaitable<response> stop(std::shared_ptr<recording> which);
    boost::asio::awaitable<response> remove(std::shared_ptr<recording> which);

    registry& recordings_;
    const connection_list& connections_;
    setting given_;
    std::chrono::system_clock::time_point process_start_ = std::chrono::system_clock::now();
    bool shutting_down_ = false;
};

} // namespace embedded_server

#endif
