#include "common/logged_record.hpp"
#include "recording/live_queue.hpp"

#include <sctrace/audit_record.hpp>
#include <sctrace/live_records.hpp>
#include <sctrace/seccomp_record.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sctrace::live_records;
using sctrace::seccomp_record;
using sctrace::detail::live_queue;
using sctrace::test::logged_record;

/// Pushes a record whose text is gone afterwards.
void push(live_queue& queue, const logged_record& r)
{
    std::string text = r.kernel_text();
    const auto record = sctrace::parse_seccomp_record(sctrace::parse_audit_record(text).value()).value();
    queue.push(record);
    text.assign(text.size(), '#');
}

void push(live_queue& queue, std::uint64_t first, std::uint64_t count)
{
    for (std::uint64_t serial = first; serial != first + count; ++serial) {
        push(queue, logged_record{.serial = serial});
    }
}

std::vector<std::uint32_t> serials(const live_records& batch)
{
    std::vector<std::uint32_t> all;
    for (const seccomp_record& r : batch.records()) {
        all.push_back(r.serial.value());
    }
    return all;
}

using list = std::vector<std::uint32_t>;

} // namespace

BOOST_AUTO_TEST_SUITE(live_record_queueing)

BOOST_AUTO_TEST_CASE(a_new_batch_has_nothing)
{
    const live_records batch;
    BOOST_TEST(batch.empty());
    BOOST_TEST(batch.records().empty());
    BOOST_TEST(batch.dropped() == 0U);
}

BOOST_AUTO_TEST_CASE(records_come_out_as_they_went_in)
{
    live_queue queue(10);
    BOOST_TEST(queue.is_wanted());
    BOOST_TEST(queue.empty());
    push(queue, 5, 3);
    BOOST_TEST(!queue.empty());
    live_records batch;
    queue.take(batch);
    BOOST_TEST(serials(batch) == (list{5, 6, 7}), boost::test_tools::per_element());
    BOOST_TEST(batch.dropped() == 0U);
    BOOST_TEST(queue.empty());
}

BOOST_AUTO_TEST_CASE(a_record_keeps_all_its_fields_when_its_text_is_gone)
{
    const logged_record shape{
        .serial = 77, .session = "12", .pid = "43", .comm = "6E67696E78", .syscall = "-1"};
    live_queue queue(1);
    push(queue, shape);
    live_records batch;
    queue.take(batch);
    BOOST_REQUIRE(batch.records().size() == 1U);
    const seccomp_record& r = batch.records()[0];
    BOOST_TEST(r.time == shape.time);
    BOOST_TEST(*r.serial == 77U);
    BOOST_TEST(*r.auid == 4294967295U);
    BOOST_TEST(*r.uid == 33U);
    BOOST_TEST(*r.gid == 33U);
    BOOST_TEST(*r.ses == 12U);
    BOOST_TEST(*r.subj == "unconfined");
    BOOST_TEST(*r.pid == 43);
    BOOST_TEST(sctrace::decoded(r.comm) == "nginx");
    BOOST_TEST(r.exe.raw == "/usr/sbin/nginx");
    BOOST_TEST(*r.sig == 0);
    BOOST_TEST(*r.arch == 0xc000003eU);
    BOOST_TEST(r.syscall == -1);
    BOOST_TEST(*r.compat == 0);
    BOOST_TEST(*r.ip == 0x7f29e9374829U);
    BOOST_TEST(*r.code == 0x7ffc0000U);
}

BOOST_AUTO_TEST_CASE(an_absent_label_stays_absent_and_an_empty_one_empty)
{
    live_queue queue(2);
    seccomp_record record;
    queue.push(record);
    record.subj = std::string_view();
    queue.push(record);
    live_records batch;
    queue.take(batch);
    BOOST_TEST(!batch.records()[0].subj);
    BOOST_REQUIRE(batch.records()[1].subj.has_value());
    BOOST_TEST(batch.records()[1].subj->empty());
    BOOST_TEST(batch.records()[0].time.empty());
}

BOOST_AUTO_TEST_CASE(a_full_queue_keeps_the_oldest_and_counts_the_others_behind_them)
{
    live_queue queue(3);
    push(queue, 1, 5);
    live_records batch;
    queue.take(batch);
    BOOST_TEST(serials(batch) == (list{1, 2, 3}), boost::test_tools::per_element());
    BOOST_TEST(batch.dropped() == 2U);
    BOOST_TEST(!batch.empty());
    push(queue, 6, 1);
    queue.take(batch);
    BOOST_TEST(serials(batch) == (list{6}), boost::test_tools::per_element());
    BOOST_TEST(batch.dropped() == 0U);
    push(queue, 7, 10);
    BOOST_TEST(queue.dropped() == 9U);
    queue.take(batch);
    BOOST_TEST(serials(batch) == (list{7, 8, 9}), boost::test_tools::per_element());
    BOOST_TEST(batch.dropped() == 7U);
}

BOOST_AUTO_TEST_CASE(a_queue_without_capacity_neither_keeps_nor_counts)
{
    live_queue queue(0);
    BOOST_TEST(!queue.is_wanted());
    push(queue, 1, 3);
    BOOST_TEST(queue.empty());
    BOOST_TEST(queue.dropped() == 0U);
    live_records batch;
    queue.take(batch);
    BOOST_TEST(batch.empty());
}

BOOST_AUTO_TEST_CASE(what_a_batch_held_before_is_forgotten)
{
    live_queue queue(4);
    live_records batch;
    push(queue, 1, 6);
    queue.take(batch);
    queue.take(batch);
    BOOST_TEST(batch.empty());
    push(queue, 9, 1);
    queue.take(batch);
    BOOST_TEST(serials(batch) == (list{9}), boost::test_tools::per_element());
    batch.clear();
    BOOST_TEST(batch.empty());
}

BOOST_AUTO_TEST_CASE(views_survive_a_move_and_what_the_queue_gets_later)
{
    live_queue queue(4096);
    push(queue, 1, 4);
    live_records batch;
    queue.take(batch);
    push(queue, 5, 2000);
    const live_records moved = std::move(batch);
    BOOST_REQUIRE(moved.records().size() == 4U);
    for (const seccomp_record& r : moved.records()) {
        BOOST_TEST(r.exe.raw == "/usr/sbin/nginx");
        BOOST_TEST(r.time == "1795497556.007");
    }
}

BOOST_AUTO_TEST_CASE(texts_of_all_sizes_fit_whatever_room_is_left)
{
    constexpr std::size_t records = 300;
    live_queue queue(records);
    std::vector<std::string> paths;
    for (std::size_t i = 0; i != records; ++i) {
        paths.emplace_back((i * 7919) % 200'000, static_cast<char>('a' + i % 26));
    }
    live_records batch;
    for (int round = 0; round < 2; ++round) {
        for (const std::string& path : paths) {
            seccomp_record record;
            record.time = "1.000";
            record.exe.raw = path;
            queue.push(record);
        }
        queue.take(batch);
        BOOST_REQUIRE(batch.records().size() == records);
        for (std::size_t i = 0; i != records; ++i) {
            BOOST_REQUIRE(batch.records()[i].exe.raw == paths[i]);
            BOOST_REQUIRE(batch.records()[i].time == "1.000");
        }
    }
}

BOOST_AUTO_TEST_CASE(memory_goes_around_between_the_batch_and_the_queue)
{
    live_queue queue(100);
    live_records batch;
    const auto first_text = [&] {
        push(queue, 1, 100);
        queue.take(batch);
        return batch.records()[0].time.data();
    };
    const char* const one = first_text();
    const char* const other = first_text();
    BOOST_TEST(static_cast<const void*>(one) != static_cast<const void*>(other));
    for (int i = 0; i < 10; ++i) {
        BOOST_TEST(static_cast<const void*>(first_text()) == static_cast<const void*>(one));
        BOOST_TEST(static_cast<const void*>(first_text()) == static_cast<const void*>(other));
    }
}

BOOST_AUTO_TEST_SUITE_END()
