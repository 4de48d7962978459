#ifndef SCTRACE_SRC_SUBSCRIBER_HPP
#define SCTRACE_SRC_SUBSCRIBER_HPP

#include "host/host_state.hpp"
#include "recording/process_follower.hpp"
#include "recording/record_listener.hpp"

#include <sctrace/error.hpp>
#include <sctrace/loss_ledger.hpp>
#include <sctrace/target.hpp>

#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace sctrace::detail {

/// One of those who share a source: whom it is about, and what it makes of its records.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class subscriber {
public:
    /// Which records it gets: those that may be the target's, or every one.
    enum class selection { target, everything };

    /// All must outlive the object.
    subscriber(record_listener& reader, target& whose, loss_ledger& ledger,
               selection wanted = selection::target) noexcept
        : reader_(reader)
        , target_(whose)
        , ledger_(ledger)
        , selection_(wanted)
    {
    }
    subscriber(const subscriber&) = delete;
    subscriber& operator=(const subscriber&) = delete;

    /// Something that it may wait for has happened.
    virtual void wake() = 0;
    /// A batch has been read in which there was something for it.
    virtual void take_calls() = 0;
    /// Whether what it wants can be had from a source that is the kernel's, or is not; asked by who opens it.
    virtual boost::system::result<void, failure> allow(bool from_kernel) const
    {
        static_cast<void>(from_kernel);
        return {};
    }
    /// What to say of a host where the action `log` is switched off.
    virtual std::string explain_missing_log(const host_state& host) const
    {
        return log_switched_off_notice(host);
    }
    /// Nothing more comes from the source; @p why is empty if it has just ended.
    virtual void source_ended(boost::system::error_code why) = 0;

    /// What a router remembers of it.
    struct routing_notes {
        std::uint64_t joined_at_record = 0;
        std::uint64_t tree_changes = 0;
        bool is_touched = false;
        bool is_candidate = false;
    };
    routing_notes& notes() noexcept { return notes_; }
    const routing_notes& notes() const noexcept { return notes_; }

    record_listener& reader() noexcept { return reader_; }
    bool wants_everything() const noexcept { return selection_ == selection::everything; }
    target& whose() noexcept { return target_; }
    const target& whose() const noexcept { return target_; }
    loss_ledger& ledger() noexcept { return ledger_; }

    /// Keeps the target's process tree, if it has one.
    std::optional<process_follower>& follower() noexcept { return follower_; }
    const std::optional<process_follower>& follower() const noexcept { return follower_; }

protected:
    ~subscriber() = default;

private:
    record_listener& reader_;
    target& target_;
    loss_ledger& ledger_;
    selection selection_;
    std::optional<process_follower> follower_;
    routing_notes notes_;
};

} // namespace sctrace::detail

#endif
