#ifndef SCTRACE_TEST_ROUTED_READER_HPP
#define SCTRACE_TEST_ROUTED_READER_HPP

#include "recording/call_collector.hpp"
#include "recording/live_queue.hpp"
#include "recording/record_router.hpp"
#include "recording/subscriber.hpp"

#include <sctrace/loss_ledger.hpp>
#include <sctrace/record_batch.hpp>
#include <sctrace/target.hpp>

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace sctrace::test {

/// What a recording does with the records of a router, without an event loop.
class routed_reader final : public detail::subscriber {
public:
    routed_reader(architecture native, sctrace::target& whose, loss_ledger& ledger, std::size_t live = 0)
        : subscriber(records_, whose, ledger)
        , queue(live)
        , records_(native, whose, ledger, queue)
    {
    }

    void wake() override { ++woken; }
    void take_calls() override
    {
        calls_.assign(records_.calls().begin(), records_.calls().end());
        records_.forget_calls();
    }
    void source_ended(boost::system::error_code) override {}

    detail::call_collector* operator->() noexcept { return &records_; }

    /// The calls of the last batch that had something for the target.
    std::span<const syscall_key> calls() const noexcept { return calls_; }
    void forget_calls() noexcept { calls_.clear(); }

    detail::live_queue queue;
    int woken = 0;

private:
    detail::call_collector records_;
    std::vector<syscall_key> calls_;
};

/// Reads a batch and has each subscriber take its calls.
inline void read_routed(detail::record_router& router, const record_batch& batch)
{
    router.read(batch);
    for (detail::subscriber* const who : router.touched()) {
        who->take_calls();
    }
}

/// A reader that is alone on its router.
class lone_reader {
public:
    lone_reader(architecture native, sctrace::target& whose, loss_ledger& ledger)
        : reader_(native, whose, ledger)
    {
        router_.add(reader_);
    }

    void read(const record_batch& batch)
    {
        reader_.forget_calls();
        read_routed(router_, batch);
    }

    std::span<const syscall_key> calls() const noexcept { return reader_.calls(); }
    void expect_bracket(std::int64_t number, detail::bracket_role role)
    {
        router_.expect_bracket(reader_, number, role);
    }
    /// To be called when the target has changed.
    void refresh() { router_.refresh(reader_); }
    /// Ends the recording.
    void leave() { router_.remove(reader_); }

    detail::call_collector* operator->() noexcept { return reader_.operator->(); }

private:
    detail::record_router router_;
    routed_reader reader_;
};

} // namespace sctrace::test

#endif
