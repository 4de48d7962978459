#include "common/routed_reader.hpp"
#include "common/words_test.hpp"

#include <sctrace/detail/kmsg_reader.hpp>
#include <sctrace/kmsg_entry.hpp>
#include <sctrace/log_line.hpp>
#include <sctrace/trace.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <new>

namespace {

std::atomic<std::size_t> allocations = 0;

void* allocate(std::size_t size)
{
    ++allocations;
    if (void* const memory = std::malloc(size)) {
        return memory;
    }
    throw std::bad_alloc();
}

} // namespace

// Not inlined: GCC would see free() in the place of delete and call the pair mismatched.
[[gnu::noinline]] void* operator new(std::size_t size)
{
    return allocate(size);
}

[[gnu::noinline]] void* operator new[](std::size_t size)
{
    return allocate(size);
}

[[gnu::noinline]] void operator delete(void* memory) noexcept
{
    std::free(memory);
}

[[gnu::noinline]] void operator delete[](void* memory) noexcept
{
    std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}

[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept
{
    std::free(memory);
}

namespace {

/// How many allocations `action` makes.
template <class Action>
std::size_t allocations_of(Action action)
{
    const std::size_t before = allocations;
    action();
    return allocations - before;
}

void parse_live_entry(std::string_view text)
{
    std::array<char, 8192> buffer{};
    const auto entry = sctrace::parse_kmsg_entry(text);
    if (!entry) {
        return;
    }
    const std::string_view kernel_text = sctrace::unescape_kmsg(entry->text, buffer);
    const auto record = sctrace::parse_audit_record(kernel_text);
    const auto notice = sctrace::parse_loss_notice(kernel_text);
    if (!record || notice) {
        return;
    }
    const auto parsed = sctrace::parse_seccomp_record(*record);
    if (parsed) {
        sctrace::decode(parsed->exe, buffer);
    } else {
        sctrace::parse_process_fields(*record);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(allocation)

BOOST_AUTO_TEST_CASE(the_counter_counts)
{
    std::string text;
    BOOST_TEST(allocations_of([&text] { text.reserve(1000); }) == 1U);
}

BOOST_AUTO_TEST_CASE(parsing_allocates_nothing)
{
    using namespace sctrace::test;
    const std::string lines[] = {
        kmsg_text,
        with(kmsg_text, "comm=\"nginx\"", R"(comm="a\x5cb")"),
        with(kmsg_text, "exe=\"/usr/sbin/nginx\"", "exe=2F6F70742F612062"),
        kmsg_text.substr(0, kmsg_text.find(" sig=")),
        with(kmsg_text, "syscall=110", "syscall=x"),
        with(kmsg_text, "type=1326", "type=1400"),
        "4,3400505,1164533596,-;kauditd_printk_skb: 20 callbacks suppressed\n",
        "6,2565,102258085667,-;docker0: port 2(vethc1bb733) entered blocking state\n SUBSYSTEM=net\n",
        "[1.5] " + kernel_text,
        "node=h " + daemon_text + "\x1d" + "AUID=\"unset\"",
        "Apr 25 16:56:53 ubuntu audit[2752]: SECCOMP " + std::string(fields),
        "Oct 25 14:42:34 host kernel: [6.5] audit: audit_lost=4 audit_rate_limit=0 audit_backlog_limit=64",
        "no record at all",
    };
    for (const std::string& line : lines) {
        const std::size_t count = allocations_of([&line] {
            parse_live_entry(line);
            (void)sctrace::parse_seccomp_line(line);
            (void)sctrace::parse_loss_line(line);
            (void)sctrace::parse_audit_payload(sctrace::audit_type::seccomp, line);
        });
        BOOST_TEST_CONTEXT(line) BOOST_TEST(count == 0U);
    }
}

BOOST_AUTO_TEST_CASE(counting_allocates_nothing_in_the_steady_state)
{
    using namespace sctrace::test;
    const std::string lines[] = {kmsg_text, with(kmsg_text, "syscall=110", "syscall=257"),
                                 with(kmsg_text, "type=1326", "type=1400"), "6,2565,1,-;unrelated\n"};
    sctrace::target whose;
    whose.add_pid(2752);
    sctrace::loss_ledger ledger;
    const auto native = sctrace::architecture::native();
    sctrace::test::lone_reader records(native, whose, ledger);
    records->count_without_bracket();
    sctrace::detail::kmsg_reader device;
    sctrace::record_batch batch;
    sctrace::trace counts;
    const auto round = [&] {
        batch.clear();
        for (const std::string& line : lines) {
            std::copy(line.begin(), line.end(), device.buffer(batch).begin());
            device.accept(batch, line.size());
        }
        device.settle(batch);
        records.read(batch);
        for (const auto& call : records.calls()) {
            counts.add(call);
        }
    };
    // The calls are handed over in two vectors by turns.
    round();
    round();
    const std::size_t count = allocations_of([&] {
        for (int i = 0; i < 1000; ++i) {
            round();
        }
    });
    BOOST_TEST(count == 0U);
    BOOST_TEST(counts.total() == 2U * 1002U);
}

BOOST_AUTO_TEST_SUITE_END()
