#include "host_probe.hpp"

#include <sctrace/audit_record.hpp>
#include <sctrace/audit_source.hpp>
#include <sctrace/audit_status.hpp>
#include <sctrace/bracket.hpp>
#include <sctrace/fork_source.hpp>
#include <sctrace/kmsg_source.hpp>
#include <sctrace/seccomp_record.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/system/errc.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <vector>

#include <sys/types.h>

namespace asio_sctrace {

namespace {

using boost::system::error_code;
using sctrace::host_status;
using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds between_attempts{1000};
constexpr milliseconds audit_patience{1000};
/// The kernel's rate limit opens a new window every five seconds.
constexpr milliseconds kmsg_patience{6000};

/// Which records of one child have come through one source.
struct arrivals {
    std::uint32_t count = 0;
    std::optional<std::int32_t> pid;
    std::optional<std::uint64_t> session;

    /// Takes a record if it is the child's next one.
    void take(const sctrace::seccomp_record& record, const sctrace::probe& sent)
    {
        const bool next = count < sent.calls && record.syscall == sent.syscall + count;
        if (next && record.pid && (count == 0 || record.pid == pid)) {
            ++count;
            pid = record.pid;
            session = record.ses;
        }
    }
};

/// Looks for the records of all children that were sent out.
template <class Source>
class listener {
public:
    listener(boost::asio::io_context& context, const std::vector<sctrace::probe>& sent)
        : source_(context)
        , sent_(sent)
    {
    }

    void open()
    {
        if (const auto opened = source_.open(); !opened) {
            why_not_ = opened.error().message;
        } else {
            listen();
        }
    }

    void close() { source_.close(); }

    bool listens() const noexcept { return why_not_.empty(); }
    const std::string& why_not() const noexcept { return why_not_; }

    /// What has come of the child of which most has come.
    arrivals best() const
    {
        const auto most = std::max_element(came_.begin(), came_.end(),
                                           [](const auto& a, const auto& b) { return a.count < b.count; });
        return most == came_.end() ? arrivals{} : *most;
    }

    /// The audit session in the first child's records, if any came.
    std::optional<std::uint64_t> session_of_first() const
    {
        return came_.empty() ? std::nullopt : came_.front().session;
    }

    bool has_all() const { return !sent_.empty() && best().count == sent_.front().calls; }
    clock::time_point last() const noexcept { return last_; }

private:
    void listen()
    {
        source_.async_read_batch(batch_, [this](error_code ec, std::size_t) {
            if (!ec) {
                read();
                listen();
            } else if (ec != boost::asio::error::operation_aborted) {
                why_not_ = "reading failed: " + ec.message();
            }
        });
    }

    void read()
    {
        came_.resize(sent_.size());
        for (const auto& message : batch_.messages()) {
            const auto header =
                message.type == 0
                    ? sctrace::parse_audit_record(message.text)
                    : sctrace::parse_audit_payload(sctrace::audit_type{message.type}, message.text);
            if (header) {
                take(*header);
            }
        }
    }

    void take(const sctrace::audit_record& header)
    {
        const auto record = sctrace::parse_seccomp_record(header);
        for (std::size_t i = 0; record && i != sent_.size(); ++i) {
            const auto before = came_[i].count;
            came_[i].take(*record, sent_[i]);
            if (came_[i].count != before) {
                last_ = clock::now();
            }
        }
    }

    Source source_;
    const std::vector<sctrace::probe>& sent_;
    std::vector<arrivals> came_;
    sctrace::record_batch batch_;
    std::string why_not_;
    clock::time_point last_;
};

std::string in_seconds(milliseconds time)
{
    return std::to_string(time.count() / 1000) + " s";
}

/// The process id of an audit daemon, which takes the records away from /dev/kmsg; 0 without one.
std::uint32_t audit_daemon()
{
    const auto audit = sctrace::read_audit_status();
    return audit ? audit->daemon_pid : 0;
}

class prober {
public:
    prober()
        : audit_(context_, sent_)
        , kmsg_(context_, sent_)
        , forks_(context_)
        , daemon_(audit_daemon())
    {
    }

    host_probe run(bool logging)
    {
        audit_.open();
        kmsg_.open();
        open_forks();
        if (logging) {
            attempt_until_all_came();
        } else {
            emit();
        }
        audit_.close();
        kmsg_.close();
        context_.restart();
        context_.run();
        judge(logging);
        return result_;
    }

private:
    void open_forks()
    {
        if (const auto opened = forks_.open(); !opened) {
            result_.fork_events = {host_status::warning, opened.error().message};
        }
    }

    void attempt_until_all_came()
    {
        do {
            if (!emit()) {
                return;
            }
            const auto next = clock::now() + between_attempts;
            while (waits() && context_.run_one_until(next) != 0) {
            }
        } while (waits());
    }

    bool waits() const { return waits_for_audit() || waits_for_kmsg(); }

    bool waits_for_audit() const
    {
        return audit_.listens() && !audit_.has_all() && clock::now() < start_ + audit_patience;
    }

    bool waits_for_kmsg() const
    {
        return kmsg_.listens() && !kmsg_.has_all() && clock::now() < start_ + patience_with_kmsg();
    }

    milliseconds patience_with_kmsg() const noexcept { return daemon_ == 0 ? kmsg_patience : audit_patience; }

    bool emit()
    {
        const auto made = sctrace::emit_probe(result_.calls);
        if (!made) {
            why_no_records_ = "no records can be made: " + made.error().message();
            return false;
        }
        sent_.push_back(*made);
        look_for_birth(made->pid);
        return true;
    }

    /// The event of a birth is there before the new process runs.
    void look_for_birth(pid_t child)
    {
        if (!forks_.is_open() || result_.fork_events.status == host_status::ok) {
            return;
        }
        sctrace::process_event_batch batch;
        const auto ec = forks_.read_available(batch);
        const bool born = std::any_of(batch.events.begin(), batch.events.end(), [child](const auto& e) {
            return e.what == sctrace::process_event::kind::fork && e.process == child;
        });
        if (born) {
            result_.fork_events = {host_status::ok, ""};
        } else {
            result_.fork_events = {host_status::warning, ec ? "reading failed: " + ec.message()
                                                            : "no event of the child's birth came"};
        }
    }

    void judge(bool logging)
    {
        judge_source(audit_, host_status::bad, audit_patience, logging, result_.audit);
        judge_source(kmsg_, host_status::warning, patience_with_kmsg(), logging, result_.kmsg);
        judge_session();
        if (result_.kmsg.status != host_status::ok && kmsg_.listens() && logging && why_no_records_.empty()) {
            result_.kmsg.why += daemon_ != 0
                                    ? "; the audit daemon takes them"
                                    : "; the rate limit (printk_ratelimit) or an audit rule may drop them";
        }
        if (!why_no_records_.empty() && forks_.is_open()) {
            result_.fork_events = {host_status::unknown, why_no_records_};
        }
    }

    template <class Source>
    void judge_source(const listener<Source>& from, host_status otherwise, milliseconds patience,
                      bool logging, source_probe& to) const
    {
        to.arrived = from.best().count;
        if (from.has_all()) {
            to.status = host_status::ok;
            to.took = std::chrono::ceil<milliseconds>(from.last() - start_);
            return;
        }
        to.status = otherwise;
        if (!from.listens()) {
            to.why = from.why_not();
        } else if (!why_no_records_.empty()) {
            to.why = why_no_records_;
        } else if (!logging) {
            to.why = "not tried: the kernel logs no calls (actions_logged)";
        } else {
            to.why = "not all came within " + in_seconds(patience);
        }
    }

    void judge_session()
    {
        session_probe& to = result_.session;
        if (sent_.empty()) {
            to.why = why_no_records_;
            return;
        }
        const sctrace::probe& child = sent_.front();
        to.session = child.session;
        to.status = host_status::warning;
        if (!child.session) {
            to.why = describe(child.session_error);
        } else if (const auto carried = audit_.session_of_first(); carried && *carried != *child.session) {
            to.why = "the records carry another session, " + std::to_string(*carried);
        } else {
            to.status = host_status::ok;
        }
    }

    static std::string describe(error_code ec)
    {
        if (ec == boost::system::errc::operation_not_permitted) {
            return "the login uid is set, and it is immutable or CAP_AUDIT_CONTROL is missing";
        }
        return "the login uid cannot be set: " + ec.message();
    }

    boost::asio::io_context context_;
    std::vector<sctrace::probe> sent_;
    listener<sctrace::audit_source> audit_;
    listener<sctrace::kmsg_source> kmsg_;
    sctrace::fork_source forks_;
    std::uint32_t daemon_;
    std::string why_no_records_;
    clock::time_point start_ = clock::now();
    host_probe result_;
};

} // namespace

host_probe probe_host(bool logging)
{
    return prober().run(logging);
}

} // namespace asio_sctrace
