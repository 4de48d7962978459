#ifndef SCTRACE_SRC_LIVE_SOURCE_HPP
#define SCTRACE_SRC_LIVE_SOURCE_HPP

#include "host/host_state.hpp"
#include "recording/change_signal.hpp"
#include "recording/marker_exchange.hpp"
#include "recording/run_outcome.hpp"
#include "recording/run_scope.hpp"

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
#include <cstdint>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace sctrace::detail {

/// The live source of a hub: which one it is, and its reads.
/**
 * Everything runs on the scope's strand.
 */
template <class Clock>
class live_source final : public marker_source {
public:
    using scope_type = run_scope<Clock>;
    using strand_type = typename scope_type::strand_type;
    template <class T>
    using task = typename scope_type::template task<T>;
    using result = boost::system::result<void, failure>;

    struct hooks {
        /// Takes a batch.
        std::function<void(const record_batch& batch)> take;
        /// Whether what is wanted can be had from a source that is the kernel's, or is not.
        std::function<result(bool from_kernel)> allow;
        /// Reading is over, by itself; the end of a FIFO is no error.
        std::function<void(boost::system::error_code why)> ended;
        /// What to say of a host where the action `log` is switched off.
        std::function<std::string()> explain_missing_log;
    };

    /// All references must outlive the object; @p host is first looked at when something is opened.
    live_source(scope_type& run, const source_options& options, const host_state& host, hooks h)
        : scope_(run)
        , options_(options)
        , host_(host)
        , hooks_(std::move(h))
        , kmsg_(run.strand())
        , audit_(run.strand())
        , changed_(run.strand())
    {
    }

    /// Whether the audit socket is to be tried before kmsg.
    bool wants_audit() const { return wanted_kind() != source_kind::kmsg; }

    /// Whether there is nothing to fall back on where the audit socket brings nothing.
    bool must_be_audit() const { return wanted_kind() == source_kind::audit; }

    /// Joins the audit multicast group and begins to read.
    result open_audit()
    {
        error_ = {};
        const auto joined = audit_.open(options_.receive_buffer);
        if (!joined) {
            why_not_audit_ = joined.error().message;
            return joined;
        }
        kind_ = source_kind::audit;
        spawn_pump(audit_);
        return {};
    }

    /// Says what is used; @p came_back tells whether a marker came through the audit socket.
    void keep_audit(bool came_back, bool stop_asked) const
    {
        announce_missing_log();
        if (came_back && options_.source == source_kind::automatic) {
            notice("source: the audit multicast socket, because a record of our own came back through it");
        } else if (!came_back && !stop_asked && !host_.log_switched_off()) {
            notice("nothing comes through the audit socket; it only works in the initial network namespace");
        }
    }

    /// Closes the audit socket, through which no marker came back.
    task<void> give_audit_up()
    {
        why_not_audit_ =
            "no record of our own came back through the audit socket, which only works in the initial "
            "network namespace";
        co_await stop();
    }

    /// Opens what stands for the kernel's log and begins to read.
    result open_kmsg()
    {
        error_ = {};
        kind_ = source_kind::kmsg;
        if (const auto opened = open_kmsg_device(); !opened) {
            return opened;
        }
        if (const auto allowed = hooks_.allow(kmsg_.is_kernel()); !allowed) {
            return allowed;
        }
        if (options_.lift_ratelimit) {
            auto held = printk_ratelimit_hold::acquire(options_.ratelimit_paths);
            if (!held) {
                return held.error();
            }
            hold_.emplace(std::move(*held));
        }
        announce_kmsg();
        spawn_pump(kmsg_);
        return {};
    }

    /// Ends reading; a batch that has been read already is still taken.
    task<void> stop()
    {
        must_end_ = true;
        cancel_reading();
        while (!pump_ended_) {
            co_await changed_.wait();
        }
        audit_.close();
        kmsg_.close();
    }

    /// Completes when everything that had been read before has been taken.
    task<void> take_what_was_read()
    {
        const auto round = rounds_;
        cancel_reading();
        while (rounds_ == round && !pump_ended_) {
            co_await changed_.wait();
        }
    }

    /// Puts kernel.printk_ratelimit back.
    void release_ratelimit() { hold_.reset(); }

    /// Whether reading is over, by itself or by stop().
    bool has_ended() const noexcept override { return pump_ended_; }

    /// What ended reading; the end of a FIFO is no error.
    boost::system::error_code error() const noexcept { return error_; }

    std::string_view name() const noexcept { return kind_ == source_kind::audit ? "audit" : "kmsg"; }

    bool reads_the_kernel() const noexcept override
    {
        return kind_ == source_kind::audit || kmsg_.is_kernel();
    }

    /// Whether the source is going to be the kernel's, as far as is known before it is opened.
    bool wants_the_kernel() const { return has_default_kmsg() || wanted_kind() == source_kind::audit; }

    /// Whether there is something to be read right now.
    bool is_readable() override { return kind_ == source_kind::audit ? audit_.readable() : kmsg_.readable(); }

    void notice(const std::string& text, advice advised = advice::none) const
    {
        if (options_.on_notice) {
            options_.on_notice({text, advised});
        }
    }

private:
    /// An outstanding read completes, with what it has read or with `operation_aborted`.
    void cancel_reading()
    {
        audit_.cancel();
        kmsg_.cancel();
    }

    source_kind wanted_kind() const
    {
        const bool automatic = options_.source == source_kind::automatic;
        return automatic && !has_default_kmsg() ? source_kind::kmsg : options_.source;
    }

    bool has_default_kmsg() const { return !options_.kmsg_descriptor && options_.kmsg == "/dev/kmsg"; }

    result open_kmsg_device()
    {
        if (!options_.kmsg_descriptor) {
            return kmsg_.open(options_.kmsg, options_.start);
        }
        if (descriptor_is_used_) {
            return failure{make_error_code(boost::system::errc::bad_file_descriptor),
                           "the descriptor to read from was closed when the last recording ended"};
        }
        kmsg_.assign(*options_.kmsg_descriptor);
        descriptor_is_used_ = true;
        return {};
    }

    void announce_kmsg() const
    {
        if (!why_not_audit_.empty()) {
            notice("source: " + options_.kmsg + ", because " + why_not_audit_);
        }
        if (kmsg_.is_kernel()) {
            announce_missing_log();
            for (const auto& [text, advised] : kmsg_notices(host_, hold_.has_value())) {
                notice(text, advised);
            }
        }
    }

    void announce_missing_log() const
    {
        if (host_.log_switched_off()) {
            notice(hooks_.explain_missing_log());
        }
    }

    template <class Source>
    void spawn_pump(Source& source)
    {
        must_end_ = false;
        pump_ended_ = false;
        scope_.spawn(pump(source), [this](std::exception_ptr thrown) {
            if (thrown) {
                note_end(outcome_of(thrown).code);
            }
            pump_ended_ = true;
            changed_.notify();
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
            const auto [ec, messages] = co_await source.async_read_batch(batch, scope_type::token());
            static_cast<void>(messages);
            if (!ec) {
                hooks_.take(batch);
            } else if (must_end_ || ec != boost::asio::error::operation_aborted) {
                note_end(ec);
                co_return;
            }
            ++rounds_;
            changed_.notify();
        }
    }

    void note_end(boost::system::error_code ec)
    {
        if (!must_end_ && ec != boost::asio::error::eof) {
            error_ = ec;
        }
    }

    scope_type& scope_;
    const source_options& options_;
    const host_state& host_;
    hooks hooks_;

    basic_kmsg_source<strand_type> kmsg_;
    basic_audit_source<strand_type> audit_;
    source_kind kind_ = source_kind::automatic;
    std::string why_not_audit_;
    std::optional<printk_ratelimit_hold> hold_;
    boost::system::error_code error_;
    // At each round, and when reading has ended.
    change_signal<Clock> changed_;
    std::uint64_t rounds_ = 0;
    bool pump_ended_ = true;
    bool must_end_ = false;
    bool descriptor_is_used_ = false;
};

} // namespace sctrace::detail

#endif
