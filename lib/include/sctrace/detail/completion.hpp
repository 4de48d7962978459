#ifndef SCTRACE_DETAIL_COMPLETION_HPP
#define SCTRACE_DETAIL_COMPLETION_HPP

#include <sctrace/detail/kept_work.hpp>

#include <boost/asio/associated_allocator.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/cancellation_type.hpp>
#include <boost/asio/post.hpp>

#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace sctrace::detail {

template <class Signature>
class completion;

/// A completion handler of any type, with what is associated with it, as the compiled runtime takes it.
/**
 * `any_completion_handler` cannot be used for this on Boost 1.81: nothing can be posted to its executor, and
 * assigning one never returns.
 *
 * Lives in memory of the handler's associated allocator, and keeps the context of the handler's associated
 * executor at work until the handler has been posted. If it is destroyed before, the handler is, too.
 */
template <class... Results>
class completion<void(Results...)> {
public:
    /// @p otherwise is the executor of a handler that has none of its own.
    template <class Handler, class Executor>
    completion(Handler&& handler, const Executor& otherwise)
        : erased_(held<std::decay_t<Handler>, Executor>::make(std::forward<Handler>(handler), otherwise))
    {
    }

    /// Has @p cancel called for each cancellation that is emitted through the handler's slot, if it has one.
    void on_cancellation(std::function<void(boost::asio::cancellation_type)> cancel)
    {
        erased_->on_cancellation(std::move(cancel));
    }

    /// Posts the handler to its executor; may be called once, on any thread.
    void operator()(Results... results) { erased_.release()->complete(std::move(results)...); }

private:
    struct erased {
        virtual void on_cancellation(std::function<void(boost::asio::cancellation_type)> cancel) = 0;
        /// Both destroy the object.
        virtual void complete(Results... results) = 0;
        virtual void destroy() noexcept = 0;

    protected:
        ~erased() = default;
    };

    struct destroyer {
        void operator()(erased* e) const noexcept { e->destroy(); }
    };

    template <class Handler, class Executor>
    class held;

    std::unique_ptr<erased, destroyer> erased_;
};

template <class... Results>
template <class Handler, class Executor>
class completion<void(Results...)>::held final : public erased {
public:
    static held* make(Handler handler, const Executor& otherwise)
    {
        allocator_type memory(boost::asio::get_associated_allocator(handler));
        held* const place = traits::allocate(memory, 1);
        try {
            return new (place) held(std::move(handler), otherwise);
        } catch (...) {
            traits::deallocate(memory, place, 1);
            throw;
        }
    }

    void on_cancellation(std::function<void(boost::asio::cancellation_type)> cancel) override
    {
        auto slot = boost::asio::get_associated_cancellation_slot(handler_);
        if (slot.is_connected()) {
            slot.assign(std::move(cancel));
        }
    }

    void complete(Results... results) override
    {
        const auto allocator = boost::asio::get_associated_allocator(handler_);
        auto work = std::move(work_);
        auto last = [handler = std::move(handler_), ... r = std::move(results)]() mutable {
            disconnect(handler);
            std::move(handler)(std::move(r)...);
        };
        // The memory is free again before the handler runs.
        destroy_with(allocator);
        const auto ex = work.get_executor();
        boost::asio::post(ex, boost::asio::bind_allocator(allocator, std::move(last)));
    }

    void destroy() noexcept override { destroy_with(boost::asio::get_associated_allocator(handler_)); }

private:
    using handler_allocator = boost::asio::associated_allocator_t<Handler>;
    using allocator_type = typename std::allocator_traits<handler_allocator>::template rebind_alloc<held>;
    using traits = std::allocator_traits<allocator_type>;

    held(Handler handler, const Executor& otherwise)
        : work_(boost::asio::get_associated_executor(handler, otherwise))
        , handler_(std::move(handler))
    {
    }
    ~held() = default;

    /// On the handler's own executor, where cancellation is emitted too.
    static void disconnect(Handler& handler)
    {
        auto slot = boost::asio::get_associated_cancellation_slot(handler);
        if (slot.is_connected()) {
            slot.clear();
        }
    }

    void destroy_with(const handler_allocator& allocator) noexcept
    {
        allocator_type memory(allocator);
        this->~held();
        traits::deallocate(memory, this, 1);
    }

    kept_work<boost::asio::associated_executor_t<Handler, Executor>> work_;
    Handler handler_;
};

/// Hands the completion handler of an operation to the compiled runtime.
template <class Executor, class Signature>
struct initiate_erased {
    using executor_type = Executor;

    Executor executor;

    executor_type get_executor() const noexcept { return executor; }

    /// @p start takes the completion.
    template <class Handler, class Start>
    void operator()(Handler&& handler, Start start) const
    {
        start(completion<Signature>(std::forward<Handler>(handler), executor));
    }
};

} // namespace sctrace::detail

#endif
