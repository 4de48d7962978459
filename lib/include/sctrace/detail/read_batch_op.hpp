#ifndef SCTRACE_DETAIL_READ_BATCH_OP_HPP
#define SCTRACE_DETAIL_READ_BATCH_OP_HPP

#include <sctrace/detail/device_handle.hpp>
#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace sctrace::detail {

/// One batch from a kmsg device: wait for the first entry, then read what is there.
template <class Stream>
class read_batch_op {
public:
    using device_type = shared_device<Stream, kmsg_reader>;

    /// @p device is null when none is open.
    read_batch_op(std::shared_ptr<device_type> device, record_batch& batch) noexcept
        : device_(std::move(device))
        , batch_(batch)
    {
    }

    template <class Self>
    void operator()(Self& self)
    {
        if (started_) {
            complete(self, boost::asio::error::bad_descriptor);
            return;
        }
        started_ = true;
        batch_.clear();
        if (!device_) {
            // A handler never runs within the initiating function.
            boost::asio::post(std::move(self));
            return;
        }
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        cancels_ = device_->cancels;
        read_first(self);
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code waited)
    {
        if (waited) {
            complete(self, waited);
        } else if (is_cancelled(self)) {
            complete(self, boost::asio::error::operation_aborted);
        } else {
            read_first(self);
        }
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code ec, std::size_t bytes)
    {
        if (ec == boost::asio::error::eof && waits_for_writer() && !is_cancelled(self)) {
            waited_for_writer_ = true;
            device_type& device = *device_;
            device.stream.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(self));
            return;
        }
        take(ec, bytes);
        if (!ec) {
            ec = drain();
        }
        reader().settle(batch_);
        // A failure behind messages is not lost: the device says it again at the next call.
        if (!batch_.empty() || batch_.losses().any()) {
            complete(self, {});
        } else if (is_cancelled(self)) {
            complete(self, boost::asio::error::operation_aborted);
        } else if (ends(ec)) {
            complete(self, ec);
        } else {
            // What was read and dropped has used up room.
            batch_.clear();
            read_first(self);
        }
    }

private:
    kmsg_reader& reader() const noexcept { return device_->reader; }

    /// Through the handler's slot or the source, which may be closed then.
    template <class Self>
    bool is_cancelled(const Self& self) const noexcept
    {
        return self.cancelled() != boost::asio::cancellation_type::none || device_->cancels != cancels_;
    }

    template <class Self>
    void read_first(Self& self)
    {
        // The handler takes this object along.
        device_type& device = *device_;
        const auto space = device.reader.buffer(batch_);
        device.stream.async_read_some(boost::asio::buffer(space.data(), space.size()), std::move(self));
    }

    template <class Self>
    void complete(Self& self, boost::system::error_code ec)
    {
        device_.reset();
        self.complete(ec, ec ? 0 : batch_.messages().size());
    }

    /// A FIFO that nobody has opened for writing yet reads as ended.
    bool waits_for_writer() const noexcept
    {
        return reader().is_stream() && !reader().seen_data() && !waited_for_writer_;
    }

    /// Reads without waiting, until there is nothing more, the batch is full or a read fails in any way.
    /** Failures are taken up by the next asynchronous read, and reads that yield no message are bounded, so
     * that no device can keep the event loop here. */
    boost::system::error_code drain()
    {
        boost::system::error_code ec;
        for (std::size_t reads = 0; !ec && reads < most_reads && reader().has_room(batch_); ++reads) {
            const auto space = reader().buffer(batch_);
            const std::size_t bytes =
                device_->stream.read_some(boost::asio::buffer(space.data(), space.size()), ec);
            take(ec, bytes);
        }
        return ec;
    }

    static constexpr std::size_t most_reads = record_batch::default_messages;

    void take(boost::system::error_code ec, std::size_t bytes)
    {
        if (!ec) {
            reader().accept(batch_, bytes);
        } else if (ec == boost::asio::error::eof) {
            reader().finish(batch_);
        } else if (is_errno(ec, EPIPE)) {
            reader().overwritten(batch_);
        } else if (is_errno(ec, EINVAL)) {
            reader().rejected(batch_);
        }
    }

    bool ends(boost::system::error_code ec) const noexcept
    {
        if (is_errno(ec, EINVAL)) {
            // The device steps over an entry that is too long; one that rejects every read is no kmsg device.
            return reader().rejects_everything();
        }
        return ec && ec != boost::asio::error::would_block && !is_errno(ec, EPIPE) && !is_errno(ec, EINTR);
    }

    static bool is_errno(boost::system::error_code ec, int number) noexcept
    {
        return ec.category() == boost::system::system_category() && ec.value() == number;
    }

    std::shared_ptr<device_type> device_;
    record_batch& batch_;
    std::uint64_t cancels_ = 0;
    bool started_ = false;
    bool waited_for_writer_ = false;
};

} // namespace sctrace::detail

#endif
