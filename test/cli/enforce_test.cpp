#include "kernel/audit_listener.hpp"
#include "kernel/in_child.hpp"
#include "tool.hpp"

#include <sctrace/architecture.hpp>
#include <sctrace/bracket.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace sctrace::test;

namespace {

/// A profile that lets everything through but what its rules name.
std::string deny_list(const std::string& rules)
{
    return R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[)" + rules + "]}";
}

std::string rule(const std::string& names, const std::string& action, const std::string& more = {})
{
    return R"({"names":[)" + names + R"(],"action":"SCMP_ACT_)" + action + '"' + more + '}';
}

const std::string no_mkdir = deny_list(rule(R"("mkdir","mkdirat")", "ERRNO"));

/// A folder with a profile in it.
class saved_profile {
public:
    explicit saved_profile(const std::string& json) { write_file(path(), json); }

    std::string path() const { return folder_.file("profile.json"); }

    invocation enforce(const words& command, const words& options = {}) const
    {
        return tool(joined(joined(joined({"enforce", "--profile", path()}, options), {"--"}), command));
    }

private:
    temporary_folder folder_;
};

outcome run_under(const std::string& json, const words& command, const words& options = {})
{
    const saved_profile saved(json);
    invocation i = saved.enforce(command, options);
    i.environment = {"LC_ALL=C"};
    return run(i);
}

/// A command that makes a call and writes its errno, or `ok`.
words perl_call(long number, const std::string& arguments = {})
{
    const std::string call = std::to_string(number) + (arguments.empty() ? "" : "," + arguments);
    return {"perl", "-e", "$! = 0; print syscall(" + call + ") == -1 ? $! + 0 : 'ok'"};
}

bool has_perl()
{
    if (run({{"perl", "-e", "1"}}).status == 0) {
        return true;
    }
    skip("needs perl to make a call with arguments");
    return false;
}

/// A command that leaves a file behind where it ran.
struct marked_command {
    temporary_folder folder;

    words words_of() const { return shell("echo > " + folder.file("ran")); }
    bool ran() const { return std::filesystem::exists(folder.file("ran")); }
};

/// The same error for a file that is wrong, before the command has run.
void check_refused(const std::string& json, const std::vector<std::string>& why, const words& options = {})
{
    const marked_command command;
    const outcome o = run_under(json, command.words_of(), options);
    BOOST_TEST(o.status == 125, o);
    for (const std::string& each : why) {
        BOOST_TEST(o.says(each), each << o);
    }
    BOOST_TEST(o.says("asio-sctrace: "), o);
    BOOST_TEST(!command.ran());
}

/// A command that says `ready` and then waits for what the traps before it end it with.
words waiting(const std::string& traps)
{
    return shell(traps + "; echo ready; while :; do sleep 0.05; done");
}

bool is_x86_64()
{
    if (sctrace::architecture::native().name() == "x86_64") {
        return true;
    }
    skip("the calls are those of x86_64");
    return false;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_enforce)

BOOST_AUTO_TEST_CASE(help_shows_every_option_with_its_default)
{
    const outcome o = run(tool({"enforce", "--help"}));
    BOOST_TEST(o.status == 0, o);
    for (const char* words : {"--profile FILE", "--lenient", "--user NAME", "--quiet", "default: off",
                              "default: as the caller", "needed", "Exit status"}) {
        BOOST_TEST(o.out.find(words) != std::string::npos, words << o);
    }
    BOOST_TEST(run(tool({"enforce", "--version"})).out == "asio-sctrace " SCTRACE_VERSION "\n");
}

BOOST_AUTO_TEST_CASE(wrong_usage_is_2_and_names_the_word)
{
    for (const auto& [arguments, why] : std::vector<std::pair<words, std::string>>{
             {{"--", "true"}, "no profile given"},
             {{"--profile", "p"}, "nothing to run"},
             {{"--profile", "p", "--"}, "no command behind '--'"},
             {{"--profile", "p", "--", ""}, "no command behind '--'"},
             {{"--profile", "", "--", "true"}, "--profile"},
             {{"--profile", "p", "stray", "--", "true"}, "'stray'"},
             {{"--profile", "p", "--user", "", "--", "true"}, "--user"},
             {{"--profile", "p", "--stern", "--", "true"}, "--stern"}}) {
        const outcome o = run(tool(joined({"enforce"}, arguments)));
        BOOST_TEST(o.status == 2, o);
        BOOST_TEST(o.says(why), o);
    }
}

BOOST_AUTO_TEST_CASE(a_command_that_is_let_through_runs_as_without)
{
    const words command = shell("cat; echo \"$@\"; echo err >&2; pwd; ulimit -n; exit 5");
    invocation plain{joined(command, {"sh", "a b", ""})};
    plain.input = "input\n";
    const outcome without = run(plain);
    const saved_profile saved(no_mkdir);
    invocation i = saved.enforce(plain.words);
    i.input = plain.input;
    const outcome o = run(i);
    BOOST_TEST(o.status == 5, o);
    BOOST_TEST(o.out == without.out, o);
    BOOST_TEST(o.err == without.err, o);
}

BOOST_AUTO_TEST_CASE(the_profile_may_come_from_standard_input)
{
    invocation i = tool({"enforce", "--profile", "-", "--", "/bin/true"});
    i.input = no_mkdir;
    const outcome o = run(i);
    BOOST_TEST(o.status == 0, o);
}

BOOST_AUTO_TEST_CASE(a_refused_call_fails_with_the_profile_s_errno)
{
    const temporary_folder folder;
    for (const auto& [more, text] :
         std::vector<std::pair<std::string, std::string>>{{"", "Operation not permitted"},
                                                          {R"(,"errnoRet":38)", "Function not implemented"},
                                                          {R"(,"errnoRet":28)", "No space left on device"}}) {
        const outcome o =
            run_under(deny_list(rule(R"("mkdir","mkdirat")", "ERRNO", more)), {"mkdir", folder.file("a")});
        BOOST_TEST(o.status == 1, o);
        BOOST_TEST(o.says(text), o);
        BOOST_TEST(!std::filesystem::exists(folder.file("a")));
    }
    const outcome pretended = run_under(deny_list(rule(R"("mkdir","mkdirat")", "ERRNO", R"(,"errnoRet":0)")),
                                        {"mkdir", folder.file("a")});
    BOOST_TEST(pretended.status == 0, pretended);
    BOOST_TEST(!std::filesystem::exists(folder.file("a")));
}

BOOST_AUTO_TEST_CASE(the_default_errno_is_that_of_the_profile)
{
    if (!has_perl()) {
        return;
    }
    // Everything that perl needs, and not that one.
    std::string names;
    for (const char* name :
         {"execve",   "brk",          "arch_prctl",     "mmap",   "access",          "openat",
          "open",     "newfstatat",   "fstat",          "stat",   "lstat",           "read",
          "pread64",  "close",        "mprotect",       "munmap", "set_tid_address", "set_robust_list",
          "rseq",     "prlimit64",    "getrandom",      "getuid", "geteuid",         "getgid",
          "getegid",  "rt_sigaction", "rt_sigprocmask", "ioctl",  "lseek",           "write",
          "futex",    "fcntl",        "readlink",       "getcwd", "exit_group",      "uname",
          "faccessat"}) {
        names += std::string(names.empty() ? "" : ",") + '"' + name + '"';
    }
    const std::string rules = R"("syscalls":[)" + rule(names, "ALLOW") + "]}";
    const outcome plain = run_under(R"({"defaultAction":"SCMP_ACT_ERRNO",)" + rules, perl_call(SYS_getppid));
    BOOST_TEST(plain.out == "1", plain);
    const outcome chosen = run_under(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,)" + rules,
                                     perl_call(SYS_getppid));
    BOOST_TEST(chosen.out == "38", chosen);
}

BOOST_AUTO_TEST_CASE(a_call_that_kills_is_159_and_a_line_tells)
{
    const temporary_folder folder;
    const std::string told =
        "CMD was killed by the filter (SIGSYS); asio-sctrace watch --denied shows the call\n";
    for (const char* action : {"KILL_PROCESS", "KILL_THREAD", "KILL", "TRAP"}) {
        const std::string json = deny_list(rule(R"("mkdir","mkdirat")", action));
        const outcome o = run_under(json, {"mkdir", folder.file("a")});
        BOOST_TEST(o.status == 128 + SIGSYS, o);
        BOOST_TEST(o.says(told), o);
        const outcome quiet = run_under(json, {"mkdir", folder.file("a")}, {"--quiet"});
        BOOST_TEST(quiet.status == 128 + SIGSYS, quiet);
        BOOST_TEST(quiet.err == "", quiet);
    }
    BOOST_TEST(!std::filesystem::exists(folder.file("a")));
}

BOOST_AUTO_TEST_CASE(conditions_on_arguments_as_in_docker_s_profile)
{
    if (!has_perl() || !is_x86_64()) {
        return;
    }
    std::string rules;
    for (const char* value : {"0", "8", "131072", "131080", "4294967295"}) {
        rules +=
            std::string(rules.empty() ? "" : ",") + rule(R"("personality")", "ERRNO",
                                                         R"(,"errnoRet":99,"args":[{"index":0,"value":)" +
                                                             std::string(value) + R"(,"op":"SCMP_CMP_EQ"}])");
    }
    const saved_profile saved(deny_list(rules));
    for (const auto& [argument, written] :
         std::vector<std::pair<std::string, std::string>>{{"0", "99"},
                                                          {"8", "99"},
                                                          {"131072", "99"},
                                                          {"131080", "99"},
                                                          {"4294967295", "99"},
                                                          {"1", "ok"},
                                                          {"4294967304", "ok"},
                                                          {"131073", "ok"}}) {
        const outcome o = run(saved.enforce(perl_call(SYS_personality, argument)));
        BOOST_TEST(o.out == written, argument << o);
    }
    const saved_profile masked(deny_list(
        rule(R"("personality")", "ERRNO",
             R"(,"errnoRet":98,"args":[{"index":0,"value":240,"valueTwo":16,"op":"SCMP_CMP_MASKED_EQ"}])")));
    BOOST_TEST(run(masked.enforce(perl_call(SYS_personality, "0x1f"))).out == "98");
    BOOST_TEST(run(masked.enforce(perl_call(SYS_personality, "0x2f"))).out != "98");
}

BOOST_AUTO_TEST_CASE(a_call_that_is_newer_than_libseccomp_is_refused_by_its_name)
{
    if (!has_perl()) {
        return;
    }
    constexpr long mseal = 462;
    const outcome o =
        run_under(deny_list(rule(R"("mseal")", "ERRNO", R"(,"errnoRet":77)")), perl_call(mseal, "1,2,3"));
    BOOST_TEST(o.out == "77", o);
}

BOOST_AUTO_TEST_CASE(an_unknown_name_is_an_error_with_its_line_or_with_lenient_left_out)
{
    const std::string json = "{\"defaultAction\":\"SCMP_ACT_ALLOW\",\n\"syscalls\":[\n" +
                             rule(R"("read","no_such_call")", "ALLOW") + ",\n" +
                             rule(R"("mkdir","mkdirat")", "ERRNO") + "]}\n";
    check_refused(json, {"line 3", "no_such_call", "profile.json"});
    const temporary_folder folder;
    const outcome o = run_under(json, {"mkdir", folder.file("a")}, {"--lenient"});
    BOOST_TEST(o.status == 1, o);
    BOOST_TEST(o.says("no_such_call"), o);
    BOOST_TEST(o.says("Operation not permitted"), o);
}

BOOST_AUTO_TEST_CASE(a_profile_that_is_wrong_is_125_before_the_command_runs)
{
    check_refused("{\"defaultAction\":", {"profile.json", "line 1"});
    check_refused("read\nwrite\n", {"profile.json: this is no profile", "asio-sctrace profile"});
    check_refused("", {"profile.json: this is no profile"});
    check_refused(R"({"syscall":0,"name":"read","count":1})"
                  "\n",
                  {"profile.json: this is no profile"});
    const marked_command command;
    const outcome o =
        run(tool(joined({"enforce", "--profile", command.folder.file("absent"), "--"}, command.words_of())));
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.says(command.folder.file("absent")), o);
    BOOST_TEST(!command.ran());
}

BOOST_AUTO_TEST_CASE(a_profile_of_another_architecture_is_125_and_names_both)
{
    if (!is_x86_64()) {
        return;
    }
    check_refused(R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_AARCH64"]})",
                  {"the profile is for aarch64, and this machine is x86_64"});
}

BOOST_AUTO_TEST_CASE(a_filter_that_cannot_be_made_is_125)
{
    check_refused(deny_list(rule(R"("mkdir")", "NOTIFY")),
                  {"profile.json", "SCMP_ACT_NOTIFY", "nobody would answer"});
    std::string rules;
    for (int value = 0; value != 5000; ++value) {
        rules += std::string(rules.empty() ? "" : ",") +
                 rule(R"("lseek")", "ERRNO",
                      R"(,"args":[{"index":1,"value":)" + std::to_string(value) + R"(,"op":"SCMP_CMP_EQ"}])");
    }
    check_refused(deny_list(rules), {"profile.json", "the kernel takes 4096"});
}

BOOST_AUTO_TEST_CASE(a_profile_that_does_not_let_the_command_be_executed_is_125)
{
    for (const auto& [action, why] : std::vector<std::pair<std::string, std::string>>{
             {"ERRNO", "it would fail with: Operation not permitted"},
             {"KILL_PROCESS", "it would be killed"},
             {"TRAP", "it would be killed"}}) {
        check_refused(deny_list(rule(R"("execve")", action)),
                      {"the filter does not let the child execute /bin/sh", why, "allow execve"});
    }
}

BOOST_AUTO_TEST_CASE(a_command_that_cannot_be_run_wins_over_a_wrong_profile)
{
    for (const std::string json : {"{", no_mkdir.c_str()}) {
        const saved_profile saved(json);
        invocation absent = saved.enforce({"no-such-command"});
        absent.environment = {"PATH=/usr/bin:/bin"};
        const outcome not_found = run(absent);
        BOOST_TEST(not_found.status == 127, not_found);
        BOOST_TEST(not_found.says("no-such-command"), not_found);
        const outcome not_executable = run_under(json, {"/etc"});
        BOOST_TEST(not_executable.status == 126, not_executable);
        const outcome no_user = run_under(json, {"/bin/true"}, {"--user", "no-such-user"});
        BOOST_TEST(no_user.status == 125, no_user);
        BOOST_TEST(no_user.says("no-such-user"), no_user);
    }
    const temporary_folder folder;
    const outcome orphan = run_under(no_mkdir, {folder.script("orphan", "#!/no/such/interpreter\n")});
    BOOST_TEST(orphan.status == 127, orphan);
    const outcome no_shebang = run_under(no_mkdir, {folder.script("plain", "exit 0\n")});
    BOOST_TEST(no_shebang.status == 126, no_shebang);
}

BOOST_AUTO_TEST_CASE(the_status_of_the_command_is_passed_on)
{
    for (const int status : {0, 1, 2, 125, 126, 127, 255}) {
        const outcome o = run_under(no_mkdir, shell("exit " + std::to_string(status)));
        BOOST_TEST(o.status == status, o);
        BOOST_TEST(o.err == "", o);
    }
    for (const auto& [signal, status] :
         std::vector<std::pair<std::string, int>>{{"TERM", 143}, {"KILL", 137}, {"HUP", 129}}) {
        const outcome o = run_under(no_mkdir, shell("kill -" + signal + " $$"));
        BOOST_TEST(o.status == status, o);
    }
}

BOOST_AUTO_TEST_CASE(signals_are_the_command_s)
{
    const saved_profile saved(no_mkdir);
    for (const auto& [signal, status] : std::vector<std::pair<int, int>>{{SIGTERM, 7}, {SIGHUP, 8}}) {
        process enforced(saved.enforce(waiting("trap 'exit 7' TERM; trap 'exit 8' HUP")));
        BOOST_REQUIRE(enforced.wait_for_output("ready\n"));
        enforced.signal(signal);
        const outcome o = enforced.wait();
        BOOST_TEST(o.status == status, o);
    }
    for (const auto& [signal, status] : std::vector<std::pair<int, int>>{{SIGINT, 5}, {SIGQUIT, 6}}) {
        process enforced(saved.enforce(waiting("trap 'exit 5' INT; trap 'exit 6' QUIT")));
        BOOST_REQUIRE(enforced.wait_for_output("ready\n"));
        enforced.signal_group(signal);
        const outcome o = enforced.wait();
        BOOST_TEST(o.status == status, o);
    }
    process untrapped(saved.enforce(waiting(":")));
    BOOST_REQUIRE(untrapped.wait_for_output("ready\n"));
    untrapped.signal(SIGTERM);
    const outcome o = untrapped.wait();
    BOOST_TEST(o.status == 143, o);
}

BOOST_AUTO_TEST_CASE(a_command_goes_on_after_signals_that_it_survives)
{
    const saved_profile saved(no_mkdir);
    process enforced(saved.enforce(waiting("trap 'echo int' INT; trap 'echo hup' HUP; trap 'exit 9' TERM")));
    BOOST_REQUIRE(enforced.wait_for_output("ready\n"));
    enforced.signal(SIGINT);
    enforced.signal(SIGPIPE);
    enforced.signal(SIGHUP);
    BOOST_REQUIRE(enforced.wait_for_output("hup\n"));
    BOOST_TEST(enforced.out().find("int\n") == std::string::npos);
    enforced.signal(SIGTERM);
    const outcome o = enforced.wait();
    BOOST_TEST(o.status == 9, o);
}

BOOST_AUTO_TEST_CASE(what_the_caller_ignores_stays_ignored_but_for_sigchld)
{
    const saved_profile saved(no_mkdir);
    invocation i = saved.enforce(waiting("trap 'exit 7' TERM; grep SigIgn /proc/self/status"));
    i.prepare = [] {
        ::signal(SIGHUP, SIG_IGN);
        ::signal(SIGCHLD, SIG_IGN);
    };
    process enforced(i);
    BOOST_REQUIRE(enforced.wait_for_output("ready\n"));
    enforced.signal_group(SIGHUP);
    enforced.signal(SIGTERM);
    const outcome o = enforced.wait();
    BOOST_TEST(o.status == 7, o);
    BOOST_TEST(o.out.find("SigIgn:\t0000000000000001\n") != std::string::npos, o);
}

BOOST_AUTO_TEST_CASE(the_command_ends_with_the_tool)
{
    const saved_profile saved(no_mkdir);
    process enforced(saved.enforce(shell("echo $$; exec sleep 60")));
    BOOST_REQUIRE(enforced.wait_for_output("\n"));
    const pid_t command = std::stoi(enforced.out());
    enforced.signal(SIGKILL);
    enforced.wait();
    BOOST_TEST(eventually([&] { return ::kill(command, 0) != 0; }));
}

BOOST_AUTO_TEST_CASE(no_new_privs_is_set_only_where_needed_and_told)
{
    const words command{"grep", "NoNewPrivs", "/proc/self/status"};
    if (::geteuid() != 0) {
        return skip("needs root to become another user");
    }
    const outcome privileged = run_under(no_mkdir, command, {"--user", "nobody"});
    BOOST_TEST(privileged.out == "NoNewPrivs:\t0\n", privileged);
    BOOST_TEST(privileged.err == "", privileged);
    const temporary_folder folder;
    std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
    write_file(folder.file("profile"), no_mkdir);
    for (const bool quiet : {false, true}) {
        words arguments{"enforce", "--profile", folder.file("profile")};
        if (quiet) {
            arguments.emplace_back("--quiet");
        }
        invocation i = tool(joined(joined(arguments, {"--"}), command));
        i.prepare = [] { become_nobody(); };
        const outcome o = run(i);
        BOOST_TEST(o.out == "NoNewPrivs:\t1\n", o);
        BOOST_TEST(o.says("no_new_privs is set") == !quiet, o);
    }
}

namespace {

/// The refused calls that the kernel logs of a command and no other process; its pid stands in its output.
std::vector<std::int64_t> logged_calls(audit_listener& listener, const std::string& json,
                                       const words& command)
{
    const outcome o = run_under(json, command);
    BOOST_TEST(o.status == 0, o);
    const pid_t pid = std::stoi(o.out);
    const auto mark = sctrace::emit_bracket().value();
    bool found = false;
    std::vector<std::int64_t> calls;
    for (const auto& record : listener.records_until(mark, found)) {
        if (record.pid == pid) {
            calls.push_back(record.syscall);
        }
    }
    BOOST_TEST(found);
    return calls;
}

} // namespace

BOOST_AUTO_TEST_CASE(refusals_are_in_the_kernel_s_log)
{
    audit_listener listener;
    if (!listener.is_open()) {
        return skip("the audit multicast socket needs CAP_AUDIT_READ");
    }
    const auto calls =
        logged_calls(listener, deny_list(rule(R"("getppid","mseal")", "ERRNO")),
                     generator({getppid_calls(3), "462:2", std::to_string(SYS_getpid) + ":5"}));
    BOOST_TEST(calls == (std::vector<std::int64_t>{SYS_getppid, SYS_getppid, SYS_getppid, 462, 462}),
               boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(calls_of_other_architectures_are_judged_where_the_profile_lists_them)
{
    if (!is_x86_64()) {
        return;
    }
    audit_listener listener;
    const words i386_calls = generator({"i386:64:3", "i386:20:2", "i386:462:1"});
    if (!listener.is_open() || run({i386_calls}).status == 77) {
        return skip("needs the audit multicast socket and a kernel that runs i386 calls");
    }
    const std::string refusals = R"("syscalls":[)" + rule(R"("getppid","mseal")", "ERRNO") + "]}";
    const auto listed = logged_calls(
        listener,
        R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86"],)" +
            refusals,
        i386_calls);
    // getppid(2) is 64 on i386; 20 is its getpid(2).
    BOOST_TEST(listed == (std::vector<std::int64_t>{64, 64, 64, 462}), boost::test_tools::per_element());
    const outcome killed =
        run_under(R"({"defaultAction":"SCMP_ACT_ALLOW",)" + refusals, generator({"i386:20:1"}));
    BOOST_TEST(killed.status != 0, killed);
}

BOOST_AUTO_TEST_SUITE_END()
