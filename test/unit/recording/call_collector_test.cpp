#include "common/routed_reader.hpp"
#include "recording/call_collector.hpp"

#include <sctrace/detail/kmsg_reader.hpp>

#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <string_view>

namespace {

using sctrace::architecture;
using sctrace::record_batch;
using sctrace::detail::bracket_role;
using sctrace::detail::kmsg_reader;

const architecture x86_64(0xc000003e);

std::string seccomp_text(int serial, int pid, unsigned ses, long long syscall)
{
    return "audit: type=1326 audit(1795498483.207:" + std::to_string(serial) +
           "): auid=4294967295 uid=0 gid=0 ses=" + std::to_string(ses) + " pid=" + std::to_string(pid) +
           " comm=\"x\" exe=\"/bin/x\" sig=0 arch=c000003e syscall=" + std::to_string(syscall) +
           " compat=0 ip=0x7fa14672e829 code=0x7ffc0000";
}

std::string entry(int sequence, const std::string& text, int priority = 5)
{
    return std::to_string(priority) + ',' + std::to_string(sequence) + ",1164533604,-;" + text + '\n';
}

/// Gives a device reader entries one by one, as reads of /dev/kmsg return them.
void feed(kmsg_reader& reader, record_batch& batch, std::string_view bytes)
{
    const auto space = reader.buffer(batch);
    BOOST_REQUIRE(space.size() >= bytes.size());
    std::copy(bytes.begin(), bytes.end(), space.begin());
    reader.accept(batch, bytes.size());
    reader.settle(batch);
}

struct pipeline {
    sctrace::target whose;
    sctrace::loss_ledger ledger;
    sctrace::test::lone_reader records{x86_64, whose, ledger};
    kmsg_reader device;
    record_batch batch;
    int sequence = 100;

    pipeline()
    {
        whose.add_pid(42);
        records.refresh();
    }

    void read(const std::string& text)
    {
        batch.clear();
        feed(device, batch, entry(sequence++, text));
        records.read(batch);
    }

    void open_window(std::uint32_t serial)
    {
        read("audit: type=1400 audit(1.2:" + std::to_string(serial) + "): avc:  denied");
        ledger.open_window(serial);
    }
    void close_window(std::uint32_t serial)
    {
        read("audit: type=1400 audit(1.2:" + std::to_string(serial) + "): avc:  denied");
        ledger.close_window(serial);
    }
};

} // namespace

BOOST_AUTO_TEST_SUITE(kmsg_reading)

BOOST_AUTO_TEST_CASE(sequence_gaps_are_losses)
{
    kmsg_reader reader;
    record_batch batch;
    feed(reader, batch, entry(10, "a"));
    feed(reader, batch, entry(11, "b"));
    BOOST_TEST(batch.losses().overwritten == 0U);
    reader.overwritten(batch);
    feed(reader, batch, entry(15, "c"));
    BOOST_TEST(batch.losses().overwritten == 3U);
    BOOST_TEST(batch.messages().size() == 3U);
    BOOST_TEST(batch.messages()[2].text == "c");
}

BOOST_AUTO_TEST_CASE(an_overwritten_start_is_at_least_one_loss_unless_old_entries_were_wanted)
{
    record_batch batch;
    kmsg_reader from_end;
    from_end.overwritten(batch);
    BOOST_TEST(batch.losses().overwritten == 1U);
    batch.clear();
    kmsg_reader from_beginning(false, sctrace::kmsg_start::beginning);
    from_beginning.overwritten(batch);
    BOOST_TEST(batch.losses().overwritten == 0U);
}

BOOST_AUTO_TEST_CASE(entries_that_a_user_wrote_are_dropped_but_keep_the_sequence)
{
    kmsg_reader reader;
    record_batch batch;
    feed(reader, batch, entry(1, "a"));
    feed(reader, batch, entry(2, seccomp_text(9, 42, 1, 39), 13));
    feed(reader, batch, entry(3, "b"));
    BOOST_TEST(batch.messages().size() == 2U);
    BOOST_TEST(batch.losses().overwritten == 0U);
}

BOOST_AUTO_TEST_CASE(escapes_are_undone_once)
{
    kmsg_reader reader;
    record_batch batch;
    feed(reader, batch, entry(1, R"(comm="back\x5cslash\x5cx41" \xc3\xa9)"));
    BOOST_TEST(batch.messages()[0].text == "comm=\"back\\slash\\x41\" \xc3\xa9");
}

BOOST_AUTO_TEST_CASE(what_is_no_entry_is_counted)
{
    kmsg_reader reader;
    record_batch batch;
    feed(reader, batch, "no entry at all");
    feed(reader, batch, std::string_view("\0\0\0", 3));
    reader.rejected(batch);
    BOOST_TEST(batch.messages().empty());
    BOOST_TEST(batch.losses().malformed == 3U);
}

BOOST_AUTO_TEST_CASE(an_entry_too_long_for_the_buffer_is_no_gap_as_well)
{
    kmsg_reader reader;
    record_batch batch;
    feed(reader, batch, entry(1, "a"));
    reader.rejected(batch);
    feed(reader, batch, entry(3, "b"));
    BOOST_TEST(batch.losses().malformed == 1U);
    BOOST_TEST(batch.losses().overwritten == 0U);
}

BOOST_AUTO_TEST_CASE(a_stream_is_cut_into_lines_wherever_reads_end)
{
    const std::string stream =
        entry(1, "first") + " SUBSYSTEM=net\n" + entry(2, "second \\x41") + entry(3, "third");
    for (std::size_t cut = 1; cut < stream.size(); ++cut) {
        kmsg_reader reader(true);
        record_batch batch;
        feed(reader, batch, std::string_view(stream).substr(0, cut));
        feed(reader, batch, std::string_view(stream).substr(cut));
        BOOST_REQUIRE(batch.messages().size() == 3U);
        BOOST_TEST(batch.messages()[0].text == "first");
        BOOST_TEST(batch.messages()[1].text == "second A");
        BOOST_TEST(batch.messages()[2].text == "third");
    }
}

BOOST_AUTO_TEST_CASE(a_last_line_without_a_newline_counts)
{
    kmsg_reader reader(true);
    record_batch batch;
    feed(reader, batch, entry(1, "first") + "5,2,3,-;second");
    BOOST_TEST(batch.messages().size() == 1U);
    reader.finish(batch);
    BOOST_REQUIRE(batch.messages().size() == 2U);
    BOOST_TEST(batch.messages()[1].text == "second");
}

BOOST_AUTO_TEST_CASE(an_endless_line_is_skipped_and_counted_once)
{
    kmsg_reader reader(true);
    record_batch batch;
    for (int i = 0; i < 5; ++i) {
        batch.clear();
        feed(reader, batch, std::string(kmsg_reader::max_entry / 2, 'x'));
        BOOST_TEST(batch.losses().malformed == (i == 2 ? 1U : 0U));
    }
    batch.clear();
    feed(reader, batch, "x\n" + entry(1, "next"));
    BOOST_REQUIRE(batch.messages().size() == 1U);
    BOOST_TEST(batch.messages()[0].text == "next");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_FIXTURE_TEST_SUITE(record_reading, pipeline)

BOOST_AUTO_TEST_CASE(nothing_counts_before_the_window_opens)
{
    read(seccomp_text(1, 42, 1, 39));
    BOOST_TEST(records.calls().empty());
    records->count_without_bracket();
    read(seccomp_text(2, 42, 1, 39));
    BOOST_TEST(records.calls().size() == 1U);
}

BOOST_AUTO_TEST_CASE(brackets_open_and_close_the_window)
{
    records.expect_bracket(0x20000001, bracket_role::opening);
    records.expect_bracket(0x20000002, bracket_role::closing);
    read(seccomp_text(1, 42, 1, 39));
    read(seccomp_text(2, 7, 1, 0x20000001));
    BOOST_TEST(records->saw_bracket(bracket_role::opening));
    BOOST_TEST(records.calls().empty());
    read(seccomp_text(3, 42, 1, 39));
    BOOST_TEST(records.calls().size() == 1U);
    read(seccomp_text(5, 8, 1, 0x20000002));
    BOOST_TEST(records->saw_bracket(bracket_role::closing));
    read(seccomp_text(6, 42, 1, 39));
    BOOST_TEST(records.calls().empty());
    read(seccomp_text(4, 42, 1, 39));
    BOOST_TEST(records.calls().size() == 1U);
    BOOST_TEST(ledger.missing_serials() == 0U);
}

BOOST_AUTO_TEST_CASE(a_record_that_overtook_the_opening_bracket_counts)
{
    records.expect_bracket(0x20000001, bracket_role::opening);
    records.expect_bracket(0x20000002, bracket_role::closing);
    read(seccomp_text(9, 42, 1, 39));
    read(seccomp_text(11, 42, 1, 40));
    read(seccomp_text(12, 9, 1, 41));
    read(seccomp_text(10, 7, 1, 0x20000001));
    BOOST_REQUIRE(records.calls().size() == 1U);
    BOOST_TEST(records.calls()[0].number == 40);
    read(seccomp_text(13, 7, 1, 0x20000002));
    BOOST_TEST(ledger.missing_serials() == 0U);
}

BOOST_AUTO_TEST_CASE(a_stale_record_within_the_batch_of_the_bracket_does_not_count)
{
    records.expect_bracket(0x20000001, bracket_role::opening);
    feed(device, batch, entry(1, seccomp_text(1, 42, 1, 39)));
    feed(device, batch, entry(2, seccomp_text(2, 7, 1, 0x20000001)));
    feed(device, batch, entry(3, seccomp_text(3, 42, 1, 40)));
    records.read(batch);
    BOOST_REQUIRE(records.calls().size() == 1U);
    BOOST_TEST(records.calls()[0].number == 40);
}

BOOST_AUTO_TEST_CASE(process_ids_are_not_matched_as_substrings)
{
    records->count_without_bracket();
    read(seccomp_text(1, 421, 1, 39));
    BOOST_TEST(records.calls().empty());
    read(seccomp_text(2, 4242, 1, 39));
    BOOST_TEST(records.calls().empty());
    read(seccomp_text(3, 4, 1, 39));
    BOOST_TEST(records.calls().empty());
}

BOOST_AUTO_TEST_CASE(x32_negative_and_unknown_numbers_keep_theirs)
{
    records->count_without_bracket();
    read(seccomp_text(1, 42, 1, 0x40000000 | 39));
    BOOST_TEST(records.calls()[0].arch.is_x32());
    read(seccomp_text(2, 42, 1, -1));
    BOOST_TEST((records.calls()[0].arch == x86_64));
    BOOST_TEST(records.calls()[0].number == -1);
    read(seccomp_text(3, 42, 1, 123456));
    BOOST_TEST(records.calls()[0].number == 123456);
}

BOOST_AUTO_TEST_CASE(a_record_without_an_architecture_is_native)
{
    records->count_without_bracket();
    auto text = seccomp_text(1, 42, 1, 39);
    text.erase(text.find(" arch=c000003e"), std::string_view(" arch=c000003e").size());
    read(text);
    BOOST_TEST((records.calls()[0].arch == x86_64));
}

BOOST_AUTO_TEST_CASE(truncated_records_count_when_they_are_the_targets)
{
    records->count_without_bracket();
    const auto whole = seccomp_text(1, 42, 1, 39);
    read(whole.substr(0, whole.find(" sig=")));
    BOOST_TEST(ledger.counts().truncated_records == 1U);
    const auto foreign = seccomp_text(2, 43, 1, 39);
    read(foreign.substr(0, foreign.find(" sig=")));
    BOOST_TEST(ledger.counts().truncated_records == 1U);
    read(whole.substr(0, whole.find(" pid=")));
    BOOST_TEST(ledger.counts().truncated_records == 2U);
}

BOOST_AUTO_TEST_CASE(malformed_records_are_counted)
{
    records->count_without_bracket();
    auto text = seccomp_text(1, 42, 1, 39);
    text.replace(text.find("syscall=39"), 10, "syscall=xy");
    read(text);
    BOOST_TEST(ledger.counts().malformed_records == 1U);
    read("audit: type=1326 audit(broken): pid=42");
    BOOST_TEST(ledger.counts().malformed_records == 2U);
    auto long_pid = seccomp_text(2, 42, 1, 39);
    long_pid.replace(long_pid.find("pid=42"), 6, "pid=42424242424");
    read(long_pid);
    BOOST_TEST(ledger.counts().malformed_records == 3U);
    BOOST_TEST(records.calls().empty());
}

BOOST_AUTO_TEST_CASE(other_audit_records_only_show_their_serial)
{
    open_window(1);
    records->count_without_bracket();
    read("audit: type=1400 audit(1732674418.823:2): avc:  denied pid=42 comm=\"x\" syscall=1");
    read("audit: type=1107 audit(1.2:3): pid=42 msg='type=1326 audit(1.2:4): pid=42 comm=\"x\" syscall=1'");
    BOOST_TEST(records.calls().empty());
    close_window(4);
    BOOST_TEST(ledger.missing_serials() == 0U);
}

BOOST_AUTO_TEST_CASE(a_companion_record_does_not_stand_for_the_record_that_was_lost)
{
    open_window(1);
    records->count_without_bracket();
    read("audit: type=1425 audit(1.2:2): subj_apparmor=unconfined subj_smack=_");
    close_window(3);
    BOOST_TEST(ledger.missing_serials() == 1U);
}

BOOST_AUTO_TEST_CASE(notices_of_loss_reach_the_ledger_within_the_window_only)
{
    read("kauditd_printk_skb: 5 callbacks suppressed");
    BOOST_TEST(ledger.counts().printk_suppressed == 0U);
    records->count_without_bracket();
    read("kauditd_printk_skb: 7 callbacks suppressed");
    BOOST_TEST(ledger.counts().printk_suppressed == 7U);
}

BOOST_AUTO_TEST_CASE(calls_that_install_filters_are_noticed)
{
    records->count_without_bracket();
    read(seccomp_text(1, 42, 1, 317));
    BOOST_TEST(records->own_filters().seccomp == 1U);
    read(seccomp_text(2, 42, 1, 157));
    BOOST_TEST(records->own_filters().prctl == 1U);
    BOOST_TEST(*records->own_filters().prctl_pid == 42);
    BOOST_TEST(!records->own_filters().prctl_by_several);
    whose.add_pid(43);
    records.refresh();
    read(seccomp_text(3, 43, 1, 157));
    BOOST_TEST(records->own_filters().prctl_by_several);
}

BOOST_DATA_TEST_CASE(records_that_may_be_those_of_lost_descendants_are_noted,
                     boost::unit_test::data::make({4U, 5U, 6U, 4294967295U}), session)
{
    pipeline p;
    p.records->count_without_bracket();
    p.whose.follow_session(5);
    p.records.refresh();
    p.read(seccomp_text(1, 50, session, 39));
    BOOST_TEST(p.records.calls().size() == (session == 5 ? 1U : 0U));
    p.records.leave();
    BOOST_TEST(p.records->has_outside_session() == (session > 5));
}

BOOST_AUTO_TEST_CASE(audit_payloads_are_read_like_log_text)
{
    records->count_without_bracket();
    const std::string payload =
        seccomp_text(1, 42, 1, 39).substr(std::string_view("audit: type=1326 ").size());
    batch.clear();
    std::copy(payload.begin(), payload.end(), batch.free_space().begin());
    batch.append(payload.size(), {1326, {batch.free_space().data(), payload.size()}, false});
    records.read(batch);
    BOOST_TEST(records.calls().size() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
