#include "common/words_test.hpp"
#include "record/logged_call.hpp"

#include <sctrace/error.hpp>
#include <sctrace/seccomp_record.hpp>

#include <string>
#include <vector>

namespace {

using sctrace::detail::logged_call_reader;

std::string body_of(int pid, const std::string& number, const std::string& comm = "\"cat\"")
{
    return "auid=4294967295 uid=0 gid=0 ses=3 pid=" + std::to_string(pid) + " comm=" + comm +
           " exe=\"/bin/cat\" sig=0 arch=c000003e syscall=" + number + " compat=0 ip=0x7f code=0x7ffc0000";
}

sctrace::audit_record record_of(const std::string& body)
{
    sctrace::audit_record record;
    record.type = sctrace::audit_type::seccomp;
    record.body = body;
    return record;
}

/// The reader, whatever it has read before, must agree with the whole parser.
void check_agrees(logged_call_reader& reader, const sctrace::audit_record& record)
{
    const auto expected = sctrace::parse_seccomp_record(record);
    const auto call = reader.read(record);
    BOOST_TEST_CONTEXT(record.body)
    {
        BOOST_REQUIRE(expected.has_value() == call.has_value());
        if (!expected) {
            BOOST_TEST((expected.error() == call.error()));
            return;
        }
        BOOST_TEST(
            (call->pid == expected->pid && call->ses == expected->ses && call->arch == expected->arch));
        BOOST_TEST(call->syscall == expected->syscall);
        BOOST_TEST(call->refused == sctrace::is_refusal(expected->code));
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(logged_call)

BOOST_AUTO_TEST_CASE(records_that_begin_alike_differ_in_their_calls)
{
    logged_call_reader reader;
    for (const std::string number : {"0", "39", "3", "390", "-1", "1073741863", "39"}) {
        const std::string body = body_of(42, number);
        check_agrees(reader, record_of(body));
        BOOST_TEST(std::to_string(reader.read(record_of(body))->syscall) == number);
    }
}

BOOST_AUTO_TEST_CASE(a_refused_call_is_told_from_one_that_was_let_through)
{
    struct example {
        std::string code;
        bool refused;
    };
    const std::vector<example> examples{
        {" code=0x7ffc0000", false},
        {" code=0x7fff0000", false},
        {" code=0x50000", true},
        {" code=0x80000000", true},
        {" code=0x0", true},
        {" code=0x12340000", true},
        {" code=0x7ffc0000 AUID=\"a\"", false},
        {" code=0x17ffc0000", true},
        {"", true},
    };
    logged_call_reader reader;
    for (const example& e : examples) {
        std::string body = body_of(42, "39");
        body = body.substr(0, body.find(" code=")) + e.code;
        check_agrees(reader, record_of(body));
        BOOST_TEST(reader.read(record_of(body))->refused == e.refused, e.code);
    }
}

BOOST_AUTO_TEST_CASE(a_process_is_not_taken_for_another_one_whose_number_begins_alike)
{
    logged_call_reader reader;
    for (const int pid : {42, 421, 4, 42, 4212}) {
        const std::string body = body_of(pid, "1");
        BOOST_TEST(reader.read(record_of(body))->pid.value() == pid);
    }
}

BOOST_AUTO_TEST_CASE(more_threads_than_are_remembered)
{
    logged_call_reader reader;
    for (int round = 0; round < 3; ++round) {
        for (int pid = 1; pid < 12; ++pid) {
            const std::string body = body_of(pid, std::to_string(round));
            const auto call = reader.read(record_of(body));
            BOOST_TEST(call->pid.value() == pid);
            BOOST_TEST(call->syscall == round);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_follows_a_known_beginning_is_judged_as_ever)
{
    const std::string known = body_of(42, "39");
    const std::string start = known.substr(0, known.find("39 compat"));
    for (const std::string rest : {"", "3", "39", "x", " ", "-", "-7 compat=0 ip=0x1 code=0x7ffc0000",
                                   "99999999999999999999 compat=0", "39 compat=1", "39x compat=0"}) {
        logged_call_reader reader;
        check_agrees(reader, record_of(known));
        const std::string body = start + rest;
        for (const bool maybe_cut : {false, true}) {
            sctrace::audit_record record = record_of(body);
            record.maybe_cut = maybe_cut;
            check_agrees(reader, record);
        }
    }
}

BOOST_AUTO_TEST_CASE(other_types_escapes_and_long_texts_take_the_whole_way)
{
    logged_call_reader reader;
    const std::string known = body_of(42, "39");
    check_agrees(reader, record_of(known));
    sctrace::audit_record abend = record_of(known);
    abend.type = sctrace::audit_type::anom_abend;
    check_agrees(reader, abend);
    sctrace::audit_record json = record_of(known);
    json.escapes = sctrace::text_escapes::json;
    check_agrees(reader, json);
    const std::string very_long = body_of(42, "39", std::string(600, 'A'));
    check_agrees(reader, record_of(very_long));
    check_agrees(reader, record_of(very_long));
}

BOOST_AUTO_TEST_SUITE_END()
