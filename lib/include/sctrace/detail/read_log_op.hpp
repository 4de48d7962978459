#ifndef SCTRACE_DETAIL_READ_LOG_OP_HPP
#define SCTRACE_DETAIL_READ_LOG_OP_HPP

#include <sctrace/detail/log_reader.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <new>
#include <utility>

namespace sctrace::detail {

/// An opened log as its operations share it: it lives until the last of them has completed.
template <class Stream>
struct shared_log {
    template <class Executor>
    shared_log(const Executor& executor, log_reader opened)
        : reader(std::move(opened))
        , stream(executor)
    {
        if (reader.is_stream()) {
            boost::system::error_code ignored;
            stream.assign(reader.descriptor(), ignored);
        }
    }
    shared_log(const shared_log&) = delete;
    shared_log& operator=(const shared_log&) = delete;

    /// The reader closes the descriptor.
    ~shared_log()
    {
        if (stream.is_open()) {
            stream.release();
        }
    }

    /// Leaves nothing to read; no operation may be outstanding.
    log_reader take_reader()
    {
        if (stream.is_open()) {
            stream.release();
        }
        return std::move(reader);
    }

    /// Safe to call from any thread.
    void close()
    {
        const std::lock_guard lock(mutex);
        closed = true;
        boost::system::error_code ignored;
        stream.cancel(ignored);
    }

    /// Waits for the stream, unless the log was closed: then returns false and leaves the handler alone.
    template <class Handler>
    bool wait(Handler& handler)
    {
        const std::lock_guard lock(mutex);
        if (!closed) {
            stream.async_wait(boost::asio::posix::descriptor_base::wait_read, std::move(handler));
        }
        return !closed;
    }

    log_reader reader;
    Stream stream;
    // A close between a look at the flag and the wait would cancel nothing.
    std::mutex mutex;
    std::atomic<bool> closed = false;
};

/// Reads one part of a saved log.
/**
 * The reading itself is a piece of work on the executor, never within the initiating function. A stream is
 * waited for; a regular file cannot be, because epoll refuses it.
 */
template <class Stream>
class read_log_op {
public:
    read_log_op(std::shared_ptr<shared_log<Stream>> log, record_batch& batch) noexcept
        : log_(std::move(log))
        , batch_(batch)
    {
    }

    template <class Self>
    void operator()(Self& self)
    {
        if (!started_) {
            started_ = true;
            self.reset_cancellation_state(boost::asio::enable_total_cancellation());
            boost::asio::post(std::move(self));
            return;
        }
        if (!log_) {
            complete(self, boost::asio::error::bad_descriptor);
        } else if (log_->closed || self.cancelled() != boost::asio::cancellation_type::none) {
            complete(self, boost::asio::error::operation_aborted);
        } else {
            read(self);
        }
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code waited)
    {
        if (log_->closed) {
            waited = boost::asio::error::operation_aborted;
        }
        if (waited) {
            complete(self, waited);
        } else {
            read(self);
        }
    }

private:
    log_reader::outcome fill()
    {
        try {
            return log_->reader.fill(batch_);
        } catch (const std::bad_alloc&) {
            return log_reader::outcome::out_of_memory;
        }
    }

    template <class Self>
    void read(Self& self)
    {
        switch (fill()) {
        case log_reader::outcome::filled:
            complete(self, {});
            break;
        case log_reader::outcome::would_block:
            wait(self);
            break;
        case log_reader::outcome::ended:
            complete(self, boost::asio::error::eof);
            break;
        case log_reader::outcome::failed:
            complete(self, make_error_code(boost::system::errc::io_error));
            break;
        case log_reader::outcome::out_of_memory:
            complete(self, make_error_code(boost::system::errc::not_enough_memory));
            break;
        }
    }

    template <class Self>
    void wait(Self& self)
    {
        // The handler takes this object along.
        const auto log = log_;
        if (!log->reader.is_stream()) {
            complete(self, boost::asio::error::try_again);
        } else if (!log->wait(self)) {
            complete(self, boost::asio::error::operation_aborted);
        }
    }

    template <class Self>
    void complete(Self& self, boost::system::error_code ec)
    {
        log_.reset();
        self.complete(ec, ec ? 0 : batch_.messages().size());
    }

    std::shared_ptr<shared_log<Stream>> log_;
    record_batch& batch_;
    bool started_ = false;
};

} // namespace sctrace::detail

#endif
