#ifndef SCTRACE_REPLAY_SOURCE_HPP
#define SCTRACE_REPLAY_SOURCE_HPP

#include <sctrace/detail/composed_operation.hpp>
#include <sctrace/detail/device_base.hpp>
#include <sctrace/detail/log_reader.hpp>
#include <sctrace/detail/retry_op.hpp>
#include <sctrace/detail/shared_log.hpp>
#include <sctrace/log_format.hpp>
#include <sctrace/record_source.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace sctrace {

/// A saved log of any form, read as if it were live.
/**
 * Takes what dmesg, journalctl, syslog daemons, auditd and ausearch write and captures of /dev/kmsg, plain or
 * compressed with gzip, from files, pipes and standard input; see `log_line` for the forms. The lines that
 * hold audit records or notices of loss become messages; all others are passed over.
 *
 * A regular file of text is read in parts of some hundred kilobytes: several operations may be outstanding,
 * on several threads, and each fills its batch with another part; `record_batch::part()` has the order. It is
 * read up to the size that it has when it is opened.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: async_read_batch(), position() and size() are safe while no other
 * function runs and is_stream() is false; otherwise unsafe.
 *
 * @par Object lifetimes
 * Outstanding operations keep the log open; when it is closed or the object is destroyed they complete with
 * `operation_aborted`. When it is moved to an object on another kind of executor, none may be outstanding.
 * Once they are cancelled, the log is not read any more.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::replay_source source(context);
 * source.open("demo.kmsg").value();
 * const auto read_all = [&]() -> boost::asio::awaitable<void> {
 *     sctrace::record_batch batch(1024, sctrace::replay_source::batch_bytes);
 *     const auto token = boost::asio::as_tuple(boost::asio::use_awaitable);
 *     std::size_t records = 0;
 *     for (;;) {
 *         const auto [ec, messages] = co_await source.async_read_batch(batch, token);
 *         if (ec) {
 *             break;
 *         }
 *         records += messages;
 *     }
 *     std::cout << records << " messages\n"; // 132 messages
 * };
 * boost::asio::co_spawn(context, read_all, boost::asio::detached);
 * context.run();
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor>
class basic_replay_source
    : public detail::io_object<Executor,
                               detail::shared_log<boost::asio::posix::basic_stream_descriptor<Executor>>> {
    using shared_type = detail::shared_log<boost::asio::posix::basic_stream_descriptor<Executor>>;
    using base = detail::io_object<Executor, shared_type>;

public:
    /// Names the same class on another type of executor, as Asio's token adapters ask for it.
    template <class Executor1>
    struct rebind_executor {
        /// The class on `Executor1`.
        using other = basic_replay_source<Executor1>;
    };

    /// The bytes that a batch must have.
    static constexpr std::size_t batch_bytes = detail::log_reader::batch_bytes;

    using base::base;

    /// Opens a log; `-` is standard input, from its position on.
    /**
     * @par Errors
     * errno of opening or of the first read, EISDIR for a directory, and `error::unreadable_log` for what is
     * no text: UTF-16, other compressions than gzip, journald's own files. The message names the path and
     * what to do, and is what `.value()` throws.
     */
    boost::system::result<void, failure> open(const std::string& path,
                                              log_format wanted = log_format::automatic)
    {
        return take(detail::log_reader::open(path, wanted));
    }

    /// As open(); @p ec is the code of its failure.
    void open(const std::string& path, log_format wanted, boost::system::error_code& ec)
    {
        const auto opened = open(path, wanted);
        ec = opened ? boost::system::error_code() : opened.error().code;
    }

    /// Takes over @p descriptor, from its position on; it is closed by this object.
    /** A pipe or socket is made non-blocking. Messages call it @p name. */
    boost::system::result<void, failure> assign(int descriptor, const std::string& name,
                                                log_format wanted = log_format::automatic)
    {
        return take(detail::log_reader::adopt(descriptor, name, wanted));
    }

    /// As assign(); @p ec is the code of its failure.
    void assign(int descriptor, const std::string& name, log_format wanted, boost::system::error_code& ec)
    {
        const auto taken = assign(descriptor, name, wanted);
        ec = taken ? boost::system::error_code() : taken.error().code;
    }

    /// Whether the log is a pipe, a socket or a device: then only one operation may be outstanding.
    bool is_stream() const noexcept { return this->shared_ && this->shared_->reader.is_stream(); }

    /// The bytes of a regular file.
    std::optional<std::uint64_t> size() const noexcept
    {
        return this->shared_ ? this->shared_->reader.size() : std::nullopt;
    }

    /// How many bytes have been read so far.
    std::uint64_t position() const noexcept { return this->shared_ ? this->shared_->reader.position() : 0; }

    /// What kept the log from being read wholly, in words; when no operation is outstanding.
    /** It shrank, its compressed data ends early or is damaged, or reading failed. What could be read was. */
    std::optional<failure> problem() const
    {
        return this->shared_ ? this->shared_->reader.problem() : std::nullopt;
    }

    /// Fills @p batch with what the next part of the log says.
    /**
     * @param batch Must have `batch_bytes` and stay valid until the operation completes. Its part() says
     *     where in the log it is from.
     * @param token Completion token.
     *
     * @par Completion Signature
     * @code void(boost::system::error_code, std::size_t messages) @endcode
     * A part that says nothing completes with 0 messages.
     *
     * @par Per-Operation Cancellation
     * Terminal, partial and total: before it has read its part, or while it waits for a stream.
     *
     * @par Errors
     * `asio::error::eof` at the end, also where the rest could not be read, see problem();
     * `errc::io_error` where this part could not be read; `asio::error::try_again` for a file that is neither
     * ready nor can be waited for; ENOMEM; `asio::error::bad_descriptor` without an open log;
     * `asio::error::operation_aborted`.
     */
    template <class CompletionToken = detail::default_token_t<Executor>>
    auto async_read_batch(record_batch& batch, CompletionToken&& token = {})
    {
        // To read a part takes long.
        using operation = detail::retry_op<shared_type, detail::read_log_part, true>;
        return detail::async_composed<void(boost::system::error_code, std::size_t)>(
            this->executor_, std::forward<CompletionToken>(token), operation(this->shared_, {batch}));
    }

private:
    boost::system::result<void, failure> take(boost::system::result<detail::log_reader, failure> opened)
    {
        this->let_go();
        if (!opened) {
            return opened.error();
        }
        this->shared_ = std::make_shared<shared_type>(this->executor_, std::move(*opened));
        return {};
    }
};

/// A source of saved logs on any executor.
using replay_source = basic_replay_source<>;

} // namespace sctrace

#endif
