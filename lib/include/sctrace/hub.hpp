#ifndef SCTRACE_HUB_HPP
#define SCTRACE_HUB_HPP

#include <sctrace/detail/asio_configuration.hpp>
#include <sctrace/detail/recorder_core.hpp>
#include <sctrace/source_options.hpp>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/execution_context.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <memory>
#include <utility>

namespace sctrace {

template <class Executor, class Clock>
class basic_recorder;

/// One source of records for any number of recorders: the kernel's log is read and parsed once.
/**
 * Each record goes only to those recorders that it may concern, so that its cost does not grow with the
 * number of recorders. Process events are shared in the same way. The hub opens its source when the first of
 * its recorders starts, and closes it when the last one has ended: in between it costs nothing. A kmsg
 * descriptor in the options is good for one such period.
 *
 * Each recorder has markers and a verdict of its own. What is missing from the source is missing for all that
 * record at that time.
 *
 * @tparam Executor All recorders of the hub run on one strand of this executor.
 * @tparam Clock The clock of the timers; tests put a virtual one here.
 *
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: recorders() and making recorders of the hub are safe, everything
 * else is not.
 *
 * @par Object lifetimes
 * The object is a handle: it may be destroyed or moved from while its recorders run. A stop that is requested
 * through the `stop` of its options ends all its recorders.
 *
 * @par Example
 * @code
 * boost::asio::io_context context;
 * sctrace::hub hub(context);
 * std::vector<sctrace::recorder> recorders;
 * for (const char* folder : {"/", "/usr"}) {
 *     sctrace::recorder_options options;
 *     options.command.emplace().command = {"ls", folder};
 *     recorders.emplace_back(hub, options);
 *     recorders.back().async_run([](boost::system::error_code ec, const sctrace::report& report) {
 *         std::cout << (ec ? report.failure_message : sctrace::verdict_line(report)) << '\n';
 *     });
 * }
 * context.run();
 * @endcode
 */
template <class Executor = boost::asio::any_io_executor, class Clock = std::chrono::steady_clock>
class basic_hub {
public:
    /// The type of the executor.
    using executor_type = Executor;

    /// The same hub on another type of executor.
    template <class Executor1>
    struct rebind_executor {
        /// The rebound type.
        using other = basic_hub<Executor1, Clock>;
    };

    /// Makes a hub that reads as @p options say, once there is a recorder.
    explicit basic_hub(const executor_type& ex, source_options options = {})
        : executor_(ex)
        , core_(detail::make_hub<Clock>(ex, std::move(options)))
    {
        detail::require_the_librarys_asio();
    }

    /// As above, on the executor of @p context.
    template <class ExecutionContext>
    explicit basic_hub(ExecutionContext& context, source_options options = {}) requires
        std::convertible_to<ExecutionContext&, boost::asio::execution_context&>
        : basic_hub(executor_type(context.get_executor()), std::move(options))
    {
    }

    /// Takes over; @p other may then only be destroyed or assigned to.
    basic_hub(basic_hub&& other) noexcept = default;
    /// Takes over; the recorders of what this object was before go on.
    basic_hub& operator=(basic_hub&& other) noexcept = default;

    /// The executor of the recorders.
    executor_type get_executor() const noexcept { return executor_; }

    /// How many recorders run right now; may be called from any thread.
    std::size_t recorders() const noexcept { return core_->size(); }

private:
    friend class basic_recorder<Executor, Clock>;

    executor_type executor_;
    std::shared_ptr<detail::hub_core> core_;
};

/// A hub on any executor.
using hub = basic_hub<>;

} // namespace sctrace

#endif
