#ifndef SCTRACE_SRC_LIVE_SOURCE_HPP
#define SCTRACE_SRC_LIVE_SOURCE_HPP

#include "host/host_state.hpp"
#include "recording/course.hpp"
#include "recording/record_reader.hpp"
#include "recording/run_outcome.hpp"

#include <sctrace/audit_source.hpp>
#include <sctrace/error.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/printk_ratelimit_hold.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/source_options.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sctrace::detail {

/// The live source of one operation, or of several: which one it is, and its reads.
/**
 * Everything runs on the course's strand.
 */
template <class Clock>
class live_source {
public:
    using course_type = course<Clock>;
    using strand_type = typename course_type::strand_type;
    template <class T>
    using task = typename course_type::template task<T>;
    using result = boost::system::result<void, failure>;

    struct hooks {
        /// Takes a batch; the next one is read when the task has ended.
        std::function<task<void>(const record_batch& batch)> take;
        /// Whether what is wanted can be had from a source that is the kernel's, or is not.
        std::function<result(bool from_kernel)> allow;
        /// Reading is over, by itself; the end of a FIFO is no error.
        std::function<void(boost::system::error_code why)> ended;
        /// What to say of a host where the action `log` is switched off.
        std::string (*log_is_off)(const host_state& host) = log_switched_off_notice;
    };

    /// All references must outlive the object; @p host is first looked at by open().
    live_source(course_type& run, const source_options& options, const host_state& host, hooks h)
        : course_(run)
        , options_(options)
        , host_(host)
        , hooks_(std::move(h))
        , kmsg_(run.strand())
        , audit_(run.strand())
    {
    }

    /// Opens the source, and waits until one of @p own brackets has come back through it if one can.
    template <class Bracketing>
    task<result> open(Bracketing& own)
    {
        error_ = {};
        result opened = co_await open_audit(own);
        if (opened && kind_ == source_kind::automatic) {
            opened = co_await open_kmsg(own);
        }
        co_return opened;
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

    std::string_view name() const noexcept { return kind_ == source_kind::audit ? "audit" : "kmsg"; }

    bool reads_the_kernel() const noexcept { return kind_ == source_kind::audit || kmsg_.is_kernel(); }

    /// Whether the source is going to be the kernel's, as far as is known before it is opened.
    bool wants_the_kernel() const { return has_default_kmsg() || wanted_kind() == source_kind::audit; }

    /// Whether there is something to be read right now.
    bool is_readable() { return kind_ == source_kind::audit ? audit_.readable() : kmsg_.readable(); }

    void notice(const std::string& text) const
    {
        if (options_.on_notice) {
            options_.on_notice(text);
        }
    }

private:
    static constexpr std::chrono::milliseconds cancel_repeat{10};

    /// Where it is wanted: kind_ is `audit` afterwards if it is used.
    template <class Bracketing>
    task<result> open_audit(Bracketing& own)
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
        co_await own.wait_for(bracket_role::opening, must ? options_.bracket_timeout : options_.probe_timeout,
                              *this);
        const bool came_back = own.saw(bracket_role::opening);
        if (came_back || must || own.run().stop_asked() || host_.log_switched_off()) {
            announce_audit(came_back, own.run().stop_asked());
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

    void announce_audit(bool came_back, bool stop_asked) const
    {
        announce_missing_log();
        if (came_back && options_.source == source_kind::automatic) {
            notice("source: the audit multicast socket, because a record of our own came back through it");
        } else if (!came_back && !stop_asked && !host_.log_switched_off()) {
            notice("nothing comes through the audit socket; it only works in the initial network namespace");
        }
    }

    template <class Bracketing>
    task<result> open_kmsg(Bracketing& own)
    {
        kind_ = source_kind::kmsg;
        if (options_.kmsg_descriptor && descriptor_is_used_) {
            co_return failure{make_error_code(boost::system::errc::bad_file_descriptor),
                              "the descriptor to read from was closed when the last recording ended"};
        }
        if (options_.kmsg_descriptor) {
            kmsg_.assign(*options_.kmsg_descriptor);
            descriptor_is_used_ = true;
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
        if (own.is_possible(*this)) {
            co_await own.wait_for(bracket_role::opening, options_.bracket_timeout, *this);
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

    template <class Source>
    void spawn_pump(Source& source)
    {
        must_end_ = false;
        pump_ended_ = false;
        course_.spawn(pump(source), [this](std::exception_ptr thrown) {
            if (thrown) {
                note_end(outcome_of(thrown).code);
            }
            pump_ended_ = true;
            if (!must_end_) {
                hooks_.ended(error_);
            }
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
            co_await hooks_.take(batch);
        }
    }

    void note_end(boost::system::error_code ec)
    {
        if (!must_end_ && ec != boost::asio::error::eof) {
            error_ = ec;
        }
    }

    course_type& course_;
    const source_options& options_;
    const host_state& host_;
    hooks hooks_;

    basic_kmsg_source<strand_type> kmsg_;
    basic_audit_source<strand_type> audit_;
    source_kind kind_ = source_kind::automatic;
    std::string why_not_audit_;
    std::optional<printk_ratelimit_hold> hold_;
    boost::system::error_code error_;
    bool pump_ended_ = true;
    bool must_end_ = false;
    bool descriptor_is_used_ = false;
};

} // namespace sctrace::detail

#endif
