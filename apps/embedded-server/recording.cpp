#include "recording.hpp"

#include <sctrace/trace_file.hpp>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <cstddef>
#include <exception>
#include <utility>

namespace embedded_server {

namespace asio = boost::asio;
using boost::system::error_code;

namespace {

/// Some milliseconds of the fastest programs; what comes meanwhile is counted all the same.
constexpr std::size_t live_capacity = 16384;

} // namespace

std::string_view to_string(recording_state state) noexcept
{
    switch (state) {
    case recording_state::starting:
        return "starting";
    case recording_state::running:
        return "running";
    case recording_state::stopping:
        return "stopping";
    case recording_state::ended:
        return "ended";
    case recording_state::failed:
        return "failed";
    }
    return {};
}

recording::recording(sctrace::hub& hub, setting given, recording_totals& totals)
    : given_(std::move(given))
    , totals_(totals)
    , executor_(hub.get_executor())
    , changed_(executor_)
{
    recorder_.emplace(hub, options());
}

sctrace::recorder_options recording::options()
{
    sctrace::recorder_options to;
    const recording_request& wanted = given_.wanted;
    to.pids = wanted.pids;
    if (!wanted.command.empty()) {
        to.command.emplace().command = wanted.command;
    }
    to.follow = wanted.follow;
    to.duration = wanted.duration;
    to.wait_for_descendants = wanted.wait_for_descendants;
    to.output = given_.trace_path;
    to.live_records = live_capacity;
    to.on_notice = [this](std::string_view text) { given_.say(text); };
    to.on_started = [this] {
        started_ = std::chrono::system_clock::now();
        if (state_ == recording_state::starting) {
            state_ = recording_state::running;
        }
        changed_.wake_all();
    };
    return to;
}

void recording::start()
{
    recorder_->async_run([self = shared_from_this()](error_code ec, sctrace::report report) {
        self->take_report(ec, std::move(report));
    });
    asio::co_spawn(executor_, hand_out(shared_from_this()), [self = shared_from_this()](std::exception_ptr) {
        self->handed_out_ = true;
        self->end_if_all_has_come();
    });
}

void recording::stop()
{
    if (is_over() || state_ == recording_state::stopping) {
        return;
    }
    if (state_ == recording_state::running) {
        state_ = recording_state::stopping;
    }
    recorder_->request_stop();
}

asio::awaitable<void> recording::wait_until_started()
{
    while (!started_ && !is_over()) {
        co_await changed_.wait();
    }
}

asio::awaitable<void> recording::wait_until_ended()
{
    while (!is_over()) {
        co_await changed_.wait();
    }
}

asio::awaitable<boost::system::result<sctrace::trace, sctrace::failure>> recording::counts()
{
    if (!is_over()) {
        auto [failed, so_far] = co_await recorder_->async_snapshot(asio::as_tuple(asio::use_awaitable));
        if (!failed) {
            co_return std::move(so_far);
        }
        // It ended meanwhile.
        co_await wait_until_ended();
    }
    // What went wrong later did not touch what had been counted.
    if (failure_ && !started_) {
        co_return sctrace::failure{failure_, report_->failure_message};
    }
    co_return report_->counts;
}

std::shared_ptr<event_stream> recording::subscribe()
{
    auto stream = std::make_shared<event_stream>(executor_);
    if (is_over()) {
        stream->end(summary());
    } else {
        streams_.push_back(stream);
    }
    return stream;
}

bool recording::is_over() const noexcept
{
    return state_ == recording_state::ended || state_ == recording_state::failed;
}

std::uint64_t recording::calls() const noexcept
{
    return report_ ? report_->counts.total() : seen_.total() + seen_.left_out() + dropped_;
}

/// The one reader of the live feed, however many clients watch. Without it, should memory run out, records
/// are counted all the same.
asio::awaitable<void> recording::hand_out(std::shared_ptr<recording> self)
{
    sctrace::live_records live;
    for (;;) {
        const auto [failed, records] =
            co_await self->recorder_->async_receive(live, asio::as_tuple(asio::use_awaitable));
        if (failed) {
            break;
        }
        self->take(live);
    }
}

void recording::take(const sctrace::live_records& live)
{
    const auto to = listeners();
    std::string event;
    for (const sctrace::seccomp_record& record : live.records()) {
        totals_.calls.add(record);
        seen_.add(call_of(record));
        if (!to.empty()) {
            event.clear();
            writer_.append(event, record);
        }
        for (const auto& stream : to) {
            stream->add(event);
        }
    }
    if (live.dropped() != 0) {
        dropped_ += live.dropped();
        totals_.live_dropped += live.dropped();
        for (const auto& stream : to) {
            stream->add_dropped(live.dropped());
        }
    }
}

std::vector<std::shared_ptr<event_stream>> recording::listeners()
{
    std::erase_if(streams_, [](const auto& stream) { return stream.expired(); });
    std::vector<std::shared_ptr<event_stream>> to;
    for (const auto& stream : streams_) {
        if (auto alive = stream.lock()) {
            to.push_back(std::move(alive));
        }
    }
    return to;
}

void recording::take_report(error_code ec, sctrace::report report)
{
    failure_ = ec;
    report_ = std::move(report);
    reported_ = true;
    end_if_all_has_come();
}

void recording::end_if_all_has_come()
{
    if (!reported_ || !handed_out_) {
        return;
    }
    if (started_) {
        count_unseen();
        count_verdict();
        write_report();
    }
    state_ = failure_ ? recording_state::failed : recording_state::ended;
    when_over_ = std::chrono::steady_clock::now();
    for (const auto& stream : listeners()) {
        stream->end(summary());
    }
    streams_.clear();
    seen_.clear();
    recorder_.reset();
    changed_.wake_all();
    const auto on_ended = std::exchange(given_.on_ended, nullptr);
    if (started_) {
        on_ended();
    }
}

void recording::count_unseen()
{
    for (const auto& line : report_->counts.sorted(report_->native)) {
        const auto seen = seen_.count(line.call);
        if (line.count > seen) {
            totals_.calls.add_unseen(line.call, line.count - seen);
        }
    }
}

void recording::count_verdict()
{
    if (failure_) {
        ++totals_.failed;
        return;
    }
    switch (report_->judged.what) {
    case sctrace::verdict::complete:
        ++totals_.complete;
        break;
    case sctrace::verdict::incomplete:
        ++totals_.incomplete;
        break;
    case sctrace::verdict::unproven:
        ++totals_.unproven;
        break;
    }
}

void recording::write_report()
{
    if (given_.report_path.empty()) {
        return;
    }
    const auto file = sctrace::trace_file::prepare(given_.report_path);
    const auto written =
        file ? file->write(sctrace::to_json(*report_) + '\n', sctrace::trace_file::durability::final)
             : boost::system::result<void, sctrace::failure>(file.error());
    if (!written) {
        given_.say(written.error().message);
    }
}

std::string recording::summary() const
{
    boost::json::object to;
    if (failure_) {
        to["verdict"] = nullptr;
        to["error"] = report_->failure_message;
    } else {
        const auto verdict = sctrace::to_string(report_->judged.what);
        to["verdict"] = boost::json::string_view(verdict.data(), verdict.size());
        to["line"] = sctrace::verdict_line(*report_);
    }
    return boost::json::serialize(to);
}

} // namespace embedded_server
