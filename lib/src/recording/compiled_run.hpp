#ifndef SCTRACE_SRC_COMPILED_RUN_HPP
#define SCTRACE_SRC_COMPILED_RUN_HPP

#include "recording/start_operation.hpp"

#include <sctrace/detail/run_core.hpp>

#include <memory>
#include <utility>

namespace sctrace::detail {

/// Puts the state of a run behind the interface `Core` of a handle.
template <class Core, class State>
class compiled_run : public Core {
public:
    explicit compiled_run(std::shared_ptr<State> state) noexcept
        : state_(std::move(state))
    {
    }

    void request_stop() noexcept override { state_->request_stop(); }
    void cancel() override { cancel_on_strand(state_); }
    void async_run(completion<typename Core::signature> done) override
    {
        start_operation(state_, std::move(done));
    }

protected:
    const std::shared_ptr<State>& state() const noexcept { return state_; }

private:
    std::shared_ptr<State> state_;
};

} // namespace sctrace::detail

#endif
