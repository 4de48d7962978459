#include "common/paths.hpp"
#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;

namespace {

/// Where the folders of PATH are the caller's, one of them may be closed to this user: another error.
outcome run_with_usual_path(invocation i)
{
    i.environment = {"PATH=/usr/bin:/bin"};
    return run(std::move(i));
}

/// A command that leaves a file behind where it ran.
struct marked_command {
    temporary_folder folder;

    words words_of() const { return shell("echo > " + folder.file("ran")); }
    bool ran() const { return std::filesystem::exists(folder.file("ran")); }
};

} // namespace

BOOST_AUTO_TEST_SUITE(cli_exit_status)

BOOST_AUTO_TEST_CASE(the_status_of_the_command_is_passed_on)
{
    const silent_source source;
    for (const int status : {0, 1, 5, 125, 126, 127, 255}) {
        const outcome o = run(source.record({}, shell("exit " + std::to_string(status))));
        BOOST_TEST(o.status == status, o);
    }
    for (const auto& [signal, status] : std::vector<std::pair<std::string, int>>{
             {"TERM", 143}, {"KILL", 137}, {"HUP", 129}, {"SEGV", 139}}) {
        const outcome o = run(source.record({}, shell("ulimit -c 0; kill -" + signal + " $$")));
        BOOST_TEST(o.status == status, o);
    }
}

BOOST_AUTO_TEST_CASE(a_command_that_is_not_found_is_127)
{
    const temporary_folder folder;
    const silent_source source;
    for (const std::string& name :
         {std::string("no-such-command"), folder.file("absent"), std::string("/etc/passwd/below")}) {
        const outcome o = run_with_usual_path(source.record({}, {name}));
        BOOST_TEST(o.status == 127, o);
        BOOST_TEST(o.says(name), o);
    }
    invocation no_path = source.record({}, {"true"});
    no_path.environment = {"PATH=" + folder.path()};
    const outcome o = run(no_path);
    BOOST_TEST(o.status == 127, o);
    BOOST_TEST(o.says("not found in PATH"), o);
}

BOOST_AUTO_TEST_CASE(a_script_whose_interpreter_is_missing_is_127_and_says_so)
{
    const temporary_folder folder;
    const silent_source source;
    const outcome o = run(source.record({}, {folder.script("orphan", "#!/no/such/interpreter\n")}));
    BOOST_TEST(o.status == 127, o);
    BOOST_TEST(o.says("interpreter"), o);
}

BOOST_AUTO_TEST_CASE(a_file_that_cannot_be_executed_is_126_and_says_why)
{
    const temporary_folder folder;
    const silent_source source;
    write_file(folder.file("plain"), "#!/bin/sh\n");
    std::filesystem::permissions(folder.file("plain"), std::filesystem::perms(0644));
    const std::string no_shebang = folder.script("no-shebang", "exit 0\n");
    const std::vector<std::pair<std::string, std::string>> commands{
        {folder.file("plain"), "Permission denied"},
        {folder.path(), "directory"},
        {no_shebang, "#!/bin/sh"},
        {source.path(), "Permission denied"},
    };
    for (const auto& [command, why] : commands) {
        const outcome o = run(source.record({}, {command}));
        BOOST_TEST(o.status == 126, o);
        BOOST_TEST(o.says(command), o);
        BOOST_TEST(o.says(why), o);
    }
}

BOOST_AUTO_TEST_CASE(an_output_that_cannot_be_written_is_125_before_the_command_runs)
{
    const silent_source source;
    const temporary_folder folder;
    write_file(folder.file("target"), "old\n");
    std::filesystem::create_symlink(folder.file("target"), folder.file("link"));
    const std::vector<std::pair<std::string, std::string>> outputs{
        {folder.file("missing/trace"), "folder"},
        {folder.file("link"), "symbolic link"},
        {folder.path(), "directory"},
        {folder.path() + "/", "directory"},
        {folder.file("target") + "/trace", "cannot write"},
        {"/dev/fd/987", "descriptor"},
    };
    for (const std::string option : {"--output", "--report"}) {
        for (const auto& [path, why] : outputs) {
            const marked_command command;
            const outcome o = run(source.record({option, path}, command.words_of()));
            BOOST_TEST(o.status == 125, option << o);
            BOOST_TEST(o.says(path), o);
            BOOST_TEST(o.says(why), o);
            BOOST_TEST(!command.ran());
        }
    }
    BOOST_TEST(read_file(folder.file("target")) == "old\n");
}

BOOST_AUTO_TEST_CASE(without_a_command_1_stands_where_125_does)
{
    const silent_source source;
    const temporary_folder folder;
    const std::string pid = std::to_string(::getpid());
    const outcome output = run(source.record({"--pid", pid, "-o", folder.file("missing/trace")}));
    BOOST_TEST(output.status == 1, output);
    const outcome report = run(source.record({"--pid", pid, "--report", folder.path()}));
    BOOST_TEST(report.status == 1, report);
    const outcome no_source = run(tool({"record", "--kmsg", folder.file("absent"), "--pid", pid}));
    BOOST_TEST(no_source.status == 1, no_source);
}

BOOST_AUTO_TEST_CASE(a_command_that_is_not_found_wins_over_a_bad_output_and_a_bad_source)
{
    const temporary_folder folder;
    for (const words& bad : {words{"-o", folder.file("missing/trace")}, words{"--report", folder.path()},
                             words{"--kmsg", folder.file("missing")}}) {
        const outcome o =
            run_with_usual_path(tool(joined(joined({"record"}, bad), {"--", "no-such-command"})));
        BOOST_TEST(o.status == 127, o);
        BOOST_TEST(o.says("no-such-command"), o);
    }
}

BOOST_AUTO_TEST_CASE(an_unknown_user_is_125_with_its_name)
{
    const silent_source source;
    const marked_command command;
    const outcome o = run(source.record({"--user", "no-such-user"}, command.words_of()));
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.says("no-such-user"), o);
    BOOST_TEST(!command.ran());
}

BOOST_AUTO_TEST_CASE(require_complete_is_3_where_nothing_is_proved)
{
    const silent_source source;
    const outcome o = run(source.record({"--require-complete"}, {"/bin/true"}));
    BOOST_TEST(o.status == 3, o);
    BOOST_TEST(o.says("unproven: "), o);
}

BOOST_AUTO_TEST_CASE(require_complete_passes_the_command_s_status_on_when_it_is_complete)
{
    if (!can_record()) {
        return;
    }
    const outcome o = run(record({"--require-complete"}, shell("exit 4")));
    BOOST_TEST(o.status == 4, o);
    BOOST_TEST(o.says("\ncomplete: "), o);
}

BOOST_AUTO_TEST_CASE(a_rate_limited_recording_says_what_it_lost_and_require_complete_is_3)
{
    if (!can_record()) {
        return;
    }
    changed_setting limited(ratelimit_setting, "5");
    const temporary_folder folder;
    constexpr std::uint64_t calls = 300;
    const outcome o = run(tool({"record", "--source", "kmsg", "--require-complete", "-o",
                                folder.file("trace"), "--", generator_path(), getppid_calls(calls)}));
    BOOST_TEST(o.status == 3, o);
    BOOST_TEST(o.says("--lift-ratelimit"), o);
    BOOST_TEST(o.says("rate limit suppressed"), o);
    const std::uint64_t missing = calls - counts_in(read_file(folder.file("trace")))["getppid"];
    BOOST_TEST(missing > 0U);
    const std::string words = "\nincomplete: at most ";
    const auto at = o.err.find(words);
    BOOST_REQUIRE_MESSAGE(at != std::string::npos, o);
    BOOST_TEST(std::stoull(o.err.substr(at + words.size())) >= missing, o);
}

BOOST_AUTO_TEST_SUITE_END()
