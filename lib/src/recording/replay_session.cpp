#include "recording/replay_session.hpp"

namespace sctrace::detail {

replay_session::replay_session(const executor_type& ex, replay_options options)
    : run_session(boost::asio::make_strand(ex), {"a replayer runs once", "the replay was cancelled"})
    , executor_(ex)
    , options_(std::move(options))
    , source_(ex)
    , account_(options_)
{
}

void replay_session::request_stop() noexcept
{
    scope_.request_stop();
    boost::asio::post(strand(), [self = shared_from_this(), this] { source_.cancel(); });
}

auto replay_session::run_course() -> task<run_outcome>
{
    if (const auto prepared = prepare(); !prepared) {
        co_return refused(prepared.error());
    }
    for (const std::string& log : options_.logs) {
        if (scope_.stop_asked()) {
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
    co_await scope_.wait_for_tasks();
    if (const auto problem = source_.problem()) {
        note_problem(*problem);
    } else if (scope_.stop_asked() && !source_.is_stream() && !ended_) {
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
        parsers_.push_back(std::make_unique<parser>(strand(), options_));
    }
    parsers_.resize(wanted);
    ended_ = false;
}

void replay_session::spawn(parser& p)
{
    auto done = [this, held = scope_.guard()](std::exception_ptr thrown) mutable {
        if (thrown) {
            break_off(thrown);
        }
        held.end();
    };
    boost::asio::co_spawn(executor_, parse_parts(p), boost::asio::bind_executor(strand(), std::move(done)));
}

void replay_session::break_off(std::exception_ptr thrown)
{
    if (!broken_) {
        const run_outcome ended = outcome_of(thrown);
        note_problem({ended.code, ended.result.failure_message});
    }
    broken_ = true;
    scope_.request_stop();
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
            boost::asio::bind_executor(strand(), boost::asio::use_awaitable_t<executor_type>{}));
        while (!order_.is_turn_of(p.batch.part().number) && !broken_) {
            p.turn.expires_at(timer_type::time_point::max());
            order_.wait(p.batch.part().number, p.turn);
            co_await p.turn.async_wait(boost::asio::bind_executor(strand(), parallel_token()));
        }
        if (broken_) {
            break;
        }
        settle(p);
        order_.pass();
        more = !scope_.stop_asked();
        co_await aggregator_->async_add(p.calls, parallel_token());
    }
}

auto replay_session::end_of_parser(boost::system::error_code ec) -> parallel_task<void>
{
    if (ec == boost::asio::error::eof || ec == boost::asio::error::operation_aborted) {
        co_return;
    }
    co_await boost::asio::dispatch(
        boost::asio::bind_executor(strand(), boost::asio::use_awaitable_t<executor_type>{}));
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
    const auto [none, counts] = co_await aggregator_->async_snapshot(scope_type::token());
    static_cast<void>(none);
    tell_what_was_left_out(counts);
    run_outcome ended{{}, account_.make_report(counts, began_)};
    if (const failure written = co_await write_trace(); written.code) {
        note_problem(written);
    }
    if (scope_.abandoned()) {
        problem_ = cancelled();
    }
    ended.code = problem_.code;
    ended.result.failure_message = problem_.message;
    co_return ended;
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
    auto [ec, message] =
        co_await aggregator_->async_flush(trace_file::durability::final, scope_type::token());
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
