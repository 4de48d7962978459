#include "recording/replay_session.hpp"

namespace sctrace::detail {

void replay_session::request_stop()
{
    stop_requested_ = true;
    boost::asio::post(strand_, [self = this->shared_from_this()] { self->source_.cancel(); });
}

boost::asio::awaitable<run_outcome, replay_session::strand_type>
replay_session::run(std::shared_ptr<replay_session> self)
{
    if (self->started_.exchange(true)) {
        co_return refused(failure{error::already_running, "a replayer runs once"});
    }
    co_return co_await self->run_course();
}

auto replay_session::run_course() -> task<run_outcome>
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

boost::system::result<void, failure> replay_session::prepare()
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

auto replay_session::read_log(const std::string& log) -> task<void>
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
    order_.restart();
    account_.begin_log();
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

void replay_session::note_stop(const std::string& text)
{
    if (!broken_) {
        note_problem(failure{error::stopped_early, text});
    }
}

void replay_session::make_parsers()
{
    const std::size_t wanted = source_.is_stream() ? 1 : std::max<std::size_t>(options_.parts_at_once, 1);
    while (parsers_.size() < wanted) {
        parsers_.push_back(std::make_unique<parser>(strand_, options_));
    }
    parsers_.resize(wanted);
    ended_ = false;
}

void replay_session::spawn(parser& p)
{
    ++running_;
    auto done = [self = this->shared_from_this()](std::exception_ptr thrown) { self->parser_ended(thrown); };
    boost::asio::co_spawn(executor_, parse_parts(p), boost::asio::bind_executor(strand_, std::move(done)));
}

void replay_session::parser_ended(std::exception_ptr thrown)
{
    if (thrown) {
        break_off(thrown);
    }
    --running_;
    idle_.cancel();
}

void replay_session::break_off(std::exception_ptr thrown)
{
    if (!broken_) {
        const run_outcome outcome = outcome_of(thrown);
        note_problem({outcome.code, outcome.result.failure_message});
    }
    broken_ = true;
    stop_requested_ = true;
    source_.cancel();
    order_.wake_all();
}

auto replay_session::parse_parts(parser& p) -> parallel_task<void>
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
        while (!order_.is_turn_of(p.batch.part().number) && !broken_) {
            p.turn.expires_at(timer_type::time_point::max());
            order_.wait(p.batch.part().number, p.turn);
            co_await p.turn.async_wait(boost::asio::bind_executor(strand_, parallel_token()));
        }
        if (broken_) {
            break;
        }
        settle(p);
        order_.pass();
        more = !stop_requested_;
        co_await aggregator_->async_add(p.calls, parallel_token());
    }
}

auto replay_session::end_of_parser(boost::system::error_code ec) -> parallel_task<void>
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

void replay_session::settle(parser& p)
{
    account_.take(p.batch, p.part, p.calls);
    if (options_.on_events && !p.part.events.empty()) {
        options_.on_events(p.part.events);
    }
    if (options_.on_progress) {
        options_.on_progress({log_, source_.position(), source_.size()});
    }
}

auto replay_session::finish() -> task<run_outcome>
{
    const auto [none, counts] = co_await aggregator_->async_snapshot(token());
    static_cast<void>(none);
    tell_what_was_left_out(counts);
    run_outcome outcome{{}, account_.make_report(counts, began_)};
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

auto replay_session::write_trace() -> task<failure>
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

void replay_session::tell_what_was_left_out(const trace& counts)
{
    if (counts.left_out() != 0) {
        note_problem(too_many_syscalls(counts));
    }
    if (const auto untranslated = account_.untranslated()) {
        note_problem(*untranslated);
    }
    if (const std::string left_out = account_.left_out_for_time(); !left_out.empty()) {
        notice(left_out);
        account_.cannot_prove(left_out);
    }
}

void replay_session::note_problem(const failure& why)
{
    notice(why.message, why.advised);
    account_.cannot_prove(why.message);
    if (!problem_.code) {
        problem_ = why;
    }
}

void replay_session::notice(const std::string& text, advice advised) const
{
    if (options_.on_notice) {
        options_.on_notice({text, advised});
    }
}

} // namespace sctrace::detail
