#include "log/log_parser.hpp"

#include "text/text_hash.hpp"

#include <sctrace/error.hpp>
#include <sctrace/log_line.hpp>

namespace sctrace::detail {

namespace {

/// Never zero, which says that there is no stamp.
std::uint64_t hash_of_stamp(std::string_view stamp) noexcept
{
    return hash_of(stamp) | 1U;
}

/// Time and serial as they stand in the header, which is in front of the body.
std::string_view stamp_of(const audit_record& record) noexcept
{
    const char* const begin = record.time.data();
    const std::string_view header(begin, static_cast<std::size_t>(record.body.data() - begin));
    return header.substr(0, header.find(')'));
}

} // namespace

void parsed_part::clear() noexcept
{
    calls.clear();
    events.clear();
    notices.clear();
    cut.clear();
    malformed = 0;
    interpreted = 0;
    without_time = 0;
    first.reset();
    last.reset();
}

log_parser::log_parser(architecture native, const record_filter& filter, bool with_events)
    : native_(native)
    , filter_(filter)
    , with_events_(with_events)
    , whole_(with_events || filter.needs_names())
    , selects_all_(filter.selects_all())
{
}

void log_parser::parse(const record_batch& batch, parsed_part& out)
{
    out.clear();
    last_time_ = {};
    for (const source_message& message : batch.messages()) {
        parse_message(message, out);
    }
    if (!last_time_.empty()) {
        out.last = parse_record_time(last_time_);
    }
}

void log_parser::parse_message(const source_message& message, parsed_part& out)
{
    if (message.without_header) {
        audit_record record;
        record.type = static_cast<audit_type>(message.type);
        record.body = message.text;
        record.maybe_cut = message.maybe_cut;
        parse_record(record, false, out);
        return;
    }
    if (auto record = parse_audit_record(message.text)) {
        record->maybe_cut = record->maybe_cut || message.maybe_cut;
        parse_record(*record, true, out);
    } else if (const auto notice = parse_loss_line(message.text)) {
        out.notices.push_back(*notice);
    } else if (is_interpreted_record(message.text)) {
        ++out.interpreted;
    }
}

void log_parser::parse_record(const audit_record& record, bool has_header, parsed_part& out)
{
    if (record.type != audit_type::seccomp && record.type != audit_type::anom_abend) {
        return;
    }
    const record_identity identity{has_header ? hash_of_stamp(stamp_of(record)) : 0, hash_of(record.body)};
    if (whole_) {
        parse_whole(record, identity, out);
    } else {
        parse_call(record, identity, out);
    }
}

/// Reads only what counting needs.
void log_parser::parse_call(const audit_record& record, const record_identity& identity, parsed_part& out)
{
    const auto read = call_reader_.read(record);
    if (!read) {
        take_unreadable(record, identity, read.error(), out);
        return;
    }
    take_call(*read, record.time, identity, out);
}

void log_parser::take_call(const logged_call& call, std::string_view time, const record_identity& identity,
                           parsed_part& out)
{
    const auto arch = architecture::of_call(call.arch.value_or(native_.audit_arch()), call.syscall);
    if (!selects_all_ && !filter_.selects(call.pid, call.ses, arch, time)) {
        out.without_time += time.empty() && filter_.needs_time() ? 1 : 0;
        return;
    }
    note_time(time, out);
    out.calls.push_back({{arch, call.syscall}, identity, 0, call.refused});
}

void log_parser::parse_whole(const audit_record& record, const record_identity& identity, parsed_part& out)
{
    auto read = parse_seccomp_record(record);
    if (!read) {
        take_unreadable(record, identity, read.error(), out);
        return;
    }
    if (!identity.has_header()) {
        read->serial.reset();
    }
    if (!filter_.selects(*read, native_)) {
        out.without_time += record.time.empty() && filter_.needs_time() ? 1 : 0;
        return;
    }
    note_time(record.time, out);
    if (with_events_) {
        writer_.append(out.events, *read);
        out.events += '\n';
    }
    const auto arch = architecture::of_call(read->arch.value_or(native_.audit_arch()), read->syscall);
    out.calls.push_back({{arch, read->syscall}, identity, out.events.size(), is_refusal(read->code)});
}

void log_parser::take_unreadable(const audit_record& record, const record_identity& identity,
                                 boost::system::error_code why, parsed_part& out) const
{
    if (why == error::not_a_seccomp_record || !may_be_wanted(record)) {
        return;
    }
    if (why == error::truncated_record) {
        out.cut.push_back(identity.stamp);
    } else {
        ++out.malformed;
    }
}

/// What a record that can't be read still tells may show that it is not wanted.
bool log_parser::may_be_wanted(const audit_record& record) const
{
    record_filter readable;
    const auto who = parse_process_fields(record);
    readable.pids = who.pid ? filter_.pids : std::vector<pid_t>();
    readable.session = who.ses ? filter_.session : std::nullopt;
    if (!record.time.empty()) {
        readable.since = filter_.since;
        readable.until = filter_.until;
    }
    return readable.selects(who.pid, who.ses, native_, record.time);
}

void log_parser::note_time(std::string_view time, parsed_part& out)
{
    if (time.empty()) {
        return;
    }
    if (last_time_.empty()) {
        out.first = parse_record_time(time);
    }
    last_time_ = time;
}

} // namespace sctrace::detail
