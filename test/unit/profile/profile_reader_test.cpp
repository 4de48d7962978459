#include "common/words_test.hpp"

#include <sctrace/error.hpp>
#include <sctrace/profile_reader.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace std::string_view_literals;
using sctrace::architecture;
using sctrace::argument_condition;
using sctrace::comparison;
using sctrace::error;
using sctrace::filter_action;
using sctrace::filter_flag;
using sctrace::filter_verdict;
using sctrace::parse_profile;
using sctrace::profile;
using sctrace::profile_rule;
using sctrace::read_profile;
using sctrace::strictness;
using sctrace::test::with;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture x32 = architecture::of_call(0xc000003e, 0x40000000);

constexpr filter_verdict allow{filter_action::allow, 0};

using names = std::vector<std::string>;

read_profile read(std::string_view json, strictness how)
{
    const sctrace::test::exact_text exact(json);
    const auto parsed = parse_profile(exact.view(), how);
    BOOST_REQUIRE_MESSAGE(parsed.has_value(), parsed.error().message << ": " << json);
    return *parsed;
}

/// What is fine for a strict reader is the same for a lenient one.
profile profile_of(std::string_view json)
{
    const read_profile strict = read(json, strictness::strict);
    const read_profile lenient = read(json, strictness::lenient);
    BOOST_TEST(strict.notes.empty());
    BOOST_TEST(lenient.notes.empty());
    BOOST_TEST(lenient.contents.rules.size() == strict.contents.rules.size());
    return strict.contents;
}

std::string problem_of(std::string_view json, strictness how = strictness::strict)
{
    const sctrace::test::exact_text exact(json);
    const auto parsed = parse_profile(exact.view(), how);
    BOOST_REQUIRE_MESSAGE(!parsed, "accepted: " << json);
    BOOST_TEST(parsed.error().code == error::malformed_profile);
    return parsed.error().message;
}

std::string problem_of_any(std::string_view json)
{
    const std::string problem = problem_of(json, strictness::strict);
    BOOST_TEST(problem_of(json, strictness::lenient) == problem);
    return problem;
}

/// The only note of a lenient reader.
std::string note_of(const read_profile& read)
{
    BOOST_REQUIRE(read.notes.size() == 1U);
    return read.notes.front();
}

std::string with_groups(std::string_view groups, std::string_view default_action = "SCMP_ACT_ERRNO")
{
    return "{\n\"defaultAction\": \"" + std::string(default_action) + "\",\n\"syscalls\": [\n" +
           std::string(groups) + "\n]\n}\n";
}

/// A group of one condition on `read`, which stands on line 4.
std::string with_condition(std::string_view members, std::string_view action = "SCMP_ACT_ALLOW",
                           std::string_view default_action = "SCMP_ACT_ERRNO")
{
    return with_groups(R"({"names":["read"],"action":")" + std::string(action) + R"(","args":[{)" +
                           std::string(members) + "}]}",
                       default_action);
}

/// One rule for `read` with further members.
std::string with_members(std::string_view members, std::string_view action = "SCMP_ACT_ALLOW",
                         std::string_view default_action = "SCMP_ACT_ERRNO")
{
    return with_groups(R"({"names":["read"],"action":")" + std::string(action) + "\"" + std::string(members) +
                           "}",
                       default_action);
}

std::string with_names(std::string_view elements, std::string_view action = "SCMP_ACT_ALLOW",
                       std::string_view default_action = "SCMP_ACT_ERRNO")
{
    return with_groups(R"({"names":[)" + std::string(elements) + R"(],"action":")" + std::string(action) +
                           "\"}",
                       default_action);
}

std::string with_top(std::string_view members)
{
    return "{\"defaultAction\":\"SCMP_ACT_ERRNO\",\n" + std::string(members) + "}";
}

void check_rule(const profile_rule& rule, const names& expected, filter_verdict verdict,
                const std::vector<argument_condition>& conditions = {})
{
    BOOST_TEST(rule.names == expected, boost::test_tools::per_element());
    BOOST_TEST((rule.verdict == verdict));
    BOOST_TEST((rule.conditions == conditions));
}

constexpr std::string_view actions =
    "there are SCMP_ACT_ALLOW, SCMP_ACT_ERRNO, SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, SCMP_ACT_KILL, "
    "SCMP_ACT_LOG, SCMP_ACT_NOTIFY, SCMP_ACT_TRACE and SCMP_ACT_TRAP";

constexpr std::string_view plain_number =
    "; it must be a whole number from 0 to 18446744073709551615, in plain digits";

constexpr std::string_view docker_condition =
    " is a condition that Docker or Podman decides when it starts a container";

const std::string docker_template = R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "archMap": [
    {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
    {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
    {"architecture": "SCMP_ARCH_RISCV64", "subArchitectures": null}
  ],
  "syscalls": [
    {"names": ["accept", "arm_fadvise64_64", "epoll_ctl_old", "fchmodat2"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}]},
    {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ"}]},
    {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 8, "op": "SCMP_CMP_EQ"}]},
    {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}],
     "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390", "s390x"]}},
    {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38,
     "excludes": {"caps": ["CAP_SYS_ADMIN"]}}
  ]
}
)";

} // namespace

BOOST_AUTO_TEST_SUITE(profile_documents)

BOOST_AUTO_TEST_CASE(the_smallest_profile)
{
    const profile p = profile_of(R"({"defaultAction":"SCMP_ACT_ALLOW"})");
    BOOST_TEST((p.default_verdict == allow));
    BOOST_TEST(p.architectures.empty());
    BOOST_TEST(p.flags.empty());
    BOOST_TEST(p.rules.empty());
}

BOOST_AUTO_TEST_CASE(all_that_the_specification_has)
{
    const profile p = profile_of(R"({
        "defaultAction": "SCMP_ACT_ERRNO",
        "defaultErrnoRet": 38,
        "comment": "ours",
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32", "SCMP_ARCH_X86"],
        "flags": ["SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_TSYNC",
                  "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV", "SECCOMP_FILTER_FLAG_LOG"],
        "listenerPath": "/run/agent",
        "listenerMetadata": "x",
        "syscalls": [
            {"names": ["read", "write", "read"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["prctl"], "action": "SCMP_ACT_ERRNO", "errnoRet": 22, "comment": ["why", "not"],
             "args": [{"index": 0, "value": 22, "op": "SCMP_CMP_EQ"},
                      {"index": 5, "value": 240, "valueTwo": 16, "op": "SCMP_CMP_MASKED_EQ"}]}]})");
    BOOST_TEST((p.default_verdict == filter_verdict{filter_action::errno_value, 38}));
    BOOST_TEST((p.architectures == std::vector{x86_64, i386, x32}));
    BOOST_TEST((p.flags == std::vector{filter_flag::log, filter_flag::spec_allow, filter_flag::tsync,
                                       filter_flag::wait_killable_recv}));
    BOOST_REQUIRE(p.rules.size() == 2U);
    check_rule(p.rules[0], {"read", "write"}, allow);
    check_rule(p.rules[1], {"prctl"}, {filter_action::errno_value, 22},
               {{0, comparison::equal, 22, 0}, {5, comparison::masked_equal, 240, 16}});
}

BOOST_AUTO_TEST_CASE(null_is_as_good_as_absent)
{
    const profile p = profile_of(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":null,
        "architectures":null,"archMap":null,"flags":null,"listenerPath":null,"listenerMetadata":null,
        "syscalls":[{"names":["read"],"name":null,"action":"SCMP_ACT_ALLOW","args":null,"errnoRet":null,
        "includes":null,"excludes":null,"minKernel":null}]})");
    BOOST_TEST((p.default_verdict == filter_verdict{filter_action::errno_value, 1}));
    BOOST_REQUIRE(p.rules.size() == 1U);
    check_rule(p.rules[0], {"read"}, allow);
    BOOST_TEST(profile_of(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":null})").rules.empty());
}

BOOST_AUTO_TEST_CASE(what_docker_writes_for_nothing_is_nothing)
{
    const profile p = profile_of(with_members(
        R"(,"args":[],"comment":"","includes":{},"excludes":{"caps":[],"arches":null,"minKernel":""})"));
    BOOST_REQUIRE(p.rules.size() == 1U);
    check_rule(p.rules[0], {"read"}, allow);
    BOOST_TEST(
        profile_of(with_top(R"("archMap":[],"architectures":[],"flags":[],"syscalls":[])")).rules.empty());
}

BOOST_AUTO_TEST_CASE(the_older_form_with_one_name_in_each_group)
{
    const profile p = profile_of(with_groups(R"({"name":"read","action":"SCMP_ACT_ALLOW","args":[]},
        {"name":"write","action":"SCMP_ACT_ALLOW","args":null})"));
    BOOST_REQUIRE(p.rules.size() == 2U);
    check_rule(p.rules[0], {"read"}, allow);
    check_rule(p.rules[1], {"write"}, allow);
}

BOOST_AUTO_TEST_CASE(actions_and_the_values_that_they_have_by_default)
{
    struct expectation {
        std::string_view word;
        filter_verdict verdict;
    };
    constexpr std::array all{
        expectation{"SCMP_ACT_KILL", {filter_action::kill_thread, 0}},
        expectation{"SCMP_ACT_KILL_THREAD", {filter_action::kill_thread, 0}},
        expectation{"SCMP_ACT_KILL_PROCESS", {filter_action::kill_process, 0}},
        expectation{"SCMP_ACT_TRAP", {filter_action::trap, 0}},
        expectation{"SCMP_ACT_ERRNO", {filter_action::errno_value, 1}},
        expectation{"SCMP_ACT_NOTIFY", {filter_action::notify, 0}},
        expectation{"SCMP_ACT_TRACE", {filter_action::trace, 1}},
        expectation{"SCMP_ACT_LOG", {filter_action::log, 0}},
        expectation{"SCMP_ACT_ALLOW", {filter_action::allow, 0}},
    };
    for (const auto& [word, verdict] : all) {
        const profile p = profile_of(with_members("", word, word));
        BOOST_TEST((p.default_verdict == verdict));
        BOOST_REQUIRE(p.rules.size() == 1U);
        BOOST_TEST((p.rules[0].verdict == verdict));
    }
}

BOOST_AUTO_TEST_CASE(all_comparisons_and_the_largest_numbers)
{
    struct expectation {
        std::string_view word;
        comparison op;
    };
    constexpr std::array all{
        expectation{"SCMP_CMP_NE", comparison::not_equal},
        expectation{"SCMP_CMP_LT", comparison::less},
        expectation{"SCMP_CMP_LE", comparison::less_or_equal},
        expectation{"SCMP_CMP_EQ", comparison::equal},
        expectation{"SCMP_CMP_GE", comparison::greater_or_equal},
        expectation{"SCMP_CMP_GT", comparison::greater},
    };
    for (const auto& [word, op] : all) {
        const profile p = profile_of(with_condition(
            R"("index":1,"value":18446744073709551615,"valueTwo":0,"op":")" + std::string(word) + "\""));
        BOOST_REQUIRE(p.rules.size() == 1U);
        check_rule(p.rules[0], {"read"}, allow, {{1, op, 18446744073709551615U, 0}});
    }
    const profile masked = profile_of(with_condition(
        R"("index":0,"value":9223372036854775808,"valueTwo":18446744073709551615,"op":"SCMP_CMP_MASKED_EQ")"));
    check_rule(masked.rules.at(0), {"read"}, allow,
               {{0, comparison::masked_equal, 9223372036854775808U, 18446744073709551615U}});
}

BOOST_AUTO_TEST_CASE(values_of_errno_and_of_tracers_up_to_the_largest)
{
    const auto verdict = [](std::string_view members, std::string_view action) {
        return profile_of(with_members(members, action)).rules.at(0).verdict;
    };
    BOOST_TEST(
        (verdict(R"(,"errnoRet":0)", "SCMP_ACT_ERRNO") == filter_verdict{filter_action::errno_value, 0}));
    BOOST_TEST((verdict(R"(,"errnoRet":4095)", "SCMP_ACT_ERRNO") ==
                filter_verdict{filter_action::errno_value, 4095}));
    BOOST_TEST(
        (verdict(R"(,"errnoRet":65535)", "SCMP_ACT_TRACE") == filter_verdict{filter_action::trace, 65535}));
}

BOOST_AUTO_TEST_CASE(escapes_in_names_are_undone)
{
    check_rule(profile_of(with_names(R"("re\u0061d")")).rules.at(0), {"read"}, allow);
}

BOOST_AUTO_TEST_CASE(a_name_of_another_architecture_is_fine)
{
    const profile p = profile_of(with_names(
        R"("socketcall","breakpoint","s390_pci_mmio_read","swapcontext","riscv_flush_icache","rseq_slice_yield")"));
    BOOST_TEST(p.rules.at(0).names.size() == 6U);
    const profile of_i386 = profile_of(
        R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_X86"],
        "syscalls":[{"names":["accept","arch_prctl","waitpid"],"action":"SCMP_ACT_ALLOW"}]})");
    BOOST_TEST(of_i386.rules.at(0).names.size() == 3U);
}

BOOST_AUTO_TEST_CASE(rules_that_agree_are_fine)
{
    const std::string group = R"({"names":["read"],"action":"SCMP_ACT_ALLOW"})";
    const std::string conditional =
        R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]})";
    BOOST_TEST(profile_of(with_groups(group + ',' + group)).rules.size() == 2U);
    BOOST_TEST(profile_of(with_groups(group + ',' + conditional)).rules.size() == 2U);
    BOOST_TEST(profile_of(with_groups(conditional + ',' + group)).rules.size() == 2U);
    const std::string other = with(with(conditional, "ALLOW", "LOG"), "\"value\":1", "\"value\":2");
    BOOST_TEST(profile_of(with_groups(conditional + ',' + conditional + ',' + other)).rules.size() == 3U);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(malformed_profiles)

BOOST_AUTO_TEST_CASE(what_is_no_json)
{
    BOOST_TEST(problem_of_any("") == "line 1: no JSON: the text ends before the document does");
    BOOST_TEST(problem_of_any(" \n\n") == "line 2: no JSON: the text ends before the document does");
    BOOST_TEST(problem_of_any("{\n\"defaultAction\":\n") ==
               "line 2: no JSON: the text ends before the document does");
    BOOST_TEST(problem_of_any("{\n\n\"defaultAction\" \"x\"}") == "line 3: no JSON: syntax error");
    BOOST_TEST(problem_of_any("{\n\"default\nAction\":0}") == "line 2: no JSON: syntax error");
    BOOST_TEST(problem_of_any("{\n// comment\n}") == "line 2: no JSON: syntax error");
    BOOST_TEST(problem_of_any("{\"a\":[1,]}") == "line 1: no JSON: syntax error");
    BOOST_TEST(problem_of_any("read\nwrite\n") == "line 1: no JSON: syntax error");
    BOOST_TEST(problem_of_any("\xef\xbb\xbf{}") == "line 1: no JSON: syntax error");
    BOOST_TEST(problem_of_any("{\n\"a\":\"\\ud800\"}") == "line 2: no JSON: syntax error");
}

BOOST_AUTO_TEST_CASE(bytes_that_no_text_has)
{
    BOOST_TEST(problem_of_any("{\n\"a\xff\":1}") == "line 2: no JSON: bytes that are not UTF-8");
    BOOST_TEST(problem_of_any("{\n\"\xc0\x80\":1}") == "line 2: no JSON: bytes that are not UTF-8");
    BOOST_TEST(problem_of_any("{\"a\":\n\"re\0ad\"}"sv) == "line 2: no JSON: a NUL byte");
    BOOST_TEST(problem_of_any("{}\n\0"sv) == "line 2: text stands behind the document");
}

BOOST_AUTO_TEST_CASE(text_behind_the_document)
{
    const std::string document = R"({"defaultAction":"SCMP_ACT_ALLOW"})";
    BOOST_TEST(profile_of(document + " \n\t\r\n").rules.empty());
    BOOST_TEST(problem_of_any(document + "}") == "line 1: text stands behind the document");
    BOOST_TEST(problem_of_any(document + "\n\n" + document) == "line 3: text stands behind the document");
}

BOOST_AUTO_TEST_CASE(members_that_stand_twice)
{
    BOOST_TEST(
        problem_of_any("{\"defaultAction\":\"SCMP_ACT_ERRNO\",\n\n\"defaultAction\":\"SCMP_ACT_ALLOW\"}") ==
        "line 3: defaultAction stands twice: on line 1 and on this one");
    BOOST_TEST(problem_of_any(with_groups(
                   "{\"names\":[\"read\"]},\n{\"action\":\"SCMP_ACT_ALLOW\",\n\"args\":[{},{\"op\":1,\n"
                   "\"\\u006fp\":2}]}")) ==
               "line 7: syscalls[1].args[1].op stands twice: on line 6 and on this one");
    BOOST_TEST(problem_of_any(R"({"a b":{"":1,"":2}})") ==
               "line 1: [\"a b\"][\"\"] stands twice: on line 1 and on this one");
}

BOOST_AUTO_TEST_CASE(documents_that_are_too_deep_or_too_large)
{
    const std::string deep = std::string(32, '[') + std::string(32, ']');
    BOOST_TEST(problem_of_any(deep) == "line 1: a profile is a JSON object, and this is an array");
    BOOST_TEST(problem_of_any('[' + deep + ']') ==
               "line 1: arrays and objects stand more than 32 deep in each other");
    std::string many = "[0";
    for (int i = 0; i < 999'999; ++i) {
        many += ",0";
    }
    BOOST_TEST(problem_of_any(many + "]") == "line 1: more than 1000000 values");
    BOOST_TEST(problem_of_any(std::string(sctrace::max_profile_size + 1, ' ')) ==
               "line 1: the profile has more than 16 MiB");
}

BOOST_AUTO_TEST_CASE(documents_that_are_no_object)
{
    BOOST_TEST(problem_of_any("\n[]") == "line 2: a profile is a JSON object, and this is an array");
    BOOST_TEST(problem_of_any("null") == "line 1: a profile is a JSON object, and this is null");
    BOOST_TEST(problem_of_any("true") == "line 1: a profile is a JSON object, and this is a boolean");
    BOOST_TEST(problem_of_any("12") == "line 1: a profile is a JSON object, and this is a number");
    BOOST_TEST(problem_of_any("1.5\n") == "line 1: a profile is a JSON object, and this is a number");
    BOOST_TEST(problem_of_any("\"x\"") == "line 1: a profile is a JSON object, and this is a string");
}

BOOST_AUTO_TEST_CASE(the_whole_configuration_of_a_runtime)
{
    constexpr std::string_view advice =
        ": a runtime's whole config.json; take what stands under linux.seccomp, "
        "as with `jq .linux.seccomp config.json`";
    BOOST_TEST(problem_of_any("{\n\"ociVersion\":\"1.0.2\",\"process\":{},\n\"linux\":{\"seccomp\":{}}}") ==
               "line 2" + std::string(advice));
    BOOST_TEST(problem_of_any("{\"linux\":{}}") == "line 1" + std::string(advice));
}

BOOST_AUTO_TEST_CASE(members_that_are_missing)
{
    BOOST_TEST(problem_of_any("\n{}") == "line 2: defaultAction is missing");
    BOOST_TEST(problem_of_any(with_groups(R"({"names":["read"]})")) ==
               "line 4: syscalls[0].action is missing");
    BOOST_TEST(problem_of_any(with_groups(R"({"action":"SCMP_ACT_ALLOW"})")) ==
               "line 4: syscalls[0].names is missing");
    BOOST_TEST(problem_of_any(with_condition(R"("value":1,"op":"SCMP_CMP_EQ")")) ==
               "line 4: syscalls[0].args[0].index is missing");
    BOOST_TEST(problem_of_any(with_condition(R"("index":1,"op":"SCMP_CMP_EQ")")) ==
               "line 4: syscalls[0].args[0].value is missing");
    BOOST_TEST(problem_of_any(with_condition(R"("index":1,"value":1)")) ==
               "line 4: syscalls[0].args[0].op is missing");
}

BOOST_AUTO_TEST_CASE(members_of_another_type)
{
    const auto top = [](std::string_view members) { return problem_of_any(with_top(members)); };
    BOOST_TEST(problem_of_any(R"({"defaultAction":null})") ==
               "line 1: defaultAction must be a string, but is null");
    BOOST_TEST(top(R"("defaultErrnoRet":"EPERM")") ==
               "line 2: defaultErrnoRet must be a number, but is a string");
    BOOST_TEST(top(R"("architectures":"x86")") == "line 2: architectures must be an array, but is a string");
    BOOST_TEST(top(R"("architectures":[7])") == "line 2: architectures[0] must be a string, but is a number");
    BOOST_TEST(top(R"("flags":{})") == "line 2: flags must be an array, but is an object");
    BOOST_TEST(top(R"("flags":[null])") == "line 2: flags[0] must be a string, but is null");
    BOOST_TEST(top(R"("listenerPath":[])") == "line 2: listenerPath must be a string, but is an array");
    BOOST_TEST(top(R"("listenerMetadata":1)") ==
               "line 2: listenerMetadata must be a string, but is a number");
    BOOST_TEST(top(R"("archMap":1)") == "line 2: archMap must be an array, but is a number");
    BOOST_TEST(top(R"("syscalls":{})") == "line 2: syscalls must be an array, but is an object");
    BOOST_TEST(top(R"("syscalls":["read"])") == "line 2: syscalls[0] must be an object, but is a string");

    const auto member = [](std::string_view members) { return problem_of_any(with_members(members)); };
    BOOST_TEST(member(R"(,"errnoRet":true)") ==
               "line 4: syscalls[0].errnoRet must be a number, but is a boolean");
    BOOST_TEST(member(R"(,"args":{})") == "line 4: syscalls[0].args must be an array, but is an object");
    BOOST_TEST(member(R"(,"args":[null])") == "line 4: syscalls[0].args[0] must be an object, but is null");
    BOOST_TEST(problem_of_any(with_groups(R"({"names":["read"],"action":1})")) ==
               "line 4: syscalls[0].action must be a string, but is a number");
    BOOST_TEST(problem_of_any(with_groups(R"({"names":"read","action":"SCMP_ACT_ALLOW"})")) ==
               "line 4: syscalls[0].names must be an array, but is a string");
    BOOST_TEST(problem_of_any(with_groups(R"({"names":null,"action":"SCMP_ACT_ALLOW"})")) ==
               "line 4: syscalls[0].names must be an array, but is null");
    BOOST_TEST(problem_of_any(with_groups(R"({"name":["read"],"action":"SCMP_ACT_ALLOW"})")) ==
               "line 4: syscalls[0].name must be a string, but is an array");
    BOOST_TEST(problem_of_any(with_names("0")) ==
               "line 4: syscalls[0].names[0] must be a string, but is a number");
    BOOST_TEST(problem_of_any(with_condition(R"("index":1,"value":1,"op":2)")) ==
               "line 4: syscalls[0].args[0].op must be a string, but is a number");
    BOOST_TEST(problem_of_any(with_condition(R"("index":1,"value":1,"valueTwo":"2","op":"SCMP_CMP_EQ")")) ==
               "line 4: syscalls[0].args[0].valueTwo must be a number, but is a string");
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range)
{
    const auto value = [](std::string_view digits) {
        return problem_of_any(
            with_condition(R"("index":0,"op":"SCMP_CMP_EQ","value":)" + std::string(digits)));
    };
    const std::string is = "line 4: syscalls[0].args[0].value is ";
    BOOST_TEST(value("-1") == is + "-1" + std::string(plain_number));
    BOOST_TEST(value("-9223372036854775808") == is + "-9223372036854775808" + std::string(plain_number));
    BOOST_TEST(value("1.5") == is + "1.5" + std::string(plain_number));
    BOOST_TEST(value("1e2") == is + "1e2" + std::string(plain_number));
    BOOST_TEST(value("18446744073709551616") == is + "18446744073709551616" + std::string(plain_number));
    BOOST_TEST(value(std::string(41, '9')) == is + std::string(40, '9') + "…" + std::string(plain_number));

    const auto index = [](std::string_view digits) {
        return problem_of_any(
            with_condition(R"("op":"SCMP_CMP_EQ","value":0,"index":)" + std::string(digits)));
    };
    BOOST_TEST(index("6") == "line 4: syscalls[0].args[0].index is 6; a call has arguments 0 to 5");
    BOOST_TEST(index("18446744073709551615") ==
               "line 4: syscalls[0].args[0].index is 18446744073709551615; a call has arguments 0 to 5");
    BOOST_TEST(index("-1") == "line 4: syscalls[0].args[0].index is -1" + std::string(plain_number));

    BOOST_TEST(problem_of_any(with_members(R"(,"errnoRet":4096)", "SCMP_ACT_ERRNO")) ==
               "line 4: syscalls[0].errnoRet is 4096; the largest errno is 4095");
    BOOST_TEST(problem_of_any(with_members(R"(,"errnoRet":65536)", "SCMP_ACT_TRACE")) ==
               "line 4: syscalls[0].errnoRet is 65536; a tracer gets at most 65535");
    BOOST_TEST(problem_of_any(with_top(R"("defaultErrnoRet":4096)")) ==
               "line 2: defaultErrnoRet is 4096; the largest errno is 4095");
}

BOOST_AUTO_TEST_CASE(names_that_cannot_be_those_of_calls)
{
    constexpr std::string_view rule = "; a call's name has no spaces and no control characters";
    const auto name = [](std::string_view text) {
        return problem_of_any(with_names("\"write\",\n" + std::string(text)));
    };
    const std::string at = "line 5: syscalls[0].names[1] is ";
    BOOST_TEST(name(R"("")") == at + "empty");
    BOOST_TEST(name(R"("re ad")") == at + R"("re ad")" + std::string(rule));
    BOOST_TEST(name(R"("read ")") == at + R"("read ")" + std::string(rule));
    BOOST_TEST(name(R"("read\u0000")") == at + R"("read\u0000")" + std::string(rule));
    BOOST_TEST(name(R"("read\n")") == at + R"("read\n")" + std::string(rule));
    BOOST_TEST(name(R"("read\u007f")") == at + R"("read\u007f")" + std::string(rule));
    BOOST_TEST(problem_of_any(with_names("")) ==
               "line 4: syscalls[0].names is empty; name a call, or leave out the group");
    BOOST_TEST(problem_of_any(with_members(R"(,"name":"write")")) ==
               "line 4: syscalls[0].name stands beside names; leave it out");
}

BOOST_AUTO_TEST_CASE(words_that_nobody_knows)
{
    BOOST_TEST(problem_of_any("{\"defaultAction\":\n\"SCMP_ACT_DENY\"}") ==
               "line 2: defaultAction is \"SCMP_ACT_DENY\", which is no action; " + std::string(actions));
    BOOST_TEST(problem_of(with_members("", "SCMP_ACT_ALOW")) ==
               "line 4: syscalls[0].action is \"SCMP_ACT_ALOW\", which is no action; " +
                   std::string(actions));
    BOOST_TEST(problem_of(with_condition(R"("index":0,"value":1,"op":"=")")) ==
               "line 4: syscalls[0].args[0].op is \"=\", which is no comparison; there are SCMP_CMP_NE, "
               "SCMP_CMP_LT, SCMP_CMP_LE, SCMP_CMP_EQ, SCMP_CMP_GE, SCMP_CMP_GT and SCMP_CMP_MASKED_EQ");
    BOOST_TEST(
        problem_of(with_top(R"("architectures":["SCMP_ARCH_X86_64","x86"])")) ==
        "line 2: architectures[1] is \"x86\", which is no architecture; they are named as SCMP_ARCH_X86_64, "
        "SCMP_ARCH_X86, SCMP_ARCH_AARCH64");
    BOOST_TEST(problem_of(with_top(R"("flags":["TSYNC"])")) ==
               "line 2: flags[0] is \"TSYNC\", which is no flag; there are SECCOMP_FILTER_FLAG_TSYNC, "
               "SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW and "
               "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV");
    BOOST_TEST(
        problem_of(with_names("\"read\",\n\"raed\"")) ==
        "line 5: syscalls[0].names[1] is \"raed\", which no known architecture has; correct it or leave it "
        "out");
    BOOST_TEST(problem_of(with_names('"' + std::string(41, 'a') + '"')) ==
               "line 4: syscalls[0].names[0] is \"" + std::string(40, 'a') +
                   "\"…, which no known architecture has; correct it or leave it out");
}

BOOST_AUTO_TEST_CASE(members_that_nobody_knows)
{
    BOOST_TEST(problem_of(with_top("\"default action\":1")) ==
               "line 2: [\"default action\"] is unknown; a profile has defaultAction, defaultErrnoRet, "
               "architectures, flags, listenerPath, listenerMetadata and syscalls");
    BOOST_TEST(problem_of(with_members(R"(,"arg":[])")) ==
               "line 4: syscalls[0].arg is unknown; a group has names, action, errnoRet and args");
    BOOST_TEST(
        problem_of(with_condition(R"("index":0,"value":1,"op":"SCMP_CMP_EQ","valuetwo":1)")) ==
        "line 4: syscalls[0].args[0].valuetwo is unknown; a condition has index, value, valueTwo and op");
    BOOST_TEST(problem_of(with_members(",\"" + std::string(41, 'a') + "\":1")) ==
               "line 4: syscalls[0]." + std::string(40, 'a') +
                   "… is unknown; a group has names, action, errnoRet and args");
}

BOOST_AUTO_TEST_CASE(values_that_nothing_uses)
{
    BOOST_TEST(problem_of(with_members(R"(,"errnoRet":1)")) ==
               "line 4: syscalls[0].errnoRet stands beside SCMP_ACT_ALLOW, which has no value; leave it out");
    BOOST_TEST(problem_of(R"({"defaultAction":"SCMP_ACT_TRAP","defaultErrnoRet":0})") ==
               "line 1: defaultErrnoRet stands beside SCMP_ACT_TRAP, which has no value; leave it out");
    BOOST_TEST(
        problem_of(with_condition(R"("index":0,"value":1,"valueTwo":5,"op":"SCMP_CMP_EQ")")) ==
        "line 4: syscalls[0].args[0].valueTwo is 5, but only SCMP_CMP_MASKED_EQ compares with two numbers; "
        "make it 0 or leave it out");
}

BOOST_AUTO_TEST_CASE(templates_of_docker)
{
    const std::string rest = std::string(docker_condition) + "; leave out the condition, or the whole group";
    BOOST_TEST(problem_of(with_members(R"(,"includes":{"caps":["CAP_BPF"]})")) ==
               "line 4: syscalls[0].includes" + rest);
    BOOST_TEST(problem_of(with_members(R"(,"excludes":{"arches":["s390"]})")) ==
               "line 4: syscalls[0].excludes" + rest);
    BOOST_TEST(problem_of(with_members(R"(,"minKernel":"4.8")")) == "line 4: syscalls[0].minKernel" + rest);
    BOOST_TEST(problem_of(docker_template) ==
               "line 4: archMap is Docker's, who looks the host up in it; write the "
               "architectures into architectures instead");
    BOOST_TEST(problem_of_any(with_top(
                   R"("architectures":["SCMP_ARCH_X86"],"archMap":[{"architecture":"SCMP_ARCH_X86_64"}])")) ==
               "line 2: archMap stands beside architectures; leave one of the two out");
}

BOOST_AUTO_TEST_CASE(rules_that_contradict_each_other)
{
    const std::string allowed = R"({"names":["write","read"],"action":"SCMP_ACT_ALLOW"})";
    const std::string refused = R"({"names":["read"],"action":"SCMP_ACT_ERRNO"})";
    const std::string sometimes =
        R"({"names":["read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]})";
    const auto problem = [](const std::string& first, const std::string& second) {
        return problem_of_any(with_groups(first + ",\n" + second));
    };
    BOOST_TEST(
        problem(allowed, refused) ==
        "line 5: syscalls[1].names[0] gives \"read\" SCMP_ACT_ERRNO (1), but syscalls[0] on line 4 gives it "
        "SCMP_ACT_ALLOW; leave one of the two out");
    BOOST_TEST(
        problem(refused, with(refused, "}", R"(,"errnoRet":38})")) ==
        "line 5: syscalls[1].names[0] gives \"read\" SCMP_ACT_ERRNO (38), but syscalls[0] on line 4 gives it "
        "SCMP_ACT_ERRNO (1); leave one of the two out");
    BOOST_TEST(
        problem(refused, sometimes) ==
        "line 5: syscalls[1].names[0] gives \"read\" SCMP_ACT_ALLOW, but syscalls[0] on line 4 gives it "
        "SCMP_ACT_ERRNO (1) whatever its arguments are; leave one of the two out");
    BOOST_TEST(
        problem(sometimes, refused) ==
        "line 5: syscalls[1].names[0] gives \"read\" SCMP_ACT_ERRNO (1), but syscalls[0] on line 4 gives it "
        "SCMP_ACT_ALLOW under conditions; leave one of the two out");
    BOOST_TEST(problem(sometimes, with(sometimes, "ALLOW", "LOG")) ==
               "line 5: syscalls[1].names[0] gives \"read\" SCMP_ACT_LOG, but syscalls[0] on line 4 gives it "
               "SCMP_ACT_ALLOW under the same conditions; leave one of the two out");
}

BOOST_AUTO_TEST_CASE(conditions_contradict_in_any_order_and_after_others)
{
    const auto group = [](std::string_view action, std::string_view conditions) {
        return R"({"names":["read"],"action":")" + std::string(action) + R"(","args":[)" +
               std::string(conditions) + "]}";
    };
    const std::string one = R"({"index":0,"value":1,"op":"SCMP_CMP_EQ"})";
    const std::string two = R"({"index":1,"value":2,"op":"SCMP_CMP_GT"})";
    BOOST_TEST(problem_of_any(with_groups(group("SCMP_ACT_LOG", one) + ",\n" +
                                          group("SCMP_ACT_ALLOW", one + ',' + two) + ",\n" +
                                          group("SCMP_ACT_LOG", two + ',' + one))) ==
               "line 6: syscalls[2].names[0] gives \"read\" SCMP_ACT_LOG, but syscalls[1] on line 5 gives it "
               "SCMP_ACT_ALLOW under the same conditions; leave one of the two out");
    BOOST_TEST(problem_of_any(with_groups(group("SCMP_ACT_LOG", one) + ",\n" + group("SCMP_ACT_ALLOW", two) +
                                          ",\n" + group("SCMP_ACT_LOG", ""))) ==
               "line 6: syscalls[2].names[0] gives \"read\" SCMP_ACT_LOG, but syscalls[1] on line 5 gives it "
               "SCMP_ACT_ALLOW under conditions; leave one of the two out");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(profiles_read_leniently)

BOOST_AUTO_TEST_CASE(a_template_of_docker_without_what_docker_decides)
{
    if (architecture::native() != x86_64) {
        BOOST_TEST_MESSAGE("skipped: the template's entry is that of x86_64");
        return;
    }
    const read_profile found = read(docker_template, strictness::lenient);
    const profile& p = found.contents;
    BOOST_TEST((p.architectures == std::vector{x86_64, i386, x32}));
    BOOST_REQUIRE(p.rules.size() == 5U);
    check_rule(p.rules[0], {"accept", "arm_fadvise64_64", "epoll_ctl_old", "fchmodat2"}, allow);
    check_rule(p.rules[1], {"socket"}, allow, {{0, comparison::not_equal, 40, 0}});
    check_rule(p.rules[2], {"personality"}, allow, {{0, comparison::equal, 0, 0}});
    check_rule(p.rules[3], {"personality"}, allow, {{0, comparison::equal, 8, 0}});
    check_rule(p.rules[4], {"clone3"}, {filter_action::errno_value, 38});
    BOOST_TEST(
        found.notes ==
            (names{
                "line 4: archMap is Docker's, who looks the host up in it; what it has for x86_64 is taken",
                "line 11: syscalls[1].includes" + std::string(docker_condition) + "; the group is left out",
                "line 20: syscalls[5].excludes" + std::string(docker_condition) + "; the group is left out",
                "line 22: syscalls[6].excludes" + std::string(docker_condition) + "; it is ignored"}),
        boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_map_without_the_host_leaves_the_native_architecture)
{
    const read_profile found =
        read(with_top(R"("archMap":[{"architecture":"SCMP_ARCH_M68K","subArchitectures":["nonsense"]}])"),
             strictness::lenient);
    BOOST_TEST(found.contents.architectures.empty());
    BOOST_TEST(found.notes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(a_malformed_map)
{
    const auto problem = [](std::string_view map) {
        return problem_of(with_top("\"archMap\":" + std::string(map)), strictness::lenient);
    };
    BOOST_TEST(problem("[1]") == "line 2: archMap[0] must be an object, but is a number");
    BOOST_TEST(problem(R"([{"x":1}])") == "line 2: archMap[0].architecture is missing");
    BOOST_TEST(problem(R"([{"architecture":1}])") ==
               "line 2: archMap[0].architecture must be a string, but is a number");
    const std::string native(sctrace::oci_name(architecture::native()));
    BOOST_TEST(problem(R"([{"architecture":")" + native + R"(","subArchitectures":1}])") ==
               "line 2: archMap[0].subArchitectures must be an array, but is a number");
}

BOOST_AUTO_TEST_CASE(an_unknown_member_leaves_out_what_permits_and_is_ignored_by_what_refuses)
{
    const read_profile permission = read(with_members(R"(,"arg":[])"), strictness::lenient);
    BOOST_TEST(permission.contents.rules.empty());
    BOOST_TEST(note_of(permission) == "line 4: syscalls[0].arg is unknown; the group is left out");

    const read_profile refusal =
        read(with_members(R"(,"errno":"EPERM")", "SCMP_ACT_ERRNO"), strictness::lenient);
    check_rule(refusal.contents.rules.at(0), {"read"}, {filter_action::errno_value, 1});
    BOOST_TEST(note_of(refusal) == "line 4: syscalls[0].errno is unknown; it is ignored");

    const read_profile question = read(with_members(R"(,"arg":[])", "SCMP_ACT_NOTIFY"), strictness::lenient);
    BOOST_TEST(question.contents.rules.empty());
    BOOST_TEST(note_of(question) == "line 4: syscalls[0].arg is unknown; the group is left out");

    const read_profile top = read(with_top(R"("defaultErrno":"ENOSYS")"), strictness::lenient);
    BOOST_TEST(note_of(top) == "line 2: defaultErrno is unknown; it is ignored");
}

BOOST_AUTO_TEST_CASE(a_mistyped_list_of_refusals_is_not_ignored_where_the_default_permits)
{
    const auto mistyped = sctrace::parse_profile(R"({"defaultAction":"SCMP_ACT_ALLOW",
"syscall":[{"names":["mkdir"],"action":"SCMP_ACT_ERRNO"}]})",
                                                 strictness::lenient);
    BOOST_REQUIRE(!mistyped);
    BOOST_TEST(mistyped.error().message ==
               "line 2: syscall is unknown; it cannot be ignored, as the default action is SCMP_ACT_ALLOW");
}

BOOST_AUTO_TEST_CASE(a_condition_that_is_not_understood_leaves_out_its_group)
{
    constexpr std::string_view condition = R"("index":0,"value":1,"op":"SCMP_CMP_ODD")";
    constexpr std::string_view note =
        "line 4: syscalls[0].args[0].op is \"SCMP_CMP_ODD\", which is no comparison; the group is left out";
    for (const std::string_view default_action : {"SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW", "SCMP_ACT_NOTIFY"}) {
        const read_profile permission =
            read(with_condition(condition, "SCMP_ACT_LOG", default_action), strictness::lenient);
        BOOST_TEST(permission.contents.rules.empty());
        BOOST_TEST(note_of(permission) == note);
    }
    const read_profile refusal = read(with_condition(condition, "SCMP_ACT_TRAP"), strictness::lenient);
    BOOST_TEST(refusal.contents.rules.empty());
    BOOST_TEST(note_of(refusal) == note);
    for (const std::string_view default_action : {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG", "SCMP_ACT_TRACE"}) {
        BOOST_TEST(
            problem_of(with_condition(condition, "SCMP_ACT_ERRNO", default_action), strictness::lenient) ==
            "line 4: syscalls[0].args[0].op is \"SCMP_CMP_ODD\", which is no comparison; the group cannot be "
            "left out, as the default action is " +
                std::string(default_action));
    }
}

BOOST_AUTO_TEST_CASE(an_unknown_action_gives_way_to_a_default_that_refuses)
{
    const read_profile found = read(with_members("", "SCMP_ACT_FREEZE"), strictness::lenient);
    BOOST_TEST(found.contents.rules.empty());
    BOOST_TEST(
        note_of(found) ==
        "line 4: syscalls[0].action is \"SCMP_ACT_FREEZE\", which is no action; the group is left out");
    BOOST_TEST(problem_of(with_members("", "SCMP_ACT_FREEZE", "SCMP_ACT_ALLOW"), strictness::lenient) ==
               "line 4: syscalls[0].action is \"SCMP_ACT_FREEZE\", which is no action; the group cannot be "
               "left out, "
               "as the default action is SCMP_ACT_ALLOW");
}

BOOST_AUTO_TEST_CASE(what_another_group_permits_cannot_lose_its_refusal)
{
    const std::string unknown = R"({"names":["write","read"],"action":"SCMP_ACT_FREEZE"})";
    const std::string allowed = R"({"names":["read"],"action":"SCMP_ACT_ALLOW"})";
    const std::string expected = "syscalls[%].action is \"SCMP_ACT_FREEZE\", which is no action; the group "
                                 "cannot be left out, as another "
                                 "one has SCMP_ACT_ALLOW for \"read\"";
    BOOST_TEST(problem_of(with_groups(unknown + ",\n" + allowed), strictness::lenient) ==
               "line 4: " + with(expected, "%", "0"));
    BOOST_TEST(problem_of(with_groups(allowed + ",\n" + unknown), strictness::lenient) ==
               "line 5: " + with(expected, "%", "1"));
    const read_profile refused =
        read(with_groups(unknown + ",\n" + with(allowed, "ALLOW", "TRAP")), strictness::lenient);
    BOOST_TEST(refused.contents.rules.size() == 1U);
}

BOOST_AUTO_TEST_CASE(names_that_nobody_knows_are_left_out)
{
    const read_profile some = read(with_names(R"("read","raed","write")"), strictness::lenient);
    check_rule(some.contents.rules.at(0), {"read", "write"}, allow);
    BOOST_TEST(note_of(some) ==
               "line 4: syscalls[0].names[1] is \"raed\", which no known architecture has; it is left out");
    const read_profile all = read(with_names(R"("raed")", "SCMP_ACT_TRAP"), strictness::lenient);
    BOOST_TEST(all.contents.rules.empty());
    BOOST_TEST(all.notes.size() == 1U);
    BOOST_TEST(
        read(with_names(R"("raed")", "SCMP_ACT_LOG", "SCMP_ACT_ALLOW"), strictness::lenient).notes.size() ==
        1U);
    BOOST_TEST(problem_of(with_names(R"("raed")", "SCMP_ACT_TRAP", "SCMP_ACT_ALLOW"), strictness::lenient) ==
               "line 4: syscalls[0].names[0] is \"raed\", which no known architecture has; it cannot be left "
               "out, as "
               "the default action is SCMP_ACT_ALLOW");
}

BOOST_AUTO_TEST_CASE(what_nothing_uses_is_ignored)
{
    const read_profile value = read(with_members(R"(,"errnoRet":7)"), strictness::lenient);
    check_rule(value.contents.rules.at(0), {"read"}, allow);
    BOOST_TEST(
        note_of(value) ==
        "line 4: syscalls[0].errnoRet stands beside SCMP_ACT_ALLOW, which has no value; it is ignored");

    const read_profile two =
        read(with_condition(R"("index":0,"value":1,"valueTwo":5,"op":"SCMP_CMP_LT")"), strictness::lenient);
    check_rule(two.contents.rules.at(0), {"read"}, allow, {{0, comparison::less, 1, 0}});
    BOOST_TEST(note_of(two) ==
               "line 4: syscalls[0].args[0].valueTwo is 5, but only SCMP_CMP_MASKED_EQ compares "
               "with two numbers; it is ignored");

    const read_profile default_value =
        read(R"({"defaultAction":"SCMP_ACT_LOG","defaultErrnoRet":7})", strictness::lenient);
    BOOST_TEST((default_value.contents.default_verdict == filter_verdict{filter_action::log, 0}));
    BOOST_TEST(default_value.notes.size() == 1U);
}

BOOST_AUTO_TEST_CASE(unknown_architectures_and_flags_are_left_out)
{
    const read_profile found = read(
        with_top(R"("architectures":["SCMP_ARCH_VAX","SCMP_ARCH_X86"],"flags":["SECCOMP_FILTER_FLAG_X"])"),
        strictness::lenient);
    BOOST_TEST((found.contents.architectures == std::vector{i386}));
    BOOST_TEST(found.contents.flags.empty());
    BOOST_TEST(
        found.notes ==
            (names{"line 2: architectures[0] is \"SCMP_ARCH_VAX\", which is no architecture; it is left out",
                   "line 2: flags[0] is \"SECCOMP_FILTER_FLAG_X\", which is no flag; it is left out"}),
        boost::test_tools::per_element());
    BOOST_TEST(problem_of(with_top(R"("architectures":["SCMP_ARCH_VAX"])"), strictness::lenient) ==
               "line 2: architectures holds no known architecture");
}

BOOST_AUTO_TEST_CASE(notes_are_counted_beyond_a_hundred)
{
    std::string elements = "\"no_call\"";
    for (int i = 0; i < 101; ++i) {
        elements += ",\"no_call_" + std::to_string(i) + '"';
    }
    const read_profile found = read(with_names(elements), strictness::lenient);
    BOOST_REQUIRE(found.notes.size() == 101U);
    BOOST_TEST(found.notes[99] ==
               "line 4: syscalls[0].names[99] is \"no_call_98\", which no known architecture "
               "has; it is left out");
    BOOST_TEST(found.notes[100] == "and 2 more");
}

BOOST_AUTO_TEST_SUITE_END()
