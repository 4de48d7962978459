#ifndef SCTRACE_DETAIL_RECEIVE_OP_HPP
#define SCTRACE_DETAIL_RECEIVE_OP_HPP

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <utility>

namespace sctrace::detail {

/// What came of an attempt to receive.
struct received {
    boost::system::error_code error;
    std::size_t count = 0;
    /// Whether there is something to complete with; otherwise it is waited for.
    bool any = false;
};

/// Takes from a socket what is there, or waits for the first of it.
/**
 * @tparam Receive Called with the descriptor, never blocks, and returns `received`.
 */
template <class Stream, class Receive>
class receive_op {
public:
    receive_op(Stream& socket, Receive receive) noexcept
        : socket_(socket)
        , receive_(std::move(receive))
    {
    }

    template <class Self>
    void operator()(Self& self)
    {
        if (result_.any) {
            finish(self);
            return;
        }
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        if (receive()) {
            // A handler never runs within the initiating function.
            boost::asio::post(std::move(self));
        } else {
            wait(self);
        }
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code waited)
    {
        if (waited) {
            self.complete(waited, 0);
        } else if (receive()) {
            finish(self);
        } else {
            wait(self);
        }
    }

private:
    template <class Self>
    void wait(Self& self)
    {
        socket_.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(self));
    }

    bool receive()
    {
        result_ = receive_(socket_.native_handle());
        return result_.any;
    }

    template <class Self>
    void finish(Self& self)
    {
        self.complete(result_.error, result_.count);
    }

    Stream& socket_;
    Receive receive_;
    received result_;
};

} // namespace sctrace::detail

#endif
