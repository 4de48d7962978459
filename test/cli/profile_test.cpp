#include "common/paths.hpp"
#include "common/skip.hpp"
#include "common/temporary_folder.hpp"
#include "tool.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/syscall_names.hpp>

#include <boost/algorithm/string/join.hpp>
#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;

namespace {

/// `asio-sctrace profile` with these words, and a trace on its standard input.
invocation profile(const words& arguments, std::string trace = {})
{
    invocation i = tool(joined({"profile", "--native", "x86_64"}, arguments));
    i.input = std::move(trace);
    return i;
}

std::string line(int number, const std::string& name, int count, const std::string& arch = {})
{
    return "{\"syscall\":" + std::to_string(number) +
           ",\"name\":" + (name.empty() ? "null" : '"' + name + '"') + ",\"count\":" + std::to_string(count) +
           (arch.empty() ? "" : ",\"arch\":\"" + arch + '"') + "}\n";
}

const std::string small_trace = line(0, "read", 42) + line(1, "write", 3) + line(59, "execve", 1);
const std::string foreign_trace = small_trace + line(4, "write", 2, "i386") + line(6, "close", 1, "i386");

constexpr auto small_profile = R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "architectures": [
    "SCMP_ARCH_X86_64"
  ],
  "syscalls": [
    {
      "names": [
        "execve",
        "read",
        "write"
      ],
      "action": "SCMP_ACT_ALLOW"
    }
  ]
}
)";

/// An output and nothing on stderr.
void require_output(invocation what, const std::string& output)
{
    const outcome o = run(std::move(what));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == output);
    BOOST_TEST(o.err.empty(), o);
}

/// Nothing written, and these lines on stderr, each of which begins with the program's name.
void require_failure(invocation what, const words& lines)
{
    std::string expected;
    for (const std::string& text : lines) {
        expected += "asio-sctrace: " + text + '\n';
    }
    const outcome o = run(std::move(what));
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.out.empty(), o);
    BOOST_TEST(o.err == expected);
}

/// The names that a profile allows, in one group or more.
std::set<std::string> allowed_in(const std::string& text)
{
    std::set<std::string> names;
    const auto value = boost::json::parse(text);
    for (const auto& group : value.at("syscalls").as_array()) {
        for (const auto& name : group.at("names").as_array()) {
            names.emplace(name.as_string());
        }
    }
    return names;
}

std::string event(const std::string& name, int number, const std::string& action)
{
    return R"({"time":"1795497556.007","serial":7,"pid":42,"arch":"x86_64","syscall":)" +
           std::to_string(number) + ",\"name\":\"" + name +
           R"(","compat":0,"ip":"0x7f","code":"0x7ffc0000","action":")" + action + "\"}\n";
}

/// Whether another program is there and ends well.
bool succeeds(const words& command)
{
    return run({command}).status == 0;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_profile)

BOOST_AUTO_TEST_CASE(a_trace_becomes_an_oci_profile_on_standard_output)
{
    const temporary_folder folder;
    write_file(folder.file("trace"), small_trace);
    require_output(profile({folder.file("trace")}), small_profile);
    require_output(profile({"-"}, small_trace), small_profile);
    require_output(profile({"-o", "-", "--format", "oci", "--default-action", "errno", "-"}, small_trace),
                   small_profile);
}

BOOST_AUTO_TEST_CASE(traces_lists_and_profiles_are_joined)
{
    const temporary_folder folder;
    write_file(folder.file("one"), line(0, "read", 42));
    write_file(folder.file("two"), line(0, "read", 1) + line(59, "execve", 1));
    write_file(folder.file("list"), "# what the shell needs\nwrite  # to its terminal\n\nread\n");
    write_file(folder.file("profile"), small_profile);
    require_output(profile({folder.file("one"), folder.file("two"), folder.file("list")}), small_profile);
    require_output(profile({folder.file("one"), "--base", folder.file("two"), "--base", folder.file("list")}),
                   small_profile);
    require_output(profile({folder.file("profile")}), small_profile);
    require_output(profile({"--base", folder.file("profile"), folder.file("one")}), small_profile);
    require_output(profile({"--base", "-", folder.file("two")}, "write\n"), small_profile);
}

BOOST_AUTO_TEST_CASE(the_output_replaces_a_file)
{
    const temporary_folder folder;
    write_file(folder.file("profile.json"), "old\n");
    require_output(profile({"-o", folder.file("profile.json"), "-"}, small_trace), "");
    BOOST_TEST(read_file(folder.file("profile.json")) == small_profile);
}

BOOST_AUTO_TEST_CASE(each_default_action)
{
    const std::vector<std::pair<std::string, std::string>> expected{
        {"errno", "SCMP_ACT_ERRNO"},
        {"kill-process", "SCMP_ACT_KILL_PROCESS"},
        {"kill-thread", "SCMP_ACT_KILL_THREAD"},
        {"log", "SCMP_ACT_LOG"},
        {"trap", "SCMP_ACT_TRAP"},
    };
    for (const auto& [word, action] : expected) {
        const outcome o = run(profile({"--default-action", word, "-"}, small_trace));
        BOOST_TEST(o.status == 0, o);
        const auto value = boost::json::parse(o.out);
        BOOST_TEST(value.at("defaultAction").as_string() == action);
        BOOST_TEST(value.as_object().contains("defaultErrnoRet") == (word == "errno"));
    }
}

BOOST_AUTO_TEST_CASE(the_other_formats)
{
    require_output(profile({"--format", "nucleus", "-"}, small_trace), R"({
  "defaultAction": "SCMP_ACT_KILL_PROCESS",
  "architectures": [
    "SCMP_ARCH_X86_64"
  ],
  "syscalls": [
    {
      "names": [
        "execve",
        "read",
        "write"
      ],
      "action": "SCMP_ACT_ALLOW"
    }
  ]
}
)");
    const outcome systemd = run(profile({"--format", "systemd", "-"}, foreign_trace));
    BOOST_TEST(systemd.status == 0, systemd);
    BOOST_TEST(systemd.out.ends_with("SystemCallFilter=\n"
                                     "SystemCallFilter=close execve read write\n"
                                     "SystemCallErrorNumber=EPERM\n"
                                     "SystemCallArchitectures=\n"
                                     "SystemCallArchitectures=native x86\n"),
               systemd);
    const outcome minijail = run(profile({"--format", "minijail", "-"}, small_trace));
    BOOST_TEST(minijail.status == 0, minijail);
    BOOST_TEST(minijail.out.ends_with("\n@default kill-process\nexecve: 1\nread: 1\nwrite: 1\n"), minijail);
}

BOOST_AUTO_TEST_CASE(minijail_s_frequencies_go_to_a_file_of_their_own)
{
    const temporary_folder folder;
    write_file(folder.file("one"), small_trace);
    write_file(folder.file("two"), line(0, "read", 8) + line(4, "write", 2, "x32"));
    write_file(folder.file("events"), event("read", 0, "log") + event("write", 1, "allow"));
    write_file(folder.file("three"), line(3, "close", 2));
    const outcome o = run(profile({"--format", "minijail", "--frequency", folder.file("frequencies"),
                                   folder.file("one"), folder.file("events"), folder.file("three")}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(read_file(folder.file("frequencies")) == "close: 2\nexecve: 1\nread: 43\nwrite: 4\n");
}

BOOST_AUTO_TEST_CASE(conditions_of_a_base_are_kept)
{
    const temporary_folder folder;
    write_file(folder.file("base"), R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
{"names":["clone","read"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":2114060288,"valueTwo":0,"op":"SCMP_CMP_MASKED_EQ"}]},
{"names":["mount"],"action":"SCMP_ACT_ERRNO"}]})");
    const outcome oci = run(profile({"--base", folder.file("base"), "-"}, small_trace));
    BOOST_TEST(oci.status == 0, oci);
    BOOST_TEST(oci.err ==
               "asio-sctrace: note: " + folder.file("base") +
                   ": left out its rules that refuse calls; the default action stands in for them, unless "
                   "something else allows the call: mount\n");
    BOOST_TEST(oci.out.ends_with(R"(
    {
      "names": [
        "clone"
      ],
      "action": "SCMP_ACT_ALLOW",
      "args": [
        {
          "index": 0,
          "value": 2114060288,
          "valueTwo": 0,
          "op": "SCMP_CMP_MASKED_EQ"
        }
      ]
    }
  ]
}
)"),
               oci);
    const outcome minijail =
        run(profile({"--format", "minijail", "--base", folder.file("base"), "-"}, small_trace));
    BOOST_TEST(minijail.out.find("\nclone: arg0 in ~0x7e020000\n") != std::string::npos, minijail);
    for (const std::string format : {"nucleus", "systemd"}) {
        require_failure(
            profile({"--quiet", "--format", format, "--base", folder.file("base"), "-"}, small_trace),
            {"the format " + format +
             " cannot say the conditions on the arguments of clone; use the format oci, or leave it "
             "out"});
    }
}

BOOST_AUTO_TEST_CASE(refused_calls_of_events_are_left_out_unless_they_are_wanted)
{
    const temporary_folder folder;
    write_file(folder.file("events"), event("execve", 59, "log") + event("mount", 165, "errno") +
                                          event("read", 0, "allow") + event("bpf", 321, "kill_process") +
                                          event("mount", 165, "errno"));
    const outcome without = run(profile({folder.file("events")}));
    BOOST_TEST(without.status == 0, without);
    BOOST_TEST((allowed_in(without.out) == std::set<std::string>{"execve", "read"}));
    BOOST_TEST(without.err ==
               "asio-sctrace: note: " + folder.file("events") +
                   ": left out 3 records of calls that were not let through (--include-denied allows "
                   "these too): bpf, mount\n");
    const outcome with = run(profile({"--include-denied", folder.file("events")}));
    BOOST_TEST(with.status == 0, with);
    BOOST_TEST((allowed_in(with.out) == std::set<std::string>{"bpf", "execve", "mount", "read"}));
    BOOST_TEST(with.err.empty(), with);
}

BOOST_AUTO_TEST_CASE(foreign_calls_are_told_and_refused_by_formats_of_one_architecture)
{
    const std::string note = "note: there are calls of i386, and a profile allows each name on all its "
                             "architectures: close, write";
    const outcome o = run(profile({"-"}, foreign_trace));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err == "asio-sctrace: " + note + '\n');
    BOOST_TEST(o.out.find("\"SCMP_ARCH_X86_64\",\n    \"SCMP_ARCH_X86\"\n") != std::string::npos, o);
    for (const std::string format : {"nucleus", "minijail"}) {
        require_failure(
            profile({"--format", format, "-"}, foreign_trace),
            {note, "the format " + format +
                       " cannot say that calls of i386 are allowed, only those of x86_64; use the "
                       "format oci, or leave it out"});
    }
}

BOOST_AUTO_TEST_CASE(numbers_without_a_name_are_never_written)
{
    const temporary_folder folder;
    write_file(folder.file("profile.json"), "old\n");
    const std::string trace = small_trace + line(9999, "", 2) + line(8888, "", 1, "i386");
    const std::string first = "call 9999 of x86_64 has no name, and a profile has names only";
    const std::string second = "call 8888 of i386 has no name, and a profile has names only";
    require_failure(profile({"-o", folder.file("profile.json"), "-"}, trace),
                    {first, second, "nothing is written; --allow-unknown leaves these calls out"});
    BOOST_TEST(read_file(folder.file("profile.json")) == "old\n");
    const outcome o = run(profile({"--quiet", "--allow-unknown", "-"}, trace));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.out == small_profile);
    BOOST_TEST(o.err == "asio-sctrace: " + first + "\nasio-sctrace: " + second + '\n');
}

BOOST_AUTO_TEST_CASE(a_profile_of_nothing_is_not_written_unless_it_is_wanted)
{
    const temporary_folder folder;
    const std::string message =
        "nothing is written, as no call was seen and the profile would refuse everything; "
        "give a trace with calls, or --allow-empty";
    const std::string empty =
        "standard input: holds no call, as when a recording failed or saw nothing; give a "
        "trace with calls, or --allow-empty";
    require_failure(profile({"-o", folder.file("profile.json"), "-"}), {empty});
    require_failure(profile({"--base", "@crun", "-"}), {empty});
    BOOST_TEST(!std::filesystem::exists(folder.file("profile.json")));
    require_failure(profile({"--allow-unknown", "-"}, line(9999, "", 2)),
                    {"call 9999 of x86_64 has no name, and a profile has names only", message});
    require_output(profile({"--quiet", "--allow-empty", "-"}), R"({
  "defaultAction": "SCMP_ACT_ERRNO",
  "defaultErrnoRet": 1,
  "architectures": [
    "SCMP_ARCH_X86_64"
  ],
  "syscalls": []
}
)");
}

BOOST_AUTO_TEST_CASE(a_base_that_permits_and_refuses_one_call_cannot_be_kept)
{
    const temporary_folder folder;
    write_file(folder.file("base"), R"({"defaultAction":"SCMP_ACT_KILL_PROCESS","syscalls":[
{"names":["socket"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":1,"op":"SCMP_CMP_EQ"}]},
{"names":["socket"],"action":"SCMP_ACT_ERRNO","args":[{"index":1,"value":2,"op":"SCMP_CMP_EQ"}]}]})");
    require_failure(profile({"--base", folder.file("base"), "-"}, small_trace),
                    {folder.file("base") +
                     ": permits some calls under conditions and refuses them under others, and "
                     "an allow-list cannot keep both; take one of the two out: socket"});
}

BOOST_AUTO_TEST_CASE(what_of_a_base_is_not_in_the_profile_is_told)
{
    const temporary_folder folder;
    write_file(folder.file("base"),
               R"({"defaultAction":"SCMP_ACT_ERRNO","flags":["SECCOMP_FILTER_FLAG_SPEC_ALLOW"],
"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],"syscalls":[{"names":["mount"],"action":"SCMP_ACT_LOG"}]})");
    const outcome o = run(profile({"--base", folder.file("base"), "-"}, small_trace));
    BOOST_TEST(o.status == 0, o);
    const std::string note = "asio-sctrace: note: " + folder.file("base") + ": ";
    BOOST_TEST(
        o.err ==
        note + "of its architectures, these are in the profile only if a trace has calls of them: i386\n" +
            note + "calls that it lets through and logs are allowed without a record: mount\n" + note +
            "left out its flags\n");
    BOOST_TEST((allowed_in(o.out) == std::set<std::string>{"execve", "mount", "read", "write"}));
}

BOOST_AUTO_TEST_CASE(a_base_for_another_architecture_is_refused)
{
    const temporary_folder folder;
    write_file(folder.file("base"),
               R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_AARCH64"],
"syscalls":[{"names":["mount"],"action":"SCMP_ACT_ALLOW"}]})");
    require_failure(profile({"--base", folder.file("base"), "-"}, small_trace),
                    {folder.file("base") +
                     ": is a profile for aarch64, not for x86_64; name the architecture with "
                     "--native"});
}

BOOST_AUTO_TEST_CASE(a_default_that_refuses_nothing_covers_all_architectures_of_the_machine)
{
    const outcome o = run(profile({"--default-action", "log", "-"}, small_trace));
    BOOST_TEST(o.status == 0, o);
    const auto architectures = boost::json::parse(o.out).at("architectures");
    BOOST_TEST(architectures == (boost::json::value{"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"}));
}

BOOST_AUTO_TEST_CASE(refusals_can_be_had_logged)
{
    const outcome o = run(profile({"--log-refusals", "-"}, small_trace));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(boost::json::parse(o.out).at("flags") == (boost::json::value{"SECCOMP_FILTER_FLAG_LOG"}));
    const outcome other = run(profile({"--log-refusals", "--format", "systemd", "-"}, small_trace));
    BOOST_TEST(other.status == 2, other);
}

BOOST_AUTO_TEST_CASE(a_profile_without_execve_is_told_except_for_systemd)
{
    const std::string note =
        "asio-sctrace: note: execve is not in the profile: a runtime that installs it and then starts a "
        "program cannot start it\n";
    BOOST_TEST(run(profile({"-"}, line(0, "read", 1))).err == note);
    BOOST_TEST(run(profile({"--format", "minijail", "-"}, line(0, "read", 1))).err == note);
    BOOST_TEST(run(profile({"--format", "systemd", "-"}, line(0, "read", 1))).err.empty());
    BOOST_TEST(run(profile({"--quiet", "-"}, line(0, "read", 1))).err.empty());
    BOOST_TEST(run(profile({"-"}, line(322, "execveat", 1))).err.empty());
}

BOOST_AUTO_TEST_CASE(names_that_libseccomp_does_not_know_are_told)
{
    const outcome o = run(profile({"-"}, small_trace + line(471, "rseq_slice_yield", 1)));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(allowed_in(o.out).count("rseq_slice_yield") == 1U);
    BOOST_TEST(o.err ==
               "asio-sctrace: note: this machine's libseccomp does not know these names, and what loads the "
               "profile with the same ignores or refuses them: rseq_slice_yield\n");
}

BOOST_AUTO_TEST_CASE(variants_are_suggested_and_not_added)
{
    const outcome o = run(profile({"--suggest-variants", "-"}, line(56, "clone", 1) + line(59, "execve", 1)));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST((allowed_in(o.out) == std::set<std::string>{"clone", "execve"}));
    std::string expected;
    for (const auto& [name, seen] : std::vector<std::pair<std::string, std::string>>{
             {"clone3", "clone"}, {"execveat", "execve"}, {"fork", "clone"}, {"vfork", "clone"}}) {
        expected += "asio-sctrace: suggestion: " + name + " (the trace has " + seen +
                    "; another libc or kernel may use it instead)\n";
    }
    BOOST_TEST(o.err == expected);
}

BOOST_AUTO_TEST_CASE(a_long_list_in_a_note_is_cut)
{
    std::string trace = small_trace;
    for (int number = 1; number <= 22; ++number) {
        const auto name = sctrace::syscall_name(*sctrace::architecture::from_name("i386"), number);
        BOOST_REQUIRE(name.has_value());
        trace += line(number, *name, 1, "i386");
    }
    const outcome o = run(profile({"-"}, trace));
    BOOST_TEST(o.says(" and 2 more\n"), o);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_profile_bases)

BOOST_AUTO_TEST_CASE(the_ready_made_bases_are_listed)
{
    require_output(
        profile({"--list-bases"}),
        "@crun  What crun calls between installing a container's filter and the container's first execve\n"
        "@runc  What runc's init calls between installing a container's filter and the container's first "
        "execve\n");
}

BOOST_AUTO_TEST_CASE(every_line_of_a_base_is_a_call_and_its_reason)
{
    const auto x86_64 = *sctrace::architecture::from_name("x86_64");
    for (const std::string base : {"crun", "runc"}) {
        const outcome shown = run(profile({"--show-base", base}));
        BOOST_TEST(shown.status == 0, shown);
        BOOST_TEST(run(profile({"--show-base", '@' + base})).out == shown.out);
        std::set<std::string> names;
        std::istringstream lines(shown.out);
        for (std::string text; std::getline(lines, text);) {
            const std::string name = text.substr(0, text.find(' '));
            if (name.empty() || name.starts_with('#')) {
                continue;
            }
            BOOST_TEST(sctrace::syscall_number(x86_64, name).has_value(), name);
            BOOST_TEST(text.find("# ") != std::string::npos, text);
            BOOST_TEST(names.insert(name).second, name << " stands once");
        }
        BOOST_TEST(names.count("execve") == 1U);
        // What is shown is a list that the tool reads, and stands for the base.
        const outcome by_name = run(profile({"--base", '@' + base, "-"}, line(0, "read", 1)));
        BOOST_TEST(by_name.status == 0, by_name);
        BOOST_TEST(by_name.err.empty(), by_name);
        const temporary_folder folder;
        write_file(folder.file("list"), shown.out);
        BOOST_TEST(run(profile({"--base", folder.file("list"), "-"}, line(0, "read", 1))).out == by_name.out);
        names.insert("read");
        BOOST_TEST((allowed_in(by_name.out) == names));
    }
}

BOOST_AUTO_TEST_CASE(a_profile_that_allows_by_default_makes_no_allow_list)
{
    const temporary_folder folder;
    for (const std::string action : {"SCMP_ACT_ALLOW", "SCMP_ACT_LOG"}) {
        write_file(folder.file("base"),
                   R"({"defaultAction":")" + action +
                       R"(","syscalls":[{"names":["mount"],"action":"SCMP_ACT_ERRNO"}]})");
        const std::string message =
            folder.file("base") + ": its default action " + action +
            " lets through calls that it does not name, so that no allow-list can be made of "
            "it; give a profile that refuses by default";
        require_failure(profile({"--base", folder.file("base"), "-"}, small_trace), {message});
        require_failure(profile({folder.file("base")}), {message});
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_understood_in_a_profile_is_left_out_if_that_is_wanted)
{
    const temporary_folder folder;
    write_file(folder.file("base"), R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
{"names":["read","write","execve","no_such_call"],"action":"SCMP_ACT_ALLOW"}]})");
    const outcome strict = run(profile({folder.file("base")}));
    BOOST_TEST(strict.status == 1, strict);
    BOOST_TEST(strict.err.starts_with("asio-sctrace: " + folder.file("base") + ": line 2: "), strict);
    const outcome lenient = run(profile({"--lenient", folder.file("base")}));
    BOOST_TEST(lenient.status == 0, lenient);
    BOOST_TEST(lenient.out == small_profile);
    BOOST_TEST(lenient.says("no_such_call"), lenient);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_profile_log_all)

BOOST_AUTO_TEST_CASE(the_profile_that_logs_everything)
{
    require_output(profile({"--log-all"}), R"({
  "defaultAction": "SCMP_ACT_LOG",
  "architectures": [
    "SCMP_ARCH_X86_64",
    "SCMP_ARCH_X86",
    "SCMP_ARCH_X32"
  ],
  "syscalls": []
}
)");
    const outcome other = run(tool({"profile", "--log-all", "--native", "aarch64", "--format", "oci"}));
    BOOST_TEST(other.out.find("\"SCMP_ARCH_AARCH64\",\n    \"SCMP_ARCH_ARM\"\n  ]") != std::string::npos,
               other);
    const temporary_folder folder;
    require_output(profile({"--log-all", "-o", folder.file("log-all.json")}), "");
    BOOST_TEST(read_file(folder.file("log-all.json")) == run(profile({"--log-all"})).out);
}

BOOST_AUTO_TEST_CASE(an_architecture_without_an_oci_name_is_refused)
{
    require_failure(tool({"profile", "--log-all", "--native", "sparc"}),
                    {"the format oci cannot say the architecture sparc, which has no name in it"});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_profile_errors)

BOOST_AUTO_TEST_CASE(bad_input_is_told_with_its_file_and_line_and_the_output_stays)
{
    const std::string trace = line(0, "read", 1);
    const std::vector<std::pair<std::string, std::string>> files{
        {"{\"syscall\":0,\"name\":\"read\",\"count\":0}\n", "line 1: "},
        {trace + "{\"syscall\":1,\"name\":\"write\"}\n", "line 2: "},
        {trace + trace.substr(0, trace.size() - 4), "line 2: "},
        {trace + line(1, "write", 1) + "nonsense\n", "line 3: "},
        {trace + line(1, "read", 1), "line 2: "},
        {trace + line(1, "write", 1, "vax"), "line 2: "},
        {event("read", 0, "log") + "{\"syscall\":1,\n", "line 2: "},
        {"read\nno such call\n", "line 2: "},
        {"{\n\"defaultAction\":\"SCMP_ACT_ERRNO\",\n\"syscalls\":[}\n", "line 3: "},
        {"{\"defaultAction\":\"SCMP_ACT_ERRNO\",\n\"syscalls\":[{\"names\":[],\"action\":\"SCMP_ACT_NO\"}]}",
         "line 2: "},
    };
    for (const auto& [text, prefix] : files) {
        const temporary_folder folder;
        write_file(folder.file("input"), text);
        write_file(folder.file("good"), small_trace);
        write_file(folder.file("profile.json"), "old\n");
        for (const words& input : {words{folder.file("good"), folder.file("input")},
                                   words{"--base", folder.file("input"), folder.file("good")}}) {
            const outcome o = run(profile(joined({"-o", folder.file("profile.json")}, input)));
            BOOST_TEST(o.status == 1, text << o);
            BOOST_TEST(o.out.empty(), o);
            BOOST_TEST(o.err.starts_with("asio-sctrace: " + folder.file("input") + ": " + prefix), text << o);
            BOOST_TEST(o.err.find('\n') == o.err.size() - 1, o);
        }
        BOOST_TEST(read_file(folder.file("profile.json")) == "old\n");
    }
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_read_is_named)
{
    const temporary_folder folder;
    for (const words& input :
         {words{folder.file("absent")}, words{folder.path()}, words{"--base", folder.file("absent"), "-"}}) {
        const outcome o = run(profile(input, small_trace));
        BOOST_TEST(o.status == 1, o);
        BOOST_TEST(o.says(input[input.size() == 1 ? 0 : 1]), o);
    }
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_is_told_before_anything_is_read)
{
    const temporary_folder folder;
    std::filesystem::create_symlink(folder.file("target"), folder.file("link"));
    for (const std::string& output : {folder.file("missing/profile"), folder.path(), folder.file("link")}) {
        for (const words& options :
             {words{"-o", output, "-"}, words{"--format", "minijail", "--frequency", output, "-"},
              words{"-o", output, folder.file("absent")}, words{"-o", output, "--log-all"}}) {
            const outcome o = run(profile(options, small_trace));
            BOOST_TEST(o.status == 1, o);
            BOOST_TEST(o.out.empty(), o);
            BOOST_TEST(o.says(output), o);
            BOOST_TEST(!o.says("absent"), o);
        }
    }
    const outcome full = run(profile({"-o", "/dev/full", "-"}, small_trace));
    BOOST_TEST(full.status == 1, full);
    BOOST_TEST(full.says("/dev/full"), full);
}

BOOST_AUTO_TEST_CASE(who_reads_no_more_is_not_told_of)
{
    const outcome o =
        run({shell("{ sleep 0.3; " + tool_path() + " profile --log-all; echo status $? >&2; } | true")});
    BOOST_TEST(o.err == "status 1\n");
}

BOOST_AUTO_TEST_CASE(a_command_line_that_cannot_be_understood_names_the_word)
{
    const temporary_folder folder;
    const std::string trace = folder.file("trace");
    write_file(trace, small_trace);
    const std::vector<std::pair<words, words>> mistakes{
        {{}, {"no trace given", "--log-all"}},
        {{"--bogus", trace}, {"'--bogus'"}},
        {{"--form", "oci", trace}, {"'--form'"}},
        {{"--format", "xml", trace}, {"--format 'xml'", "oci, nucleus, systemd or minijail"}},
        {{"--default-action", "allow", trace}, {"--default-action 'allow'", "errno, kill-process"}},
        {{"--default-action", "errno", "--format", "nucleus", trace},
         {"--default-action 'errno'", "nucleus has kill-process only"}},
        {{"--base", "@docker", trace}, {"--base '@docker'", "@crun, @runc", "./@docker"}},
        {{"--base", "", trace}, {"--base ''"}},
        {{"--show-base", "docker"}, {"--show-base 'docker'", "@crun, @runc"}},
        {{"--native", "vax", trace}, {"--native", "vax"}},
        {{"--frequency", folder.file("f"), trace}, {"--frequency", "--format minijail"}},
        {{"-", "-"}, {"'-' stands twice"}},
        {{"--base", "-", "-"}, {"'-' stands twice"}},
        {{"-o", trace, trace}, {"'" + trace + "' and '" + trace + "' are the same file"}},
        {{"-o", trace, "--base", folder.path() + "/./trace", "-"}, {"are the same file"}},
        {{"--format", "minijail", "--frequency", trace, trace}, {"are the same file"}},
        {{"--format", "minijail", "--frequency", "-", trace}, {"--output '-' and --frequency '-'"}},
        {{"-o", ""}, {"--output ''"}},
        {{"--log-all", trace}, {"--log-all", "'" + trace + "'"}},
        {{"--log-all", "--format", "systemd"}, {"--format 'systemd'", "--log-all is for oci only"}},
        {{"--log-all", "--base", "@runc"}, {"--base and --log-all"}},
        {{"--log-all", "--default-action", "log"}, {"--default-action and --log-all"}},
        {{"--log-all", "--allow-empty"}, {"--allow-empty and --log-all"}},
        {{"--log-all", "--suggest-variants"}, {"--suggest-variants and --log-all"}},
        {{"--log-all", "--frequency", "f"}, {"--frequency and --log-all"}},
    };
    for (const auto& [arguments, named] : mistakes) {
        const outcome o = run(tool(joined({"profile"}, arguments)));
        BOOST_TEST_CONTEXT("profile " << boost::algorithm::join(arguments, " ") << "\n" << o)
        {
            BOOST_TEST(o.status == 2);
            BOOST_TEST(o.out.empty());
            BOOST_TEST(o.err.starts_with("asio-sctrace: "));
            BOOST_TEST(o.err.find('\n') == o.err.size() - 1);
            BOOST_TEST(o.says("(see asio-sctrace profile --help)"));
            for (const std::string& word : named) {
                BOOST_TEST(o.says(word), "names " << word);
            }
        }
    }
    BOOST_TEST(read_file(trace) == small_trace);
    BOOST_TEST(!std::filesystem::exists(folder.file("f")));
}

BOOST_AUTO_TEST_CASE(the_help_names_every_option_with_its_default)
{
    const outcome o = run(tool({"profile", "--help"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err.empty(), o);
    for (const char* words : {"--output",         "=-",
                              "--format",         "=oci",
                              "--default-action", "default: errno",
                              "--base",           "default: none",
                              "--log-all",        "--include-denied",
                              "--lenient",        "--allow-unknown",
                              "--allow-empty",    "--suggest-variants",
                              "--frequency",      "--native",
                              "--list-bases",     "--show-base",
                              "--quiet",          "--help",
                              "--version",        "Exit status",
                              "Examples"}) {
        BOOST_TEST(o.out.find(words) != std::string::npos, words);
    }
    require_output(tool({"profile", "--version"}), "asio-sctrace " SCTRACE_VERSION "\n");
    require_output(tool({"profile", "-h"}), o.out);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(cli_profile_for_others)

namespace {

constexpr auto schema_folder =
    "/usr/share/gocode/src/github.com/opencontainers/runtime-spec/schema/"; // golang-github-opencontainers-specs-dev

/// Checks standard input against linux.seccomp of the OCI runtime specification's schema.
constexpr auto validator = R"(
import json, sys, jsonschema
folder = sys.argv[1]
schema = json.load(open(folder + 'config-linux.json'))
resolver = jsonschema.RefResolver('file://' + folder + 'config-linux.json', schema)
seccomp = schema['linux']['properties']['seccomp']
jsonschema.Draft4Validator(seccomp, resolver=resolver).validate(json.load(sys.stdin))
)";

bool can_validate()
{
    if (!succeeds({"python3", "-c", "import jsonschema"})) {
        skip("python3 has no jsonschema");
        return false;
    }
    if (!std::filesystem::exists(std::string(schema_folder) + "config-linux.json")) {
        skip("the OCI runtime specification's schema is not installed");
        return false;
    }
    return true;
}

outcome validate(const std::string& text)
{
    invocation i{{"python3", "-W", "ignore", "-c", validator, schema_folder}};
    i.input = text;
    return run(std::move(i));
}

/// A unit that has the drop-in's settings, as systemd sees it.
outcome verify(const std::string& drop_in)
{
    const temporary_folder folder;
    write_file(folder.file("sctrace-test.service"),
               "[Unit]\nDescription=sctrace\n[Service]\nExecStart=/bin/true\n" + drop_in);
    return run({{"systemd-analyze", "verify", folder.file("sctrace-test.service")}});
}

} // namespace

BOOST_AUTO_TEST_CASE(oci_profiles_are_valid_against_the_runtime_specification_s_schema)
{
    if (!can_validate()) {
        return;
    }
    const temporary_folder folder;
    write_file(folder.file("base"), R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
{"names":["clone"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":7,"valueTwo":1,"op":"SCMP_CMP_MASKED_EQ"}]}]})");
    for (const words& options :
         {words{"-"}, words{"--base", "@runc", "--base", folder.file("base"), "-"},
          words{"--default-action", "kill-process", "-"}, words{"--default-action", "kill-thread", "-"},
          words{"--default-action", "log", "-"}, words{"--default-action", "trap", "-"},
          words{"--log-all"}}) {
        const outcome written = run(profile(options, options.back() == "-" ? foreign_trace : ""));
        BOOST_TEST(written.status == 0, written);
        const outcome checked = validate(written.out);
        BOOST_TEST(checked.status == 0, written.out << checked);
    }
    const outcome nucleus = run(profile({"--format", "nucleus", "-"}, small_trace));
    BOOST_TEST(validate(nucleus.out).status == 0, nucleus);
    // The schema is really asked.
    BOOST_TEST(validate(R"({"defaultAction":"SCMP_ACT_NO","architectures":[],"syscalls":[]})").status == 1);
    BOOST_TEST(validate(R"({"defaultAction":"SCMP_ACT_LOG","architectures":["vax"],"syscalls":[]})").status ==
               1);
}

BOOST_AUTO_TEST_CASE(systemd_takes_the_drop_ins_without_a_word)
{
    if (!succeeds({"systemd-analyze", "--version"})) {
        skip("systemd-analyze is not installed");
        return;
    }
    for (const words& options : {words{"-"}, words{"--default-action", "kill-process", "-"},
                                 words{"--default-action", "log", "-"}, words{"--base", "@runc", "-"}}) {
        const outcome written = run(profile(joined({"--format", "systemd"}, options), foreign_trace));
        BOOST_TEST(written.status == 0, written);
        const outcome checked = verify(written.out);
        BOOST_TEST(checked.status == 0, checked);
        BOOST_TEST(checked.err.empty(), checked);
        BOOST_TEST(checked.out.empty(), checked);
    }
    // It does look at the settings.
    BOOST_TEST(verify("SystemCallFilter=read no_such_call\n").says("no_such_call"));
}

BOOST_AUTO_TEST_SUITE_END()
