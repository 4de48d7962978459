// The round trip with real container runtimes: a container whose profile logs everything is recorded, its
// allow-list is made and used, and a call that is taken from it is refused and named.

#include "cli/tool.hpp"
#include "kernel/workplace.hpp"

#include <boost/json.hpp>
#include <boost/test/data/monomorphic.hpp>
#include <boost/test/data/test_case.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sched.h>
#include <sys/mount.h>

namespace {

using sctrace::test::invocation;
using sctrace::test::joined;
using sctrace::test::outcome;
using sctrace::test::process;
using sctrace::test::read_file;
using sctrace::test::run;
using sctrace::test::temporary_folder;
using sctrace::test::tool;
using sctrace::test::words;
using sctrace::test::write_file;

constexpr std::string_view script = "echo text > /tmp/file; cat /tmp/file; ls /bin; mkdir /tmp/folder && "
                                    "echo made; rm -r /tmp/folder; sleep 0.01; echo done";

/// A bundle with a file system of nothing but busybox.
class bundle {
public:
    bundle()
    {
        namespace fs = std::filesystem;
        for (const char* folder : {"bin", "dev", "proc", "sys", "tmp"}) {
            fs::create_directories(root() + '/' + folder);
        }
        fs::copy_file("/bin/busybox", root() + "/bin/busybox");
        for (const char* applet : {"sh", "cat", "ls", "mkdir", "rm", "sleep"}) {
            fs::create_symlink("busybox", root() + "/bin/" + applet);
        }
    }

    std::string path() const { return folder_.path(); }
    std::string file(const std::string& name) const { return folder_.file(name); }

    /// Takes the runtime's own template, so that the configuration is one that it knows.
    void configure(const std::string& runtime, bool no_new_privileges, const std::string& profile)
    {
        std::filesystem::remove(file("config.json"));
        const outcome made = run({.words = {runtime, "spec"}, .folder = path()});
        BOOST_TEST_REQUIRE(made.status == 0, made);
        auto config = boost::json::parse(read_file(file("config.json"))).as_object();
        auto& program = config.at("process").as_object();
        program["terminal"] = false;
        program["noNewPrivileges"] = no_new_privileges;
        program["args"] = {"/bin/sh", "-c", script};
        // These take more than some machines allow.
        program.erase("rlimits");
        config.at("linux").as_object().erase("resources");
        config.at("root").as_object()["readonly"] = false;
        config.at("linux").as_object()["seccomp"] = boost::json::parse(profile);
        write_file(file("config.json"), boost::json::serialize(config));
    }

private:
    std::string root() const { return file("rootfs"); }

    temporary_folder folder_;
};

/// A container of a bundle; deleted at the end.
class container {
public:
    container(std::string runtime, const bundle& from)
        : runtime_(std::move(runtime))
        , bundle_(from)
    {
    }
    container(const container&) = delete;
    container& operator=(const container&) = delete;
    ~container() { run(command({"delete", "--force", name})); }

    /// Makes it and lets it wait; its output goes to a file.
    int create() const
    {
        invocation what =
            command({"create", "--bundle", bundle_.path(), "--pid-file", bundle_.file("pid"), name});
        what.output_file = output_file();
        const outcome made = run(what);
        BOOST_TEST_REQUIRE(made.status == 0, made);
        return std::stoi(read_file(bundle_.file("pid")));
    }

    outcome start() const { return run(command({"start", name})); }
    outcome run_to_end() const { return run(command({"run", "--bundle", bundle_.path(), name})); }

    std::string output() const { return read_file(output_file()); }

private:
    static constexpr const char* name = "sctrace-test";

    invocation command(const words& arguments) const
    {
        words all{runtime_, "--root", bundle_.file("state")};
        if (runtime_ == "crun") {
            all.emplace_back("--cgroup-manager=disabled");
        }
        return {.words = joined(std::move(all), arguments), .prepare = show_only_the_second_cgroups};
    }

    /// crun refuses to run where both versions of cgroups are mounted.
    static void show_only_the_second_cgroups()
    {
        constexpr const char* cgroups = "/sys/fs/cgroup";
        static_cast<void>(
            ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
            ::umount2(cgroups, MNT_DETACH) == 0 && ::mount("none", cgroups, "cgroup2", 0, nullptr) == 0);
    }

    std::string output_file() const { return bundle_.file("output"); }

    std::string runtime_;
    const bundle& bundle_;
};

std::string make_profile(const words& arguments)
{
    const outcome made = run(tool(joined({"profile"}, arguments)));
    BOOST_TEST_REQUIRE(made.status == 0, made);
    return made.out;
}

bool works_here(const std::string& runtime)
{
    if (!sctrace::test::can_record() || !sctrace::test::has_programs(runtime + " busybox")) {
        return false;
    }
    bundle trial;
    trial.configure(runtime, true, R"({"defaultAction":"SCMP_ACT_ALLOW"})");
    const outcome ran = container(runtime, trial).run_to_end();
    if (ran.status != 0) {
        sctrace::test::skip(runtime +
                            " cannot run a container here: " + ran.err.substr(0, ran.err.find('\n')));
    }
    return ran.status == 0;
}

/// What the container prints when nothing is refused; its calls are in the trace.
std::string record(const std::string& runtime, const bundle& from)
{
    const container recorded(runtime, from);
    const int pid = recorded.create();
    process recorder(
        tool({"record", "--pid", std::to_string(pid), "--follow", "container", "--source", "audit", "-o",
              from.file("trace.ndjson"), "--report", from.file("report.json"), "--duration", "50"}));
    BOOST_TEST_REQUIRE(recorder.wait_for_errors("recording process"), recorder.err());
    const outcome started = recorded.start();
    BOOST_TEST(started.status == 0, started);
    const outcome ended = recorder.wait();
    BOOST_TEST(ended.status == 0, ended);
    const auto report = boost::json::parse(read_file(from.file("report.json"))).as_object();
    BOOST_TEST(report.at("loss").as_object().at("serial_gaps").as_int64() == 0);
    return recorded.output();
}

std::string without(std::string_view call, const std::string& profile)
{
    auto document = boost::json::parse(profile);
    auto& names = document.as_object().at("syscalls").as_array().at(0).as_object().at("names").as_array();
    const auto* const found = std::find(names.begin(), names.end(), boost::json::value(call));
    BOOST_TEST_REQUIRE((found != names.end()), call);
    names.erase(found);
    return boost::json::serialize(document);
}

/// The calls of refused records of the container's programs.
std::vector<std::string> denied_calls(const std::string& events)
{
    std::vector<std::string> calls;
    std::istringstream lines(events);
    for (std::string line; std::getline(lines, line);) {
        const auto event = boost::json::parse(line).as_object();
        if (event.at("comm").as_string() == "mkdir") {
            calls.emplace_back(event.at("name").as_string());
            BOOST_TEST(event.at("action").as_string() == "kill_process");
        }
    }
    return calls;
}

void go_round(const std::string& runtime, bool no_new_privileges)
{
    bundle used;
    used.configure(runtime, no_new_privileges, make_profile({"--log-all"}));
    const std::string printed = record(runtime, used);
    BOOST_TEST(printed.ends_with("made\ndone\n"), printed);

    const std::string profile = make_profile(
        {"--default-action", "kill-process", "--base", "@" + runtime, used.file("trace.ndjson")});
    used.configure(runtime, no_new_privileges, profile);
    const outcome allowed = container(runtime, used).run_to_end();
    BOOST_TEST(allowed.status == 0, allowed);
    BOOST_TEST(allowed.out == printed);

    used.configure(runtime, no_new_privileges, without("mkdir", profile));
    process watch(tool({"watch", "--denied"}));
    BOOST_TEST_REQUIRE(watch.wait_for_errors(": watching"), watch.err());
    const outcome refused = container(runtime, used).run_to_end();
    BOOST_TEST(refused.out.find("made") == std::string::npos, refused);
    BOOST_TEST(watch.wait_for_output("\"mkdir\",\"compat\""), watch.out());
    watch.signal(SIGINT);
    const outcome watched = watch.wait();
    BOOST_TEST(watched.status == 0, watched);
    BOOST_TEST(denied_calls(watched.out) == std::vector<std::string>{"mkdir"},
               boost::test_tools::per_element());
}

} // namespace

BOOST_AUTO_TEST_SUITE(containers)

BOOST_DATA_TEST_CASE(runc_with_and_without_new_privileges, boost::unit_test::data::make({true, false}),
                     no_new_privileges)
{
    if (works_here("runc")) {
        go_round("runc", no_new_privileges);
    }
}

BOOST_DATA_TEST_CASE(crun_with_and_without_new_privileges, boost::unit_test::data::make({true, false}),
                     no_new_privileges)
{
    if (works_here("crun")) {
        go_round("crun", no_new_privileges);
    }
}

BOOST_AUTO_TEST_SUITE_END()
