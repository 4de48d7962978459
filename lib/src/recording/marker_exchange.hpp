#ifndef SCTRACE_SRC_RECORDING_MARKER_EXCHANGE_HPP
#define SCTRACE_SRC_RECORDING_MARKER_EXCHANGE_HPP

#include "host/host_state.hpp"
#include "recording/call_collector.hpp"
#include "recording/record_router.hpp"
#include "recording/run_scope.hpp"
#include "recording/subscriber.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/source_options.hpp>

#include <algorithm>
#include <chrono>

namespace sctrace::detail {

/// What an exchange of markers asks of the source through which they should come back.
class marker_source {
public:
    /// Whether it is the kernel's own.
    virtual bool reads_the_kernel() const noexcept = 0;
    /// Whether reading is over.
    virtual bool has_ended() const noexcept = 0;
    /// Whether there is something to be read right now.
    virtual bool is_readable() = 0;

protected:
    ~marker_source() = default;
};

/// Makes records of our own for one subscriber, and waits until they come back through its source.
/**
 * Everything runs on the scope's strand, which is woken when one has come back.
 */
template <class Clock>
class marker_exchange {
public:
    using scope_type = run_scope<Clock>;
    template <class T>
    using task = typename scope_type::template task<T>;

    /// All references must outlive the object; @p host is first looked at when something is waited for.
    marker_exchange(scope_type& run, const source_options& options, const host_state& host,
                    record_router& router, subscriber& who)
        : scope_(run)
        , options_(options)
        , host_(host)
        , router_(router)
        , subscriber_(who)
    {
    }

    bool saw(bracket_role role) const { return subscriber_.reader().saw_bracket(role); }

    /// Whether a marker could come back through @p source.
    bool is_possible(const marker_source& source) const
    {
        return source.reads_the_kernel() && !host_.log_switched_off();
    }

    /// Whether a marker was waited for as long as it is worth, and did not come.
    bool misses(bracket_role role, const marker_source& source) const
    {
        return is_possible(source) && !saw(role) && !is_pointless(role, source);
    }

    /// Waits as long as is usual for a record that opens the window.
    task<void> wait_for_opening(const marker_source& source)
    {
        co_await wait_for(bracket_role::opening, options_.bracket_timeout, source);
    }

    /// Emits records of our own until one comes back: each may be dropped by printk's rate limit.
    task<void> wait_for(bracket_role role, typename Clock::duration patience, const marker_source& source)
    {
        const auto give_up = Clock::now() + patience;
        auto next = Clock::now();
        while (!saw(role) && !is_pointless(role, source) && Clock::now() < give_up) {
            if (Clock::now() >= next) {
                emit(role);
                next = Clock::now() + repeat;
            }
            const auto until = std::min({next, give_up, Clock::now() + options_.stop_check_interval});
            co_await scope_.sleep_until_woken(until - Clock::now());
        }
    }

    /// Waits until what had been written when this was called is read, as far as that can be told.
    task<void> read_to_end(marker_source& source)
    {
        if (!is_possible(source)) {
            co_await drain(source);
            co_return;
        }
        co_await wait_for(bracket_role::closing, options_.bracket_timeout, source);
        co_await wait_for_late_serials(source);
    }

private:
    static constexpr std::chrono::milliseconds repeat{250};
    static constexpr std::chrono::milliseconds late_serial_patience{1000};
    static constexpr std::chrono::milliseconds late_serial_poll{2};
    static constexpr std::chrono::milliseconds drain_poll{1};

    bool is_pointless(bracket_role role, const marker_source& source) const
    {
        return scope_.abandoned() || source.has_ended() ||
               (role == bracket_role::opening && scope_.stop_asked());
    }

    void emit(bracket_role role)
    {
        const auto emitted = emit_bracket();
        if (emitted) {
            router_.own_child_ended(emitted->pid);
            router_.expect_bracket(subscriber_, emitted->syscall, role);
        } else {
            subscriber_.ledger().cannot_prove("no record of our own can be made: " +
                                              emitted.error().message());
        }
    }

    /// A task can lose its CPU between taking a serial and queueing the record (kernel/audit.c,
    /// audit_log_start() and audit_log_end()), so that a later record arrives before it.
    task<void> wait_for_late_serials(const marker_source& source)
    {
        const auto give_up = Clock::now() + late_serial_patience;
        while (subscriber_.ledger().window_closed() && subscriber_.reader().serials_may_be_late() &&
               !source.has_ended() && !scope_.abandoned() && Clock::now() < give_up) {
            co_await scope_.sleep_until_woken(late_serial_poll);
        }
    }

    /// Reads what is already there; nothing can prove that it was all.
    task<void> drain(marker_source& source)
    {
        const auto give_up = Clock::now() + options_.bracket_timeout;
        while (!source.has_ended() && !scope_.abandoned() && source.is_readable() && Clock::now() < give_up) {
            co_await scope_.sleep_until_woken(drain_poll);
        }
    }

    scope_type& scope_;
    const source_options& options_;
    const host_state& host_;
    record_router& router_;
    subscriber& subscriber_;
};

} // namespace sctrace::detail

#endif
