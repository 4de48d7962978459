#include "common/routed_reader.hpp"
#include "common/skip.hpp"
#include "recording/process_follower.hpp"
#include "recording/record_router.hpp"

#include <sctrace/live_records.hpp>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using sctrace::architecture;
using sctrace::membership;
using sctrace::process_event;
using sctrace::process_tree;
using sctrace::record_batch;
using sctrace::detail::bracket_role;
using sctrace::detail::newborn_process;
using sctrace::detail::process_follower;
using sctrace::detail::record_router;
using sctrace::test::routed_reader;

using calls = std::vector<std::int64_t>;
using std::chrono::milliseconds;

const architecture x86_64(0xc000003e);
constexpr std::uint32_t unset = 4294967295;

/// How far the wall clock is ahead in these tests.
constexpr std::chrono::seconds wall_offset{1'700'000'000};

/// Numbers that no kernel gives (PID_MAX_LIMIT is 4194304): /proc knows nothing of them.
constexpr pid_t nowhere = 5'000'000;

std::string wall_stamp(process_tree::time made)
{
    const auto wall = std::chrono::duration_cast<milliseconds>(made + wall_offset).count();
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "%lld.%03lld", static_cast<long long>(wall / 1000),
                  static_cast<long long>(wall % 1000));
    return text.data();
}

struct record {
    std::uint32_t serial = 1;
    std::optional<pid_t> pid = {};
    std::optional<std::uint32_t> ses = {};
    std::int64_t syscall = 39;
    std::string time = "1795498483.207";

    std::string head() const
    {
        return "audit: type=1326 audit(" + time + ':' + std::to_string(serial) +
               "): auid=4294967295 uid=0 gid=0" + (ses ? " ses=" + std::to_string(*ses) : "") +
               (pid ? " pid=" + std::to_string(*pid) : "") + " comm=\"x\" exe=\"/bin/x\"";
    }
    std::string cut() const { return head() + " si"; }
    std::string broken() const { return head() + " sig=0 arch=c000003e syscall=xy compat=0"; }
    operator std::string() const
    {
        return head() + " sig=0 arch=c000003e syscall=" + std::to_string(syscall) +
               " compat=0 ip=0x7fa14672e829 code=0x7ffc0000";
    }
};

/// An audit record of another kind, which shows its serial.
std::string other(std::uint32_t serial)
{
    return "audit: type=1400 audit(1.2:" + std::to_string(serial) + "): avc:  denied";
}

void append(record_batch& batch, std::string_view text)
{
    const auto room = batch.free_space();
    BOOST_REQUIRE(room.size() >= text.size());
    std::copy(text.begin(), text.end(), room.begin());
    batch.append(text.size(), {0, {room.data(), text.size()}});
}

/// One of those who share a router.
struct party {
    explicit party(std::size_t live = 0)
        : reader(x86_64, whose, ledger, live)
    {
    }

    void follow() { reader.follower().emplace(whose, ledger); }
    process_tree& tree() { return reader.follower()->tree(); }

    void collect()
    {
        for (const sctrace::syscall_key& call : reader.calls()) {
            counted.push_back(call.number);
        }
        reader.forget_calls();
    }

    sctrace::target whose;
    sctrace::loss_ledger ledger;
    routed_reader reader;
    /// All calls so far.
    calls counted;
};

struct routing {
    record_router router;
    record_batch batch;
    std::vector<party*> parties;
    /// Later than anything that is added to a tree.
    const process_tree::time base =
        std::chrono::duration_cast<milliseconds>(sctrace::detail::monotonic_now()) + std::chrono::seconds(10);

    routing() { router.set_clock_offset(wall_offset); }

    /// Without waiting for a bracket.
    void join(party& who)
    {
        who.reader->count_without_bracket();
        enter(who);
    }
    void enter(party& who)
    {
        router.add(who.reader);
        if (std::find(parties.begin(), parties.end(), &who) == parties.end()) {
            parties.push_back(&who);
        }
    }
    void leave(party& who) { router.remove(who.reader); }

    void read(std::initializer_list<std::string> texts)
    {
        batch.clear();
        for (const std::string& text : texts) {
            append(batch, text);
        }
        read_batch();
    }
    void read_batch()
    {
        sctrace::test::read_routed(router, batch);
        for (party* const who : parties) {
            who->collect();
        }
    }

    bool touched(const party& who) const
    {
        const auto all = router.touched();
        return std::find(all.begin(), all.end(), &who.reader) != all.end();
    }

    process_tree::time at(long ms) const { return base + milliseconds(ms); }
    void take(std::initializer_list<process_event> events, std::uint64_t overruns = 0)
    {
        router.take({events, overruns});
    }
    process_event birth(long ms, pid_t parent, pid_t child) const
    {
        return {process_event::kind::fork, at(ms), child, child, parent};
    }
    process_event death(long ms, pid_t process) const
    {
        return {process_event::kind::exit, at(ms), process, process, 1};
    }
    record record_of(std::uint32_t serial, pid_t pid, long ms, std::int64_t syscall = 39,
                     std::uint32_t ses = unset) const
    {
        return {serial, pid, ses, syscall, wall_stamp(at(ms))};
    }

    void open_window(party& who, std::uint32_t serial)
    {
        read({other(serial)});
        who.ledger.open_window(serial);
    }
    void close_window(party& who, std::uint32_t serial)
    {
        read({other(serial)});
        who.ledger.close_window(serial);
    }
};

void expect(const party& who, const calls& wanted)
{
    BOOST_TEST(who.counted == wanted, boost::test_tools::per_element());
}

bool has_doubt(const party& who, std::string_view words)
{
    const auto why = who.ledger.judge().why;
    return std::any_of(why.begin(), why.end(),
                       [&](const std::string& w) { return w.find(words) != std::string::npos; });
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(record_routing, routing)

BOOST_AUTO_TEST_CASE(a_record_goes_to_whom_it_concerns)
{
    party by_pid;
    party by_session;
    party by_both;
    by_pid.whose.add_pid(41);
    by_pid.whose.add_pid(42);
    by_session.whose.follow_session(7);
    by_both.whose.add_pid(42);
    by_both.whose.follow_session(8);
    join(by_pid);
    join(by_session);
    join(by_both);
    read({record{1, 41, unset, 1}, record{2, 42, unset, 2}, record{3, 50, 7, 3}, record{4, 50, 8, 4},
          record{5, 41, 7, 5}, record{6, 42, 8, 6}, record{7, 42, 7, 7}, record{8, 50, unset, 8},
          record{9, 421, 77, 9}});
    expect(by_pid, {1, 2, 5, 6, 7});
    expect(by_session, {3, 5, 7});
    expect(by_both, {2, 4, 6, 7});
}

BOOST_AUTO_TEST_CASE(only_who_got_something_is_touched_and_only_until_the_next_batch)
{
    party one;
    party other_one;
    one.whose.add_pid(42);
    other_one.whose.add_pid(43);
    join(one);
    join(other_one);
    read({record{1, 44, 3}, other(2)});
    BOOST_TEST(router.touched().empty());
    read({record{3, 42, 3}, record{4, 42, 3}});
    BOOST_TEST(router.touched().size() == 1U);
    BOOST_TEST(touched(one));
    read({record{5, 43, 3}});
    BOOST_TEST(!touched(one));
    BOOST_TEST(touched(other_one));
}

BOOST_AUTO_TEST_CASE(two_with_one_target_both_get_its_records)
{
    party one;
    party other_one;
    for (party* const who : {&one, &other_one}) {
        who->whose.add_pid(42);
        who->whose.follow_session(7);
        join(*who);
    }
    read({record{1, 42, 7, 1}, record{2, 42, unset, 2}, record{3, 9, 7, 3}});
    expect(one, {1, 2, 3});
    expect(other_one, {1, 2, 3});
}

BOOST_AUTO_TEST_CASE(records_of_one_process_in_several_sessions_are_kept_apart)
{
    party one;
    party other_one;
    one.whose.follow_session(7);
    other_one.whose.follow_session(8);
    join(one);
    join(other_one);
    read({record{1, 42, 7, 1}, record{2, 42, 8, 2}, record{3, 42, 7, 3}, record{4, 42, unset, 4},
          record{5, 42, std::nullopt, 5}, record{6, 42, 8, 6}});
    expect(one, {1, 3});
    expect(other_one, {2, 6});
}

BOOST_AUTO_TEST_CASE(a_record_without_a_process_may_be_anybodys)
{
    party by_pid;
    party by_session;
    by_pid.whose.add_pid(42);
    by_session.whose.follow_session(7);
    join(by_pid);
    join(by_session);
    read({record{1, std::nullopt, 7, 1}});
    expect(by_session, {1});
    BOOST_TEST(by_session.ledger.counts().malformed_records == 0U);
    BOOST_TEST(by_pid.ledger.counts().malformed_records == 1U);
    read({record{2, std::nullopt, std::nullopt, 2}});
    expect(by_session, {1});
    expect(by_pid, {});
    BOOST_TEST(by_session.ledger.counts().malformed_records == 1U);
    BOOST_TEST(by_pid.ledger.counts().malformed_records == 2U);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_counted_is_held_against_all_whose_it_may_be)
{
    party one;
    party other_one;
    one.whose.add_pid(42);
    other_one.whose.add_pid(43);
    join(one);
    join(other_one);
    read({record{1, 42, unset}.cut(), record{2, 43, unset}.broken(), record{3, 44, unset}.cut()});
    BOOST_TEST(one.ledger.counts().truncated_records == 1U);
    BOOST_TEST(one.ledger.counts().malformed_records == 0U);
    BOOST_TEST(other_one.ledger.counts().truncated_records == 0U);
    BOOST_TEST(other_one.ledger.counts().malformed_records == 1U);
    read({record{4}.cut(), record{5}.broken(), "audit: type=1326 audit(broken): pid=42"});
    for (const party* const who : {&one, &other_one}) {
        BOOST_TEST(who->ledger.counts().truncated_records == (who == &one ? 2U : 1U));
        BOOST_TEST(who->ledger.counts().malformed_records == (who == &one ? 2U : 3U));
    }
}

BOOST_AUTO_TEST_CASE(a_cut_record_is_a_dead_members_although_no_other_one_has_come)
{
    party who;
    who.follow();
    who.tree().add(nowhere, base);
    join(who);
    take({birth(1, nowhere, nowhere + 1), death(10, nowhere + 1)});
    read({record_of(1, nowhere + 1, 5).cut()});
    BOOST_TEST(who.ledger.counts().truncated_records == 1U);
    read({record_of(2, nowhere + 1, 5000).cut()});
    BOOST_TEST(who.ledger.counts().truncated_records == 1U);
}

BOOST_AUTO_TEST_CASE(losses_notices_and_settings_concern_all_who_count)
{
    party one;
    party other_one;
    party waiting;
    join(one);
    join(other_one);
    enter(waiting);
    batch.clear();
    batch.losses() = {3, 2, 1};
    append(batch, "kauditd_printk_skb: 7 callbacks suppressed");
    append(batch,
           "audit: type=1305 audit(1.2:8): op=seccomp-logging actions=kill_process old-actions=log res=1");
    append(batch, "audit: type=1305 audit(1.2:9): op=add_rule key=(null) list=5 res=1");
    read_batch();
    for (const party* const who : {&one, &other_one}) {
        const auto counts = who->ledger.counts();
        BOOST_TEST(counts.kmsg_overwritten == 3U);
        BOOST_TEST(counts.netlink_overruns == 2U);
        BOOST_TEST(counts.malformed_records == 1U);
        BOOST_TEST(counts.printk_suppressed == 7U);
        BOOST_TEST(has_doubt(*who, "actions_logged was written"));
        BOOST_TEST(has_doubt(*who, "exclude rules were changed"));
    }
    BOOST_TEST(waiting.ledger.counts().kmsg_overwritten == 0U);
    BOOST_TEST(waiting.ledger.counts().printk_suppressed == 0U);
    BOOST_TEST(!has_doubt(waiting, "actions_logged was written"));
}

BOOST_AUTO_TEST_CASE(a_message_counts_for_all_but_its_own_changes_for_none_that_have_left)
{
    party one;
    party other_one;
    join(one);
    join(other_one);
    leave(one);
    batch.clear();
    batch.losses() = {1, 0, 0};
    append(batch, "kauditd_printk_skb: 7 callbacks suppressed");
    read_batch();
    BOOST_TEST(one.ledger.counts().kmsg_overwritten == 0U);
    BOOST_TEST(one.ledger.counts().printk_suppressed == 0U);
    BOOST_TEST(other_one.ledger.counts().kmsg_overwritten == 1U);
    BOOST_TEST(router.subscribers().size() == 1U);
}

BOOST_AUTO_TEST_CASE(each_bracket_opens_and_closes_its_own_window_only)
{
    party one;
    party other_one;
    one.whose.add_pid(42);
    other_one.whose.add_pid(42);
    enter(one);
    enter(other_one);
    router.expect_bracket(one.reader, 0x20000001, bracket_role::opening);
    router.expect_bracket(other_one.reader, 0x20000002, bracket_role::opening);
    router.expect_bracket(one.reader, 0x20000003, bracket_role::closing);
    router.expect_bracket(other_one.reader, 0x20000004, bracket_role::closing);
    read({record{10, 7, 1, 0x20000001}});
    BOOST_TEST(one.reader.woken == 1);
    BOOST_TEST(other_one.reader.woken == 0);
    BOOST_TEST(one.ledger.window_open());
    BOOST_TEST(!other_one.ledger.window_open());
    read({record{11, 42, 1, 1}, record{12, 8, 1, 0x20000002}, record{13, 42, 1, 2}});
    BOOST_TEST(*other_one.ledger.first_serial() == 12U);
    read({record{14, 9, 1, 0x20000003}, record{15, 42, 1, 3}, record{16, 9, 1, 0x20000004},
          record{17, 42, 1, 4}});
    expect(one, {1, 2});
    expect(other_one, {2, 3});
    BOOST_TEST(*one.ledger.last_serial() == 14U);
    BOOST_TEST(*other_one.ledger.last_serial() == 16U);
    BOOST_TEST(one.reader.woken == 2);
    BOOST_TEST(other_one.reader.woken == 2);
    BOOST_TEST(one.ledger.missing_serials() == 0U);
    BOOST_TEST(other_one.ledger.missing_serials() == 0U);
}

BOOST_AUTO_TEST_CASE(a_bracket_that_nobody_waits_for_is_nobodys)
{
    party who;
    who.whose.add_pid(42);
    join(who);
    router.expect_bracket(who.reader, 0x20000001, bracket_role::closing);
    read({record{1, 7, unset, 0x20000009}});
    BOOST_TEST(router.touched().empty());
    BOOST_TEST(who.reader.woken == 0);
    leave(who);
    read({record{2, 7, unset, 0x20000001}});
    BOOST_TEST(!who.ledger.window_closed());
}

BOOST_AUTO_TEST_CASE(records_that_overtook_the_opening_bracket_count_and_are_shown_live)
{
    party one(10);
    party other_one(10);
    one.whose.add_pid(42);
    other_one.whose.add_pid(42);
    enter(one);
    enter(other_one);
    router.expect_bracket(one.reader, 0x20000001, bracket_role::opening);
    router.expect_bracket(other_one.reader, 0x20000002, bracket_role::opening);
    read({record{9, 42, 1, 1}, record{11, 42, 1, 2}});
    read({record{13, 42, 1, 3}, record{12, 43, 1, 4}});
    BOOST_TEST(one.reader.queue.empty());
    read({record{10, 7, 1, 0x20000001}});
    expect(one, {2, 3});
    expect(other_one, {});
    read({record{14, 42, 1, 5}, record{15, 7, 1, 0x20000002}, record{16, 42, 1, 6}});
    expect(one, {2, 3, 5, 6});
    expect(other_one, {6});
    sctrace::live_records live;
    one.reader.queue.take(live);
    BOOST_REQUIRE(live.records().size() == 4U);
    BOOST_TEST(live.records()[0].syscall == 2);
    BOOST_TEST(*live.records()[0].serial == 11U);
    BOOST_TEST(live.records()[0].time == "1795498483.207");
    BOOST_TEST(live.records()[0].exe.raw == "/bin/x");
    BOOST_TEST(live.records()[3].syscall == 6);
    other_one.reader.queue.take(live);
    BOOST_REQUIRE(live.records().size() == 1U);
    BOOST_TEST(live.records()[0].syscall == 6);
}

BOOST_AUTO_TEST_CASE(a_gap_is_missing_for_all_whose_window_holds_it)
{
    party early;
    party both;
    party late;
    join(early);
    open_window(early, 10);
    join(both);
    open_window(both, 11);
    close_window(early, 12);
    read({other(15), other(16)});
    join(late);
    open_window(late, 17);
    close_window(both, 18);
    read({other(20)});
    close_window(late, 21);
    BOOST_TEST(early.ledger.missing_serials() == 0U);
    BOOST_TEST(both.ledger.missing_serials() == 2U);
    BOOST_TEST(late.ledger.missing_serials() == 1U);
    read({other(14)});
    BOOST_TEST(both.ledger.missing_serials() == 1U);
    read({other(19), other(13)});
    BOOST_TEST(both.ledger.missing_serials() == 0U);
    BOOST_TEST(late.ledger.missing_serials() == 0U);
}

BOOST_AUTO_TEST_CASE(windows_that_begin_or_end_within_a_gap_count_their_part)
{
    party one;
    party other_one;
    join(one);
    join(other_one);
    open_window(one, 10);
    read({other(20)});
    open_window(other_one, 15);
    one.ledger.close_window(15);
    read({other(25)});
    close_window(other_one, 22);
    BOOST_TEST(one.ledger.missing_serials() == 4U);
    BOOST_TEST(other_one.ledger.missing_serials() == 5U);
}

BOOST_AUTO_TEST_CASE(what_a_leaver_missed_gets_neither_better_nor_worse)
{
    party leaver;
    party stayer;
    join(leaver);
    join(stayer);
    open_window(stayer, 9);
    open_window(leaver, 10);
    read({other(12)});
    close_window(leaver, 14);
    BOOST_TEST(leaver.ledger.missing_serials() == 2U);
    leave(leaver);
    read({other(11), other(20)});
    BOOST_TEST(leaver.ledger.missing_serials() == 2U);
    BOOST_TEST(stayer.ledger.missing_serials() == 6U);
    leave(stayer);
    read({other(13), other(30)});
    BOOST_TEST(leaver.ledger.missing_serials() == 2U);
    BOOST_TEST(stayer.ledger.missing_serials() == 6U);
}

BOOST_AUTO_TEST_CASE(a_leaver_whose_window_is_open_keeps_what_was_missing_up_to_then)
{
    party leaver;
    party stayer;
    join(leaver);
    join(stayer);
    open_window(leaver, 10);
    read({other(13)});
    leave(leaver);
    read({other(20)});
    BOOST_TEST(leaver.ledger.missing_serials() == 2U);
}

BOOST_AUTO_TEST_CASE(windows_go_around_with_the_serials)
{
    party one;
    party other_one;
    one.whose.add_pid(42);
    other_one.whose.add_pid(42);
    join(one);
    open_window(one, 0xfffffffd);
    read({record{0xffffffff, 42, 1, 1}});
    join(other_one);
    open_window(other_one, 1);
    read({record{3, 42, 1, 2}, record{0, 42, 1, 3}});
    close_window(one, 4);
    read({record{0xfffffffe, 42, 1, 4}, record{5, 42, 1, 5}, record{2, 42, 1, 6}});
    close_window(other_one, 6);
    expect(one, {1, 2, 3, 4, 6});
    expect(other_one, {2, 5, 6});
    BOOST_TEST(one.ledger.missing_serials() == 0U);
    BOOST_TEST(other_one.ledger.missing_serials() == 0U);
}

BOOST_AUTO_TEST_CASE(while_nobody_is_there_the_counter_may_go_anywhere)
{
    party first;
    first.whose.add_pid(42);
    join(first);
    open_window(first, 100);
    close_window(first, 102);
    leave(first);
    party next;
    next.whose.add_pid(42);
    enter(next);
    router.expect_bracket(next.reader, 0x20000001, bracket_role::opening);
    constexpr std::uint32_t far = 102U + 0x80000005U;
    read({record{far, 7, 1, 0x20000001}, record{far + 1, 42, 1, 1}, record{far + 4, 42, 1, 2}});
    expect(next, {1, 2});
    BOOST_TEST(next.ledger.missing_serials() == 2U);
    BOOST_TEST(first.ledger.missing_serials() == 1U);
    BOOST_TEST(*first.ledger.last_serial() == 102U);
}

BOOST_AUTO_TEST_CASE(a_new_window_has_nothing_to_do_with_the_gaps_of_a_long_history)
{
    party old;
    join(old);
    open_window(old, 1);
    constexpr std::uint32_t gaps = 3 * sctrace::detail::serial_history::max_gaps + 11;
    for (std::uint32_t i = 1; i <= gaps; ++i) {
        read({other(1 + 2 * i)});
    }
    const std::uint32_t last = 1 + 2 * gaps;
    BOOST_TEST(old.ledger.missing_serials() == gaps);
    party young;
    join(young);
    open_window(young, last + 1);
    for (std::uint32_t i = 2; i < 200; ++i) {
        read({other(last + i)});
    }
    BOOST_TEST(young.ledger.missing_serials() == 0U);
    leave(old);
    close_window(young, last + 200);
    BOOST_TEST(young.ledger.missing_serials() == 0U);
    BOOST_TEST(old.ledger.missing_serials() == gaps);
    leave(young);
    BOOST_TEST(young.ledger.missing_serials() == 0U);
}

BOOST_AUTO_TEST_CASE(strays_are_those_of_the_time_between_joining_and_leaving)
{
    party old;
    party young;
    party mute;
    old.whose.follow_session(5);
    young.whose.follow_session(9);
    mute.whose.add_pid(42);
    join(old);
    read({record{1, 60, 4}, record{2, 60, 5}});
    join(young);
    join(mute);
    read({record{3, 61, 9}, record{4, 61, 5}, record{5, 61, 8}});
    leave(old);
    BOOST_TEST(old.reader->has_outside_session());
    read({record{6, 61, 7}});
    leave(young);
    leave(mute);
    BOOST_TEST(!young.reader->has_outside_session());
    BOOST_TEST(!mute.reader->has_outside_session());
    party next;
    next.whose.follow_session(2);
    join(next);
    read({record{7, 61, 2}, record{8, 61, 1}});
    leave(next);
    BOOST_TEST(!next.reader->has_outside_session());
}

BOOST_DATA_TEST_CASE(strays_are_seen_whoever_else_takes_them,
                     boost::unit_test::data::make({4U, 5U, 6U, unset}), session)
{
    routing r;
    party one;
    party other_one;
    one.whose.follow_session(5);
    other_one.whose.add_pid(42);
    r.join(one);
    r.join(other_one);
    r.read({record{1, 42, session, 1}, record{2, 50, 5, 2}, record{3, 50, 5, 3}});
    r.leave(one);
    expect(other_one, {1});
    BOOST_TEST(one.reader->has_outside_session() == (session > 5));
}

BOOST_AUTO_TEST_CASE(a_stray_is_not_forgotten_for_the_many_sessions_behind_it)
{
    party early;
    party late;
    early.whose.follow_session(100);
    late.whose.follow_session(100);
    join(early);
    read({record{1, 60, 200}});
    std::uint32_t serial = 1;
    for (int pass = 0; pass < 700; ++pass) {
        batch.clear();
        for (int i = 0; i < 100; ++i) {
            ++serial;
            append(batch, std::string(record{serial, 60, serial < 70'000 ? 1'000'000 - serial : 50}));
        }
        read_batch();
    }
    join(late);
    read({record{serial + 1, 60, 50}, record{serial + 2, 60, 100}});
    leave(early);
    leave(late);
    BOOST_TEST(early.reader->has_outside_session());
    BOOST_TEST(!late.reader->has_outside_session());
}

BOOST_AUTO_TEST_CASE(children_of_members_are_members_of_whom_their_parent_is)
{
    party one;
    party other_one;
    one.follow();
    one.tree().add(nowhere + 1, base);
    other_one.follow();
    other_one.tree().add(nowhere + 2, base);
    join(one);
    join(other_one);
    take({birth(1, nowhere + 1, nowhere + 11), birth(2, nowhere + 2, nowhere + 12),
          birth(3, nowhere + 11, nowhere + 111), birth(4, nowhere + 3, nowhere + 13)});
    read({record_of(1, nowhere + 11, 5, 1), record_of(2, nowhere + 12, 5, 2),
          record_of(3, nowhere + 111, 5, 3), record_of(4, nowhere + 13, 5, 4),
          record_of(5, nowhere + 1, 5, 5), record_of(6, nowhere + 2, 5, 6)});
    expect(one, {1, 3, 5});
    expect(other_one, {2, 6});
}

BOOST_AUTO_TEST_CASE(a_process_that_two_trees_hold_has_children_in_both)
{
    party one;
    party other_one;
    for (party* const who : {&one, &other_one}) {
        who->follow();
        who->tree().add(nowhere + 1, base);
        join(*who);
    }
    take({birth(1, nowhere + 1, nowhere + 11)});
    leave(one);
    take({birth(2, nowhere + 11, nowhere + 12)});
    read({record_of(1, nowhere + 12, 5, 1)});
    expect(one, {});
    expect(other_one, {1});
}

BOOST_AUTO_TEST_CASE(a_number_that_is_used_again_is_not_the_members_any_more)
{
    party one;
    party other_one;
    one.follow();
    one.tree().add(nowhere + 1, base);
    other_one.follow();
    other_one.tree().add(nowhere + 2, base);
    join(one);
    join(other_one);
    take({birth(1, nowhere + 1, nowhere + 9), death(1000, nowhere + 9),
          birth(2000, nowhere + 2, nowhere + 9)});
    read({record_of(1, nowhere + 9, 500, 1), record_of(2, nowhere + 9, 2500, 2)});
    expect(one, {1});
    expect(other_one, {2});
    take({death(3000, nowhere + 9), birth(4000, nowhere + 3, nowhere + 9)});
    read({record_of(3, nowhere + 9, 4500, 3)});
    expect(one, {1});
    expect(other_one, {2});
}

/// Within the clock's lag only the shared memory of endings knows that somebody else had the number.
BOOST_AUTO_TEST_CASE(a_newborn_whose_number_a_stranger_just_had_is_told_from_it)
{
    party who;
    who.follow();
    who.tree().add(nowhere + 1, base);
    join(who);
    take({birth(0, nowhere + 5, nowhere + 9), death(1000, nowhere + 9),
          birth(1010, nowhere + 1, nowhere + 9)});
    read({record_of(1, nowhere + 9, 500, 1), record_of(2, nowhere + 9, 995, 2),
          record_of(3, nowhere + 9, 1020, 3)});
    expect(who, {3});
    BOOST_TEST(who.reader->unclear() == 1U);
}

BOOST_AUTO_TEST_CASE(endings_before_somebody_joined_are_remembered_for_it)
{
    party bystander;
    bystander.whose.add_pid(42);
    join(bystander);
    take({death(1000, nowhere + 9)});
    party who;
    who.follow();
    who.tree().add(nowhere + 1, base);
    join(who);
    take({birth(1010, nowhere + 1, nowhere + 9)});
    read({record_of(1, nowhere + 9, 995, 1), record_of(2, nowhere + 9, 1020, 2)});
    expect(who, {2});
    BOOST_TEST(who.reader->unclear() == 1U);
}

BOOST_AUTO_TEST_CASE(an_expected_number_and_a_suspects_child_reach_their_tree)
{
    party one;
    party other_one;
    one.follow();
    one.tree().expect(nowhere + 5);
    other_one.follow();
    other_one.tree().suspect_children_of(nowhere + 6);
    join(one);
    join(other_one);
    take({birth(1, nowhere + 7, nowhere + 5), birth(2, nowhere + 6, nowhere + 8),
          birth(3, nowhere + 8, nowhere + 9)});
    read({record_of(1, nowhere + 5, 5, 1), record_of(2, nowhere + 8, 5, 2), record_of(3, nowhere + 9, 5, 3)});
    expect(one, {1});
    expect(other_one, {});
    BOOST_TEST(one.reader->unclear() == 0U);
    BOOST_TEST(other_one.reader->unclear() == 2U);
}

BOOST_AUTO_TEST_CASE(a_process_that_its_session_told_of_is_known_when_it_leaves_the_session)
{
    party one;
    party other_one;
    one.follow();
    one.whose.follow_session(7);
    other_one.whose.follow_session(8);
    join(one);
    join(other_one);
    read({record_of(1, nowhere + 9, 5, 1, 7)});
    BOOST_TEST(one.reader->latecomers() == 1U);
    read({record_of(2, nowhere + 9, 6, 2, 8), record_of(3, nowhere + 9, 7, 3)});
    take({birth(200, nowhere + 9, nowhere + 10)});
    read({record_of(4, nowhere + 10, 201, 4)});
    expect(one, {1, 2, 3, 4});
    expect(other_one, {2});
    BOOST_TEST(one.reader->selected_by_tree() == 3U);
}

BOOST_AUTO_TEST_CASE(who_is_made_for_one_is_ruled_out_for_the_others)
{
    party one;
    party other_one;
    party without_tree;
    for (party* const who : {&one, &other_one}) {
        who->follow();
        who->tree().suspect_children_of(nowhere + 1);
        join(*who);
    }
    join(without_tree);
    take({birth(1, nowhere + 1, nowhere + 9)});
    router.rule_out_for_others(one.reader, nowhere + 9, at(2));
    take({birth(3, nowhere + 9, nowhere + 10)});
    read({record_of(1, nowhere + 9, 5), record_of(2, nowhere + 10, 5)});
    BOOST_TEST(one.reader->unclear() == 2U);
    BOOST_TEST(other_one.reader->unclear() == 0U);
}

BOOST_AUTO_TEST_CASE(lost_fork_events_are_lost_for_all_trees)
{
    party one;
    party other_one;
    party without_tree;
    one.follow();
    one.reader.follower()->follow_command(nowhere + 1, sctrace::follow_kind::tree);
    other_one.follow();
    other_one.reader.follower()->follow_command(nowhere + 2, sctrace::follow_kind::tree);
    join(one);
    join(other_one);
    join(without_tree);
    take({birth(1, nowhere + 1, nowhere + 9)}, 2);
    for (const party* const who : {&one, &other_one}) {
        BOOST_TEST(who->ledger.counts().fork_event_overruns == 2U);
        BOOST_TEST(has_doubt(*who, "fork events were lost"));
        BOOST_TEST(!who->reader.follower()->lost_nothing());
    }
    BOOST_TEST(without_tree.ledger.counts().fork_event_overruns == 0U);
    take({}, 1);
    BOOST_TEST(one.ledger.counts().fork_event_overruns == 3U);
    read({record_of(1, nowhere + 9, 5, 1), record_of(2, nowhere + 2, 5, 2)});
    expect(one, {1});
    expect(other_one, {2});
}

BOOST_AUTO_TEST_CASE(a_feed_of_events_that_ends_keeps_trees_from_being_proved)
{
    party with_tree;
    party without_tree;
    with_tree.follow();
    join(with_tree);
    join(without_tree);
    router.fork_events_ended("reading fork events failed: x");
    BOOST_TEST(has_doubt(with_tree, "reading fork events failed: x"));
    BOOST_TEST(!has_doubt(without_tree, "reading fork events failed"));
}

BOOST_AUTO_TEST_CASE(a_step_of_the_wall_clock_is_told_to_all_who_follow)
{
    party one;
    party other_one;
    party by_session;
    for (party* const who : {&one, &other_one}) {
        who->follow();
        who->reader.follower()->follow_command(nowhere + 1, sctrace::follow_kind::tree);
        join(*who);
    }
    by_session.follow();
    by_session.reader.follower()->follow_command(nowhere + 2, sctrace::follow_kind::session);
    join(by_session);
    router.set_clock_offset(wall_offset + milliseconds(5));
    BOOST_TEST(!has_doubt(one, "wall clock"));
    router.set_clock_offset(wall_offset - milliseconds(1));
    BOOST_TEST(has_doubt(one, "wall clock"));
    BOOST_TEST(has_doubt(other_one, "wall clock"));
    BOOST_TEST(!has_doubt(by_session, "wall clock"));
}

BOOST_AUTO_TEST_CASE(the_clock_of_before_an_idle_time_is_no_step)
{
    party first;
    join(first);
    leave(first);
    party next;
    next.follow();
    next.reader.follower()->follow_command(nowhere + 1, sctrace::follow_kind::tree);
    join(next);
    router.set_clock_offset(wall_offset + std::chrono::hours(1));
    BOOST_TEST(!has_doubt(next, "wall clock"));
}

BOOST_AUTO_TEST_CASE(a_target_that_changes_is_followed_after_a_refresh)
{
    party who;
    who.whose.add_pid(42);
    join(who);
    read({record{1, 42, 7, 1}, record{2, 43, 7, 2}});
    who.whose.add_pid(43);
    router.refresh(who.reader);
    read({record{3, 43, 7, 3}});
    who.whose.follow_session(7);
    router.refresh(who.reader);
    read({record{4, 44, 7, 4}, record{5, 42, 8, 5}});
    who.follow();
    who.tree().add(nowhere, base);
    router.refresh(who.reader);
    read({record_of(6, nowhere, 5, 6), record{7, 42, 8, 7}, record{8, 44, 7, 8}});
    expect(who, {1, 3, 4, 5, 6, 8});
}

BOOST_AUTO_TEST_CASE(who_is_removed_gets_nothing_more_and_may_be_gone)
{
    party stayer;
    stayer.whose.add_pid(42);
    stayer.whose.follow_session(7);
    join(stayer);
    for (int way = 0; way < 2; ++way) {
        auto leaver = std::make_unique<party>();
        leaver->follow();
        leaver->tree().add(nowhere, base);
        leaver->tree().suspect_children_of(nowhere + 3);
        leaver->whose.follow_session(7);
        join(*leaver);
        router.expect_bracket(leaver->reader, 0x20000001, bracket_role::opening);
        take({birth(1, nowhere, nowhere + 1)});
        read({record_of(1, nowhere, 2, 1, 7), record{2, 42, 7, 2}});
        BOOST_TEST(touched(*leaver));
        if (way == 1) {
            router.refresh(leaver->reader);
            read({record_of(3, nowhere, 2, 1, 7)});
        }
        leave(*leaver);
        BOOST_TEST(!touched(*leaver));
        expect(*leaver, way == 0 ? calls{1, 2} : calls{1, 2, 1});
        std::erase(parties, leaver.get());
        leaver.reset();
        take({birth(3, nowhere, nowhere + 2), death(4, nowhere + 1), birth(5, nowhere + 3, nowhere + 4)}, 1);
        read({record_of(4, nowhere, 2, 1, 7), record_of(5, nowhere + 1, 2), record{6, 7, 1, 0x20000001},
              record{7, std::nullopt, 7}, record{8, 42, 7}.cut()});
    }
    BOOST_TEST(router.subscribers().size() == 1U);
    BOOST_TEST(stayer.ledger.counts().truncated_records == 2U);
}

BOOST_AUTO_TEST_CASE(a_removal_between_two_batches_of_one_process_is_noticed)
{
    party one;
    party other_one;
    one.whose.add_pid(42);
    other_one.whose.add_pid(42);
    join(one);
    join(other_one);
    read({record{1, 42, 7, 1}});
    leave(one);
    read({record{2, 42, 7, 2}});
    leave(one);
    party third;
    third.whose.add_pid(42);
    join(third);
    read({record{3, 42, 7, 3}});
    expect(one, {1});
    expect(other_one, {1, 2, 3});
    expect(third, {3});
}

BOOST_AUTO_TEST_CASE(who_comes_back_is_served_again)
{
    party who;
    who.whose.add_pid(42);
    join(who);
    read({record{1, 42, 7, 1}});
    leave(who);
    read({record{2, 42, 7, 2}});
    enter(who);
    read({record{3, 42, 7, 3}});
    expect(who, {1, 3});
}

BOOST_AUTO_TEST_SUITE_END()

namespace {

/// Somebody who gets every record and every process event by itself.
class unrouted {
public:
    void take(const process_event& event)
    {
        if (keeper) {
            newborn_process newborn(event.process);
            keeper->take(event, newborn);
        }
    }

    void take(const std::string& text)
    {
        const auto header = sctrace::parse_audit_record(text).value();
        ledger.saw_serial(header.serial);
        reader.set_clock_offset(wall_offset);
        reader.take(calls_.read(header).value(), header);
    }

    sctrace::target whose;
    sctrace::loss_ledger ledger;
    sctrace::detail::live_queue queue{0};
    sctrace::detail::call_collector reader{x86_64, whose, ledger, queue};
    std::optional<process_follower> keeper;

private:
    sctrace::detail::logged_call_reader calls_;
};

constexpr pid_t world_size = 30;
constexpr int kinds = 6;

/// Sets one up in the way of that number; all processes are nowhere and the `world_size` after it.
void set_up(int kind, sctrace::target& whose, sctrace::loss_ledger& ledger,
            std::optional<process_follower>& keeper, process_tree::time now)
{
    if (kind == 0) {
        whose.add_pid(nowhere + 1);
        whose.add_pid(nowhere + 2);
        return;
    }
    if (kind == 1) {
        whose.add_pid(nowhere + 3);
        whose.follow_session(71);
        return;
    }
    keeper.emplace(whose, ledger);
    if (kind == 2) {
        keeper->follow_command(nowhere + 1, sctrace::follow_kind::session);
        whose.follow_session(72);
    } else if (kind == 3) {
        keeper->follow_command(nowhere + 4, sctrace::follow_kind::tree);
        keeper->tree().suspect_children_of(nowhere + 5);
    } else if (kind == 4) {
        keeper->tree().leave_children_out();
        keeper->tree().add(nowhere + 6, now);
        keeper->tree().expect(nowhere + 7);
    } else {
        const std::array<pid_t, 2> expected{nowhere + 8, nowhere + 9};
        keeper->follow_pids(expected, sctrace::follow_kind::tree);
        keeper->tree().add(nowhere + 4, now);
    }
}

/// Makes up what a small host does, more or less as a kernel tells of it.
class made_up_host {
public:
    made_up_host(unsigned seed, process_tree::time begin)
        : random_(seed)
        , now_(begin)
    {
        for (pid_t i = 0; i < 10; ++i) {
            threads_[static_cast<std::size_t>(i)] = 1;
        }
    }

    process_tree::time now() const { return now_; }
    unsigned below(unsigned n) { return static_cast<unsigned>(random_() % n); }
    pid_t any_pid() { return nowhere + static_cast<pid_t>(below(world_size)); }

    void pass_time() { now_ += below(25) == 0 ? milliseconds(below(3000)) : milliseconds(below(25)); }

    /// Some events, none if what was thought of is impossible.
    std::vector<process_event> events()
    {
        std::vector<process_event> told;
        const pid_t process = any_pid();
        long& threads = threads_of(process);
        if (threads == 0) {
            told.push_back({process_event::kind::fork, now_, process, process, any_pid()});
            threads = 1;
        } else if (below(3) == 0) {
            told.push_back({process_event::kind::fork, now_, process, nowhere + 1000, any_pid()});
            ++threads;
        } else {
            --threads;
            end_task({process_event::kind::exit, now_, process, threads == 0 ? process : nowhere + 1000,
                      below(4) == 0 ? 0 : any_pid()},
                     told);
        }
        tell_late_ones(told);
        return told;
    }

    std::string record(std::uint32_t serial)
    {
        constexpr std::array<std::uint32_t, 6> sessions{71, 72, 73, unset, unset, unset};
        const process_tree::time made = now_ - milliseconds(below(4) == 0 ? below(2500) : below(110));
        ::record r{serial, any_pid(), sessions[below(sessions.size())], below(400), wall_stamp(made)};
        if (below(40) == 0) {
            r.pid.reset();
        }
        return r;
    }

private:
    long& threads_of(pid_t pid) { return threads_[static_cast<std::size_t>(pid - nowhere)]; }

    /// An end may be told when the number has its next owner already.
    void end_task(const process_event& event, std::vector<process_event>& told)
    {
        if (below(4) == 0) {
            late_.push_back(event);
        } else {
            told.push_back(event);
        }
    }

    void tell_late_ones(std::vector<process_event>& told)
    {
        if (below(3) == 0) {
            for (process_event& event : late_) {
                event.time = now_;
                told.push_back(event);
            }
            late_.clear();
        }
    }

    std::mt19937 random_;
    process_tree::time now_;
    std::array<long, world_size> threads_{};
    std::vector<process_event> late_;
};

struct compared {
    party routed;
    unrouted direct;
};

} // namespace

/// Whoever is on a router together with others gets what he would have got alone.
BOOST_DATA_TEST_CASE(routing_changes_nothing, boost::unit_test::data::xrange(40), seed)
{
    routing r;
    made_up_host host(static_cast<unsigned>(seed), r.base);
    std::array<compared, kinds> all;
    for (int kind = 0; kind < kinds; ++kind) {
        compared& c = all[static_cast<std::size_t>(kind)];
        set_up(kind, c.routed.whose, c.routed.ledger, c.routed.reader.follower(), r.base);
        set_up(kind, c.direct.whose, c.direct.ledger, c.direct.keeper, r.base);
        c.direct.reader.count_without_bracket();
        r.join(c.routed);
    }
    std::uint32_t serial = 0xffffff00;
    std::uint32_t last_seen = serial;
    for (int step = 0; step < 800; ++step) {
        host.pass_time();
        if (host.below(3) == 0) {
            const std::string text = host.record(serial);
            last_seen = serial;
            serial += host.below(8) == 0 ? 2 : 1;
            r.read({text});
            for (compared& c : all) {
                c.direct.take(text);
            }
        } else {
            const auto events = host.events();
            const std::uint64_t overruns = host.below(150) == 0 ? 1 : 0;
            r.router.take({events, overruns});
            for (compared& c : all) {
                for (const process_event& event : events) {
                    c.direct.take(event);
                }
                if (overruns != 0 && c.direct.keeper) {
                    c.direct.keeper->take_overruns(overruns, events.empty() ? process_tree::time::max()
                                                                            : events.front().time);
                }
            }
        }
        for (compared& c : all) {
            const pid_t pid = host.any_pid();
            const auto made =
                host.now() - milliseconds(host.below(2) == 0 ? host.below(120) : host.below(2500));
            BOOST_REQUIRE((c.routed.whose.whose(pid, {}, made) == c.direct.whose.whose(pid, {}, made)));
            BOOST_REQUIRE_EQUAL(c.routed.counted.size(), c.direct.reader.calls().size());
        }
        if (step == 50) {
            for (compared& c : all) {
                c.routed.ledger.open_window(last_seen);
                c.direct.ledger.open_window(last_seen);
            }
        }
    }
    std::size_t counted = 0;
    for (compared& c : all) {
        r.leave(c.routed);
        for (std::size_t i = 0; i != c.routed.counted.size(); ++i) {
            BOOST_REQUIRE_EQUAL(c.routed.counted[i], c.direct.reader.calls()[i].number);
        }
        counted += c.routed.counted.size();
        BOOST_TEST(c.routed.reader->unclear() == c.direct.reader.unclear());
        BOOST_TEST(c.routed.reader->latecomers() == c.direct.reader.latecomers());
        BOOST_TEST(c.routed.reader->selected_by_tree() == c.direct.reader.selected_by_tree());
        BOOST_TEST(c.routed.ledger.missing_serials() == c.direct.ledger.missing_serials());
        BOOST_TEST(c.routed.ledger.judge().why == c.direct.ledger.judge().why,
                   boost::test_tools::per_element());
        if (c.direct.keeper) {
            BOOST_TEST(c.routed.tree().living() == c.direct.keeper->tree().living(),
                       boost::test_tools::per_element());
        }
    }
    BOOST_TEST(counted > 50U);
}

namespace {

/// A child that makes a process in a pid namespace that is not its own, and waits until it ends.
class namespace_child {
public:
    /// In a new namespace, or in that of @p container.
    explicit namespace_child(pid_t container = 0)
    {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        parent_ = ::fork();
        BOOST_REQUIRE(parent_ >= 0);
        if (parent_ == 0) {
            make_child(container, ends[1]);
        }
        ::close(ends[1]);
        const auto length = ::read(ends[0], &child_, sizeof child_);
        ::close(ends[0]);
        is_made_ = length == static_cast<ssize_t>(sizeof child_);
    }
    namespace_child(const namespace_child&) = delete;
    namespace_child& operator=(const namespace_child&) = delete;
    ~namespace_child()
    {
        if (is_made_) {
            ::kill(child_, SIGKILL);
        }
        ::kill(parent_, SIGKILL);
        ::waitpid(parent_, nullptr, 0);
    }

    bool is_made() const { return is_made_; }
    pid_t child() const { return child_; }
    pid_t parent() const { return parent_; }

private:
    [[noreturn]] static void make_child(pid_t container, int out)
    {
        ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL), 0L, 0L, 0L);
        if (container == 0) {
            if (::unshare(CLONE_NEWPID) != 0) {
                ::_exit(1);
            }
        } else {
            const std::string path = "/proc/" + std::to_string(container) + "/ns/pid";
            const int space = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
            if (space < 0 || ::setns(space, CLONE_NEWPID) != 0) {
                ::_exit(1);
            }
        }
        const pid_t child = ::fork();
        if (child == 0) {
            ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL), 0L, 0L, 0L);
            for (;;) {
                ::pause();
            }
        }
        if (child < 0 || ::write(out, &child, sizeof child) != static_cast<ssize_t>(sizeof child)) {
            ::_exit(1);
        }
        for (;;) {
            ::pause();
        }
    }

    pid_t parent_ = 0;
    pid_t child_ = 0;
    bool is_made_ = false;
};

/// A child under a filter that lets all calls through.
class filtered_child {
public:
    filtered_child()
    {
        std::array<int, 2> ends{};
        BOOST_REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
        pid_ = ::fork();
        BOOST_REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(SIGKILL), 0L, 0L, 0L);
            sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
            const sock_fprog program{1, &allow};
            ::prctl(PR_SET_NO_NEW_PRIVS, 1L, 0L, 0L, 0L);
            const bool is_filtered = ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
            if (!is_filtered || ::write(ends[1], "x", 1) != 1) {
                ::_exit(1);
            }
            for (;;) {
                ::pause();
            }
        }
        ::close(ends[1]);
        char done = 0;
        is_made_ = ::read(ends[0], &done, 1) == 1;
        ::close(ends[0]);
    }
    filtered_child(const filtered_child&) = delete;
    filtered_child& operator=(const filtered_child&) = delete;
    ~filtered_child()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    bool is_made() const { return is_made_; }
    pid_t pid() const { return pid_; }

private:
    pid_t pid_ = 0;
    bool is_made_ = false;
};

} // namespace

BOOST_FIXTURE_TEST_CASE(who_enters_a_container_reaches_those_who_record_it, routing)
{
    const namespace_child container;
    if (!container.is_made()) {
        sctrace::test::skip("no pid namespace can be made");
        return;
    }
    party inside;
    party elsewhere;
    inside.follow();
    const std::array<pid_t, 1> pids{container.child()};
    inside.reader.follower()->follow_pids(pids, sctrace::follow_kind::container);
    join(inside);
    elsewhere.follow();
    elsewhere.tree().add(nowhere, base);
    join(elsewhere);
    BOOST_REQUIRE(inside.reader.follower()->containers().size() == 1U);

    const namespace_child entrant(container.child());
    const namespace_child stranger;
    BOOST_REQUIRE(entrant.is_made());
    BOOST_REQUIRE(stranger.is_made());
    take({birth(1, entrant.parent(), entrant.child()), birth(2, stranger.parent(), stranger.child())});
    BOOST_TEST(inside.reader->silent_entrants().contains(entrant.child()));
    BOOST_TEST(inside.reader->silent_entrants().size() == 1U);
    read({record_of(1, container.child(), 5, 1), record_of(2, entrant.child(), 5, 2),
          record_of(3, stranger.child(), 5, 3)});
    expect(inside, {1, 2});
    expect(elsewhere, {});
    BOOST_TEST(inside.reader->silent_entrants().empty());
    BOOST_TEST(inside.reader->unclear() == 0U);

    // Gone before anybody could look where it was.
    take({birth(6, nowhere + 1, nowhere + 2), birth(7, nowhere, nowhere + 3)});
    read({record_of(4, nowhere + 2, 8, 4), record_of(5, nowhere + 3, 8, 5)});
    BOOST_TEST(inside.reader->unclear() == 2U);
    expect(inside, {1, 2});
    expect(elsewhere, {5});

    // Its listing is over, its container goes on.
    inside.reader.follower()->settle_listing();
    router.refresh(inside.reader);
    const namespace_child next(container.child());
    BOOST_REQUIRE(next.is_made());
    take({birth(9, next.parent(), next.child())});
    read({record_of(6, next.child(), 10, 6)});
    expect(inside, {1, 2, 6});
}

BOOST_FIXTURE_TEST_CASE(who_lists_processes_hears_of_all_endings, routing)
{
    const filtered_child listed;
    const filtered_child sibling;
    BOOST_REQUIRE(listed.is_made());
    BOOST_REQUIRE(sibling.is_made());
    party lister;
    party settled;
    const std::array<pid_t, 1> pids{listed.pid()};
    sctrace::process_tree::time listed_at{};
    for (party* const who : {&settled, &lister}) {
        who->follow();
        who->reader.follower()->follow_pids(pids, sctrace::follow_kind::tree);
        // On a busy machine the time that counts as that of the listing is over soon.
        listed_at = sctrace::detail::monotonic_now();
        join(*who);
    }
    settled.reader.follower()->settle_listing();
    router.refresh(settled.reader);
    // A stranger as far as anybody knows, but nobody told its parent: the sibling may have been its child.
    take({{process_event::kind::exit, listed_at, nowhere + 1, nowhere + 1, 0}});
    lister.reader.follower()->settle_listing();
    router.refresh(lister.reader);
    BOOST_TEST(has_doubt(lister, "ended while the existing ones were being listed"));
    BOOST_TEST(!has_doubt(settled, "ended while the existing ones were being listed"));
}
