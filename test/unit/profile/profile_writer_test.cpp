#include <sctrace/profile_writer.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <limits>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using sctrace::architecture;
using sctrace::argument_condition;
using sctrace::comparison;
using sctrace::filter_action;
using sctrace::filter_flag;
using sctrace::filter_verdict;
using sctrace::profile;
using sctrace::profile_format;
using sctrace::profile_rule;

const architecture x86_64(0xc000003e);
const architecture i386(0x40000003);
const architecture x32(0x4000003e);
const architecture sparc(0x00000002);

constexpr filter_verdict allow{filter_action::allow, 0};
constexpr filter_verdict eperm{filter_action::errno_value, 1};
constexpr filter_verdict kill_process{filter_action::kill_process, 0};

/// A profile of allowed names for x86_64.
profile allowing(std::vector<std::string> names, filter_verdict otherwise)
{
    profile p;
    p.default_verdict = otherwise;
    p.architectures = {x86_64};
    p.rules = {{std::move(names), allow, {}}};
    return p;
}

profile with_rule(profile p, profile_rule rule)
{
    p.rules.push_back(std::move(rule));
    return p;
}

profile with_flag(profile p)
{
    p.flags = {filter_flag::log, filter_flag::spec_allow};
    return p;
}

profile on(profile p, std::vector<architecture> architectures)
{
    p.architectures = std::move(architectures);
    return p;
}

std::string text(const profile& p, profile_format format, architecture native = x86_64)
{
    const auto written = sctrace::to_text(p, format, native);
    BOOST_REQUIRE_MESSAGE(written.has_value(), written.error().message);
    return *written;
}

void require_refusal(const profile& p, profile_format format, const std::string& message,
                     architecture native = x86_64)
{
    const auto written = sctrace::to_text(p, format, native);
    BOOST_REQUIRE(written.has_error());
    BOOST_TEST((written.error().code == sctrace::error::not_expressible));
    BOOST_TEST(written.error().message == message);
}

const argument_condition first_is_one{0, comparison::equal, 1, 0};

} // namespace

BOOST_AUTO_TEST_SUITE(profile_writer)

BOOST_AUTO_TEST_CASE(the_names_of_formats)
{
    BOOST_TEST((sctrace::profile_format_from_name("oci") == profile_format::oci));
    BOOST_TEST((sctrace::profile_format_from_name("nucleus") == profile_format::nucleus));
    BOOST_TEST((sctrace::profile_format_from_name("systemd") == profile_format::systemd));
    BOOST_TEST((sctrace::profile_format_from_name("minijail") == profile_format::minijail));
    BOOST_TEST(!sctrace::profile_format_from_name("OCI"));
    BOOST_TEST(!sctrace::profile_format_from_name(""));
}

BOOST_AUTO_TEST_CASE(a_format_that_is_none_is_refused)
{
    require_refusal(
        allowing({"read"}, eperm), static_cast<profile_format>(99),
        "the format  cannot say anything: there is no such format; use the format oci, or leave it out");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(oci_profile)

BOOST_AUTO_TEST_CASE(an_allow_list_has_the_errno_of_its_default_action)
{
    BOOST_TEST(text(on(allowing({"write", "read"}, eperm), {x86_64, i386, x32}), profile_format::oci) == R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "architectures": [
    "SCMP_ARCH_X86_64",
    "SCMP_ARCH_X86",
    "SCMP_ARCH_X32"
  ],
  "syscalls": [
    {
      "names": [
        "read",
        "write"
      ],
      "action": "SCMP_ACT_ALLOW"
    }
  ]
}
)");
}

BOOST_AUTO_TEST_CASE(flags_values_and_conditions_are_written)
{
    profile p = with_flag(allowing({"read"}, kill_process));
    p.rules.push_back({{"mount"}, {filter_action::errno_value, 38}, {}});
    p.rules.push_back({{"bpf"}, {filter_action::trace, 7}, {}});
    p.rules.push_back({{"clone"},
                       {filter_action::log, 0},
                       {{0, comparison::masked_equal, 2114060288, 0},
                        {5, comparison::greater, std::numeric_limits<std::uint64_t>::max(), 0}}});
    BOOST_TEST(text(p, profile_format::oci) == R"({
  "defaultAction": "SCMP_ACT_KILL_PROCESS",
  "architectures": [
    "SCMP_ARCH_X86_64"
  ],
  "flags": [
    "SECCOMP_FILTER_FLAG_LOG",
    "SECCOMP_FILTER_FLAG_SPEC_ALLOW"
  ],
  "syscalls": [
    {
      "names": [
        "read"
      ],
      "action": "SCMP_ACT_ALLOW"
    },
    {
      "names": [
        "mount"
      ],
      "action": "SCMP_ACT_ERRNO",
      "errnoRet": 38
    },
    {
      "names": [
        "bpf"
      ],
      "action": "SCMP_ACT_TRACE",
      "errnoRet": 7
    },
    {
      "names": [
        "clone"
      ],
      "action": "SCMP_ACT_LOG",
      "args": [
        {
          "index": 0,
          "value": 2114060288,
          "valueTwo": 0,
          "op": "SCMP_CMP_MASKED_EQ"
        },
        {
          "index": 5,
          "value": 18446744073709551615,
          "op": "SCMP_CMP_GT"
        }
      ]
    }
  ]
}
)");
}

BOOST_AUTO_TEST_CASE(without_rules_the_list_is_empty_and_without_architectures_it_is_the_native_one)
{
    profile p;
    p.default_verdict = {filter_action::log, 0};
    BOOST_TEST(text(p, profile_format::oci, i386) == R"({
  "defaultAction": "SCMP_ACT_LOG",
  "architectures": [
    "SCMP_ARCH_X86"
  ],
  "syscalls": []
}
)");
}

BOOST_AUTO_TEST_CASE(names_are_json_whatever_they_are)
{
    const std::string written = text(allowing({"a\"\n"}, kill_process), profile_format::oci);
    BOOST_TEST(written.find("\n        \"a\\\"\\n\"\n") != std::string::npos, written);
}

BOOST_AUTO_TEST_CASE(what_oci_has_no_words_for_is_refused)
{
    require_refusal(on(allowing({"read"}, eperm), {x86_64, sparc}), profile_format::oci,
                    "the format oci cannot say the architecture sparc, which has no name in it");
    require_refusal(allowing({"read"}, {filter_action::trap, 5}), profile_format::oci,
                    "the format oci cannot say the value 5 for SCMP_ACT_TRAP");
    require_refusal(with_rule(allowing({"read"}, eperm), {{"bpf"}, {filter_action::trap, 6}, {}}),
                    profile_format::oci, "the format oci cannot say the value 6 for SCMP_ACT_TRAP");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(nucleus_profile)

BOOST_AUTO_TEST_CASE(names_of_all_rules_are_one_sorted_group)
{
    const profile p = with_rule(allowing({"write", "read"}, kill_process), {{"_llseek", "read"}, allow, {}});
    BOOST_TEST(text(p, profile_format::nucleus) == R"({
  "defaultAction": "SCMP_ACT_KILL_PROCESS",
  "architectures": [
    "SCMP_ARCH_X86_64"
  ],
  "syscalls": [
    {
      "names": [
        "_llseek",
        "read",
        "write"
      ],
      "action": "SCMP_ACT_ALLOW"
    }
  ]
}
)");
}

BOOST_AUTO_TEST_CASE(no_name_is_an_empty_array)
{
    BOOST_TEST(text(allowing({}, kill_process), profile_format::nucleus) == R"({
  "defaultAction": "SCMP_ACT_KILL_PROCESS",
  "architectures": [
    "SCMP_ARCH_X86_64"
  ],
  "syscalls": [
    {
      "names": [],
      "action": "SCMP_ACT_ALLOW"
    }
  ]
}
)");
}

BOOST_AUTO_TEST_CASE(everything_else_is_refused)
{
    const profile p = allowing({"read"}, kill_process);
    const std::string otherwise = "; use the format oci, or leave it out";
    const auto refuse = [&](const profile& refused, const std::string& what, architecture native = x86_64) {
        require_refusal(refused, profile_format::nucleus, "the format nucleus cannot say " + what + otherwise,
                        native);
    };
    refuse(allowing({"read"}, eperm), "the default action SCMP_ACT_ERRNO, only SCMP_ACT_KILL_PROCESS");
    refuse(with_flag(p), "SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW");
    refuse(on(p, {x86_64, i386, x32}), "that calls of i386, x32 are allowed, only those of x86_64");
    refuse(on(p, {}), "the architecture sparc, which has no name in it", sparc);
    refuse(with_rule(p, {{"clone", "socket"}, allow, {first_is_one}}),
           "the conditions on the arguments of clone, socket");
    refuse(with_rule(p, {{"mount"}, eperm, {}}), "the action SCMP_ACT_ERRNO for mount");
    refuse(with_rule(p, {{"mount"}, {filter_action::log, 0}, {}}), "the action SCMP_ACT_LOG for mount");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(systemd_drop_in)

namespace {

/// The lines behind `[Service]` that are no comments.
std::string settings(const std::string& drop_in)
{
    std::string found;
    std::istringstream lines(drop_in.substr(drop_in.find("[Service]\n")));
    for (std::string line; std::getline(lines, line);) {
        found += line.starts_with('#') ? "" : line + '\n';
    }
    return found;
}

std::string settings(const profile& p)
{
    return settings(text(p, profile_format::systemd));
}

} // namespace

BOOST_AUTO_TEST_CASE(the_whole_file)
{
    BOOST_TEST(
        text(allowing({"write", "read"}, eperm), profile_format::systemd) ==
        R"(# An allow-list for a unit, made by sctrace. Calls that are not in it fail with the error EPERM.
# systemd itself also allows execve, exit, exit_group, getrlimit, rt_sigreturn, sigreturn and the calls
# that ask for the time or sleep, and passes over names that its libseccomp does not know.
[Service]
# The empty assignments take back what the unit says: the lists are whole.
SystemCallFilter=
SystemCallFilter=read write
SystemCallErrorNumber=EPERM
SystemCallArchitectures=
SystemCallArchitectures=native
)");
}

BOOST_AUTO_TEST_CASE(each_default_action_that_systemd_has)
{
    BOOST_TEST(settings(allowing({"read"}, {filter_action::errno_value, 38})) ==
               "[Service]\nSystemCallFilter=\nSystemCallFilter=read\nSystemCallErrorNumber=38\n"
               "SystemCallArchitectures=\nSystemCallArchitectures=native\n");
    BOOST_TEST(settings(allowing({"read"}, kill_process)) ==
               "[Service]\nSystemCallFilter=\nSystemCallFilter=read\nSystemCallErrorNumber=\n"
               "SystemCallArchitectures=\nSystemCallArchitectures=native\n");
    BOOST_TEST(settings(allowing({"read"}, {filter_action::log, 0})) ==
               "[Service]\nSystemCallFilter=\nSystemCallLog=\nSystemCallLog=~read\n"
               "SystemCallArchitectures=\n");
}

BOOST_AUTO_TEST_CASE(architectures_have_systemd_s_names)
{
    const std::vector<std::pair<std::string, std::string>> expected{
        {"i386", "x86"},
        {"x32", "x32"},
        {"aarch64", "arm64"},
        {"arm", "arm"},
        {"ppc", "ppc"},
        {"ppc64", "ppc64"},
        {"ppc64le", "ppc64-le"},
        {"s390", "s390"},
        {"s390x", "s390x"},
        {"riscv64", "riscv64"},
        {"mips", "mips"},
        {"loongarch64", "loongarch64"},
        {"mipsel", "mips-le"},
        {"mips64n32", "mips64-n32"},
        {"mipsel64", "mips64-le"},
        {"mipsel64n32", "mips64-le-n32"},
        {"mips64", "mips64"},
        {"parisc", "parisc"},
        {"parisc64", "parisc64"},
    };
    for (const auto& [name, word] : expected) {
        const profile p = on(allowing({"read"}, eperm), {x86_64, *architecture::from_name(name)});
        BOOST_TEST(settings(p).ends_with("\nSystemCallArchitectures=native " + word + "\n"), settings(p));
    }
    const profile without = on(allowing({"read"}, eperm), {});
    BOOST_TEST(settings(without).ends_with("\nSystemCallArchitectures=native\n"));
}

BOOST_AUTO_TEST_CASE(long_lists_go_on_in_further_assignments)
{
    std::vector<std::string> names;
    for (char c = 'a'; c <= 'l'; ++c) {
        names.push_back(std::string(12, c));
    }
    const auto list = [&](char first, char last) {
        std::string line;
        for (char c = first; c <= last; ++c) {
            line += (line.empty() ? "" : " ") + std::string(12, c);
        }
        return line + '\n';
    };
    BOOST_TEST(settings(allowing(names, eperm)) ==
               "[Service]\nSystemCallFilter=\nSystemCallFilter=" + list('a', 'f') +
                   "SystemCallFilter=" + list('g', 'l') +
                   "SystemCallErrorNumber=EPERM\nSystemCallArchitectures=\n"
                   "SystemCallArchitectures=native\n");
    BOOST_TEST(settings(allowing(names, {filter_action::log, 0})) ==
               "[Service]\nSystemCallFilter=\nSystemCallLog=\nSystemCallLog=~" + list('a', 'f') +
                   "SystemCallLog=~" + list('g', 'l') + "SystemCallArchitectures=\n");
}

BOOST_AUTO_TEST_CASE(what_systemd_cannot_say_is_refused)
{
    const profile p = allowing({"read"}, eperm);
    const auto refuse = [](const profile& refused, const std::string& what) {
        require_refusal(refused, profile_format::systemd,
                        "the format systemd cannot say " + what + "; use the format oci, or leave it out");
    };
    refuse(allowing({"read"}, {filter_action::errno_value, 0}), "the error number 0");
    refuse(allowing({"read"}, {filter_action::errno_value, 4096}), "the error number 4096");
    refuse(allowing({"read"}, {filter_action::trap, 0}), "the default action SCMP_ACT_TRAP");
    refuse(allowing({"read"}, {filter_action::kill_thread, 0}), "the default action SCMP_ACT_KILL_THREAD");
    refuse(with_flag(p), "SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW");
    refuse(with_rule(p, {{"clone"}, allow, {first_is_one}}), "the conditions on the arguments of clone");
    refuse(with_rule(p, {{"mount"}, {filter_action::log, 0}, {}}), "the action SCMP_ACT_LOG for mount");
    refuse(allowing({"read", "@system-service"}, eperm),
           "'@system-service', which is no name of a system call");
    refuse(allowing({"read", ""}, eperm), "'', which is no name of a system call");
    refuse(on(p, {x86_64, sparc}), "the architecture sparc, which has no name in it");
    refuse(on(p, {i386}), "that calls of x86_64 are not allowed: systemd always allows its own architecture");
    refuse(allowing({}, eperm), "that no call is allowed: an empty list means that there is none");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(minijail_policy)

namespace {

using words = std::vector<std::string>;

words words_of(const std::string& line)
{
    std::istringstream in(line);
    return {std::istream_iterator<std::string>(in), {}};
}

bool is_one_of(const std::string& word, const words& known)
{
    return std::find(known.begin(), known.end(), word) != known.end();
}

bool has_only(std::string_view text, std::string_view characters)
{
    return !text.empty() && text.find_first_not_of(characters) == std::string_view::npos;
}

bool is_constant(std::string_view word)
{
    word.remove_prefix(word.starts_with('~') ? 1 : 0);
    return has_only(word, "0123456789") ||
           (word.starts_with("0x") && has_only(word.substr(2), "0123456789abcdef"));
}

/// atom = argument , op , value, with `&&` and `||` between atoms.
bool is_expression(const words& found)
{
    for (std::size_t i = 0; i + 2 < found.size(); i += 4) {
        const bool argument =
            found[i].size() == 4 && found[i].starts_with("arg") && has_only(found[i].substr(3), "012345");
        if (!argument || !is_one_of(found[i + 1], {"==", "!=", "<=", "<", ">=", ">", "&", "in"}) ||
            !is_constant(found[i + 2]) || (i + 3 < found.size() && !is_one_of(found[i + 3], {"&&", "||"}))) {
            return false;
        }
    }
    return found.size() % 4 == 3;
}

bool is_filter(const words& found)
{
    if (found.size() == 1) {
        return is_one_of(
            found[0], {"1", "allow", "kill-process", "kill-thread", "trap", "trace", "log", "user-notify"});
    }
    return is_expression(found) || (found.size() == 2 && found[0] == "return" && is_constant(found[1]));
}

bool is_line(const std::string& line)
{
    words found = words_of(line);
    if (found.empty() || found[0].starts_with('#')) {
        return true;
    }
    if (found[0] == "@default") {
        return found.size() == 2 &&
               is_one_of(found[1], {"kill-process", "kill-thread", "trap", "user-notify"});
    }
    std::string name = found[0];
    found.erase(found.begin());
    return name.ends_with(':') &&
           has_only(name.substr(0, name.size() - 1), "abcdefghijklmnopqrstuvwxyz0123456789_") &&
           is_filter(found);
}

/// Whether the text is a policy: what of minijail's grammar (tools/parser.py) concerns one call each.
bool is_policy(const std::string& policy)
{
    std::istringstream lines(policy);
    std::size_t defaults = 0;
    for (std::string line; std::getline(lines, line);) {
        if (!is_line(line)) {
            return false;
        }
        defaults += line.starts_with("@default") ? 1 : 0;
    }
    return defaults == 1 && policy.ends_with('\n');
}

/// The statements, without comments.
std::string statements(const profile& p, architecture native = x86_64)
{
    const std::string policy = text(p, profile_format::minijail, native);
    BOOST_TEST(is_policy(policy), policy);
    return policy.substr(policy.find("\n@default") + 1);
}

std::string statement(profile_rule rule)
{
    const std::string all = statements(with_rule(allowing({}, kill_process), std::move(rule)));
    return all.substr(all.find('\n') + 1);
}

} // namespace

BOOST_AUTO_TEST_CASE(the_grammar_refuses_what_is_no_policy)
{
    BOOST_TEST(is_policy("# x\n@default trap\nread: 1\nclone: arg0 & 0x1 && arg1 == 2 || arg0 in ~0x3\n"));
    for (const std::string odd : {"@default log\n", "@default trap\nread 1\n", "@default trap\nread: 2\n",
                                  "@default trap\nread: arg6 == 1\n", "@default trap\nread: arg0 == 1 &&\n",
                                  "@default trap\nread: arg0 = 1\n", "@default trap\nread: arg0 == x\n",
                                  "@default trap\nread: return\n", "read: 1\n", "@default trap\nread: 1"}) {
        BOOST_TEST(!is_policy(odd), odd);
    }
}

BOOST_AUTO_TEST_CASE(the_whole_file)
{
    BOOST_TEST(text(allowing({"write", "oldfstat", "read"}, kill_process), profile_format::minijail) ==
               R"(# A policy for x86_64, made by sctrace, for minijail's compile_seccomp_policy.py.
# minijail0 -S does not know @default and kills without it.
@default kill-process
# oldfstat is no call of x86_64
read: 1
write: 1
)");
}

BOOST_AUTO_TEST_CASE(each_default_action_that_minijail_has)
{
    BOOST_TEST(statements(allowing({"read"}, {filter_action::kill_thread, 0})) ==
               "@default kill-thread\nread: 1\n");
    BOOST_TEST(statements(allowing({"read"}, {filter_action::trap, 0})) == "@default trap\nread: 1\n");
    BOOST_TEST(statements(allowing({}, {filter_action::notify, 0})) == "@default user-notify\n");
}

BOOST_AUTO_TEST_CASE(each_action_of_a_call)
{
    const std::vector<std::pair<filter_verdict, std::string>> expected{
        {allow, "1"},
        {{filter_action::errno_value, 13}, "return 13"},
        {{filter_action::errno_value, 0}, "return 0"},
        {kill_process, "kill-process"},
        {{filter_action::kill_thread, 0}, "kill-thread"},
        {{filter_action::trap, 0}, "trap"},
        {{filter_action::trace, 0}, "trace"},
        {{filter_action::log, 0}, "log"},
        {{filter_action::notify, 0}, "user-notify"},
    };
    for (const auto& [verdict, word] : expected) {
        BOOST_TEST(statement({{"kill"}, verdict, {}}) == "kill: " + word + "\n");
    }
}

BOOST_AUTO_TEST_CASE(each_comparison_of_an_argument)
{
    constexpr std::uint64_t all = std::numeric_limits<std::uint64_t>::max();
    const std::vector<std::pair<argument_condition, std::string>> expected{
        {{0, comparison::equal, 1, 0}, "arg0 == 0x1"},
        {{1, comparison::not_equal, 16, 0}, "arg1 != 0x10"},
        {{2, comparison::less, 255, 0}, "arg2 < 0xff"},
        {{3, comparison::less_or_equal, 0, 0}, "arg3 <= 0x0"},
        {{4, comparison::greater, all, 0}, "arg4 > 0xffffffffffffffff"},
        {{5, comparison::greater_or_equal, 3, 0}, "arg5 >= 0x3"},
        // No bit of the mask set, one, all, some.
        {{0, comparison::masked_equal, 0x7e020000, 0}, "arg0 in ~0x7e020000"},
        {{0, comparison::masked_equal, 0x10000, 0x10000}, "arg0 & 0x10000"},
        {{0, comparison::masked_equal, 6, 6}, "arg0 & 0x2 && arg0 & 0x4"},
        {{0, comparison::masked_equal, 7, 2}, "arg0 in ~0x5 && arg0 & 0x2"},
        {{0, comparison::masked_equal, all, 7}, "arg0 == 0x7"},
    };
    for (const auto& [condition, words] : expected) {
        BOOST_TEST(statement({{"clone"}, allow, {condition}}) == "clone: " + words + "\n");
    }
}

BOOST_AUTO_TEST_CASE(conditions_must_all_hold_unless_two_are_about_one_argument)
{
    BOOST_TEST(statement({{"socket"}, allow, {first_is_one, {1, comparison::less, 5, 0}}}) ==
               "socket: arg0 == 0x1 && arg1 < 0x5\n");
    BOOST_TEST(statement({{"personality"}, allow, {first_is_one, {0, comparison::equal, 8, 0}}}) ==
               "personality: arg0 == 0x1 || arg0 == 0x8\n");
}

BOOST_AUTO_TEST_CASE(several_rules_of_a_call_are_alternatives_and_one_without_conditions_is_enough)
{
    profile p = with_rule(allowing({}, kill_process), {{"clone", "socket"}, allow, {first_is_one}});
    p.rules.push_back({{"socket"}, allow, {{0, comparison::equal, 2, 0}, {2, comparison::equal, 3, 0}}});
    p.rules.push_back({{"clone"}, allow, {}});
    BOOST_TEST(statements(p) ==
               "@default kill-process\nclone: 1\nsocket: arg0 == 0x1 || arg0 == 0x2 && arg2 == 0x3\n");
}

BOOST_AUTO_TEST_CASE(what_minijail_cannot_say_is_refused)
{
    const profile p = allowing({"read"}, kill_process);
    const auto refuse = [](const profile& refused, const std::string& what, architecture native = x86_64) {
        require_refusal(refused, profile_format::minijail,
                        "the format minijail cannot say " + what + "; use the format oci, or leave it out",
                        native);
    };
    const auto refuse_default = [&](filter_verdict verdict, const std::string& name) {
        refuse(allowing({"read"}, verdict), "the default action " + name +
                                                ", only SCMP_ACT_KILL_PROCESS, SCMP_ACT_KILL_THREAD, "
                                                "SCMP_ACT_TRAP and SCMP_ACT_NOTIFY without "
                                                "a value");
    };
    refuse_default(eperm, "SCMP_ACT_ERRNO");
    refuse_default({filter_action::log, 0}, "SCMP_ACT_LOG");
    refuse_default({filter_action::trap, 3}, "SCMP_ACT_TRAP");
    refuse(with_flag(p), "SECCOMP_FILTER_FLAG_LOG, SECCOMP_FILTER_FLAG_SPEC_ALLOW");
    refuse(on(p, {x86_64, i386}), "that calls of i386 are allowed, only those of x86_64");
    refuse(allowing({"read: 1\nwrite"}, kill_process), "'read: 1\nwrite', which is no name of a system call");
    refuse(with_rule(p, {{"bpf"}, {filter_action::trace, 9}, {}}), "the value 9 for SCMP_ACT_TRACE of bpf");
    const std::string depending = " an action other than SCMP_ACT_ALLOW under conditions or beside another";
    refuse(with_rule(p, {{"bpf"}, eperm, {first_is_one}}), "for bpf" + depending);
    refuse(with_rule(p, {{"read"}, {filter_action::log, 0}, {}}), "for read" + depending);
    // A value with bits that the mask lacks never matches, and an empty mask always does.
    refuse(with_rule(p, {{"bpf"}, allow, {{1, comparison::masked_equal, 1, 3}}}),
           "the condition SCMP_CMP_MASKED_EQ on arg1 of bpf with 0x1 and 0x3");
    refuse(with_rule(p, {{"bpf"}, allow, {{1, comparison::masked_equal, 0, 0}}}),
           "the condition SCMP_CMP_MASKED_EQ on arg1 of bpf with 0x0 and 0x0");
    // The compiler knows numbers of the architecture's width.
    refuse(on(with_rule(p, {{"bpf"}, allow, {{2, comparison::equal, 0x100000000, 0}}}), {i386}),
           "the condition SCMP_CMP_EQ on arg2 of bpf with 0x100000000 and 0x0", i386);
}

BOOST_AUTO_TEST_CASE(frequencies_are_those_of_native_calls_with_a_name)
{
    sctrace::trace counts;
    counts.add({x86_64, 1}, 3);
    counts.add({x86_64, 0}, 42);
    counts.add({x86_64, -1}, 8);
    counts.add({i386, 5}, 9);
    BOOST_TEST(sctrace::to_minijail_frequencies(counts, x86_64) == "read: 42\nwrite: 3\n");
    BOOST_TEST(sctrace::to_minijail_frequencies({}, x86_64).empty());
}

BOOST_AUTO_TEST_SUITE_END()
