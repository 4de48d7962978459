#include "common/words_test.hpp"

#include <sctrace/error.hpp>
#include <sctrace/loss_notice.hpp>

using sctrace::parse_loss_notice;
using sctrace::test::exact_text;
using kind = sctrace::loss_notice::kind;

namespace {

void check(std::string_view text, kind what, std::uint64_t count)
{
    const exact_text exact(text);
    const auto notice = parse_loss_notice(exact.view());
    BOOST_TEST_CONTEXT(text)
    {
        BOOST_REQUIRE(notice);
        BOOST_TEST((notice->what == what));
        BOOST_TEST(notice->count == count);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(loss_notices)

BOOST_AUTO_TEST_CASE(any_caller_of_printk_may_announce_the_loss)
{
    for (const std::string_view name : {"kauditd_printk_skb: ", "audit_printk_skb: ", "audit_log_start: ",
                                        "audit_log_lost: ", "audit_panic: ", "some_driver.isra.0: ", ""}) {
        check(std::string(name) + "108 callbacks suppressed", kind::printk_suppressed, 108);
    }
}

BOOST_AUTO_TEST_CASE(reads_the_audit_subsystems_own_notices)
{
    check("audit: audit_lost=4294967295 audit_rate_limit=0 audit_backlog_limit=64\n", kind::audit_lost,
          4294967295);
    check("audit_lost=1 audit_rate_limit=0 audit_backlog_limit=7", kind::audit_lost, 1);
    check("audit: audit_backlog=65537 > audit_backlog_limit=65536", kind::audit_backlog, 65537);
    for (const std::string_view reason :
         {"backlog limit exceeded", "rate limit exceeded", "printk limit exceeded",
          "out of memory in audit_log_start", "kauditd hold queue overflow", "auditd disappeared"}) {
        check("audit: " + std::string(reason), kind::audit_overflow, 0);
        check(reason, kind::audit_overflow, 0);
    }
}

BOOST_AUTO_TEST_CASE(everything_else_is_no_notice)
{
    for (const std::string_view text :
         {"", "audit: ", "audit_lost=", "audit_lost=x audit_rate_limit=0", "audit_lost=1", "audit_backlog=5",
          "audit_backlog=5 < audit_backlog_limit=6", "x callbacks suppressed", "foo: callbacks suppressed",
          "foo: 5 callbacks suppressed today", "foo: bar: 5 callbacks suppressed",
          " foo: 5 callbacks suppressed", "foo bar: 5 callbacks suppressed",
          "99999999999999999999 callbacks suppressed", "audit: backlog limit exceeded by far",
          "panic: audit: backlog limit exceeded",
          "audit: type=1107 audit(1.0:2): msg='audit: backlog limit exceeded"}) {
        const exact_text exact(text);
        const auto notice = parse_loss_notice(exact.view());
        BOOST_TEST_CONTEXT(text)
        {
            BOOST_REQUIRE(!notice);
            BOOST_TEST(notice.error() == sctrace::error::not_a_loss_notice);
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
