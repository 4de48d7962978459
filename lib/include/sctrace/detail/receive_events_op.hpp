#ifndef SCTRACE_DETAIL_RECEIVE_EVENTS_OP_HPP
#define SCTRACE_DETAIL_RECEIVE_EVENTS_OP_HPP

#include <sctrace/detail/fork_reader.hpp>
#include <sctrace/process_event.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace sctrace::detail {

/// Some process events: take what is there, or wait for the first one.
template <class Stream>
class receive_events_op {
public:
    receive_events_op(Stream& socket, process_event_batch& batch) noexcept
        : socket_(socket)
        , batch_(batch)
    {
    }

    template <class Self>
    void operator()(Self& self)
    {
        if (received_) {
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

    /// Whether the operation is over: with events, an overrun or an error.
    bool receive()
    {
        const std::size_t events_before = batch_.events.size();
        const std::uint64_t overruns_before = batch_.overruns;
        result_ = receive_process_events(socket_.native_handle(), batch_);
        events_ = batch_.events.size() - events_before;
        received_ = result_ || events_ != 0 || batch_.overruns != overruns_before;
        return received_;
    }

    template <class Self>
    void finish(Self& self)
    {
        self.complete(result_, events_);
    }

    Stream& socket_;
    process_event_batch& batch_;
    boost::system::error_code result_;
    std::size_t events_ = 0;
    bool received_ = false;
};

} // namespace sctrace::detail

#endif
