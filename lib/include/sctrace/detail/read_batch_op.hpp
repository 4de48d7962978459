#ifndef SCTRACE_DETAIL_READ_BATCH_OP_HPP
#define SCTRACE_DETAIL_READ_BATCH_OP_HPP

#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/system/error_code.hpp>

#include <cerrno>
#include <cstddef>
#include <utility>

namespace sctrace::detail {

/// One batch from a kmsg device: wait for the first entry, then read what is there.
template <class Stream>
class read_batch_op {
public:
    read_batch_op(Stream& stream, kmsg_reader& reader, record_batch& batch) noexcept
        : stream_(stream)
        , reader_(reader)
        , batch_(batch)
    {
    }

    template <class Self>
    void operator()(Self& self)
    {
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        batch_.clear();
        read_first(self);
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code waited)
    {
        if (waited) {
            self.complete(waited, 0);
            return;
        }
        read_first(self);
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code ec, std::size_t bytes)
    {
        const bool cancelled = self.cancelled() != boost::asio::cancellation_type::none;
        if (ec == boost::asio::error::eof && waits_for_writer() && !cancelled) {
            waited_for_writer_ = true;
            stream_.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(self));
            return;
        }
        take(ec, bytes);
        if (!ec) {
            ec = drain();
        }
        reader_.settle(batch_);
        // A failure behind messages is not lost: the device says it again at the next call.
        if (!batch_.empty() || batch_.losses().any()) {
            self.complete({}, batch_.messages().size());
        } else if (ends(ec)) {
            self.complete(ec, 0);
        } else if (self.cancelled() != boost::asio::cancellation_type::none) {
            self.complete(boost::asio::error::operation_aborted, 0);
        } else {
            // What was read and dropped has used up room.
            batch_.clear();
            read_first(self);
        }
    }

private:
    template <class Self>
    void read_first(Self& self)
    {
        const auto space = reader_.buffer(batch_);
        stream_.async_read_some(boost::asio::buffer(space.data(), space.size()), std::move(self));
    }

    /// A FIFO that nobody has opened for writing yet reads as ended.
    bool waits_for_writer() const noexcept
    {
        return reader_.is_stream() && !reader_.seen_data() && !waited_for_writer_;
    }

    /// Reads without waiting, until there is nothing more, the batch is full or a read fails in any way.
    /** Failures are taken up by the next asynchronous read, and reads that yield no message are bounded, so
     * that no device can keep the event loop here. */
    boost::system::error_code drain()
    {
        boost::system::error_code ec;
        for (std::size_t reads = 0; !ec && reads < most_reads && reader_.has_room(batch_); ++reads) {
            const auto space = reader_.buffer(batch_);
            const std::size_t bytes = stream_.read_some(boost::asio::buffer(space.data(), space.size()), ec);
            take(ec, bytes);
        }
        return ec;
    }

    static constexpr std::size_t most_reads = record_batch::default_messages;

    void take(boost::system::error_code ec, std::size_t bytes)
    {
        if (!ec) {
            reader_.accept(batch_, bytes);
        } else if (ec == boost::asio::error::eof) {
            reader_.finish(batch_);
        } else if (is_errno(ec, EPIPE)) {
            reader_.overwritten(batch_);
        } else if (is_errno(ec, EINVAL)) {
            reader_.rejected(batch_);
        }
    }

    bool ends(boost::system::error_code ec) const noexcept
    {
        if (is_errno(ec, EINVAL)) {
            // The device steps over an entry that is too long; one that rejects every read is no kmsg device.
            return reader_.rejects_everything();
        }
        return ec && ec != boost::asio::error::would_block && !is_errno(ec, EPIPE) && !is_errno(ec, EINTR);
    }

    static bool is_errno(boost::system::error_code ec, int number) noexcept
    {
        return ec.category() == boost::system::system_category() && ec.value() == number;
    }

    Stream& stream_;
    kmsg_reader& reader_;
    record_batch& batch_;
    bool waited_for_writer_ = false;
};

} // namespace sctrace::detail

#endif
