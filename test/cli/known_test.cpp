#include "tool.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

using namespace sctrace::test;

namespace {

using call_counts = std::map<std::string, std::uint64_t>;

/// The second run of a command whose first one was recorded.
class second_run {
public:
    std::string file(const std::string& name) const { return folder_.file(name); }
    std::string known() const { return file("known.ndjson"); }

    void record_first(const words& command) const
    {
        const outcome o =
            run(tool(joined({"record", "--quiet", "--source", "audit", "-o", known(), "--"}, command)));
        BOOST_TEST_REQUIRE(o.status == 0, o);
    }

    outcome record(const words& options, const words& command) const
    {
        words all{"record", "--source", "audit", "--known", known(), "-o", file("new.ndjson")};
        all = joined(joined(std::move(all), options), {"--"});
        return run(tool(joined(std::move(all), command)));
    }

    call_counts recorded() const { return counts_in(read_file(file("new.ndjson"))); }

    /// It makes the same calls each time; a program with threads does not.
    words copy(const words& more = {}) const
    {
        return joined({"/bin/dd", "if=/dev/zero", "of=" + file("copy"), "bs=1", "count=1000", "status=none"},
                      more);
    }

private:
    temporary_folder folder_;
};

/// Something that does not exist, so that a message about it shows that nothing was run.
const words no_command{"/nowhere/to/be/found"};

outcome record_with_known(const std::string& text)
{
    const temporary_folder folder;
    write_file(folder.file("known"), text);
    outcome o = run(tool({"record", "--known", folder.file("known"), "--", "/bin/true"}));
    // The folder's name differs each time.
    const auto at = o.err.find(folder.path());
    if (at != std::string::npos) {
        o.err.erase(at, folder.path().size() + 1);
    }
    return o;
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_known)

BOOST_AUTO_TEST_CASE(the_second_run_of_a_command_logs_nothing)
{
    if (!can_record()) {
        return;
    }
    const second_run second;
    second.record_first(second.copy());
    BOOST_TEST(counts_in(read_file(second.known())).at("write") == 1000U);
    const outcome o =
        second.record({"--require-complete", "--merged", second.file("merged.ndjson")}, second.copy());
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.says("nothing new: no call that " + second.known() + " lacks\n"), o);
    BOOST_TEST(o.says("complete: 0 calls of 0 syscalls, nothing lost"), o);
    BOOST_TEST(!o.says("share %"), o);
    BOOST_TEST(read_file(second.file("new.ndjson")).empty());
    BOOST_TEST(read_file(second.file("merged.ndjson")) == read_file(second.known()));
}

BOOST_AUTO_TEST_CASE(only_new_calls_are_recorded_and_the_sum_can_replace_the_known_file)
{
    if (!can_record()) {
        return;
    }
    const second_run second;
    second.record_first(second.copy());
    auto expected = counts_in(read_file(second.known()));
    const outcome o =
        second.record({"--require-complete", "--merged", second.known()}, second.copy({"conv=fsync"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST((second.recorded() == call_counts{{"fsync", 1}}));
    BOOST_TEST(o.says("new, not in " + second.known() + ": 1 call of 1 syscall\n"), o);
    BOOST_TEST(o.says("100.00 fsync"), o);
    expected["fsync"] = 1;
    BOOST_TEST((counts_in(read_file(second.known())) == expected));
}

BOOST_AUTO_TEST_CASE(a_profile_can_stand_for_the_known_calls_but_conditions_make_none_known)
{
    if (!can_record()) {
        return;
    }
    const second_run second;
    second.record_first(second.copy());
    const outcome made = run(tool({"profile", "-o", second.file("profile.json"), second.known()}));
    BOOST_TEST_REQUIRE(made.status == 0, made);
    auto document = boost::json::parse(read_file(second.file("profile.json")));
    document.as_object()
        .at("syscalls")
        .as_array()
        .push_back(boost::json::parse(
            R"({"names":["fsync"],"action":"SCMP_ACT_ALLOW","args":[{"index":0,"value":0,"op":"SCMP_CMP_GE"}]})"));
    write_file(second.known(), boost::json::serialize(document));
    const outcome o = second.record({}, second.copy({"conv=fsync"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST((second.recorded() == call_counts{{"fsync", 1}}));
    BOOST_TEST(o.says("calls that the profile permits only with certain arguments do not count\n"), o);
}

BOOST_AUTO_TEST_CASE(a_filter_of_the_targets_own_does_not_go_unnoticed)
{
    if (!can_record()) {
        return;
    }
    const second_run second;
    const words command = generator({"--filter", getppid_calls(3)});
    second.record_first(command);
    const outcome o = second.record({"--require-complete"}, command);
    BOOST_TEST(o.status == 3, o);
    BOOST_TEST(o.says("unproven: "), o);
    BOOST_TEST(o.says("nothing new: "), o);
    BOOST_TEST(!second.recorded().empty());
}

BOOST_AUTO_TEST_CASE(calls_that_were_refused_are_not_known)
{
    if (!can_record()) {
        return;
    }
    const second_run second;
    write_file(second.known(), R"({"time":"1","arch":"x86_64","syscall":39,"name":"getpid","action":"log"}
{"time":"1","arch":"x86_64","syscall":110,"name":"getppid","action":"errno"}
)");
    const outcome o =
        second.record({"--merged", second.file("merged.ndjson")}, generator({"39:5", getppid_calls(3)}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.says(second.known() +
                      ": 1 records do not show that the call was let through: these calls do not "
                      "count as known\n"),
               o);
    BOOST_TEST(second.recorded().at("getppid") == 3U);
    BOOST_TEST(second.recorded().count("getpid") == 0U);
    BOOST_TEST(counts_in(read_file(second.file("merged.ndjson"))).at("getppid") == 3U);
}

BOOST_AUTO_TEST_CASE(without_known_calls_everything_is_recorded)
{
    if (!can_record()) {
        return;
    }
    const second_run second;
    write_file(second.known(), "");
    const outcome o = second.record({}, generator({getppid_calls(3)}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.says(second.known() + ": names no call, so that every call is recorded\n"), o);
    BOOST_TEST(second.recorded().at("getppid") == 3U);
    BOOST_TEST(second.recorded().at("execve") == 1U);
}

BOOST_AUTO_TEST_CASE(wrong_words)
{
    const auto usage = [](const words& arguments, const std::string& text) {
        const outcome o = run(tool(joined({"record"}, arguments)));
        BOOST_TEST(o.status == 2, o);
        BOOST_TEST(o.says(text), o);
    };
    usage({"--known", "f", "--pid", "1"}, "--known 'f'");
    usage({"--merged", "f", "--", "true"}, "--merged 'f'");
    usage({"--known", "f", "--merged", "same", "-o", "same", "--", "true"},
          "--output 'same' and --merged 'same' are the same file");
}

BOOST_AUTO_TEST_CASE(a_known_file_that_cannot_be_used_ends_it_before_the_command_runs)
{
    const auto refuses = [](const std::string& text, const std::string& message) {
        const outcome o = record_with_known(text);
        BOOST_TEST(o.status == 125, o);
        BOOST_TEST(o.err.starts_with("asio-sctrace: " + message), o);
    };
    refuses("{\"syscall\":0,\"name\":\"read\",\"count\":0}\n", "known: line 1: ");
    refuses("{\"defaultAction\":\"SCMP_ACT_ALLOW\"}", "known: ");
    refuses(R"({"defaultAction":"SCMP_ACT_ERRNO","architectures":["SCMP_ARCH_AARCH64"],)"
            R"("syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}]})",
            "known: has calls of aarch64 but none of this machine's architecture, ");
    const outcome missing = run(tool({"record", "--known", "/nowhere/at/all", "--", "true"}));
    BOOST_TEST(missing.status == 125, missing);
    BOOST_TEST(missing.says("/nowhere/at/all"), missing);
    // What is wrong with the command is told first, as without --known.
    const outcome both = run(tool(joined({"record", "--known", "/nowhere/at/all", "--"}, no_command)));
    BOOST_TEST(both.status == 127, both);
}

BOOST_AUTO_TEST_CASE(a_sum_that_cannot_be_written_is_an_error_behind_the_command)
{
    if (!can_record()) {
        return;
    }
    const second_run second;
    second.record_first({"/bin/true"});
    const outcome o = second.record({"--merged", "/dev/full"}, {"/bin/true"});
    BOOST_TEST(o.status == 125, o);
    BOOST_TEST(o.says("/dev/full"), o);
}

BOOST_AUTO_TEST_SUITE_END()
