#include "common/words_test.hpp"

#include <sctrace/audit_record.hpp>
#include <sctrace/error.hpp>

using sctrace::audit_type;
using sctrace::kernel_text_may_be_cut;
using sctrace::parse_audit_payload;
using sctrace::parse_audit_record;
using sctrace::test::exact_text;

namespace {

std::uint32_t number_of(audit_type type)
{
    return static_cast<std::uint32_t>(type);
}

} // namespace

BOOST_AUTO_TEST_SUITE(audit_records)

BOOST_AUTO_TEST_CASE(reads_the_kernels_form)
{
    for (const std::string_view prefix : {"audit: ", ""}) {
        const exact_text text(std::string(prefix) + "type=1326 audit(1795497556.007:200135): auid=0 uid=0\n");
        const auto record = parse_audit_record(text.view());
        BOOST_REQUIRE(record);
        BOOST_TEST(number_of(record->type) == 1326U);
        BOOST_TEST(record->time == "1795497556.007");
        BOOST_TEST(record->serial == 200135U);
        BOOST_TEST(record->body == "auid=0 uid=0");
        BOOST_TEST(!record->maybe_cut);
    }
}

BOOST_AUTO_TEST_CASE(reads_the_daemons_form)
{
    for (const std::string_view node : {"", "node=host.example ", "node= "}) {
        const exact_text text(std::string(node) + "type=SECCOMP msg=audit(114.040:1178): auid=0");
        const auto record = parse_audit_record(text.view());
        BOOST_REQUIRE(record);
        BOOST_TEST(number_of(record->type) == 1326U);
        BOOST_TEST(record->time == "114.040");
        BOOST_TEST(record->serial == 1178U);
    }
}

BOOST_AUTO_TEST_CASE(reads_types_of_every_kind)
{
    const auto type_of = [](std::string_view word) {
        const auto record = parse_audit_record("type=" + std::string(word) + " msg=audit(1.000:1): x=1");
        BOOST_REQUIRE(record);
        return number_of(record->type);
    };
    BOOST_TEST(type_of("SECCOMP") == 1326U);
    BOOST_TEST(type_of("ANOM_ABEND") == 1701U);
    BOOST_TEST(type_of("UNKNOWN[1425]") == 1425U);
    BOOST_TEST(type_of("1326") == 1326U);
    BOOST_TEST(type_of("SYSCALL") == number_of(audit_type::unknown));
    BOOST_TEST(number_of(parse_audit_record("audit: type=1400 audit(1.000:1): x")->type) == 1400U);
}

BOOST_AUTO_TEST_CASE(tolerates_odd_stamps)
{
    BOOST_TEST(parse_audit_record("audit: type=1326 audit(123:456): x")->time == "123");
    BOOST_TEST(parse_audit_record("audit: type=1326 audit(0.0:4294967295):  x")->serial == 4294967295U);
    BOOST_TEST(parse_audit_record("audit: type=1326 audit(1.000:2):  two spaces")->body == "two spaces");
    BOOST_TEST(parse_audit_record("audit: type=1326 audit(1.000:2):")->body.empty());
}

BOOST_AUTO_TEST_CASE(refuses_everything_else)
{
    for (const std::string_view text : {"",
                                        "type=",
                                        "type=1326",
                                        "type=1326 syscall=1",
                                        "type=SECCOMP audit(1.0:2): x",
                                        "type= msg=audit(1.0:2): x",
                                        "type=SECCOMP msg=test(1.0:2): x",
                                        "type=UNKNOWN[13 msg=audit(1.0:2): x",
                                        "type=UNKNOWN[] msg=audit(1.0:2): x",
                                        "type=4294967296 audit(1.0:2): x",
                                        "type=1326 audit(1.0:4294967296): x",
                                        "type=1326 audit(1.0:): x",
                                        "type=1326 audit(.5:2): x",
                                        "type=1326 audit(1.:2): x",
                                        "type=1326 audit(-1.0:2): x",
                                        "type=1326 audit(1.0:2) : x",
                                        "type=1326 audit(1.0:2",
                                        " type=1326 audit(1.0:2): x",
                                        "audit: audit: type=1326 audit(1.0:2): x",
                                        "audit: type=SECCOMP msg=audit(1.0:2): x",
                                        "node=h type=1326 audit(1.0:2): x",
                                        "node=h",
                                        "audit(1.0:2): x",
                                        "type=1326x audit(1.0:2): x"}) {
        const exact_text exact(text);
        const auto record = parse_audit_record(exact.view());
        BOOST_TEST_CONTEXT(text)
        {
            BOOST_REQUIRE(!record);
            BOOST_TEST(record.error() == sctrace::error::not_an_audit_record);
        }
    }
}

BOOST_AUTO_TEST_CASE(leaves_out_what_the_daemon_appends)
{
    const std::string record = "type=SECCOMP msg=audit(1.000:2): pid=1 syscall=3 code=0x7ffc0000";
    const std::string extra = "AUID=\"unset\" UID=\"root\" SYSCALL=close pid=9 comm=\"x\"";
    for (const std::string_view separator : {"\x1d", "", " ", "\n\x1d"}) {
        const exact_text text(record + std::string(separator) + extra);
        BOOST_TEST(parse_audit_record(text.view())->body == "pid=1 syscall=3 code=0x7ffc0000");
    }
    BOOST_TEST(parse_audit_record("type=SECCOMP msg=audit(1.0:2): subj=AUID=\"x pid=1")->body ==
               "subj=AUID=\"x pid=1");
}

BOOST_AUTO_TEST_CASE(reads_a_netlink_payload)
{
    using namespace std::string_view_literals;
    for (const auto end : {""sv, "\n"sv, "\0"sv, "\n\0"sv}) {
        const exact_text payload("audit(1795498442.711:6108302): auid=0 pid=12055" + std::string(end));
        const auto record = parse_audit_payload(audit_type::seccomp, payload.view());
        BOOST_REQUIRE(record);
        BOOST_TEST(number_of(record->type) == 1326U);
        BOOST_TEST(record->time == "1795498442.711");
        BOOST_TEST(record->serial == 6108302U);
        BOOST_TEST(record->body == "auid=0 pid=12055");
    }
    const auto text = parse_audit_payload(audit_type::seccomp, "type=1326 audit(1.000:2): x");
    BOOST_REQUIRE(!text);
    BOOST_TEST(text.error() == sctrace::error::not_an_audit_record);
}

BOOST_AUTO_TEST_CASE(knows_the_lengths_at_which_the_kernel_cuts)
{
    for (const std::size_t length : {975U, 991U, 1021U}) {
        BOOST_TEST(kernel_text_may_be_cut(std::string(length, 'x')));
        BOOST_TEST(kernel_text_may_be_cut(std::string(length, 'x') + "\n"));
        BOOST_TEST(kernel_text_may_be_cut(std::string(length - 1, 'x') + R"(\x5c)"));
        BOOST_TEST(!kernel_text_may_be_cut(std::string(length - 1, 'x')));
        BOOST_TEST(!kernel_text_may_be_cut(std::string(length + 1, 'x')));
    }
    BOOST_TEST(!kernel_text_may_be_cut(""));
}

BOOST_AUTO_TEST_CASE(marks_kernel_texts_of_such_a_length)
{
    const auto padded = [](std::string text) {
        text.resize(1021, 'x');
        return text;
    };
    BOOST_TEST(parse_audit_record(padded("audit: type=1326 audit(1.000:2): "))->maybe_cut);
    BOOST_TEST(!parse_audit_record(padded("type=SECCOMP msg=audit(1.000:2): "))->maybe_cut);
    BOOST_TEST(!parse_audit_payload(audit_type::seccomp, padded("audit(1.000:2): "))->maybe_cut);
}

BOOST_AUTO_TEST_SUITE_END()
