#include "common/words_test.hpp"

#include <sctrace/error.hpp>
#include <sctrace/log_line.hpp>

using sctrace::error;
using sctrace::log_form;
using sctrace::parse_log_line;
using sctrace::parse_loss_line;
using sctrace::parse_seccomp_line;
using sctrace::test::daemon_text;
using sctrace::test::exact_text;
using sctrace::test::fields;
using sctrace::test::kernel_text;
using sctrace::test::kmsg_text;
using sctrace::test::with;

namespace {

void check_line(std::string_view prefix, std::string_view text, log_form form)
{
    const exact_text line(std::string(prefix) + std::string(text));
    const auto found = parse_log_line(line.view());
    const auto record = parse_seccomp_line(line.view());
    BOOST_TEST_CONTEXT(line.view())
    {
        BOOST_REQUIRE(found);
        BOOST_TEST((found->form == form));
        BOOST_TEST(found->prefix == prefix);
        BOOST_TEST(found->text == text);
        BOOST_REQUIRE(record);
        BOOST_TEST(record->syscall == 110);
        BOOST_TEST(record->pid.value() == 2752);
    }
}

void check_no_record(std::string_view text)
{
    const exact_text line(text);
    BOOST_TEST_CONTEXT(text)
    {
        BOOST_TEST(!parse_seccomp_line(line.view()));
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_lines)

BOOST_AUTO_TEST_CASE(finds_the_kernels_text_behind_dmesgs_prefixes)
{
    for (const std::string_view prefix : {"[  123.456789] ",
                                          "[123.4567][   T55] ",
                                          "[   55.253106] [     T47] ",
                                          "<5>[ 1518.015136] ",
                                          "kern  :notice: [ 1518.015136] ",
                                          "kern  :notice: ",
                                          "[Tue Nov 24 05:40:36 2026] ",
                                          "[mer. 22 oct. 16:59:18 2025] ",
                                          "[l\xc3\xb8. mai 3 03:28:14 2025] ",
                                          "[  +0.009354] ",
                                          "[  +0,225289] ",
                                          "[Feb10 01:31] ",
                                          "[ 1518.015136 <    0.009354>] ",
                                          "[<    0.009354>] ",
                                          "2026-11-24T05:40:36,015136+00:00 ",
                                          "kern  :notice: 2026-11-24T05:40:36,015136+00:00 ",
                                          "<5>",
                                          "<4>[   12.345678] .(1)[7869:comm]",
                                          "> [    9.402378] ",
                                          "[1.5] 000: ",
                                          "10.5.0.3: kern:  notice: [2022-07-28T11:49:44.901518063Z]: ",
                                          "[   92.396607] general protection fault: 0000 [#1] [ 387.811073] ",
                                          "]: libudev: rece[ 1155.495428][ T5196] ",
                                          "kern.log:",
                                          "52:",
                                          "auditd  : ",
                                          "05:40:36 ",
                                          "Nov 24 05:40:36 host "}) {
        check_line(prefix, kernel_text, log_form::dmesg);
    }
}

BOOST_AUTO_TEST_CASE(finds_the_kernels_text_behind_syslogs_prefixes)
{
    for (const std::string_view prefix :
         {"Aug  3 00:37:17 ip-10-39-71-182 kernel: [12182291.524325] ", "kernel: ", "10:39:55 kernel: ",
          "May 28 15:24:32 casper kernel: ", "Nov 11 23:36:00 melchior kernel: [28922.398944] 000: ",
          "<5>Jan 15 16:27:18 n37 kernel: [22734288.221628][   T55] ",
          "Jan 11 09:11:48 host kern.notice kernel: [ 1033.125649] ",
          "2026-11-24T05:40:36.015136+00:00 host kernel: [ 1518.015136] ",
          "52:Aug  3 00:37:17 host kernel: [ 1518.015136] "}) {
        check_line(prefix, kernel_text, log_form::syslog);
    }
}

BOOST_AUTO_TEST_CASE(finds_texts_behind_no_prefix_or_a_quotation_mark)
{
    for (const std::string_view prefix : {"", "    ", "#", "    $ ", "> ", "// "}) {
        check_line(prefix, kernel_text, log_form::bare);
    }
    check_line("", kernel_text.substr(std::string_view("audit: ").size()), log_form::bare);
}

BOOST_AUTO_TEST_CASE(finds_the_daemons_text)
{
    for (const std::string_view prefix :
         {"", "52:", "/var/log/audit/audit.log:12:", "> ", "Jan 29 07:58:12 host audispd[568]: ",
          "Jan 29 07:58:12 host audisp-syslog[568]: ", "Jan 29 07:58:12 host tag_audit_log: "}) {
        check_line(prefix, daemon_text, log_form::audit_log);
        check_line(prefix, "node=host.example " + daemon_text, log_form::audit_log);
    }
}

BOOST_AUTO_TEST_CASE(finds_journalds_copy_which_has_no_header)
{
    const std::string message = "SECCOMP " + std::string(fields);
    for (const std::string_view prefix :
         {"", "audit[2752]: ", "Apr 25 16:56:53 ubuntu audit[2752]: ", "10:39:55 pool-org.gnome.: ",
          "2020-06-21T23:17:30.000000+00:00 INFO audit: ", "Dec 30 00:57:50 gke-1 audit[25570]: "}) {
        check_line(prefix, message, log_form::journal);
        const std::string line = std::string(prefix) + message;
        const auto record = parse_seccomp_line(line);
        BOOST_REQUIRE(record);
        BOOST_TEST(record->time.empty());
        BOOST_TEST(!record->serial);
    }
}

BOOST_AUTO_TEST_CASE(reads_a_kmsg_entry)
{
    const exact_text line(kmsg_text);
    const auto found = parse_log_line(line.view());
    BOOST_REQUIRE(found);
    BOOST_TEST((found->form == log_form::kmsg));
    BOOST_TEST(found->prefix == "5,3400484,914890358,-;");
    BOOST_TEST(found->text == kernel_text);
    BOOST_TEST(parse_seccomp_line(line.view())->serial.value() == 200135U);
}

BOOST_AUTO_TEST_CASE(undoes_kmsg_escapes_where_strings_are_decoded)
{
    const std::string line = with(kmsg_text, "comm=\"nginx\"", R"(comm="back\x5cslash")");
    const auto record = parse_seccomp_line(line);
    BOOST_REQUIRE(record);
    BOOST_TEST(sctrace::decoded(record->comm) == "back\\slash");
    const std::string plain = "[1.5] " + with(kernel_text, "comm=\"nginx\"", R"(comm="\x41")");
    BOOST_TEST(sctrace::decoded(parse_seccomp_line(plain)->comm) == "\\x41");
}

BOOST_AUTO_TEST_CASE(reads_dmesgs_json)
{
    std::string text;
    for (const char c : with(kernel_text, "comm=\"nginx\"", R"(comm="a\b")")) {
        if (c == '"' || c == '\\') {
            text += '\\';
        }
        text += c;
    }
    for (const std::string_view end : {"\"", "\",", "\"\n"}) {
        const exact_text line("         \"msg\": \"" + text + std::string(end));
        const auto record = parse_seccomp_line(line.view());
        BOOST_REQUIRE(record);
        BOOST_TEST(sctrace::decoded(record->comm) == "a\\b");
        BOOST_TEST(sctrace::decoded(record->exe) == "/usr/sbin/nginx");
        BOOST_TEST(record->syscall == 110);
        BOOST_TEST(record->code.value() == 0x7ffc0000U);
    }
}

BOOST_AUTO_TEST_CASE(a_line_that_a_pager_cut_is_truncated)
{
    const std::string line = "Apr 25 16:56:53 ubuntu audit[2752]: SECCOMP " + std::string(fields);
    const std::string cut_number = line.substr(0, line.find("10 compat")) + ">";
    BOOST_TEST(parse_seccomp_line(cut_number).error() == error::truncated_record);
    const std::string cut_ip = line.substr(0, line.find("74829 code")) + ">";
    BOOST_REQUIRE(parse_seccomp_line(cut_ip));
    BOOST_TEST(parse_seccomp_line(cut_ip)->syscall == 110);
    BOOST_TEST(!parse_seccomp_line(cut_ip)->ip);
}

BOOST_AUTO_TEST_CASE(text_inside_another_record_never_counts)
{
    const std::string forged = "type=1326 audit(1.2:3): " + std::string(fields);
    check_no_record("audit: type=1107 audit(1.0:1): pid=1 msg='x " + forged + "'");
    check_no_record("[1.5] audit: type=1400 audit(1.0:1): name=\"" + kernel_text + "\"");
    check_no_record("type=USER_CMD msg=audit(1.0:1): pid=1 cmd='" + daemon_text + "'");
    check_no_record("Apr 25 16:56:53 ubuntu audit[1]: USER_CMD pid=1 msg='x: SECCOMP " + std::string(fields) +
                    "'");
    check_no_record("Apr 25 16:56:53 ubuntu audit[1]: USER_CMD pid=1 msg='" + daemon_text);
    check_no_record("5,1,2,-;foo: " + kernel_text);
    check_no_record("5,1,2,-;[1.5] " + kernel_text);
    check_no_record("5,1,2,-;" + daemon_text);
    check_no_record("5,1,2,-;audit: SECCOMP " + std::string(fields));
    check_no_record("5,1,2,-;usb 1-1: new\n KEY=" + kernel_text);
}

BOOST_AUTO_TEST_CASE(text_of_a_program_never_counts)
{
    check_no_record("13,1,2,-;" + kernel_text);
    check_no_record("Nov 24 05:40:36 host logger[33]: " + kernel_text);
    check_no_record("Nov 24 05:40:36 host logger[33]: [ 12.5] " + kernel_text);
    check_no_record("Nov 24 05:40:36 host logger: " + kernel_text);
    check_no_record("Nov 24 05:40:36 host logger: [ 12.5] " + kernel_text);
    check_no_record("Nov 24 05:40:36 host logger: " + daemon_text);
    check_no_record("[ 12.5] logger[33]: " + kernel_text);
    check_no_record("[ 12.5] the user said " + kernel_text);
    check_no_record("sub" + kernel_text.substr(std::string_view("audit: ").size()));
    check_no_record("my" + kernel_text);
}

BOOST_AUTO_TEST_CASE(other_lines_are_no_records)
{
    for (const std::string_view line :
         {"", "\n", "=", "pe=", "ype=", "type=", "uid=", "auid=1", "SECCOMP auid",
          "6,100,0,-;message pid=1 syscall=1",
          "this line is not a record at all, but it is long enough for a block", "type=1326 syscall=1",
          "audit(1.000:1): arch=c00000b7 syscall=198 uid=1000 pid=368",
          "a subtype=1326 audit(1.0:2): syscall=1",
          "auid=1000 uid=1000 ses=3 pid=7 comm=\"x\" syscall=26 code=0x7ffc0000"}) {
        check_no_record(line);
    }
    BOOST_TEST(parse_seccomp_line("nothing").error() == error::not_an_audit_record);
    BOOST_TEST(parse_seccomp_line("type=SYSCALL msg=audit(1.0:2): syscall=1").error() ==
               error::not_a_seccomp_record);
    BOOST_TEST(parse_seccomp_line("type=1326 audit(1.0:x): syscall=1").error() == error::not_an_audit_record);
}

BOOST_AUTO_TEST_CASE(the_header_is_found_wherever_it_stands)
{
    for (std::size_t shift = 0; shift < 70; ++shift) {
        const exact_text line("[" + std::string(shift, ' ') + "1.5] " + kernel_text);
        const auto found = parse_log_line(line.view());
        BOOST_REQUIRE(found);
        BOOST_TEST(found->prefix.size() == shift + 6);
    }
}

BOOST_AUTO_TEST_CASE(a_line_is_quoted_by_eight_spaces_at_most)
{
    for (std::size_t shift = 0; shift < 40; ++shift) {
        BOOST_TEST(parse_log_line(std::string(shift, ' ') + kernel_text).has_value() == (shift <= 8), shift);
    }
}

BOOST_AUTO_TEST_CASE(every_cut_of_every_form_is_safe)
{
    for (const std::string& whole : {kmsg_text, "[1.5] " + kernel_text, "node=h " + daemon_text,
                                     "audit[1]: SECCOMP " + std::string(fields)}) {
        for (std::size_t length = 0; length < whole.size(); ++length) {
            const exact_text line(whole.substr(0, length));
            const auto record = parse_seccomp_line(line.view());
            if (record) {
                BOOST_TEST((record->syscall == 110 || record->syscall == 11 || record->syscall == 1));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(finds_loss_notices_behind_prefixes)
{
    using kind = sctrace::loss_notice::kind;
    const auto check = [](std::string_view line, kind what, std::uint64_t count) {
        const exact_text exact(line);
        const auto notice = parse_loss_line(exact.view());
        BOOST_TEST_CONTEXT(line)
        {
            BOOST_REQUIRE(notice);
            BOOST_TEST((notice->what == what));
            BOOST_TEST(notice->count == count);
        }
    };
    check("4,3400505,1164533596,-;kauditd_printk_skb: 20 callbacks suppressed\n", kind::printk_suppressed,
          20);
    check("[  629.474022] audit_printk_skb: 54 callbacks suppressed", kind::printk_suppressed, 54);
    check("kern  :warn  : [Feb10 01:31] kauditd_printk_skb: 24 callbacks suppressed", kind::printk_suppressed,
          24);
    check("Oct 25 14:42:34 127.0.0.1 host kernel: [68883272.061562] audit_log_start: 1227 callbacks "
          "suppressed\n",
          kind::printk_suppressed, 1227);
    check("kernel: audit: audit_lost=12 audit_rate_limit=0 audit_backlog_limit=65536", kind::audit_lost, 12);
    check("]: libudev: rece[ 1155.495428][ T5196] audit: audit_lost=25190 audit_rate_limit=0 "
          "audit_backlog_limit=64",
          kind::audit_lost, 25190);
    check("audit: audit_backlog=13 > audit_backlog_limit=7", kind::audit_backlog, 13);
    check("ERR kernel: [   14.369882] audit: backlog limit exceeded", kind::audit_overflow, 0);
    check("<4>[   12.5] .(1)[7869:comm]audit: rate limit exceeded", kind::audit_overflow, 0);
}

BOOST_AUTO_TEST_CASE(loss_notices_inside_other_messages_never_count)
{
    for (const std::string_view line :
         {"", "12,1,2,-;kauditd_printk_skb: 20 callbacks suppressed",
          "4,1,2,-;foo: audit: backlog limit exceeded",
          "Nov 24 05:40:36 host logger[3]: audit: backlog limit exceeded", "the limit was exceeded",
          "Kernel panic - not syncing: audit: backlog limit exceeded",
          "[1.5] usb: connect on port audit_backlog_limit=7",
          "'kernel: audit: backlog limit exceeded' messages in /var/log/messages",
          "[1.5] 5 callbacks suppressed by hand"}) {
        const exact_text exact(line);
        const auto notice = parse_loss_line(exact.view());
        BOOST_TEST_CONTEXT(line)
        {
            BOOST_REQUIRE(!notice);
            BOOST_TEST(notice.error() == error::not_a_loss_notice);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
