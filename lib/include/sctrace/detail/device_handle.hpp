#ifndef SCTRACE_DETAIL_DEVICE_HANDLE_HPP
#define SCTRACE_DETAIL_DEVICE_HANDLE_HPP

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/system_error.hpp>
#include <boost/throw_exception.hpp>

#include <concepts>
#include <cstdint>
#include <memory>
#include <utility>

#include <poll.h>

namespace sctrace::detail {

inline void throw_if(const boost::system::error_code& ec)
{
    if (ec) {
        boost::throw_exception(boost::system::system_error(ec));
    }
}

/// For a reader that has no memory of what came before.
struct no_reader_state {};

/// An open descriptor and what its reader knows, as a source shares them with its operations.
/**
 * An operation that is about to be resumed when the source is moved, closed or destroyed still needs them.
 */
template <class Stream, class Reader>
struct shared_device {
    shared_device(Stream s, Reader r)
        : stream(std::move(s))
        , reader(std::move(r))
    {
    }

    Stream stream;
    Reader reader;
    /// How often operations were cancelled, by whatever: there is nothing to cancel in one that is between
    /// two waits, so it compares this with what it was at its start.
    std::uint64_t cancels = 0;
};

/// Owns the open descriptor of a source, or none.
/**
 * Moved from, it is as if constructed anew.
 */
template <class Executor, class Stream, class Reader>
class device_handle {
public:
    using device_type = shared_device<Stream, Reader>;

    explicit device_handle(const Executor& executor)
        : executor_(executor)
    {
    }

    device_handle(device_handle&& other) noexcept
        : executor_(other.executor_)
        , device_(std::move(other.device_))
    {
    }

    device_handle& operator=(device_handle&& other) noexcept
    {
        if (this != &other) {
            abandon();
            executor_ = other.executor_;
            device_ = std::move(other.device_);
        }
        return *this;
    }

    /// Outstanding operations of @p other complete with `operation_aborted`.
    template <class Executor1, class Stream1>
    explicit device_handle(device_handle<Executor1, Stream1, Reader>&& other)
        : executor_(other.executor_)
    {
        if (other.device_) {
            other.cancel();
            device_ = std::make_shared<device_type>(Stream(std::move(other.device_->stream)),
                                                    std::move(other.device_->reader));
            other.device_.reset();
        }
    }

    ~device_handle() { abandon(); }

    const Executor& get_executor() const noexcept { return executor_; }
    /// Null while nothing is open.
    const std::shared_ptr<device_type>& device() const noexcept { return device_; }

    bool is_open() const noexcept { return device_ != nullptr; }
    int native_handle() const noexcept { return device_ ? device_->stream.native_handle() : -1; }

    /// Closes what is open and takes over @p descriptor, which stays the caller's if that fails.
    void assign(int descriptor, Reader reader, boost::system::error_code& ec)
    {
        abandon();
        auto device = std::make_shared<device_type>(Stream(executor_), std::move(reader));
        device->stream.assign(descriptor, ec);
        if (ec) {
            return;
        }
        device->stream.non_blocking(true, ec);
        if (ec) {
            device->stream.release();
            return;
        }
        device_ = std::move(device);
    }

    int release()
    {
        if (!device_) {
            return -1;
        }
        const auto device = std::exchange(device_, nullptr);
        ++device->cancels;
        return device->stream.release();
    }

    void cancel(boost::system::error_code& ec)
    {
        if (device_) {
            ++device_->cancels;
            device_->stream.cancel(ec);
        } else {
            ec = boost::asio::error::bad_descriptor;
        }
    }

    /// Does nothing while nothing is open.
    void cancel()
    {
        if (device_) {
            boost::system::error_code ec;
            cancel(ec);
            throw_if(ec);
        }
    }

    void close(boost::system::error_code& ec)
    {
        ec = {};
        if (device_) {
            const auto device = std::exchange(device_, nullptr);
            ++device->cancels;
            device->stream.close(ec);
        }
    }

    void close()
    {
        boost::system::error_code ec;
        close(ec);
        throw_if(ec);
    }

    /// Closes where nobody can be told that it failed.
    void abandon() noexcept
    {
        boost::system::error_code ignored;
        close(ignored);
    }

    /// Whether one of @p events is there right now.
    bool has(short events) const noexcept
    {
        pollfd descriptor{native_handle(), POLLIN, 0};
        return is_open() && ::poll(&descriptor, 1, 0) > 0 && (descriptor.revents & events) != 0;
    }

private:
    template <class Executor1, class Stream1, class Reader1>
    friend class device_handle;

    Executor executor_;
    std::shared_ptr<device_type> device_;
};

} // namespace sctrace::detail

#endif
