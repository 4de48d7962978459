#include "tool.hpp"

#include <boost/algorithm/string/join.hpp>
#include <boost/test/unit_test.hpp>

#include <filesystem>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

using namespace sctrace::test;

namespace {

/// What the help says about one option: from its name to the next option.
std::string paragraph_of(const std::string& help, const std::string& option)
{
    const auto begin = help.find(option);
    if (begin == std::string::npos) {
        return {};
    }
    const auto end = help.find("\n  -", begin);
    return help.substr(begin, end == std::string::npos ? help.find("\n\n", begin) - begin : end - begin);
}

struct mistake {
    words arguments;
    /// Words that the message has to name.
    std::vector<std::string> named;
};

void require_usage_error(const mistake& m)
{
    const outcome o = run(tool(m.arguments));
    BOOST_TEST_CONTEXT("asio-sctrace " << boost::algorithm::join(m.arguments, " ") << "\n" << o)
    {
        BOOST_TEST(o.status == 2);
        BOOST_TEST(o.out.empty());
        BOOST_TEST(o.err.starts_with("asio-sctrace: "));
        BOOST_TEST(o.err.find('\n') == o.err.size() - 1);
        for (const std::string& word : m.named) {
            BOOST_TEST(o.says(word), "names " << word);
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(cli_usage)

BOOST_AUTO_TEST_CASE(help_and_version_go_to_standard_output)
{
    const std::vector<std::pair<words, std::string>> asked{
        {{"--help"}, "Usage: asio-sctrace COMMAND"},
        {{"-h"}, "Usage: asio-sctrace COMMAND"},
        {{"help"}, "Usage: asio-sctrace COMMAND"},
        {{"--version"}, "asio-sctrace " SCTRACE_VERSION "\n"},
        {{"record", "--help"}, "asio-sctrace record [options] -- CMD"},
        {{"record", "-h"}, "asio-sctrace record [options] -- CMD"},
        {{"record", "--help", "--", "/bin/false"}, "asio-sctrace record [options] -- CMD"},
        {{"doctor", "--help"}, "asio-sctrace doctor [options]"},
        {{"doctor", "-h"}, "asio-sctrace doctor [options]"},
        {{"doctor", "--version"}, "asio-sctrace " SCTRACE_VERSION "\n"},
    };
    for (const auto& [arguments, text] : asked) {
        const outcome o = run(tool(arguments));
        BOOST_TEST(o.status == 0, o);
        BOOST_TEST(o.out.find(text) != std::string::npos, o);
        BOOST_TEST(o.err.empty(), o);
    }
}

BOOST_AUTO_TEST_CASE(the_help_of_record_names_every_option_with_its_default)
{
    const std::string help = run(tool({"record", "--help"})).out;
    const std::vector<std::pair<std::string, std::string>> defaults{
        {"--output", "default: only the table"},
        {"--source", "=auto"},
        {"--kmsg", "=/dev/kmsg"},
        {"--follow", "default: session for CMD, none for --pid"},
        {"--wait-descendants", "default: the recording ends with CMD"},
        {"--receive-buffer", "=64M"},
        {"--lift-ratelimit", "default: leave it"},
        {"--flush-interval", "=5"},
        {"--duration", "=0"},
        {"--report", "default: none"},
        {"--user", "default: as the caller"},
        {"--require-complete", "default: off"},
        {"--quiet", "default: off"},
    };
    for (const auto& [option, text] : defaults) {
        // The lines are broken wherever they are full.
        std::istringstream in(paragraph_of(help, option));
        std::string paragraph;
        for (std::string word; in >> word;) {
            paragraph += word + ' ';
        }
        BOOST_TEST(paragraph.find(text) != std::string::npos, option << ": " << paragraph);
    }
    BOOST_TEST(!paragraph_of(help, "--pid PID  ").empty());
    BOOST_TEST(!paragraph_of(help, "--help").empty());
}

BOOST_AUTO_TEST_CASE(a_command_line_that_cannot_be_understood_names_the_word)
{
    const words command{"--", "/bin/true"};
    const auto with_command = [&](const words& options) {
        return joined(joined({"record"}, options), command);
    };
    const std::vector<mistake> mistakes{
        {{}, {"no command given", "(see asio-sctrace --help)"}},
        {{"bogus"}, {"'bogus'", "(see asio-sctrace --help)"}},
        {{"--bogus"}, {"'--bogus'"}},
        {{"record"}, {"nothing to record", "--pid", "(see asio-sctrace record --help)"}},
        {{"doctor", "--bogus"}, {"'--bogus'", "(see asio-sctrace doctor --help)"}},
        {{"--quiet", "doctor", "record"}, {"'record'", "(see asio-sctrace doctor --help)"}},
        {{"doctor", "--json=1"}, {"'--json=1'"}},
        {{"doctor", ""}, {"''"}},
        {{"record", "--"}, {"'--'"}},
        {{"record", "--", ""}, {"'--'"}},
        {{"record", "stray"}, {"'stray'", "--"}},
        {with_command({"stray"}), {"'stray'"}},
        {with_command({"--bogus"}), {"'--bogus'"}},
        {with_command({"-x"}), {"'-x'"}},
        // No abbreviations: a script that used one would break with the next option.
        {with_command({"--outp", "file"}), {"'--outp'"}},
        {with_command({"--quiet=1"}), {"'--quiet'"}},
        {with_command({"-o", "a", "-o", "b"}), {"'--output'"}},
        {with_command({"-o"}), {"'--output'"}},
        {{"record", "--pid"}, {"'--pid'"}},
        {{"record", "--pid", "12x"}, {"--pid", "'12x'"}},
        {{"record", "--pid", "0"}, {"--pid", "'0'"}},
        {{"record", "--pid", "-1"}, {"--pid", "'-1'"}},
        {{"record", "--pid", "99999999999"}, {"--pid", "'99999999999'"}},
        {{"record", "--pid", "1", "--pid", "two"}, {"--pid", "'two'"}},
        {with_command({"--pid", "1"}), {"--pid", "'/bin/true'"}},
        {with_command({"--duration", "-1"}), {"--duration", "'-1'"}},
        {with_command({"--duration", "soon"}), {"--duration", "'soon'"}},
        {with_command({"--duration", "nan"}), {"--duration", "'nan'"}},
        {with_command({"--duration", "inf"}), {"--duration", "'inf'"}},
        {with_command({"--duration", "5s"}), {"--duration", "'5s'"}},
        {with_command({"--flush-interval", "-0.5"}), {"--flush-interval", "'-0.5'"}},
        {with_command({"--flush-interval", "1,5"}), {"--flush-interval", "'1,5'"}},
        {with_command({"--source", "bogus"}), {"--source", "'bogus'", "kmsg"}},
        {with_command({"--follow", "bogus"}), {"--follow", "'bogus'", "session"}},
        {{"record", "--follow", "session", "--pid", "1"}, {"--follow", "'session'"}},
        {with_command({"--follow", "container"}), {"--follow", "'container'", "--pid"}},
        {{"record", "--wait-descendants", "--pid", "1"}, {"--wait-descendants", "--pid"}},
        {with_command({"--receive-buffer", "0"}), {"--receive-buffer", "'0'"}},
        {with_command({"--receive-buffer", "64G"}), {"--receive-buffer", "'64G'"}},
        {with_command({"--receive-buffer", "1025M"}), {"--receive-buffer", "'1025M'"}},
        {with_command({"--receive-buffer", "M"}), {"--receive-buffer", "'M'"}},
        {{"record", "--user", "nobody", "--pid", "1"}, {"--user", "'nobody'"}},
        {with_command({"-o", "-", "--report", "-"}), {"--output", "--report", "'-'"}},
        {with_command({"-o", "-", "--report", "/dev/stdout"}), {"--output", "--report", "'-'"}},
        {with_command({"-o", "same", "--report", "same"}), {"--output", "--report", "'same'"}},
    };
    for (const mistake& m : mistakes) {
        require_usage_error(m);
    }
}

BOOST_AUTO_TEST_CASE(an_option_with_an_empty_value_is_named)
{
    for (const std::string option : {"--output", "--report", "--kmsg", "--user", "--source", "--follow",
                                     "--duration", "--flush-interval", "--receive-buffer"}) {
        require_usage_error({{"record", option, "", "--", "/bin/true"}, {option}});
        require_usage_error({{"record", option + "=", "--", "/bin/true"}, {option}});
    }
    require_usage_error({{"record", "--pid", ""}, {"--pid"}});
}

BOOST_AUTO_TEST_CASE(a_usage_error_neither_runs_the_command_nor_touches_the_output)
{
    const temporary_folder folder;
    const outcome o = run(tool({"record", "--duration", "soon", "-o", folder.file("trace"), "--", "/bin/sh",
                                "-c", "echo > " + folder.file("ran")}));
    BOOST_TEST(o.status == 2, o);
    BOOST_TEST(std::filesystem::is_empty(folder.path()));
}

BOOST_AUTO_TEST_SUITE_END()
