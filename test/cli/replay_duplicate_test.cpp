#include "replay.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

using namespace sctrace::test;

namespace {

const logged_record one{.serial = 1};

/// How many calls a log of these lines has.
std::uint64_t calls_in(std::initializer_list<std::string_view> lines)
{
    return total(counts_of(log_of(lines)));
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay_duplicates)

BOOST_AUTO_TEST_CASE(two_copies_of_a_record_count_once_in_either_order)
{
    const std::vector<std::string> copies{kmsg_line(one), dmesg_line(one), syslog_line(one), audit_line(one)};
    for (const std::string& first : copies) {
        for (const std::string& second : copies) {
            BOOST_TEST(calls_in({first, second}) == 1U, first << '\n' << second);
        }
    }
}

BOOST_AUTO_TEST_CASE(copies_of_a_record_in_several_files_count_once)
{
    const temporary_folder folder;
    write_file(folder.file("kern.log"), log_of({syslog_line(one), syslog_line({.serial = 2})}));
    write_file(folder.file("audit.log"), log_of({audit_line({.serial = 2}), audit_line({.serial = 3})}));
    const outcome o = run(replay({"--events", folder.file("kern.log"), folder.file("audit.log")}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(serials_in(o.out) == (serials{1, 2, 3}));
}

BOOST_AUTO_TEST_CASE(a_copy_without_a_header_belongs_to_an_adjacent_equal_body)
{
    BOOST_TEST(calls_in({journal_line(one), syslog_line(one)}) == 1U);
    BOOST_TEST(calls_in({syslog_line(one), journal_line(one)}) == 1U);
    BOOST_TEST(calls_in({syslog_line(one), journal_line(one), syslog_line({.serial = 2}),
                         journal_line({.serial = 2})}) == 2U);
}

BOOST_AUTO_TEST_CASE(records_without_a_header_alone_all_count)
{
    BOOST_TEST(calls_in({journal_line(one), journal_line(one), journal_line(one)}) == 3U);
}

BOOST_AUTO_TEST_CASE(a_copy_without_a_header_of_another_body_counts)
{
    BOOST_TEST(calls_in({syslog_line(one), journal_line({.syscall = "102"})}) == 2U);
    BOOST_TEST(calls_in({journal_line({.ip = "0x1"}), syslog_line(one)}) == 2U);
}

BOOST_AUTO_TEST_CASE(a_serial_of_another_boot_counts_again)
{
    BOOST_TEST(calls_in({audit_line(one), audit_line({.serial = 1, .time = "1795597556.007"})}) == 2U);
}

BOOST_AUTO_TEST_CASE(a_serial_with_another_body_counts_again)
{
    BOOST_TEST(calls_in({audit_line(one), audit_line({.serial = 1, .syscall = "102"})}) == 2U);
    BOOST_TEST(calls_in({audit_line(one), audit_line({.serial = 1, .pid = "2753"})}) == 2U);
}

BOOST_AUTO_TEST_CASE(equal_bodies_of_other_serials_all_count)
{
    BOOST_TEST(total(counts_of(kmsg_log(1, 5000))) == 5000U);
}

BOOST_AUTO_TEST_CASE(both_transports_of_a_journal_interleaved_count_once)
{
    std::string log;
    for (std::uint64_t serial = 1; serial <= 2000; ++serial) {
        const logged_record r{.serial = serial, .ip = "0x" + std::to_string(1000 + serial)};
        log += serial % 2 == 0 ? log_of({journal_line(r), syslog_line(r)})
                               : log_of({syslog_line(r), journal_line(r)});
    }
    BOOST_TEST(total(counts_of(log)) == 2000U);
}

BOOST_AUTO_TEST_CASE(copies_that_printk_suppressed_take_nothing_away)
{
    std::string log;
    for (std::uint64_t serial = 1; serial <= 40; ++serial) {
        log += journal_line({.serial = serial}) + '\n';
        log += serial <= 10 ? syslog_line({.serial = serial}) + '\n' : "";
    }
    BOOST_TEST(total(counts_of(log)) == 40U);
}

BOOST_AUTO_TEST_CASE(copies_a_few_records_apart_count_once)
{
    std::string log;
    for (std::uint64_t block = 0; block != 50; ++block) {
        const std::uint64_t first = 1 + block * 20;
        for (std::uint64_t serial = first; serial != first + 20; ++serial) {
            log += syslog_line({.serial = serial}) + '\n';
        }
        for (std::uint64_t serial = first; serial != first + 20; ++serial) {
            log += audit_line({.serial = serial}) + '\n';
        }
    }
    BOOST_TEST(total(counts_of(log)) == 1000U);
}

BOOST_AUTO_TEST_SUITE_END()
