#include "replay.hpp"

#include <boost/algorithm/string/join.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <string>
#include <vector>

using namespace sctrace::test;

namespace {

/// A command line that cannot be understood: exit status 2, and one line that names these words.
void require_usage_error(const words& arguments, const words& named)
{
    const outcome o = run(replay(arguments));
    BOOST_TEST_CONTEXT("replay " << boost::algorithm::join(arguments, " ") << "\n" << o)
    {
        BOOST_TEST(o.status == 2);
        BOOST_TEST(o.out.empty());
        BOOST_TEST(o.err.starts_with("asio-sctrace: "));
        BOOST_TEST(o.err.find('\n') == o.err.size() - 1);
        BOOST_TEST(o.says("(see asio-sctrace replay --help)"));
        for (const std::string& word : named) {
            BOOST_TEST(o.says(word), "names " << word);
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_replay_usage)

BOOST_AUTO_TEST_CASE(the_help_of_replay_names_every_option)
{
    const outcome o = run(replay({"--help"}));
    BOOST_TEST(o.status == 0, o);
    BOOST_TEST(o.err.empty(), o);
    BOOST_TEST(o.out.find("asio-sctrace replay") != std::string::npos, o);
    for (const char* option :
         {"--output", "--report", "--events", "--pid", "--session", "--comm", "--exe", "--arch", "--since",
          "--until", "--format", "=auto", "--native", "--quiet", "--help"}) {
        BOOST_TEST(o.out.find(option) != std::string::npos, option);
    }
    BOOST_TEST(run(replay({"-h"})).out == o.out);
    BOOST_TEST(run(tool({"--help"})).out.find("replay") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(no_file_is_a_usage_error)
{
    require_usage_error({}, {"no log given"});
    require_usage_error({"--pid", "1"}, {"no log given"});
}

BOOST_AUTO_TEST_CASE(a_value_that_cannot_be_understood_is_named)
{
    const std::vector<words> values{
        {"--pid", "12x"},
        {"--pid", "0"},
        {"--pid", "-1"},
        {"--pid", "99999999999"},
        {"--session", "three"},
        {"--session", "-1"},
        {"--session", "4294967296"},
        {"--arch", "vax"},
        {"--arch", "X86_64"},
        {"--native", "vax"},
        {"--format", "xml"},
        {"--format", "Auto"},
    };
    for (const words& value : values) {
        require_usage_error(joined(value, {"-"}), {value[0], '\'' + value[1] + '\''});
    }
}

BOOST_AUTO_TEST_CASE(a_time_that_cannot_be_understood_is_named)
{
    for (const std::string time : {"soon",
                                   "@",
                                   "@x",
                                   "@-1",
                                   "@1x",
                                   "@1.",
                                   "2026",
                                   "2026-11",
                                   "2026-13-01",
                                   "2026-02-30",
                                   "2026-11-24T",
                                   "2026-11-24T25:00",
                                   "2026-11-24T12:60",
                                   "2026-11-24T12:00:61",
                                   "2026-11-24T12:00:00.",
                                   "2026-11-24T12:00:00X",
                                   "2026-11-24T12:00:00+25:00",
                                   "2026-11-24T12:00:00+0",
                                   "2026-11-24x12:00",
                                   " now",
                                   "now ",
                                   "24:61",
                                   "12:60",
                                   "12",
                                   "12:",
                                   "Today",
                                   "tomorrow",
                                   "2026-11-24 12:00 "}) {
        for (const std::string option : {"--since", "--until"}) {
            require_usage_error({option, time, "-"}, {option, '\'' + time + '\''});
        }
    }
}

BOOST_AUTO_TEST_CASE(an_option_that_cannot_be_understood_is_named)
{
    require_usage_error({"--bogus", "-"}, {"'--bogus'"});
    require_usage_error({"-x", "-"}, {"'-x'"});
    // No abbreviations: a script that used one would break with the next option.
    require_usage_error({"--outp", "file", "-"}, {"'--outp'"});
    require_usage_error({"--quiet=1", "-"}, {"'--quiet'"});
    require_usage_error({"--events=1", "-"}, {"'--events'"});
    require_usage_error({"-", "-o"}, {"'--output'"});
}

BOOST_AUTO_TEST_CASE(an_option_that_may_stand_once_is_named_when_it_stands_twice)
{
    for (const std::string option : {"--output", "--report"}) {
        require_usage_error({option, "a", option, "b", "-"}, {'\'' + option + '\''});
    }
    require_usage_error({"--session", "1", "--session", "2", "-"}, {"'--session'"});
    require_usage_error({"--since", "now", "--since", "today", "-"}, {"'--since'"});
    require_usage_error({"--until", "now", "--until", "today", "-"}, {"'--until'"});
    require_usage_error({"--format", "kmsg", "--format", "audit", "-"}, {"'--format'"});
    require_usage_error({"--native", "arm", "--native", "i386", "-"}, {"'--native'"});
}

BOOST_AUTO_TEST_CASE(an_option_with_an_empty_value_is_named)
{
    for (const std::string option : {"--output", "--report", "--pid", "--session", "--arch", "--since",
                                     "--until", "--format", "--native"}) {
        require_usage_error({option, "", "-"}, {option});
        require_usage_error({option + "=", "-"}, {option});
    }
}

BOOST_AUTO_TEST_CASE(one_output_cannot_take_two_things)
{
    require_usage_error({"-o", "-", "--report", "-", "-"}, {"--output", "--report", "'-'"});
    require_usage_error({"-o", "-", "--report", "/dev/stdout", "-"}, {"--output", "--report"});
    require_usage_error({"-o", "same", "--report", "same", "-"}, {"--output", "--report", "'same'"});
}

BOOST_AUTO_TEST_CASE(standard_input_can_be_read_once)
{
    require_usage_error({"-", "-"}, {"'-'"});
    require_usage_error({"-", "other", "-"}, {"'-'"});
}

BOOST_AUTO_TEST_CASE(a_time_span_that_ends_before_it_begins_is_named)
{
    require_usage_error({"--since", "@2", "--until", "@1", "-"}, {"--since '@2'", "--until '@1'"});
    require_usage_error({"--since", "@2", "--until", "@2", "-"}, {"--since '@2'", "--until '@2'"});
}

BOOST_AUTO_TEST_CASE(a_usage_error_touches_no_output)
{
    const temporary_folder folder;
    require_usage_error({"--since", "soon", "-o", folder.file("trace"), "-"}, {"'soon'"});
    BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_SUITE_END()
