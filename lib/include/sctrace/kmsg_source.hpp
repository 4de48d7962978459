#ifndef SCTRACE_KMSG_SOURCE_HPP
#define SCTRACE_KMSG_SOURCE_HPP

#include <sctrace/detail/default_token.hpp>
#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/detail/read_batch_op.hpp>
#include <sctrace/record_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/compose.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <poll.h>

namespace sctrace {

/// The kernel's ring buffer, read from /dev/kmsg.
/**
 * Wraps the device in a `posix::stream_descriptor`. Entries that are not the kernel's own (facility other
 * than 0) are dropped: only the kernel can write facility 0 (kernel/printk/printk.c, devkmsg_write). Entries
 * that the ring buffer overwrote before they were read are no error but a loss of the batch, counted from the
 * gap in the sequence numbers.
 *
 * @tparam Executor The executor of its operations.
 * @tparam Stream The descriptor; tests put one here that fails on demand.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe. All operations must run within one implicit or explicit
 * strand.
 */
template <class Executor = boost::asio::any_io_executor,
          class Stream = boost::asio::posix::basic_stream_descriptor<Executor>>
class basic_kmsg_source {
public:
    using executor_type = Executor;
    using stream_type = Stream;

    template <class Executor1>
    struct rebind_executor {
        using other = basic_kmsg_source<Executor1>;
    };

    /// The bytes of a batch that is read fastest.
    static constexpr std::size_t batch_bytes = record_batch::default_bytes;

    explicit basic_kmsg_source(const executor_type& ex)
        : stream_(ex)
    {
    }

    template <class ExecutionContext>
    explicit basic_kmsg_source(ExecutionContext& context) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : stream_(context.get_executor())
    {
    }

    /// Takes over @p descriptor, whatever it is; it is made non-blocking and closed by this object.
    basic_kmsg_source(const executor_type& ex, int descriptor)
        : basic_kmsg_source(ex)
    {
        assign(descriptor);
    }

    basic_kmsg_source(basic_kmsg_source&&) = default;
    basic_kmsg_source& operator=(basic_kmsg_source&&) = default;

    executor_type get_executor() noexcept { return stream_.get_executor(); }

    /// Opens a kmsg device or a FIFO of newline-separated entries.
    /**
     * A symbolic link and anything else than a character device or a FIFO is refused. @p start matters for
     * the kernel's own device only.
     *
     * @par Errors
     * `error::source_is_symlink`, `error::source_not_a_device`, or errno: EPERM and EACCES without CAP_SYSLOG
     * while kernel.dmesg_restrict is 1 or with printk.devkmsg=off (kernel/printk/printk.c, devkmsg_open),
     * ENOENT. The message names the path and what to do.
     */
    boost::system::result<void, failure> open(const std::string& path = "/dev/kmsg",
                                              kmsg_start start = kmsg_start::end)
    {
        close();
        const auto device = detail::open_kmsg(path, start);
        if (!device) {
            return device.error();
        }
        adopt(*device, start);
        return {};
    }

    /// Takes over @p descriptor, at the position where it is; it is made non-blocking and closed by this
    /// object.
    /** @throws boost::system::system_error if it cannot be registered with the execution context. */
    void assign(int descriptor)
    {
        close();
        adopt(detail::adopt_kmsg(descriptor), kmsg_start::beginning);
    }

    bool is_open() const noexcept { return stream_.is_open(); }

    /// Whether this is the kernel's own device, through which records of our own can come back.
    bool is_kernel() const noexcept { return kernel_; }

    /// Whether a read would find something right now.
    bool readable()
    {
        pollfd descriptor{stream_.native_handle(), POLLIN, 0};
        return is_open() && ::poll(&descriptor, 1, 0) > 0 && (descriptor.revents & POLLIN) != 0;
    }

    /// Cancels outstanding operations; they complete with `operation_aborted`.
    void cancel()
    {
        boost::system::error_code ignored;
        stream_.cancel(ignored);
    }

    void close()
    {
        boost::system::error_code ignored;
        stream_.close(ignored);
    }

    /// Fills @p batch with the next messages of the kernel.
    /**
     * Clears the batch, waits for the first message, then takes what is there without waiting, until the
     * device has no more or the batch is full. Completes with at least one message or a noted loss.
     *
     * @param batch Must stay valid until the operation completes.
     * @param token Completion token.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, std::size_t messages) @endcode
     *
     * @par Preconditions
     * The source is open; no other async_read_batch() of it is outstanding.
     *
     * @par Per-Operation Cancellation
     * Terminal, partial and total: nothing that was read is lost, it is in the batch.
     *
     * @par Errors
     * `asio::error::eof` at the end of a FIFO (what came before is in the batch),
     * `asio::error::operation_aborted`, or errno of the device. EPIPE (overwritten), EINVAL (entry longer
     * than the buffer) and EINTR never surface.
     */
    template <class CompletionToken = detail::default_token_t<executor_type>>
    auto async_read_batch(record_batch& batch, CompletionToken&& token = {})
    {
        return boost::asio::async_compose<CompletionToken, void(boost::system::error_code, std::size_t)>(
            detail::read_batch_op<Stream>(stream_, reader_, batch), token, stream_);
    }

private:
    void adopt(const detail::kmsg_device& device, kmsg_start start)
    {
        stream_.assign(device.descriptor);
        stream_.non_blocking(true);
        kernel_ = device.kernel;
        reader_ = detail::kmsg_reader(device.stream, start);
    }

    Stream stream_;
    detail::kmsg_reader reader_;
    bool kernel_ = false;
};

/// A kmsg source on any executor.
using kmsg_source = basic_kmsg_source<>;

} // namespace sctrace

#endif
