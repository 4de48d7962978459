#ifndef SCTRACE_DETAIL_LIVE_SOURCE_HPP
#define SCTRACE_DETAIL_LIVE_SOURCE_HPP

#include <sctrace/audit_source.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/detail/course.hpp>
#include <sctrace/detail/host_state.hpp>
#include <sctrace/detail/record_reader.hpp>
#include <sctrace/detail/run_op.hpp>
#include <sctrace/error.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/printk_ratelimit_hold.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/source_options.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <algorithm>
#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sctrace::detail {

/// The live source of one operation: which one it is, its reads, and the records of our own in it.
/**
 * Everything runs on the course's strand.
 *
 * @tparam Reader Whoever reads the batches; it has expect_bracket(), saw_bracket() and brackets_seen() of
 *     record_reader, and may have serials_may_be_late() of watch_reader.
 */
template <class Reader, class Executor, class Clock>
class live_source {
public:
    using course_type = course<Executor, Clock>;
    using strand_type = typename course_type::strand_type;
    template <class T>
    using task = typename course_type::template task<T>;
    using result = boost::system::result<void, failure>;

    struct hooks {
        /// Takes a batch; the next one is read when the task has ended.
        std::function<task<void>(const record_batch& batch)> take;
        /// Whether what is wanted can be had from a source that is the kernel's, or is not.
        std::function<result(bool from_kernel)> allow;
        /// What to say of a host where the action `log` is switched off.
        std::string (*log_is_off)(const host_state& host) = log_switched_off_notice;
    };

    /// All references must outlive the object; @p host is first looked at by open().
    live_source(course_type& run, const source_options& options, const host_state& host, Reader& reader,
                loss_ledger& ledger, hooks h)
        : course_(run)
        , options_(options)
        , host_(host)
        , reader_(reader)
        , ledger_(ledger)
        , hooks_(std::move(h))
        , kmsg_(run.strand())
        , audit_(run.strand())
    {
    }

    /// Opens the source, and waits until a record of our own has come back through it if one can.
    task<result> open()
    {
        result opened = co_await open_audit();
        if (opened && kind_ == source_kind::automatic) {
            opened = co_await open_kmsg();
        }
        co_return opened;
    }

    /// Reads what had been written when this was called; where records of our own come back, all of it.
    task<void> read_to_end()
    {
        if (!can_bracket()) {
            co_await drain_unbracketed();
            co_return;
        }
        co_await wait_for_bracket(bracket_role::closing, options_.bracket_timeout);
        co_await wait_for_late_serials();
    }

    /// Whether a record of our own could come back, was waited for as long as it is worth, and did not come.
    bool misses_bracket(bracket_role role) const noexcept
    {
        return can_bracket() && !reader_.saw_bracket(role) && !bracket_is_pointless(role);
    }

    task<void> stop()
    {
        must_end_ = true;
        while (!pump_ended_) {
            // Again and again: a read that had ended by itself may have been about to start another wait.
            audit_.cancel();
            kmsg_.cancel();
            co_await course_.nap(cancel_repeat);
        }
        audit_.close();
        kmsg_.close();
    }

    /// Puts kernel.printk_ratelimit back.
    void release_ratelimit() { hold_.reset(); }

    /// Whether reading is over, by itself or by stop().
    bool has_ended() const noexcept { return pump_ended_; }

    /// What ended reading; the end of a FIFO is no error.
    boost::system::error_code error() const noexcept { return error_; }

    /// An exception that ended one of the operation's tasks counts as an error of reading.
    void note_failure(std::exception_ptr thrown)
    {
        if (thrown) {
            note_end(outcome_of(thrown).code);
        }
    }

    std::string_view name() const noexcept { return kind_ == source_kind::audit ? "audit" : "kmsg"; }

    bool reads_the_kernel() const noexcept { return kind_ == source_kind::audit || kmsg_.is_kernel(); }

    /// Whether the source is going to be the kernel's, as far as is known before it is opened.
    bool wants_the_kernel() const { return has_default_kmsg() || wanted_kind() == source_kind::audit; }

    void notice(const std::string& text) const
    {
        if (options_.on_notice) {
            options_.on_notice(text);
        }
    }

private:
    static constexpr std::chrono::milliseconds bracket_repeat{250};
    static constexpr std::chrono::milliseconds late_serial_patience{1000};
    static constexpr std::chrono::milliseconds late_serial_poll{2};
    static constexpr std::chrono::milliseconds cancel_repeat{10};
    static constexpr std::chrono::milliseconds drain_poll{1};

    /// Where it is wanted: kind_ is `audit` afterwards if it is used.
    task<result> open_audit()
    {
        kind_ = wanted_kind();
        if (kind_ == source_kind::kmsg) {
            kind_ = source_kind::automatic;
            co_return result{};
        }
        const bool must = kind_ == source_kind::audit;
        const auto joined = audit_.open(options_.receive_buffer);
        if (!joined) {
            why_not_audit_ = joined.error().message;
            co_return must ? result(joined.error()) : result{};
        }
        kind_ = source_kind::audit;
        spawn_pump(audit_);
        co_await wait_for_bracket(bracket_role::opening,
                                  must ? options_.bracket_timeout : options_.probe_timeout);
        if (reader_.saw_bracket(bracket_role::opening) || must || course_.stop_asked() ||
            host_.log_switched_off()) {
            announce_audit();
            co_return result{};
        }
        why_not_audit_ =
            "no record of our own came back through the audit socket, which only works in the initial "
            "network namespace";
        co_await stop();
        kind_ = source_kind::automatic;
        co_return result{};
    }

    source_kind wanted_kind() const
    {
        const bool automatic = options_.source == source_kind::automatic;
        return automatic && !has_default_kmsg() ? source_kind::kmsg : options_.source;
    }

    bool has_default_kmsg() const { return !options_.kmsg_descriptor && options_.kmsg == "/dev/kmsg"; }

    void announce_audit() const
    {
        announce_missing_log();
        const bool came_back = reader_.saw_bracket(bracket_role::opening);
        if (came_back && options_.source == source_kind::automatic) {
            notice("source: the audit multicast socket, because a record of our own came back through it");
        } else if (!came_back && !course_.stop_asked() && !host_.log_switched_off()) {
            notice("nothing comes through the audit socket; it only works in the initial network namespace");
        }
    }

    task<result> open_kmsg()
    {
        kind_ = source_kind::kmsg;
        if (options_.kmsg_descriptor) {
            kmsg_.assign(*options_.kmsg_descriptor);
        } else if (auto opened = kmsg_.open(options_.kmsg, options_.start); !opened) {
            co_return opened;
        }
        if (const auto allowed = hooks_.allow(kmsg_.is_kernel()); !allowed) {
            co_return allowed;
        }
        if (options_.lift_ratelimit) {
            auto held = printk_ratelimit_hold::acquire(options_.ratelimit_paths);
            if (!held) {
                co_return held.error();
            }
            hold_.emplace(std::move(*held));
        }
        announce_kmsg();
        spawn_pump(kmsg_);
        if (can_bracket()) {
            co_await wait_for_bracket(bracket_role::opening, options_.bracket_timeout);
        }
        co_return result{};
    }

    void announce_kmsg() const
    {
        if (!why_not_audit_.empty()) {
            notice("source: " + options_.kmsg + ", because " + why_not_audit_);
        }
        if (kmsg_.is_kernel()) {
            announce_missing_log();
            for (const std::string& text : kmsg_notices(host_, hold_.has_value())) {
                notice(text);
            }
        }
    }

    void announce_missing_log() const
    {
        if (host_.log_switched_off()) {
            notice(hooks_.log_is_off(host_));
        }
    }

    bool can_bracket() const noexcept { return reads_the_kernel() && !host_.log_switched_off(); }

    /// Emits records of our own until one comes back: each may be dropped by printk's rate limit.
    task<void> wait_for_bracket(bracket_role role, typename Clock::duration patience)
    {
        const auto give_up = Clock::now() + patience;
        auto next = Clock::now();
        while (!reader_.saw_bracket(role) && !bracket_is_pointless(role) && Clock::now() < give_up) {
            if (Clock::now() >= next) {
                emit(role);
                next = Clock::now() + bracket_repeat;
            }
            const auto until = std::min({next, give_up, Clock::now() + options_.stop_check_interval});
            co_await course_.nap(until - Clock::now());
        }
    }

    bool bracket_is_pointless(bracket_role role) const noexcept
    {
        return course_.abandoned() || pump_ended_ || (role == bracket_role::opening && course_.stop_asked());
    }

    void emit(bracket_role role)
    {
        const auto emitted = emit_bracket();
        if (emitted) {
            reader_.expect_bracket(emitted->syscall, role);
        } else {
            ledger_.cannot_prove("no record of our own can be made: " + emitted.error().message());
        }
    }

    /// A task can lose its CPU between taking a serial and queueing the record (kernel/audit.c,
    /// audit_log_start() and audit_log_end()), so that a later record arrives before it.
    task<void> wait_for_late_serials()
    {
        const auto give_up = Clock::now() + late_serial_patience;
        while (serials_may_be_late() && !pump_ended_ && !course_.abandoned() && Clock::now() < give_up) {
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
    task<void> drain_unbracketed()
    {
        const auto give_up = Clock::now() + options_.bracket_timeout;
        while (!pump_ended_ && !course_.abandoned() && is_readable() && Clock::now() < give_up) {
            co_await course_.nap(drain_poll);
        }
    }

    bool is_readable() { return kind_ == source_kind::audit ? audit_.readable() : kmsg_.readable(); }

    template <class Source>
    void spawn_pump(Source& source)
    {
        must_end_ = false;
        pump_ended_ = false;
        course_.spawn(pump(source), [this](std::exception_ptr thrown) {
            note_failure(thrown);
            pump_ended_ = true;
        });
    }

    template <class Source>
    task<void> pump(Source& source)
    {
        record_batch batch(record_batch::default_messages, Source::batch_bytes);
        while (!must_end_) {
            const auto [ec, messages] = co_await source.async_read_batch(batch, course_type::token());
            static_cast<void>(messages);
            if (ec) {
                note_end(ec);
                co_return;
            }
            const auto brackets = reader_.brackets_seen();
            co_await hooks_.take(batch);
            if (reader_.brackets_seen() != brackets) {
                course_.wake();
            }
        }
    }

    void note_end(boost::system::error_code ec)
    {
        if (must_end_ || ec == boost::asio::error::eof) {
            return;
        }
        error_ = ec;
        ledger_.cannot_prove("reading the source failed: " + ec.message());
    }

    course_type& course_;
    const source_options& options_;
    const host_state& host_;
    Reader& reader_;
    loss_ledger& ledger_;
    hooks hooks_;

    basic_kmsg_source<strand_type> kmsg_;
    basic_audit_source<strand_type> audit_;
    source_kind kind_ = source_kind::automatic;
    std::string why_not_audit_;
    std::optional<printk_ratelimit_hold> hold_;
    boost::system::error_code error_;
    bool pump_ended_ = true;
    bool must_end_ = false;
};

} // namespace sctrace::detail

#endif
