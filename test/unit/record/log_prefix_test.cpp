#include "common/words_test.hpp"

#include <sctrace/error.hpp>
#include <sctrace/log_line.hpp>

using sctrace::error;
using sctrace::is_interpreted_record;
using sctrace::log_form;
using sctrace::parse_log_line;
using sctrace::parse_loss_line;
using sctrace::parse_seccomp_line;
using sctrace::test::daemon_text;
using sctrace::test::exact_text;
using sctrace::test::fields;
using sctrace::test::kernel_text;
using sctrace::test::stamp;
using sctrace::test::with;

namespace {

constexpr std::string_view notice = "audit: audit_lost=12 audit_rate_limit=0 audit_backlog_limit=64";

const std::string journal_copy = "SECCOMP " + std::string(fields);

const std::string interpreted =
    "type=SECCOMP msg=audit(03/04/2025 07:39:37.599:201) : auid=unset uid=root gid=root ses=unset "
    "subj=unconfined pid=368 comm=addconn exe=/usr/libexec/ipsec/addconn sig=SIGSYS arch=aarch64 "
    "syscall=faccessat compat=0 ip=0xffff8a8e1d4c code=kill-thread";

void check_found(std::string_view prefix, std::string_view text, log_form form)
{
    const exact_text line(std::string(prefix) + std::string(text));
    BOOST_TEST_CONTEXT(line.view())
    {
        const auto found = parse_log_line(line.view());
        BOOST_REQUIRE(found);
        BOOST_TEST((found->form == form));
        BOOST_TEST(found->prefix == prefix);
        BOOST_TEST(found->text == text);
        const auto record = parse_seccomp_line(line.view());
        BOOST_REQUIRE(record);
        BOOST_TEST(record->syscall == 110);
        BOOST_TEST(record->code.value() == 0x7ffc0000U);
    }
}

void check_kernel(std::string_view prefix, log_form form)
{
    check_found(prefix, kernel_text, form);
    const exact_text line(std::string(prefix) + std::string(notice));
    BOOST_TEST_CONTEXT(line.view())
    {
        const auto lost = parse_loss_line(line.view());
        BOOST_REQUIRE(lost);
        BOOST_TEST(lost->count == 12U);
    }
}

void check_refused(std::string_view text)
{
    const exact_text line(text);
    BOOST_TEST_CONTEXT(line.view())
    {
        BOOST_TEST(parse_log_line(line.view()).error() == error::not_an_audit_record);
        BOOST_TEST(parse_seccomp_line(line.view()).error() == error::not_an_audit_record);
        BOOST_TEST(parse_loss_line(line.view()).error() == error::not_a_loss_notice);
    }
}

/// Neither a record nor a notice counts behind this prefix.
void check_forged(std::string_view prefix)
{
    check_refused(std::string(prefix) + kernel_text);
    check_refused(std::string(prefix) + std::string(notice));
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_prefixes)

BOOST_AUTO_TEST_CASE(every_form_of_dmesg_is_read)
{
    for (const std::string_view prefix : {"[  123.456789] ",
                                          "[123.4567][   T55] ",
                                          "[   55.253106] [     T47] ",
                                          "<5>[ 1518.015136] ",
                                          "<5>",
                                          "<0>[ 1518.015136] ",
                                          "<7>[ 1518.015136] ",
                                          "kern  :notice: [ 1518.015136] ",
                                          "kern  :notice: ",
                                          "kern  :warn  : [Tue Nov 24 05:40:36 2026] ",
                                          "kern  :notice: [  +0.009354] ",
                                          "kern  :notice: 2026-11-24T05:40:36,015136+00:00 ",
                                          "[Tue Nov 24 05:40:36 2026] ",
                                          "[mer. 22 oct. 16:59:18 2025] ",
                                          "[Fr Mai 31 11:02:57 2024] ",
                                          "[l\xc3\xb8. mai 3 03:28:14 2025] ",
                                          "[\xd0\xb2\xd1\x82 \xd0\xbd\xd0\xbe\xd1\x8f 24 05:40:36 2026] ",
                                          "[\xe4\xba\x8c 11\xe6\x9c\x88 24 05:40:36 2026] ",
                                          "[  +0.009354] ",
                                          "[  +0,225289] ",
                                          "[Feb10 01:31] ",
                                          "[ 1518.015136 <    0.009354>] ",
                                          "[<    0.009354>] ",
                                          "2026-11-24T05:40:36,015136+00:00 "}) {
        check_kernel(prefix, log_form::dmesg);
    }
}

BOOST_AUTO_TEST_CASE(every_form_of_syslog_is_read)
{
    for (const std::string_view prefix :
         {"Nov 24 05:40:36 host kernel: ", "Nov 24 05:40:36 host kernel: [ 1518.015136] ",
          "Nov 24 05:40:36 host kernel: [ 1518.015136] 000: ",
          "Nov 24 05:40:36 host kernel: [ 1518.01][   T55] ",
          "2026-11-24T05:40:36.015136+00:00 host kernel: [ 1518.015136] ",
          "2026-11-24T05:40:36.015136+00:00 host kernel: ",
          "<5>Jan 15 16:27:18 n37 kernel: [22734288.221628] ",
          "Jan 11 09:11:48 host kern.notice kernel: [ 1033.125649] ",
          "Jan 11 09:11:48 host kern.notice kernel: "}) {
        check_kernel(prefix, log_form::syslog);
    }
    check_kernel("<5>1 2026-11-24T05:40:36.015136+00:00 host kernel - - - ", log_form::dmesg);
}

BOOST_AUTO_TEST_CASE(every_form_of_journalctl_is_read)
{
    for (const std::string_view time :
         {"Nov 24 05:40:36", "Nov 24 05:40:36.015136", "Tue 2026-11-24 05:40:36 UTC",
          "2026-11-24T05:40:36+0000", "2026-11-24T05:40:36.015136+00:00", "[ 1518.015136]",
          "[ 1518.015136 <    0.009354 >]", "1795497556.007123", "1795497556.007"}) {
        check_kernel(std::string(time) + " host kernel: ", log_form::syslog);
        check_found(std::string(time) + " host audit[2752]: ", journal_copy, log_form::journal);
        check_found(std::string(time) + " host nginx.service[2752]: ", journal_copy, log_form::journal);
        check_found(std::string(time) + " host session-4.scope[2752]: ", journal_copy, log_form::journal);
    }
    check_kernel("", log_form::bare);
    check_found("", journal_copy, log_form::journal);
}

BOOST_AUTO_TEST_CASE(other_writers_of_kernel_text_are_read)
{
    for (const std::string_view prefix :
         {"10.5.0.3: kern:  notice: [2022-07-28T11:49:44.901518063Z]: ", "<4>[   12.345678] .(1)[7869:comm]",
          "<4>[   12.345678] .(1)[7869:runc:[2:INIT]]", "ived NULL device[ 1155.495445][ T5196] ",
          "2026-11-24T05:40:36.015136000Z ", "[pod/agent-7f9c/main] ", "agent-1  | [ 1518.015136] ",
          "2026-11-24T05:40:36.015136000Z stdout F [ 1518.015136] "}) {
        check_kernel(prefix, log_form::dmesg);
    }
    for (const std::string_view prefix : {"> ", "> > ", "# ", "// "}) {
        check_kernel(prefix, log_form::bare);
    }
    for (const std::string_view prefix :
         {"agent-1  | ", "agent_1 | ", "2026-11-24T05:40:36.015136000Z stdout F ",
          "2026-11-24T05:40:36.015136000Z stderr F "}) {
        check_kernel(prefix, log_form::dmesg);
    }
}

BOOST_AUTO_TEST_CASE(two_spaces_may_stand_behind_the_stamp)
{
    const std::string line = "[1.5] " + with(kernel_text, stamp, std::string(stamp) + ' ');
    const auto record = parse_seccomp_line(line);
    BOOST_REQUIRE(record);
    BOOST_TEST(record->auid.value() == 4294967295U);
    BOOST_TEST(record->syscall == 110);
}

BOOST_AUTO_TEST_CASE(text_of_a_program_never_counts_where_its_prefix_shows_it)
{
    for (const std::string_view prefix :
         {"Nov 24 05:40:36 host app[12]: ", "Nov 24 05:40:36 host app: ",
          "Nov 24 05:40:36 host app: [ 12.5] ",
          "2026-11-24T05:40:36.015136+00:00 host app[12]: ", "2026-11-24T05:40:36.015136+00:00 host app: ",
          "[ 1518.015136] host app[12]: ", "[ 1518.015136] host app: ", "1795497556.007 host app[12]: ",
          "1795497556.007 host app: ", "host app[12]: ", "host app: ", "app: ", "the user said ",
          "Nov 24 05:40:36 host audit[123]: USER_AVC pid=1 msg='", "[ 12.5] app[12]: "}) {
        check_forged(prefix);
    }
}

BOOST_AUTO_TEST_CASE(text_of_another_facility_never_counts)
{
    for (const std::string_view prefix :
         {"user  :notice: [ 1518.015136] ", "user  :notice: ", "daemon:info  : [ 1518.015136] ",
          "local7:debug : [Tue Nov 24 05:40:36 2026] ", "authpriv:err   : 2026-11-24T05:40:36,015136+00:00 ",
          "<13>[ 1518.015136] ", "<13>", "<8>[ 1518.015136] ", "> <13>[ 1518.015136] ",
          "<14>Jan 15 16:27:18 n37 kernel: ", "<13>1 2026-11-24T05:40:36.015136+00:00 host kernel - - - ",
          "10.5.0.3: user:  notice: [2022-07-28T11:49:44.901518063Z]: ",
          "Jan 11 09:11:48 host user.notice root: ", "Jan 11 09:11:48 host user.notice kernel: ",
          "agent-1  | <13>[ 1518.015136] ", "13,1,2,-;"}) {
        check_forged(prefix);
    }
}

BOOST_AUTO_TEST_CASE(journalds_copy_counts_only_behind_journalds_tag)
{
    for (const std::string_view prefix :
         {"Nov 24 05:40:36 host app[12]: ", "[ 1518.015136] host app[12]: ", "host app[12]: ",
          "Nov 24 05:40:36 host audit[123]: USER_AVC pid=1 msg='avc:  denied ",
          "Nov 24 05:40:36 host audit[123]: USER_CMD pid=1 msg='x: ",
          "Nov 24 05:40:36 host nginx.service[12]: x: "}) {
        check_refused(std::string(prefix) + journal_copy);
    }
    check_refused("Nov 24 05:40:36 host audit[123]: USER_AVC pid=1 uid=0 auid=4294967295 ses=1 msg='avc: " +
                  journal_copy + " '");
}

BOOST_AUTO_TEST_CASE(text_inside_a_message_of_a_program_to_the_audit_system_never_counts)
{
    const std::string forged = "type=1326 audit(1.2:3): " + std::string(fields);
    for (const std::string& head :
         {std::string("[ 12.5] audit: type=1107 audit(1.0:1): pid=1 msg='"),
          std::string("Nov 24 05:40:36 host kernel: audit: type=1112 audit(1.0:1): msg='"),
          std::string("type=USER_CMD msg=audit(1.0:1): pid=1 msg='cmd=")}) {
        for (const std::string& text : {forged, "audit: " + forged, daemon_text, journal_copy}) {
            const exact_text line(head + text + "'");
            BOOST_TEST_CONTEXT(line.view())
            {
                BOOST_TEST(parse_seccomp_line(line.view()).error() == error::not_a_seccomp_record);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_bare_netlink_payload_is_no_record)
{
    check_refused(std::string(stamp) + std::string(fields));
    check_refused(std::string(fields));
}

BOOST_AUTO_TEST_CASE(lines_of_ausearch_are_read_one_by_one)
{
    check_refused("----");
    check_refused("time->Tue Mar  4 07:39:37 2025");
    check_found("", daemon_text, log_form::audit_log);
}

BOOST_AUTO_TEST_CASE(interpreted_records_are_told_from_records)
{
    for (const std::string_view prefix : {"", "node=host.example ", "audit.txt:12:", "> "}) {
        const exact_text line(std::string(prefix) + interpreted + "\n");
        BOOST_TEST_CONTEXT(line.view())
        {
            BOOST_TEST(is_interpreted_record(line.view()));
            BOOST_TEST(parse_seccomp_line(line.view()).error() == error::not_an_audit_record);
        }
    }
    BOOST_TEST(is_interpreted_record("type=SECCOMP msg=audit(2025-03-04 07:39:37.599:201) : auid=unset"));
}

BOOST_AUTO_TEST_CASE(other_lines_are_no_interpreted_records)
{
    const std::string other = with(interpreted, "type=SECCOMP", "type=SYSCALL");
    for (const std::string& text :
         {std::string(), std::string("----"), daemon_text, kernel_text, journal_copy, other,
          "Nov 24 05:40:36 host app[12]: " + interpreted,
          "type=USER_CMD msg=audit(1.0:1): cmd='" + interpreted, std::string("type=SECCOMP msg=audit("),
          std::string("type=SECCOMP msg=audit(03/04/2025)"),
          std::string("type=SECCOMP msg=audit(03/04/2025):")}) {
        const exact_text line(text);
        BOOST_TEST_CONTEXT(line.view()) BOOST_TEST(!is_interpreted_record(line.view()));
    }
}

BOOST_AUTO_TEST_SUITE_END()
