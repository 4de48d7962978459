#ifndef SCTRACE_KMSG_SOURCE_HPP
#define SCTRACE_KMSG_SOURCE_HPP

#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/device_base.hpp>
#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/detail/read_kmsg_batch.hpp>
#include <sctrace/detail/retry_op.hpp>
#include <sctrace/record_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <string>
#include <utility>

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
 *
 * @par Object lifetimes
 * Outstanding operations share the open descriptor with the object: it may be moved or destroyed before they
 * complete, but not the execution context before the object.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::kmsg_source source(context);
 * const auto opened = source.open("/dev/kmsg", sctrace::kmsg_start::beginning);
 * sctrace::record_batch batch;
 * if (opened) {
 *     source.async_read_batch(batch, [&](boost::system::error_code ec, std::size_t messages) {
 *         std::cout << ec.message() << ": " << messages << " messages of the kernel\n";
 *     });
 * } else {
 *     std::cout << opened.error().message << '\n';
 * }
 * context.run_for(std::chrono::seconds(1));
 * source.close();
 * std::cout << "done\n";
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor,
          class Stream = boost::asio::posix::basic_stream_descriptor<Executor>>
class basic_kmsg_source : public detail::device_base<Executor, detail::kmsg_reader, Stream> {
    using base = detail::device_base<Executor, detail::kmsg_reader, Stream>;

public:
    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_kmsg_source<Executor1>;
    };

    /// The bytes of a batch that is read fastest.
    static constexpr std::size_t batch_bytes = record_batch::default_bytes;

    using base::base;

    /// Opens a kmsg device or a FIFO of newline-separated entries.
    /**
     * A symbolic link and anything else than a character device or a FIFO is refused. @p start matters for
     * the kernel's own device only.
     *
     * @par Errors
     * `error::source_is_symlink`, `error::source_not_a_device`, or errno: EPERM and EACCES without CAP_SYSLOG
     * while kernel.dmesg_restrict is 1 or with printk.devkmsg=off (kernel/printk/printk.c, devkmsg_open),
     * ENOENT. The message names the path and what to do, and is what `.value()` throws.
     */
    boost::system::result<void, failure> open(const std::string& path = "/dev/kmsg",
                                              kmsg_start start = kmsg_start::end)
    {
        this->let_go();
        return this->take(detail::open_kmsg(path, start), path);
    }

    /// As open(); @p ec is the code of its failure.
    void open(const std::string& path, kmsg_start start, boost::system::error_code& ec)
    {
        const auto opened = open(path, start);
        ec = opened ? boost::system::error_code() : opened.error().code;
    }

    /// Whether what was opened last is the kernel's own device, through which records of our own can come
    /// back.
    bool is_kernel() const noexcept { return this->opened().kernel; }

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
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_read_batch(record_batch& batch, CompletionToken&& token = {})
    {
        return detail::async_composed<void(boost::system::error_code, std::size_t)>(
            this->executor_, std::forward<CompletionToken>(token),
            detail::retry_op(this->shared_, detail::read_kmsg_batch(batch)));
    }
};

/// A kmsg source on any executor.
using kmsg_source = basic_kmsg_source<>;

} // namespace sctrace

#endif
