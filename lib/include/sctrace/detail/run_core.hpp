#ifndef SCTRACE_DETAIL_RUN_CORE_HPP
#define SCTRACE_DETAIL_RUN_CORE_HPP

#include <sctrace/detail/asio_configuration.hpp>
#include <sctrace/detail/completion.hpp>
#include <sctrace/detail/handle.hpp>

#include <boost/asio/async_result.hpp>
#include <boost/system/error_code.hpp>

#include <memory>
#include <utility>

namespace sctrace::detail {

/// What runs once from a source to a result, behind a handle; compiled in the library.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Safe.
 */
template <class Result>
class run_core {
public:
    using signature = void(boost::system::error_code, Result);

    run_core() = default;
    run_core(const run_core&) = delete;
    run_core& operator=(const run_core&) = delete;
    virtual ~run_core() = default;

    /// Ends the run in an orderly way, soon.
    virtual void request_stop() noexcept = 0;
    /// As a terminal cancellation.
    virtual void cancel() = 0;
    virtual void async_run(completion<signature> done) = 0;
    /// The handle has gone.
    virtual void let_go() noexcept { request_stop(); }
};

/// What the handles of a run have in common.
template <class Executor, class Core>
class run_handle : public handle<Executor, Core> {
public:
    /// Ends the run in an orderly way at the next stop check; may be called from any thread, at any time.
    void request_stop() noexcept { this->shared_->request_stop(); }

    /// Like a terminal cancellation of async_run(), which completes with `operation_aborted`; may be called
    /// from any thread, at any time.
    /** Before async_run() it ends that as soon as it starts. */
    void cancel() { this->shared_->cancel(); }

protected:
    /// A handle of what @p core runs.
    run_handle(const Executor& ex, std::shared_ptr<Core> core)
        : handle<Executor, Core>(ex, std::move(core))
    {
        require_the_librarys_asio();
    }

    /// Starts `start(completion)`.
    template <class Signature, class Token, class Start>
    auto initiate(Token& token, Start start)
    {
        return boost::asio::async_initiate<Token, Signature>(
            initiate_erased<Executor, Signature>{this->executor_}, token, std::move(start));
    }

    /// Starts the run.
    template <class Token>
    auto initiate_run(Token& token)
    {
        return initiate<typename Core::signature>(
            token, [core = this->shared_](auto done) { core->async_run(std::move(done)); });
    }
};

} // namespace sctrace::detail

#endif
