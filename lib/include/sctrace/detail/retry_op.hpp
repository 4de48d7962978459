#ifndef SCTRACE_DETAIL_RETRY_OP_HPP
#define SCTRACE_DETAIL_RETRY_OP_HPP

#include <sctrace/record_batch.hpp>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/posix/descriptor_base.hpp>
#include <boost/asio/post.hpp>
#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>

namespace sctrace::detail {

/// What an operation completes with.
template <class Value>
struct outcome {
    boost::system::error_code error;
    Value value{};
};

/// What there is to say of a read that filled @p batch, if anything.
/** A failure after messages is not lost: the device says it again at the next read. */
inline std::optional<outcome<std::size_t>> outcome_of(boost::system::error_code ec, const record_batch& batch)
{
    if (!batch.empty() || batch.losses().any()) {
        return {{{}, batch.messages().size()}};
    }
    if (ec && ec != boost::asio::error::would_block) {
        return {{ec, 0}};
    }
    return std::nullopt;
}

/// An open descriptor, as an object shares it with its operations.
/**
 * An operation that is about to be resumed when the object is moved, closed or destroyed still needs it.
 */
template <class Stream>
struct shared_stream {
    explicit shared_stream(Stream s)
        : stream(std::move(s))
    {
    }

    template <class Handler>
    void wait(Handler&& handler)
    {
        stream.async_wait(boost::asio::posix::descriptor_base::wait_read, std::forward<Handler>(handler));
    }

    void cancel(boost::system::error_code& ec)
    {
        ++cancels;
        stream.cancel(ec);
    }

    void close(boost::system::error_code& ec)
    {
        ++cancels;
        stream.close(ec);
    }

    Stream stream;
    /// How often operations were cancelled, by whatever: there is nothing to cancel in one that is between
    /// two waits, so it compares this with what it was at its start.
    std::uint64_t cancels = 0;
};

/// Tries, waits until the descriptor is ready, and tries again, until something comes of it.
/**
 * @tparam Device Has `wait(handler)`, and counts in `cancels` how often its operations were cancelled.
 * @tparam Attempt Called with the device; never blocks, and returns an optional outcome.
 * @tparam post_first Whether an attempt takes so long that even the first is no part of the initiating
 *     function.
 */
template <class Device, class Attempt, bool post_first = false>
class retry_op {
public:
    /// @p device is null when none is open, which @p not_open says then.
    retry_op(std::shared_ptr<Device> device, Attempt attempt,
             boost::system::error_code not_open = boost::asio::error::bad_descriptor)
        : device_(std::move(device))
        , attempt_(std::move(attempt))
    {
        if (!device_) {
            fail(not_open);
        }
    }

    template <class Self>
    void operator()(Self& self)
    {
        if (std::exchange(started_, true)) {
            go_on(self, {});
            return;
        }
        self.reset_cancellation_state(boost::asio::enable_total_cancellation());
        if (device_) {
            cancels_ = device_->cancels;
        }
        if (post_first || has_outcome()) {
            // A handler never runs within the initiating function.
            boost::asio::post(std::move(self));
        } else {
            wait(self);
        }
    }

    template <class Self>
    void operator()(Self& self, boost::system::error_code waited)
    {
        go_on(self, waited);
    }

private:
    template <class Self>
    void go_on(Self& self, boost::system::error_code waited)
    {
        if (!outcome_ && (device_->cancels != cancels_ || is_cancelled(self))) {
            waited = boost::asio::error::operation_aborted;
        }
        if (waited) {
            fail(waited);
        }
        if (has_outcome()) {
            device_.reset();
            self.complete(outcome_->error, outcome_->value);
        } else {
            wait(self);
        }
    }

    template <class Self>
    static bool is_cancelled(const Self& self) noexcept
    {
        return self.cancelled() != boost::asio::cancellation_type::none;
    }

    bool has_outcome()
    {
        if (!outcome_) {
            outcome_ = attempt_(*device_);
        }
        return outcome_.has_value();
    }

    void fail(boost::system::error_code ec)
    {
        outcome_.emplace();
        outcome_->error = ec;
    }

    template <class Self>
    void wait(Self& self)
    {
        // The handler takes this object along.
        Device& device = *device_;
        device.wait(std::move(self));
    }

    std::shared_ptr<Device> device_;
    Attempt attempt_;
    decltype(std::declval<Attempt&>()(std::declval<Device&>())) outcome_;
    std::uint64_t cancels_ = 0;
    bool started_ = false;
};

} // namespace sctrace::detail

#endif
