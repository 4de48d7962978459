#ifndef SCTRACE_DETAIL_SHARED_LOG_HPP
#define SCTRACE_DETAIL_SHARED_LOG_HPP

#include <sctrace/detail/log_reader.hpp>
#include <sctrace/detail/retry_op.hpp>
#include <sctrace/record_batch.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
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
    /// Leaves @p other nothing to read; none of its operations may be outstanding.
    template <class Executor, class Stream1>
    shared_log(const Executor& executor, shared_log<Stream1>&& other)
        : shared_log(executor, other.take_reader())
    {
    }
    shared_log(const shared_log&) = delete;
    shared_log& operator=(const shared_log&) = delete;

    /// The reader closes the descriptor.
    ~shared_log() { release(); }

    log_reader take_reader()
    {
        release();
        return std::move(reader);
    }

    /// Safe to call from any thread.
    void cancel(boost::system::error_code& ec)
    {
        const std::lock_guard lock(mutex);
        ++cancels;
        stream.cancel(ec);
        ec = {};
    }

    void close(boost::system::error_code& ec) { cancel(ec); }

    void let_go()
    {
        boost::system::error_code ignored;
        close(ignored);
    }

    /// Waits for the stream; once the log is closed, that is cancelled at once.
    template <class Handler>
    void wait(Handler&& handler)
    {
        const std::lock_guard lock(mutex);
        stream.async_wait(boost::asio::posix::descriptor_base::wait_read, std::forward<Handler>(handler));
        if (cancels != 0) {
            boost::system::error_code ignored;
            stream.cancel(ignored);
        }
    }

    void release()
    {
        if (stream.is_open()) {
            stream.release();
        }
    }

    log_reader reader;
    Stream stream;
    // A close between a look at the flag and the wait would cancel nothing.
    std::mutex mutex;
    /// What was cancelled once stays so.
    std::atomic<std::uint64_t> cancels = 0;
};

/// Reads one part of a saved log.
/** A stream can be waited for, a regular file cannot: epoll refuses it. */
struct read_log_part {
    record_batch& batch;

    template <class Stream>
    std::optional<outcome<std::size_t>> operator()(shared_log<Stream>& log) const
    {
        if (log.cancels != 0) {
            return {{boost::asio::error::operation_aborted}};
        }
        switch (fill(log.reader)) {
        case log_reader::outcome::filled:
            return {{{}, batch.messages().size()}};
        case log_reader::outcome::would_block:
            if (log.reader.is_stream()) {
                return std::nullopt;
            }
            return {{boost::asio::error::try_again}};
        case log_reader::outcome::ended:
            return {{boost::asio::error::eof}};
        case log_reader::outcome::failed:
            return {{make_error_code(boost::system::errc::io_error)}};
        case log_reader::outcome::out_of_memory:
            break;
        }
        return {{make_error_code(boost::system::errc::not_enough_memory)}};
    }

private:
    log_reader::outcome fill(log_reader& reader) const
    {
        try {
            return reader.fill(batch);
        } catch (const std::bad_alloc&) {
            return log_reader::outcome::out_of_memory;
        }
    }
};

} // namespace sctrace::detail

#endif
