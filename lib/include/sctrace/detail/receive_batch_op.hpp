#ifndef SCTRACE_DETAIL_RECEIVE_BATCH_OP_HPP
#define SCTRACE_DETAIL_RECEIVE_BATCH_OP_HPP

#include <sctrace/detail/audit_reader.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <utility>

namespace sctrace::detail {

/// One batch from an audit socket: take what is there, or wait for the first message.
template <class Stream>
class receive_batch_op {
public:
    receive_batch_op(Stream& socket, audit_reader& reader, record_batch& batch) noexcept
        : socket_(socket)
        , reader_(reader)
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
        batch_.clear();
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

    /// Whether the operation is over: with messages, a loss or an error.
    bool receive()
    {
        result_ = reader_.receive(socket_.native_handle(), batch_);
        if (!batch_.empty() || batch_.losses().any()) {
            result_ = {};
            received_ = true;
        } else {
            received_ = result_ && result_ != boost::asio::error::would_block;
        }
        return received_;
    }

    template <class Self>
    void finish(Self& self)
    {
        self.complete(result_, batch_.messages().size());
    }

    Stream& socket_;
    audit_reader& reader_;
    record_batch& batch_;
    boost::system::error_code result_;
    bool received_ = false;
};

} // namespace sctrace::detail

#endif
