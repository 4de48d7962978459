#ifndef EMBEDDED_SERVER_EVENT_STREAM_HPP
#define EMBEDDED_SERVER_EVENT_STREAM_HPP

#include "wake_up.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace embedded_server {

/// What one client sees of a recording, as server-sent events that wait to be sent.
/**
 * Holds a bounded amount of text. What does not fit is counted, and the client is told how many events are
 * missing at the place where they are.
 */
class event_stream {
public:
    explicit event_stream(const boost::asio::any_io_executor& ex, std::size_t capacity = default_capacity)
        : capacity_(capacity)
        , changed_(ex)
    {
    }

    /// Adds a record as JSON; it must not contain a line feed.
    void add(std::string_view event);
    /// Adds that so many records are missing here.
    void add_dropped(std::uint64_t records);
    /// Adds the last event; nothing may follow.
    void end(std::string_view summary);
    /// The client has gone.
    void close();

    /// Waits for text to send, and takes it.
    /** After @p keep_alive without any it is a comment, and empty when there will be none any more. */
    boost::asio::awaitable<std::string> next(std::chrono::milliseconds keep_alive);

private:
    static constexpr std::size_t default_capacity = std::size_t{1} << 20;

    std::string take();
    void flush_dropped();

    std::size_t capacity_;
    wake_up changed_;
    std::string waiting_;
    std::uint64_t dropped_ = 0;
    bool ended_ = false;
};

} // namespace embedded_server

#endif
