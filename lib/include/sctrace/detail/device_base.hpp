#ifndef SCTRACE_DETAIL_DEVICE_BASE_HPP
#define SCTRACE_DETAIL_DEVICE_BASE_HPP

#include <sctrace/detail/retry_op.hpp>
#include <sctrace/error.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <concepts>
#include <memory>
#include <string>
#include <utility>

#include <poll.h>
#include <unistd.h>

namespace sctrace::detail {

/// An open descriptor and what its reader knows.
template <class Stream, class Reader>
struct shared_device : shared_stream<Stream> {
    shared_device(Stream s, Reader r)
        : shared_stream<Stream>(std::move(s))
        , reader(std::move(r))
    {
    }

    Reader reader;
};

/// What the sources have in common that read from a descriptor.
/**
 * Moved from, a source is as if made from its executor alone.
 *
 * @tparam Reader Made from its `opened_type`: a descriptor and what is known of it.
 */
template <class Executor, class Reader, class Stream = boost::asio::posix::basic_stream_descriptor<Executor>>
class device_base {
public:
    /// The type of the executor.
    using executor_type = Executor;
    /// What is read from.
    using stream_type = Stream;

    /// A closed source that runs on @p ex.
    explicit device_base(const executor_type& ex)
        : executor_(ex)
    {
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    explicit device_base(ExecutionContext& context) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : device_base(executor_type(context.get_executor()))
    {
    }

    /// Takes over @p descriptor as assign() does.
    device_base(const executor_type& ex, int descriptor)
        : device_base(ex)
    {
        assign(descriptor);
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    device_base(ExecutionContext& context, int descriptor) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : device_base(executor_type(context.get_executor()), descriptor)
    {
    }

    /// @p other is then as if made from its executor alone. Outstanding operations go on.
    device_base(device_base&& other) noexcept
        : executor_(other.executor_)
        , opened_(other.opened_)
        , device_(std::move(other.device_))
    {
    }

    /// Closes what was open in this object; its outstanding operations complete with `operation_aborted`.
    device_base& operator=(device_base&& other) noexcept
    {
        if (this != &other) {
            abandon();
            executor_ = other.executor_;
            opened_ = other.opened_;
            device_ = std::move(other.device_);
        }
        return *this;
    }

    /// Takes over what another kind of executor served; outstanding operations of @p other complete with
    /// `operation_aborted`.
    template <class Executor1, class Stream1>
    device_base(device_base<Executor1, Reader, Stream1>&& other) requires(
        !std::same_as<Executor1, Executor> && std::convertible_to<Executor1, Executor>)
        : executor_(other.executor_)
        , opened_(other.opened_)
    {
        if (const auto device = std::exchange(other.device_, nullptr)) {
            ++device->cancels;
            boost::system::error_code ignored;
            device->stream.cancel(ignored);
            device_ =
                std::make_shared<device_type>(Stream(std::move(device->stream)), std::move(device->reader));
        }
    }

    /// As close().
    ~device_base() { abandon(); }

    /// The executor that it was made with.
    executor_type get_executor() const noexcept { return executor_; }

    /// Takes over @p descriptor, from its position on; it is made non-blocking and closed by this object.
    /**
     * What was open before is closed.
     *
     * @throws boost::system::system_error if it cannot be registered with the execution context; it stays the
     *     caller's then.
     */
    void assign(int descriptor)
    {
        boost::system::error_code ec;
        assign(descriptor, ec);
        throw_if(ec);
    }

    /// As assign(int); @p ec says whether it failed.
    void assign(int descriptor, boost::system::error_code& ec) { adopt(Reader::identify(descriptor), ec); }

    /// Whether there is a descriptor.
    bool is_open() const noexcept { return device_ != nullptr; }

    /// The descriptor, or -1 while none is open; it stays this object's.
    int native_handle() const noexcept { return device_ ? device_->stream.native_handle() : -1; }

    /// Gives the descriptor away, which stays non-blocking; -1 if none was open.
    /** Outstanding operations complete with `operation_aborted`. */
    int release()
    {
        const auto device = std::exchange(device_, nullptr);
        if (!device) {
            return -1;
        }
        ++device->cancels;
        return device->stream.release();
    }

    /// Whether a read would find something right now, be it that a buffer overran.
    bool readable() const noexcept
    {
        pollfd descriptor{native_handle(), POLLIN, 0};
        return is_open() && ::poll(&descriptor, 1, 0) > 0 && (descriptor.revents & (POLLIN | POLLERR)) != 0;
    }

    /// Cancels outstanding operations; they complete with `operation_aborted`. Does nothing while nothing is
    /// open.
    /** @throws boost::system::system_error */
    void cancel()
    {
        boost::system::error_code ec;
        cancel(ec);
        if (is_open()) {
            throw_if(ec);
        }
    }

    /// As cancel(), but reports `bad_descriptor` while nothing is open.
    void cancel(boost::system::error_code& ec)
    {
        if (device_) {
            ++device_->cancels;
            device_->stream.cancel(ec);
        } else {
            ec = boost::asio::error::bad_descriptor;
        }
    }

    /// Outstanding operations complete with `operation_aborted`. Does nothing while nothing is open.
    /** @throws boost::system::system_error The descriptor is closed all the same. */
    void close()
    {
        boost::system::error_code ec;
        close(ec);
        throw_if(ec);
    }

    /// As close(); @p ec says whether it failed.
    void close(boost::system::error_code& ec)
    {
        ec = {};
        if (const auto device = std::exchange(device_, nullptr)) {
            Reader::leave(opened_);
            ++device->cancels;
            device->stream.close(ec);
        }
    }

private:
    using device_type = shared_device<Stream, Reader>;
    using opened_type = typename Reader::opened_type;

protected:
    /// Null while nothing is open.
    const std::shared_ptr<device_type>& device() const noexcept { return device_; }

    /// What was opened last; it may be closed by now.
    const opened_type& opened() const noexcept { return opened_; }

    /// Closes what is open and takes over another descriptor, which stays the caller's if that fails.
    void adopt(const opened_type& opened, boost::system::error_code& ec)
    {
        abandon();
        opened_ = {};
        auto device = std::make_shared<device_type>(Stream(executor_), Reader(opened));
        device->stream.assign(opened.descriptor, ec);
        if (ec) {
            return;
        }
        device->stream.non_blocking(true, ec);
        if (ec) {
            device->stream.release();
            return;
        }
        opened_ = opened;
        device_ = std::move(device);
    }

    /// Takes over what open() has opened. @p what is for messages.
    boost::system::result<void, failure> take(const boost::system::result<opened_type, failure>& opened,
                                              const std::string& what)
    {
        if (!opened) {
            return opened.error();
        }
        boost::system::error_code ec;
        adopt(*opened, ec);
        if (ec) {
            Reader::leave(*opened);
            ::close(opened->descriptor);
            return failure{ec, "cannot wait for " + what + ": " + ec.message()};
        }
        return {};
    }

    /// Closes where nobody can be told that it failed.
    void abandon() noexcept
    {
        boost::system::error_code ignored;
        close(ignored);
    }

private:
    static void throw_if(const boost::system::error_code& ec)
    {
        if (ec) {
            boost::throw_exception(boost::system::system_error(ec));
        }
    }

    template <class Executor1, class Reader1, class Stream1>
    friend class device_base;

    Executor executor_;
    opened_type opened_;
    std::shared_ptr<device_type> device_;
};

} // namespace sctrace::detail

#endif
