#ifndef EMBEDDED_SERVER_DEADLINE_HPP
#define EMBEDDED_SERVER_DEADLINE_HPP

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>

#include <chrono>
#include <memory>
#include <utility>

namespace embedded_server {

/// Cancels the operations of a socket when they take too long.
/** Unlike the timeout of Beast's stream it leaves the socket open, so that an answer can be sent. */
class deadline {
public:
    using socket_type = boost::asio::generic::stream_protocol::socket;

    explicit deadline(socket_type& socket)
        : state_(std::make_shared<state>(socket))
    {
    }
    deadline(const deadline&) = delete;
    deadline& operator=(const deadline&) = delete;
    ~deadline() { stop(); }

    void start(std::chrono::milliseconds from_now)
    {
        state_->passed = false;
        ++state_->turn;
        wait(state_, from_now);
    }

    void stop()
    {
        ++state_->turn;
        state_->timer.cancel();
    }

    bool has_passed() const noexcept { return state_->passed; }

private:
    struct state {
        explicit state(socket_type& s)
            : socket(s)
            , timer(s.get_executor())
        {
        }

        socket_type& socket;
        boost::asio::steady_timer timer;
        /// A handler of an earlier turn may still be on its way when the next one begins.
        unsigned turn = 0;
        bool passed = false;
    };

    /// An operation of several steps may just be between two of them: then the next one is cancelled.
    static void wait(const std::shared_ptr<state>& s, std::chrono::milliseconds from_now)
    {
        static constexpr std::chrono::milliseconds again{50};
        s->timer.expires_after(from_now);
        s->timer.async_wait(
            [weak = std::weak_ptr<state>(s), turn = s->turn](boost::system::error_code cancelled) {
                const auto self = weak.lock();
                if (cancelled || !self || self->turn != turn) {
                    return;
                }
                self->passed = true;
                boost::system::error_code ignored;
                self->socket.cancel(ignored);
                wait(self, again);
            });
    }

    std::shared_ptr<state> state_;
};

} // namespace embedded_server

#endif
