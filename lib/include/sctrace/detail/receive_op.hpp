#ifndef SCTRACE_DETAIL_RECEIVE_OP_HPP
#define SCTRACE_DETAIL_RECEIVE_OP_HPP

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
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
 * @tparam Receive Called with the device, never blocks, and returns `received`.
 */
template <class Device, class Receive>
class receive_op {
public:
    /// @p device is null when none is open.
    receive_op(std::shared_ptr<Device> device, Receive receive) noexcept
        : device_(std::move(device))
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
        if (begin()) {
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
            fail(self, waited);
        } else if (device_->cancels != cancels_) {
            fail(self, boost::asio::error::operation_aborted);
        } else if (receive()) {
            finish(self);
        } else if (self.cancelled() != boost::asio::cancellation_type::none) {
            fail(self, boost::asio::error::operation_aborted);
        } else {
            wait(self);
        }
    }

private:
    /// Whether there is something to complete with already.
    bool begin()
    {
        if (!device_) {
            result_ = {boost::asio::error::bad_descriptor, 0, true};
            return true;
        }
        cancels_ = device_->cancels;
        return receive();
    }

    bool receive()
    {
        result_ = receive_(*device_);
        return result_.any;
    }

    template <class Self>
    void wait(Self& self)
    {
        // The handler takes this object along.
        Device& device = *device_;
        device.stream.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(self));
    }

    template <class Self>
    void fail(Self& self, boost::system::error_code ec)
    {
        result_ = {ec, 0, true};
        finish(self);
    }

    template <class Self>
    void finish(Self& self)
    {
        device_.reset();
        self.complete(result_.error, result_.count);
    }

    std::shared_ptr<Device> device_;
    Receive receive_;
    received result_;
    std::uint64_t cancels_ = 0;
};

} // namespace sctrace::detail

#endif
