#ifndef SCTRACE_SRC_BRACKETING_HPP
#define SCTRACE_SRC_BRACKETING_HPP

#include "host/host_state.hpp"
#include "recording/course.hpp"
#include "recording/record_reader.hpp"

#include <sctrace/bracket.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/source_options.hpp>

#include <algorithm>
#include <chrono>

namespace sctrace::detail {

/// Makes records of our own for one operation, and waits until they come back through its source.
/**
 * Everything runs on the course's strand, which is woken when one has come back.
 *
 * @tparam Reader Whoever gets to see them; it has expect_bracket() and saw_bracket() of record_reader, and
 * may have serials_may_be_late() of watch_reader.
 */
template <class Reader, class Clock>
class bracketing {
public:
    using course_type = course<Clock>;
    template <class T>
    using task = typename course_type::template task<T>;

    /// All references must outlive the object; @p host is first looked at when something is waited for.
    bracketing(course_type& run, const source_options& options, const host_state& host, Reader& reader,
               loss_ledger& ledger)
        : course_(run)
        , options_(options)
        , host_(host)
        , reader_(reader)
        , ledger_(ledger)
    {
    }

    course_type& run() const noexcept { return course_; }

    bool saw(bracket_role role) const noexcept { return reader_.saw_bracket(role); }

    /// Whether a record of our own could come back through @p source.
    template <class Source>
    bool is_possible(const Source& source) const
    {
        return source.reads_the_kernel() && !host_.log_switched_off();
    }

    /// Whether such a record was waited for as long as it is worth, and did not come.
    template <class Source>
    bool misses(bracket_role role, const Source& source) const
    {
        return is_possible(source) && !saw(role) && !is_pointless(role, source);
    }

    /// Waits as long as is usual for a record that opens the window.
    template <class Source>
    task<void> wait_for_opening(const Source& source)
    {
        co_await wait_for(bracket_role::opening, options_.bracket_timeout, source);
    }

    /// Emits records of our own until one comes back: each may be dropped by printk's rate limit.
    template <class Source>
    task<void> wait_for(bracket_role role, typename Clock::duration patience, const Source& source)
    {
        const auto give_up = Clock::now() + patience;
        auto next = Clock::now();
        while (!saw(role) && !is_pointless(role, source) && Clock::now() < give_up) {
            if (Clock::now() >= next) {
                emit(role);
                next = Clock::now() + repeat;
            }
            const auto until = std::min({next, give_up, Clock::now() + options_.stop_check_interval});
            co_await course_.nap(until - Clock::now());
        }
    }

    /// Waits until what had been written when this was called is read, as far as that can be told.
    template <class Source>
    task<void> read_to_end(Source& source)
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

    template <class Source>
    bool is_pointless(bracket_role role, const Source& source) const
    {
        return course_.abandoned() || source.has_ended() ||
               (role == bracket_role::opening && course_.stop_asked());
    }

    void emit(bracket_role role)
    {
        const auto emitted = emit_bracket();
        if (emitted) {
            reader_.expect_bracket(*emitted, role);
        } else {
            ledger_.cannot_prove("no record of our own can be made: " + emitted.error().message());
        }
    }

    /// A task can lose its CPU between taking a serial and queueing the record (kernel/audit.c,
    /// audit_log_start() and audit_log_end()), so that a later record arrives before it.
    template <class Source>
    task<void> wait_for_late_serials(const Source& source)
    {
        const auto give_up = Clock::now() + late_serial_patience;
        while (serials_may_be_late() && !source.has_ended() && !course_.abandoned() &&
               Clock::now() < give_up) {
            co_await course_.nap(late_serial_poll);
        }
    }

    /// A reader that tells what is missing as it goes on knows which gaps are new.
    bool serials_may_be_late() const
    {
        if constexpr (requires(const Reader& r) { r.serials_may_be_late(); }) {
            return ledger_.window_closed() && reader_.serials_may_be_late();
        }
        const loss_counts known = ledger_.counts();
        return ledger_.window_closed() && known.serial_gaps != 0 && known.printk_suppressed == 0 &&
               known.kmsg_overwritten == 0 && known.netlink_overruns == 0;
    }

    /// Reads what is already there; nothing can prove that it was all.
    template <class Source>
    task<void> drain(Source& source)
    {
        const auto give_up = Clock::now() + options_.bracket_timeout;
        while (!source.has_ended() && !course_.abandoned() && source.is_readable() &&
               Clock::now() < give_up) {
            co_await course_.nap(drain_poll);
        }
    }

    course_type& course_;
    const source_options& options_;
    const host_state& host_;
    Reader& reader_;
    loss_ledger& ledger_;
};

} // namespace sctrace::detail

#endif
