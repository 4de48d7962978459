// From a command to its profile and back: what was recorded is enough to run the command under a filter that
// kills it for any other call, and each call that was recorded is needed.
//
// What a program calls by itself is not the same each time (see strace_comparison_test.cpp), so that a
// profile is made of several recordings, as its user would.

#include "cli/tool.hpp"
#include "kernel/workplace.hpp"

#include <boost/json.hpp>
#include <boost/test/unit_test.hpp>

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace {

using sctrace::test::counts_in;
using sctrace::test::joined;
using sctrace::test::outcome;
using sctrace::test::read_file;
using sctrace::test::run;
using sctrace::test::tool;
using sctrace::test::words;
using sctrace::test::workplace;
using sctrace::test::write_file;

constexpr int recordings = 4;
constexpr int killed_by_sigsys = 128 + 31;

/// A shell script, and the programs that it needs, separated by spaces.
struct program {
    std::string_view needs;
    std::string_view script;
};

class round_trip {
public:
    explicit round_trip(std::string_view script)
        : script_(script)
    {
    }

    outcome run_plainly() const
    {
        place_.make_anew();
        return run({command()});
    }

    void record()
    {
        for (int i = 0; i < recordings; ++i) {
            place_.make_anew();
            const std::string trace = place_.file("trace" + std::to_string(i));
            const outcome done = run(tool(
                joined({"record", "--source", "audit", "--require-complete", "-o", trace, "--"}, command())));
            BOOST_TEST_REQUIRE(done.status == 0, done);
            traces_.push_back(trace);
        }
    }

    void make_profile() const
    {
        const outcome made =
            run(tool(joined({"profile", "--default-action", "kill-process", "-o", profile()}, traces_)));
        BOOST_TEST_REQUIRE(made.status == 0, made);
    }

    outcome run_under_profile() const
    {
        place_.make_anew();
        return run(tool(joined({"enforce", "--profile", profile(), "--"}, command())));
    }

    /// Calls that each of the recordings has.
    std::vector<std::string> calls_of_all() const
    {
        std::map<std::string, int> seen;
        for (const std::string& trace : traces_) {
            for (const auto& [name, count] : counts_in(read_file(trace))) {
                ++seen[name];
            }
        }
        std::vector<std::string> names;
        for (const auto& [name, times] : seen) {
            if (times == recordings) {
                names.push_back(name);
            }
        }
        return names;
    }

    void remove_from_profile(std::string_view call) const
    {
        auto document = boost::json::parse(read_file(profile()));
        auto& names = document.as_object().at("syscalls").as_array().at(0).as_object().at("names").as_array();
        const auto* const found = std::find(names.begin(), names.end(), boost::json::value(call));
        BOOST_TEST_REQUIRE((found != names.end()), call);
        names.erase(found);
        write_file(profile(), boost::json::serialize(document));
    }

private:
    words command() const { return place_.command(script_); }
    std::string profile() const { return place_.file("profile.json"); }

    std::string script_;
    workplace place_;
    std::vector<std::string> traces_;
};

/// Calls to take away: one at each end of the list and one in its middle, but not the one without which the
/// filter's own launcher could not start the command.
std::set<std::string> some_of(std::vector<std::string> calls)
{
    std::erase(calls, "execve");
    return {calls.front(), calls[calls.size() / 2], calls.back()};
}

bool can_round_trip(std::string_view needs)
{
    return sctrace::test::can_record() && sctrace::test::has_programs(needs);
}

void go_round(const program& what)
{
    if (!can_round_trip(what.needs)) {
        return;
    }
    round_trip trip(what.script);
    const outcome plain = trip.run_plainly();
    BOOST_TEST(plain.status == 0, plain);
    BOOST_TEST(!plain.out.empty());
    trip.record();
    trip.make_profile();
    const outcome enforced = trip.run_under_profile();
    BOOST_TEST(enforced.status == plain.status, enforced);
    BOOST_TEST(enforced.out == plain.out);
    BOOST_TEST(enforced.err == plain.err);
    const auto calls = trip.calls_of_all();
    BOOST_TEST_REQUIRE(calls.size() > 10U);
    for (const std::string& call : some_of(calls)) {
        trip.make_profile();
        trip.remove_from_profile(call);
        const outcome refused = trip.run_under_profile();
        BOOST_TEST((refused.status != plain.status || refused.out != plain.out || refused.err != plain.err),
                   call << ": " << refused);
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(round_trips)

BOOST_AUTO_TEST_CASE(ls)
{
    go_round({"ls", "exec ls -l --time-style=+ src"});
}

BOOST_AUTO_TEST_CASE(shell_pipeline)
{
    go_round({"ls sort wc", "ls src | sort -r | wc -l"});
}

BOOST_AUTO_TEST_CASE(gcc_compiles_and_links)
{
    go_round({"gcc", "gcc -o demo main.c && ./demo"});
}

BOOST_AUTO_TEST_CASE(git)
{
    go_round({"git", "git init -q repo && cd repo && echo text >file && touch -d @1700000000 file && "
                     "git add file && git commit -q -m first && git log --oneline"});
}

BOOST_AUTO_TEST_CASE(python_starts_a_subprocess_and_a_thread)
{
    go_round({"python3", "python3 -I -S -c 'import subprocess, threading; "
                         "print(subprocess.run([\"ls\", \"src\"], capture_output=True).stdout); "
                         "t = threading.Thread(target=print, args=(1,)); t.start(); t.join()'"});
}

BOOST_AUTO_TEST_CASE(tar_into_gzip)
{
    go_round({"tar gzip", "tar c --mtime=@0 src | gzip -n | gzip -d | tar t"});
}

BOOST_AUTO_TEST_CASE(find_exec)
{
    go_round({"find wc", "find src -name a -exec wc -c {} ';'"});
}

BOOST_AUTO_TEST_CASE(make)
{
    go_round({"make gcc", "make -s && echo made"});
}

BOOST_AUTO_TEST_CASE(perl_forks_and_waits)
{
    go_round({"perl", "perl -e 'my $p = fork; exec \"true\" if !$p; waitpid $p, 0; print \"$?\\n\"'"});
}

BOOST_AUTO_TEST_CASE(sed_in_place)
{
    go_round({"sed cat", "sed -i s/a/b/g src/a && cat src/a"});
}

BOOST_AUTO_TEST_CASE(awk)
{
    go_round({"mawk", "mawk '{ n += length } END { print n }' src/a src/b"});
}

BOOST_AUTO_TEST_CASE(diff_and_patch_of_files)
{
    go_round({"diff", "diff -u --label a --label b src/a src/b | cat; stat -c %s src/c; chmod 600 src/c; "
                      "cp -p src/c src/d; mv src/d src/e; ln -s e src/f; readlink src/f"});
}

BOOST_AUTO_TEST_CASE(a_killed_program_says_how_it_ended)
{
    if (!can_round_trip("mkdir")) {
        return;
    }
    round_trip trip("exec mkdir new");
    trip.record();
    trip.make_profile();
    trip.remove_from_profile("mkdir");
    const outcome refused = trip.run_under_profile();
    BOOST_TEST(refused.status == killed_by_sigsys, refused);
    BOOST_TEST(refused.says("SIGSYS"), refused);
}

BOOST_AUTO_TEST_SUITE_END()
