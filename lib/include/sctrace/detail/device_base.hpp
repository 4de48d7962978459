#ifndef SCTRACE_DETAIL_DEVICE_BASE_HPP
#define SCTRACE_DETAIL_DEVICE_BASE_HPP

#include <sctrace/detail/handle.hpp>
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

inline void throw_if(const boost::system::error_code& ec)
{
    if (ec) {
        boost::throw_exception(boost::system::system_error(ec));
    }
}

/// What the objects have in common that share something open with their operations.
/**
 * Moved from, an object is as if made from its executor alone.
 *
 * @tparam Shared Has `cancel(error_code&)` and `close(error_code&)`, and can be made of an executor and of
 * what an object on another kind of executor shared.
 */
template <class Executor, class Shared>
class io_object : public handle<Executor, Shared> {
    using base = handle<Executor, Shared>;

public:
    /// A closed object that runs on @p ex.
    explicit io_object(const Executor& ex)
        : base(ex)
    {
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    explicit io_object(ExecutionContext& context) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : io_object(Executor(context.get_executor()))
    {
    }

    /// Takes over what another kind of executor served; outstanding operations of @p other complete with
    /// `operation_aborted`.
    template <class Executor1, class Shared1>
    io_object(io_object<Executor1, Shared1>&& other) requires(!std::same_as<Executor1, Executor> &&
                                                              std::convertible_to<Executor1, Executor>)
        : base(other.executor_)
    {
        if (const auto open = std::exchange(other.shared_, nullptr)) {
            boost::system::error_code ignored;
            open->cancel(ignored);
            this->shared_ = std::make_shared<Shared>(this->executor_, std::move(*open));
        }
    }

    /// Whether something is open.
    bool is_open() const noexcept { return this->shared_ != nullptr; }

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
        if (this->shared_) {
            this->shared_->cancel(ec);
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
    void close(boost::system::error_code& ec) noexcept
    {
        ec = {};
        if (const auto open = std::exchange(this->shared_, nullptr)) {
            open->close(ec);
        }
    }

private:
    template <class Executor1, class Shared1>
    friend class io_object;
};

/// An open descriptor and what its reader knows.
template <class Stream, class Reader>
struct shared_device : shared_stream<Stream> {
    using opened_type = typename Reader::opened_type;

    shared_device(Stream s, Reader r, const opened_type& o = {})
        : shared_stream<Stream>(std::move(s))
        , reader(std::move(r))
        , opened(o)
    {
    }

    template <class Executor, class Stream1>
    shared_device(const Executor&, shared_device<Stream1, Reader>&& other)
        : shared_device(Stream(std::move(other.stream)), std::move(other.reader), other.opened)
    {
    }

    void close(boost::system::error_code& ec)
    {
        Reader::leave(opened);
        shared_stream<Stream>::close(ec);
    }

    void let_go() noexcept
    {
        boost::system::error_code ignored;
        close(ignored);
    }

    Reader reader;
    opened_type opened;
};

/// What the sources have in common that read from a descriptor.
/**
 * @tparam Reader Made from its `opened_type`: a descriptor and what is known of it.
 */
template <class Executor, class Reader, class Stream = boost::asio::posix::basic_stream_descriptor<Executor>>
class device_base : public io_object<Executor, shared_device<Stream, Reader>> {
    using device_type = shared_device<Stream, Reader>;
    using base = io_object<Executor, device_type>;
    using opened_type = typename Reader::opened_type;

public:
    /// What is read from.
    using stream_type = Stream;

    using base::base;

    /// Takes over @p descriptor as assign() does.
    device_base(const Executor& ex, int descriptor)
        : base(ex)
    {
        assign(descriptor);
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    device_base(ExecutionContext& context, int descriptor) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : device_base(Executor(context.get_executor()), descriptor)
    {
    }

    /// Takes over what another kind of executor served; outstanding operations of @p other complete with
    /// `operation_aborted`.
    template <class Executor1, class Stream1>
    device_base(device_base<Executor1, Reader, Stream1>&& other) requires(
        !std::same_as<Executor1, Executor> && std::convertible_to<Executor1, Executor>)
        : base(std::move(other))
        , opened_(other.opened_)
    {
    }

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

    /// The descriptor, or -1 while none is open; it stays this object's.
    int native_handle() const noexcept { return this->shared_ ? this->shared_->stream.native_handle() : -1; }

    /// Gives the descriptor away, which stays non-blocking; -1 if none was open.
    /** Outstanding operations complete with `operation_aborted`. */
    int release()
    {
        const auto device = std::exchange(this->shared_, nullptr);
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
        return this->is_open() && ::poll(&descriptor, 1, 0) > 0 &&
               (descriptor.revents & (POLLIN | POLLERR)) != 0;
    }

protected:
    /// What was opened last; it may be closed by now.
    const opened_type& opened() const noexcept { return opened_; }

    /// Closes what is open and takes over another descriptor, which stays the caller's if that fails.
    void adopt(const opened_type& opened, boost::system::error_code& ec)
    {
        this->let_go();
        opened_ = {};
        auto device = std::make_shared<device_type>(Stream(this->executor_), Reader(opened), opened);
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
        this->shared_ = std::move(device);
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

private:
    template <class Executor1, class Reader1, class Stream1>
    friend class device_base;

    opened_type opened_;
};

} // namespace sctrace::detail

#endif
