#ifndef SCTRACE_DETAIL_READ_KMSG_BATCH_HPP
#define SCTRACE_DETAIL_READ_KMSG_BATCH_HPP

#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/detail/retry_op.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <optional>
#include <utility>

namespace sctrace::detail {

/// Reads from a kmsg device what is there, until there is nothing more, the batch is full or a read fails.
class read_kmsg_batch {
public:
    explicit read_kmsg_batch(record_batch& batch) noexcept
        : batch_(batch)
    {
    }

    template <class Device>
    std::optional<outcome<std::size_t>> operator()(Device& device)
    {
        kmsg_reader& reader = device.reader;
        boost::system::error_code ec;
        batch_.clear();
        // Bounded, so that no device can keep the event loop here with reads that yield no message.
        std::size_t reads = 0;
        do {
            const auto space = reader.buffer(batch_);
            const std::size_t bytes =
                device.stream.read_some(boost::asio::buffer(space.data(), space.size()), ec);
            take(reader, ec, bytes);
        } while (!ec && ++reads < record_batch::default_messages && reader.has_room(batch_));
        reader.settle(batch_);
        if (passes(reader, ec)) {
            ec = boost::asio::error::would_block;
        }
        return outcome_of(ec, batch_);
    }

private:
    void take(kmsg_reader& reader, boost::system::error_code ec, std::size_t bytes)
    {
        if (!ec) {
            reader.accept(batch_, bytes);
        } else if (ec == boost::asio::error::eof) {
            reader.finish(batch_);
        } else if (ec == boost::system::errc::broken_pipe) {
            reader.overwritten(batch_);
        } else if (ec == boost::system::errc::invalid_argument) {
            reader.rejected(batch_);
        }
    }

    /// Whether the next read may succeed all the same.
    bool passes(const kmsg_reader& reader, boost::system::error_code ec)
    {
        if (ec == boost::asio::error::eof) {
            // A FIFO that nobody has opened for writing yet reads as ended.
            return reader.is_stream() && !reader.seen_data() && !std::exchange(waited_for_writer_, true);
        }
        if (ec == boost::system::errc::invalid_argument) {
            // The device steps over an entry that is too long; one that rejects every read is no kmsg device.
            return !reader.rejects_everything();
        }
        return ec == boost::system::errc::broken_pipe || ec == boost::system::errc::interrupted;
    }

    record_batch& batch_;
    bool waited_for_writer_ = false;
};

} // namespace sctrace::detail

#endif
