#ifndef SCTRACE_SRC_REPLAYING_HPP
#define SCTRACE_SRC_REPLAYING_HPP

#include "log/copy_window.hpp"
#include "log/log_parser.hpp"
#include "recording/run_outcome.hpp"

#include <sctrace/aggregator.hpp>
#include <sctrace/error.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/replay_options.hpp>
#include <sctrace/replay_source.hpp>
#include <sctrace/report.hpp>
#include <sctrace/trace_file.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/errc.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace sctrace::detail {

/// The state and the course of one replay.
/**
 * Several parsers read and parse parts of a log at the same time, on the executor. What must happen in the
 * log's order (telling copies, accounting for losses, events) each does on the strand, when it is its part's
 * turn. The counts go to the aggregator in any order.
 */
class replaying : public std::enable_shared_from_this<replaying> {
public:
    using executor_type = boost::asio::any_io_executor;
    using strand_type = boost::asio::strand<executor_type>;

    replaying(const executor_type& ex, replay_options options)
        : strand_(boost::asio::make_strand(ex))
        , executor_(ex)
        , options_(std::move(options))
        , source_(ex)
        , idle_(strand_)
    {
    }

    strand_type strand() const noexcept { return strand_; }

    /// Safe to call from any thread.
    void request_stop()
    {
        stop_requested_ = true;
        boost::asio::post(strand_, [self = this->shared_from_this()] { self->source_.cancel(); });
    }

    void cancel(boost::asio::cancellation_type type)
    {
        using boost::asio::cancellation_type;
        if (type == cancellation_type::total) {
            return;
        }
        aborted_ = aborted_ || (type & cancellation_type::terminal) != cancellation_type::none;
        stop_requested_ = true;
        source_.cancel();
    }

    static boost::asio::awaitable<run_outcome, strand_type> run(std::shared_ptr<replaying> self)
    {
        if (self->started_.exchange(true)) {
            co_return refused(failure{error::already_running, "a replayer runs once"});
        }
        co_return co_await self->course();
    }

private:
    template <class T>
    using task = boost::asio::awaitable<T, strand_type>;
    template <class T>
    using parallel_task = boost::asio::awaitable<T, executor_type>;
    using timer_type =
        boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                          boost::asio::wait_traits<std::chrono::steady_clock>, strand_type>;

    /// What one of the parsers works with.
    struct parser {
        parser(const strand_type& strand, const replay_options& options)
            : batch(record_batch::default_messages, basic_replay_source<executor_type>::batch_bytes)
            , words(options.native, options.filter, options.on_events != nullptr)
            , turn(strand)
        {
        }

        record_batch batch;
        log_parser words;
        parsed_part part;
        std::vector<syscall_key> calls;
        timer_type turn;
    };

    static auto token() { return boost::asio::as_tuple(boost::asio::use_awaitable_t<strand_type>{}); }
    static auto parallel_token()
    {
        return boost::asio::as_tuple(boost::asio::use_awaitable_t<executor_type>{});
    }

    task<run_outcome> course()
    {
        if (const auto prepared = prepare(); !prepared) {
            co_return refused(prepared.error());
        }
        for (const std::string& log : options_.logs) {
            if (stop_requested_) {
                note_unread(log);
            } else {
                co_await read_log(log);
            }
        }
        co_return co_await finish();
    }

    boost::system::result<void, failure> prepare()
    {
        if (options_.logs.empty()) {
            return failure{error::invalid_options, "name a log to read"};
        }
        const auto file = trace_file::prepare_if_named(options_.output);
        if (!file) {
            return file.error();
        }
        output_ = *file;
        aggregator_options counting{*file, options_.native};
        aggregator_.emplace(executor_, std::move(counting));
        began_ = std::chrono::system_clock::now();
        return {};
    }

    task<void> read_log(const std::string& log)
    {
        if (const auto opened = source_.open(log, options_.format); !opened) {
            note_problem(opened.error());
            co_return;
        }
        ++opened_;
        if (options_.on_opened) {
            options_.on_opened(log);
        }
        log_ = log;
        next_part_ = 0;
        last_sequence_.reset();
        make_parsers();
        for (const auto& p : parsers_) {
            spawn(*p);
        }
        while (running_ > 0) {
            idle_.expires_at(timer_type::time_point::max());
            co_await idle_.async_wait(token());
        }
        if (const auto problem = source_.problem()) {
            note_problem(*problem);
        } else if (stop_requested_ && !source_.is_stream() && !ended_) {
            note_stop("stopped before the end of " + log);
        }
        source_.close();
    }

    /// What follows a failure, or comes by order of who cancelled, needs no words of its own.
    void note_stop(const std::string& text)
    {
        if (!broken_) {
            note_problem(failure{error::stopped_early, text});
        }
    }

    void note_unread(const std::string& log) { note_stop("stopped before " + log + " was read"); }

    /// A stream is read by one only.
    void make_parsers()
    {
        const std::size_t wanted = source_.is_stream() ? 1 : std::max<std::size_t>(options_.parts_at_once, 1);
        while (parsers_.size() < wanted) {
            parsers_.push_back(std::make_unique<parser>(strand_, options_));
        }
        parsers_.resize(wanted);
        ended_ = false;
    }

    void spawn(parser& p)
    {
        ++running_;
        auto done = [self = this->shared_from_this()](std::exception_ptr thrown) {
            self->parser_ended(thrown);
        };
        boost::asio::co_spawn(executor_, parse_parts(p),
                              boost::asio::bind_executor(strand_, std::move(done)));
    }

    void parser_ended(std::exception_ptr thrown)
    {
        if (thrown) {
            break_off(thrown);
        }
        --running_;
        idle_.cancel();
    }

    /// The others may fail for the same reason, which is told once.
    void break_off(std::exception_ptr thrown)
    {
        if (!broken_) {
            const run_outcome outcome = outcome_of(thrown);
            note_problem({outcome.code, outcome.result.failure_message});
        }
        broken_ = true;
        stop_requested_ = true;
        source_.cancel();
        wake_all();
    }

    parallel_task<void> parse_parts(parser& p)
    {
        bool more = true;
        while (more) {
            const auto [ec, messages] = co_await source_.async_read_batch(p.batch, parallel_token());
            static_cast<void>(messages);
            // Only a part that could not be read has its turn among the others.
            if (ec && ec != boost::system::errc::io_error) {
                ended_ = ended_ || ec == boost::asio::error::eof;
                co_await end_of_parser(ec);
                break;
            }
            p.words.parse(p.batch, p.part);
            co_await boost::asio::dispatch(
                boost::asio::bind_executor(strand_, boost::asio::use_awaitable_t<executor_type>{}));
            while (next_part_ != p.batch.part().number && !broken_) {
                p.turn.expires_at(timer_type::time_point::max());
                waiting_[p.batch.part().number] = &p.turn;
                co_await p.turn.async_wait(boost::asio::bind_executor(strand_, parallel_token()));
            }
            if (broken_) {
                break;
            }
            settle(p);
            pass_turn();
            more = !stop_requested_;
            co_await aggregator_->async_add(p.calls, parallel_token());
        }
    }

    /// Any other error than the end or a stop is the log's problem.
    parallel_task<void> end_of_parser(boost::system::error_code ec)
    {
        if (ec == boost::asio::error::eof || ec == boost::asio::error::operation_aborted) {
            co_return;
        }
        co_await boost::asio::dispatch(
            boost::asio::bind_executor(strand_, boost::asio::use_awaitable_t<executor_type>{}));
        // Every parser meets it.
        const failure why{ec, "cannot read " + log_ + ": " + ec.message()};
        if (problem_.message != why.message) {
            note_problem(why);
        }
    }

    void pass_turn()
    {
        ++next_part_;
        const auto next = waiting_.find(next_part_);
        if (next != waiting_.end()) {
            next->second->cancel();
            waiting_.erase(next);
        }
    }

    /// After a parser failed its turn never comes to an end.
    void wake_all()
    {
        for (const auto& [part, turn] : waiting_) {
            turn->cancel();
        }
        waiting_.clear();
    }

    /// Takes over what a part says, in the order of the parts.
    void settle(parser& p)
    {
        account_for(p.batch);
        account_for(p.part);
        p.calls.clear();
        std::size_t event_begin = 0;
        for (const replayed_call& c : p.part.calls) {
            if (copies_.is_new(c.identity)) {
                p.calls.push_back(c.call);
                refused_ += c.refused ? 1 : 0;
            } else if (options_.on_events) {
                // What is left of the events is handed over in one piece.
                std::fill(p.part.events.begin() + static_cast<std::ptrdiff_t>(event_begin),
                          p.part.events.begin() + static_cast<std::ptrdiff_t>(c.event_end), '\0');
            }
            event_begin = c.event_end;
        }
        if (options_.on_events && !p.part.events.empty()) {
            std::erase(p.part.events, '\0');
            options_.on_events(p.part.events);
        }
        if (options_.on_progress) {
            options_.on_progress({log_, source_.position(), source_.size()});
        }
    }

    void account_for(const record_batch& batch)
    {
        const log_part& part = batch.part();
        ledger_.overwritten(batch.losses().overwritten);
        ledger_.malformed_record(batch.losses().malformed);
        if (part.first_sequence && last_sequence_ && *part.first_sequence > *last_sequence_) {
            ledger_.overwritten(*part.first_sequence - *last_sequence_ - 1);
        }
        last_sequence_ = part.last_sequence;
    }

    void account_for(const parsed_part& part)
    {
        for (const loss_notice& notice : part.notices) {
            ledger_.saw_notice(notice);
        }
        for (const std::uint64_t stamp : part.cut) {
            cut_ += copies_.is_new_cut(stamp) ? 1 : 0;
        }
        ledger_.malformed_record(part.malformed);
        interpreted_ += part.interpreted;
        without_time_ += part.without_time;
        if (part.first && (!first_ || *part.first < *first_)) {
            first_ = part.first;
        }
        if (part.last && (!last_ || *part.last > *last_)) {
            last_ = part.last;
        }
    }

    task<run_outcome> finish()
    {
        const auto [none, counts] = co_await aggregator_->async_snapshot(token());
        static_cast<void>(none);
        tell_what_was_left_out(counts);
        run_outcome outcome{{}, make_report(counts)};
        if (const failure written = co_await write_trace(); written.code) {
            note_problem(written);
        }
        outcome.code = problem_.code;
        outcome.result.failure_message = problem_.message;
        if (aborted_) {
            outcome.code = boost::asio::error::operation_aborted;
            outcome.result.failure_message = "the replay was cancelled";
        }
        co_return outcome;
    }

    /// An empty trace is not to stand for logs that could not be opened.
    task<failure> write_trace()
    {
        if (opened_ == 0) {
            if (output_) {
                const auto created = output_->create_if_absent();
                co_return created ? failure{} : created.error();
            }
            co_return failure{};
        }
        auto [ec, message] = co_await aggregator_->async_flush(trace_file::durability::final, token());
        co_return failure{ec, std::move(message)};
    }

    void tell_what_was_left_out(const trace& counts)
    {
        if (counts.left_out() != 0) {
            note_problem(too_many_syscalls(counts));
        }
        if (interpreted_ != 0) {
            note_problem({error::malformed_record,
                          std::to_string(interpreted_) +
                              " records were translated into names by ausearch --interpret and hold no "
                              "numbers any more; run ausearch --raw instead"});
        }
        if (without_time_ != 0) {
            const std::string left_out =
                std::to_string(without_time_) +
                " records without a time were left out, because a range of time was asked for";
            notice(left_out);
            ledger_.cannot_prove(left_out);
        }
    }

    report make_report(const trace& counts)
    {
        for (std::uint64_t i = copies_.taken_back(); i < cut_; ++i) {
            ledger_.truncated_record();
        }
        report r;
        r.source = "replay";
        r.native = options_.native;
        r.pids = options_.filter.pids;
        r.session = options_.filter.session;
        r.started = to_system_time(first_);
        r.ended = to_system_time(last_);
        r.counts = counts;
        r.refused = refused_;
        r.judged = ledger_.judge_saved_log();
        r.loss = ledger_.counts();
        return r;
    }

    std::chrono::system_clock::time_point to_system_time(const std::optional<log_time>& time) const
    {
        return time ? std::chrono::time_point_cast<std::chrono::system_clock::duration>(*time) : began_;
    }

    /// The first problem is the operation's error; each is told, and what was not read is not proved.
    void note_problem(const failure& why)
    {
        notice(why.message);
        ledger_.cannot_prove(why.message);
        if (!problem_.code) {
            problem_ = why;
        }
    }

    void notice(const std::string& text) const
    {
        if (options_.on_notice) {
            options_.on_notice(text);
        }
    }

    strand_type strand_;
    executor_type executor_;
    replay_options options_;
    std::atomic<bool> started_{false};
    std::atomic<bool> stop_requested_{false};
    std::atomic<bool> ended_{false};

    basic_replay_source<executor_type> source_;
    std::optional<trace_file> output_;
    std::optional<basic_aggregator<executor_type>> aggregator_;
    std::vector<std::unique_ptr<parser>> parsers_;
    std::map<std::uint64_t, timer_type*> waiting_;
    std::uint64_t next_part_ = 0;
    bool broken_ = false;
    std::size_t running_ = 0;
    timer_type idle_;

    loss_ledger ledger_;
    copy_window copies_;
    std::optional<std::uint64_t> last_sequence_;
    std::uint64_t cut_ = 0;
    std::uint64_t refused_ = 0;
    std::uint64_t interpreted_ = 0;
    std::uint64_t without_time_ = 0;
    std::optional<log_time> first_;
    std::optional<log_time> last_;
    std::chrono::system_clock::time_point began_{};
    std::string log_;
    std::size_t opened_ = 0;
    bool aborted_ = false;
    failure problem_;
};

} // namespace sctrace::detail

#endif
