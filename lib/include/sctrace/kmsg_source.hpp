#ifndef SCTRACE_KMSG_SOURCE_HPP
#define SCTRACE_KMSG_SOURCE_HPP

#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/default_token.hpp>
#include <sctrace/detail/device_handle.hpp>
#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/detail/read_batch_op.hpp>
#include <sctrace/record_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <concepts>
#include <cstddef>
#include <string>
#include <utility>

#include <poll.h>
#include <unistd.h>

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
class basic_kmsg_source {
public:
    /// The type of the executor.
    using executor_type = Executor;
    /// What the entries are read from.
    using stream_type = Stream;

    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_kmsg_source<Executor1>;
    };

    /// The bytes of a batch that is read fastest.
    static constexpr std::size_t batch_bytes = record_batch::default_bytes;

    /// A closed source that runs on @p ex.
    explicit basic_kmsg_source(const executor_type& ex)
        : device_(ex)
    {
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    explicit basic_kmsg_source(ExecutionContext& context) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_kmsg_source(executor_type(context.get_executor()))
    {
    }

    /// Takes over @p descriptor as assign() does.
    basic_kmsg_source(const executor_type& ex, int descriptor)
        : basic_kmsg_source(ex)
    {
        assign(descriptor);
    }

    /// The same on the executor of an execution context.
    template <class ExecutionContext>
    basic_kmsg_source(ExecutionContext& context, int descriptor) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_kmsg_source(executor_type(context.get_executor()), descriptor)
    {
    }

    /// @p other is then as if made from its executor alone. Outstanding operations go on.
    basic_kmsg_source(basic_kmsg_source&& other) noexcept = default;
    /// Closes what was open in this object; its outstanding operations complete with `operation_aborted`.
    basic_kmsg_source& operator=(basic_kmsg_source&& other) noexcept = default;

    /// Takes over what another kind of executor served; outstanding operations of @p other complete with
    /// `operation_aborted`.
    template <class Executor1, class Stream1>
    basic_kmsg_source(basic_kmsg_source<Executor1, Stream1>&& other) requires(
        !std::same_as<Executor1, Executor> && std::convertible_to<Executor1, Executor>)
        : device_(std::move(other.device_))
        , kernel_(other.kernel_)
    {
    }
    /// As the constructor from another kind of executor, and a move.
    template <class Executor1, class Stream1>
    basic_kmsg_source& operator=(basic_kmsg_source<Executor1, Stream1>&& other) requires(
        !std::same_as<Executor1, Executor> && std::convertible_to<Executor1, Executor>)
    {
        return *this = basic_kmsg_source(std::move(other));
    }

    /// Closes the descriptor; outstanding operations complete with `operation_aborted`.
    ~basic_kmsg_source() = default;

    /// The executor that it was made with.
    executor_type get_executor() const noexcept { return device_.get_executor(); }

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
        device_.abandon();
        const auto device = detail::open_kmsg(path, start);
        if (!device) {
            return device.error();
        }
        boost::system::error_code ec;
        adopt(*device, start, ec);
        if (ec) {
            ::close(device->descriptor);
            return failure{ec, "cannot wait for " + path + ": " + ec.message()};
        }
        return {};
    }

    /// As open(); @p ec is the code of its failure.
    void open(const std::string& path, kmsg_start start, boost::system::error_code& ec)
    {
        const auto opened = open(path, start);
        ec = opened ? boost::system::error_code() : opened.error().code;
    }

    /// Takes over @p descriptor, at the position where it is; it is made non-blocking and closed by this
    /// object.
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
        detail::throw_if(ec);
    }

    /// As assign(int); @p ec says whether it failed.
    void assign(int descriptor, boost::system::error_code& ec)
    {
        adopt(detail::adopt_kmsg(descriptor), kmsg_start::beginning, ec);
    }

    /// Whether there is a descriptor.
    bool is_open() const noexcept { return device_.is_open(); }

    /// The descriptor, or -1 while none is open; it stays this object's.
    int native_handle() const noexcept { return device_.native_handle(); }

    /// Gives the descriptor away, which stays non-blocking; -1 if none was open.
    /** Outstanding operations complete with `operation_aborted`. */
    int release() { return device_.release(); }

    /// Whether what was opened last is the kernel's own device, through which records of our own can come
    /// back.
    bool is_kernel() const noexcept { return kernel_; }

    /// Whether a read would find something right now.
    bool readable() const noexcept { return device_.has(POLLIN); }

    /// Cancels outstanding operations; they complete with `operation_aborted`. Does nothing while nothing is
    /// open.
    /** @throws boost::system::system_error */
    void cancel() { device_.cancel(); }

    /// As cancel(), but reports `bad_descriptor` while nothing is open.
    void cancel(boost::system::error_code& ec) { device_.cancel(ec); }

    /// Outstanding operations complete with `operation_aborted`. Does nothing while nothing is open.
    /** @throws boost::system::system_error The descriptor is closed all the same. */
    void close() { device_.close(); }

    /// As close(); @p ec says whether it failed.
    void close(boost::system::error_code& ec) { device_.close(ec); }

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
        return detail::async_composed<void(boost::system::error_code, std::size_t)>(
            get_executor(), std::forward<CompletionToken>(token),
            detail::read_batch_op<Stream>(device_.device(), batch));
    }

private:
    template <class Executor1, class Stream1>
    friend class basic_kmsg_source;

    void adopt(const detail::kmsg_device& device, kmsg_start start, boost::system::error_code& ec)
    {
        device_.assign(device.descriptor, detail::kmsg_reader(device.stream, start), ec);
        kernel_ = !ec && device.kernel;
    }

    detail::device_handle<Executor, Stream, detail::kmsg_reader> device_;
    bool kernel_ = false;
};

/// A kmsg source on any executor.
using kmsg_source = basic_kmsg_source<>;

} // namespace sctrace

#endif
