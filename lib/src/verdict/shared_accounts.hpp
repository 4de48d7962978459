#ifndef SCTRACE_SRC_VERDICT_SHARED_ACCOUNTS_HPP
#define SCTRACE_SRC_VERDICT_SHARED_ACCOUNTS_HPP

#include <sctrace/loss_ledger.hpp>
#include <sctrace/process_tree.hpp>

#include <cstdint>

namespace sctrace::detail {

/// Lets several runs share what somebody enters once for all of them, and look closer at it than users can.
struct shared_accounts {
    /// From now on somebody else enters each serial into @p all, and saw_serial() is not to be called.
    /** @p all must live until keep(). */
    static void share(loss_ledger& ledger, const serial_history& all) noexcept { ledger.serials_.share(all); }

    /// Ends share(): what is missing now is missing for good.
    static void keep(loss_ledger& ledger) { ledger.serials_.keep(); }

    /// How often the kernel said that it lost audit records.
    static std::uint64_t overflow_notices(const loss_ledger& ledger) noexcept
    {
        return ledger.overflow_notices_;
    }

    /// Where the window begins in the history; zero before open_window().
    static std::uint64_t window_begin(const loss_ledger& ledger) noexcept { return ledger.serials_.begin(); }

    /// From now on only events of numbers() need to be applied, and those that make processes expect()ed.
    /** Somebody enters the endings of all other processes into @p all, which must outlive the tree. */
    static void share(process_tree& tree, const ending_memory& all) noexcept { tree.shared_endings_ = &all; }
};

} // namespace sctrace::detail

#endif
