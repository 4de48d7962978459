#include "event_stream.hpp"

#include <utility>

namespace embedded_server {

void event_stream::add(std::string_view event)
{
    // Once something is missing all is missing until there is room for a good piece again.
    if (dropped_ != 0 || waiting_.size() + event.size() > capacity_) {
        ++dropped_;
        return;
    }
    const bool was_empty = waiting_.empty();
    waiting_.append("data: ").append(event).append("\n\n");
    if (was_empty) {
        changed_.wake_all();
    }
}

void event_stream::add_dropped(std::uint64_t records)
{
    dropped_ += records;
    if (waiting_.size() < capacity_) {
        flush_dropped();
        changed_.wake_all();
    }
}

void event_stream::end(std::string_view summary)
{
    if (ended_) {
        return;
    }
    flush_dropped();
    waiting_.append("event: end\ndata: ").append(summary).append("\n\n");
    ended_ = true;
    changed_.wake_all();
}

void event_stream::close()
{
    waiting_.clear();
    dropped_ = 0;
    ended_ = true;
    changed_.wake_all();
}

boost::asio::awaitable<std::string> event_stream::next(std::chrono::milliseconds keep_alive)
{
    if (waiting_.empty() && !ended_) {
        co_await changed_.wait_for(keep_alive);
    }
    if (waiting_.empty() && !ended_) {
        co_return ": nothing new\n\n";
    }
    co_return take();
}

std::string event_stream::take()
{
    flush_dropped();
    return std::exchange(waiting_, std::string());
}

void event_stream::flush_dropped()
{
    if (dropped_ != 0) {
        waiting_ += "event: dropped\ndata: {\"count\":" + std::to_string(dropped_) + "}\n\n";
        dropped_ = 0;
    }
}

} // namespace embedded_server
