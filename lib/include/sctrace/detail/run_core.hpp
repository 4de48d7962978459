#ifndef SCTRACE_DETAIL_RUN_CORE_HPP
#define SCTRACE_DETAIL_RUN_CORE_HPP

#include <sctrace/detail/completion.hpp>

#include <boost/system/error_code.hpp>

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
};

} // namespace sctrace::detail

#endif
