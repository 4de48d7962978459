#ifndef SCTRACE_SRC_SUBSCRIBER_HPP
#define SCTRACE_SRC_SUBSCRIBER_HPP

#include "recording/call_collector.hpp"
#include "recording/process_follower.hpp"

#include <sctrace/loss_ledger.hpp>
#include <sctrace/target.hpp>

#include <boost/system/error_code.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>

namespace sctrace::detail {

/// One of those who share a source: whom it is about, and what it makes of its records.
/**
 * @par Thread Safety
 * Distinct objects: Safe. Shared objects: Unsafe.
 */
class subscriber {
public:
    /// All must outlive the object.
    subscriber(call_collector& reader, target& whose, loss_ledger& ledger) noexcept
        : reader_(reader)
        , target_(whose)
        , ledger_(ledger)
    {
    }
    subscriber(const subscriber&) = delete;
    subscriber& operator=(const subscriber&) = delete;

    /// Something that it may wait for has happened.
    virtual void wake() = 0;
    /// A batch has been read in which there was something for it.
    virtual void take_calls() = 0;
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

    call_collector& reader() noexcept { return reader_; }
    target& whose() noexcept { return target_; }
    const target& whose() const noexcept { return target_; }
    loss_ledger& ledger() noexcept { return ledger_; }

    /// Keeps the target's process tree, if it has one.
    std::optional<process_follower>& follower() noexcept { return follower_; }
    const std::optional<process_follower>& follower() const noexcept { return follower_; }

protected:
    ~subscriber() = default;

private:
    call_collector& reader_;
    target& target_;
    loss_ledger& ledger_;
    std::optional<process_follower> follower_;
    routing_notes notes_;
};

} // namespace sctrace::detail

#endif
