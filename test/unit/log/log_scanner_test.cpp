#include "common/line_by_line.hpp"
#include "common/logged_record.hpp"
#include "common/paths.hpp"
#include "common/temporary_folder.hpp"
#include "common/vectors.hpp"
#include "common/words_test.hpp"
#include "log/log_marks.hpp"

#include <boost/json.hpp>

#include <array>
#include <fstream>
#include <random>
#include <vector>

namespace json = boost::json;
using sctrace::log_format;
using sctrace::log_part;
using sctrace::record_batch;
using sctrace::test::data_file;
using sctrace::test::kmsg_line;
using sctrace::test::line_by_line;
using sctrace::test::logged_record;
using sctrace::test::said_lines;
using sctrace::test::scanned;
using sctrace::test::text_to_scan;

namespace {

constexpr std::array formats{log_format::automatic, log_format::kmsg,    log_format::dmesg,
                             log_format::syslog,    log_format::journal, log_format::audit};

const std::array<std::string, 9> notices{
    "audit: audit_lost=17 audit_rate_limit=0 audit_backlog_limit=64",
    "audit: audit_backlog=65 > audit_backlog_limit=64",
    "audit: backlog limit exceeded",
    "audit: rate limit exceeded",
    "audit: printk limit exceeded",
    "audit: out of memory in audit_log_start",
    "audit: kauditd hold queue overflow",
    "audit: auditd disappeared",
    "kauditd_printk_skb: 108 callbacks suppressed",
};

const std::array<std::string, 7> prefixes{
    "",
    "[ 1518.015136] ",
    "<5>[ 1518.015136] ",
    "kern  :notice: [ 1518.015136] ",
    "Nov 24 05:19:16 web-1 kernel: [ 1518.015136] ",
    "2026-11-24T05:19:16,000000+00:00 ",
    "4,77,1518015136,-;",
};

/// As `dmesg --json` writes it.
std::string json_message(const std::string& text)
{
    return "         \"msg\": " + json::serialize(json::value(text));
}

std::string journal_object(const std::string& message)
{
    return json::serialize(json::object{{"__CURSOR", "s=1;i=2"},
                                        {"_TRANSPORT", "kernel"},
                                        {"SYSLOG_FACILITY", "0"},
                                        {"SYSLOG_IDENTIFIER", "kernel"},
                                        {"MESSAGE", message}});
}

std::string journal_copy(const logged_record& r)
{
    return json::serialize(json::object{{"__CURSOR", "s=1;i=3"},
                                        {"_TRANSPORT", "audit"},
                                        {"SYSLOG_IDENTIFIER", "audit"},
                                        {"_AUDIT_TYPE", "1326"},
                                        {"_AUDIT_ID", std::to_string(r.serial)},
                                        {"_SOURCE_REALTIME_TIMESTAMP", "1795497556007000"},
                                        {"MESSAGE", "SECCOMP " + r.fields()}});
}

std::vector<std::string> lines_of(const std::string& path)
{
    std::vector<std::string> lines;
    std::ifstream file(path);
    BOOST_REQUIRE_MESSAGE(file, "cannot open " << path);
    for (std::string line; std::getline(file, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::vector<std::string> lines_of_vectors()
{
    std::vector<std::string> lines;
    for (const json::object& vector : sctrace::test::read_vectors()) {
        lines.emplace_back(vector.at("line").as_string());
    }
    return lines;
}

std::vector<std::string> records()
{
    const logged_record r{.serial = 200135};
    return {kmsg_line(r),
            "5,9,9,-,caller=T123,more;" + r.kernel_text(),
            "13,9,9,-;" + r.kernel_text(),
            "5,10,9,c;" + r.kernel_text(),
            kmsg_line({.comm = R"("a\x5cb")"}),
            sctrace::test::dmesg_line(r),
            sctrace::test::syslog_line(r),
            sctrace::test::audit_line(r),
            sctrace::test::enriched_line(r),
            "node=web-1 " + sctrace::test::audit_line(r),
            sctrace::test::journal_line(r),
            r.kernel_text(),
            json_message(r.kernel_text()),
            json_message(r.kernel_text()) + ',',
            journal_object(r.kernel_text()),
            journal_copy(r),
            "data: " + journal_copy(r),
            "\x1e" + journal_object(r.kernel_text()),
            "type=SECCOMP msg=audit(03/04/2025 07:39:37.599:201) : auid=unset pid=1 syscall=faccessat",
            "type=SYSCALL msg=audit(1795497556.007:12): arch=c000003e syscall=59 success=yes",
            "[    1.5] audit: type=1300 audit(1795497556.007:13): arch=c000003e syscall=59",
            "type=1326 audit(1.0:1): auid=1 pid=5 comm=\"cut",
            "app[12]: audit: type=1326 audit(1.0:1): syscall=1"};
}

std::vector<std::string> lines_without_a_word()
{
    return {"",
            " SUBSYSTEM=acpi",
            " DEVICE=+acpi:PNP0103:00",
            "----",
            "time->Tue Mar  4 07:39:37 2025",
            "6,339,5140900,-;NET: Registered protocol family 10",
            "[    0.000000] Command line: quiet",
            "key=value youth=1 you=2 u==",
            "all of them suppressed",
            "the limit was exceeded",
            "a stack overflow",
            "in audit_log_start",
            "rate_limit=5",
            "foo type=1300 audit(1.0:2): x",
            "{",
            "},{",
            "{\"a\":1}",
            std::string(70'000, 'y'),
            std::string(40'000, '=') + "type=1326",
            std::string(10'000, ' ') + logged_record().kernel_text()};
}

std::string noise(std::mt19937& random)
{
    constexpr std::string_view alphabet = "yumq}=dwt tpe:;,01[]\r\\\"{";
    std::string text(random() % 90, '\0');
    for (char& c : text) {
        c = alphabet[random() % alphabet.size()];
    }
    return text;
}

std::vector<std::string> all_lines()
{
    std::vector<std::string> lines = lines_of_vectors();
    for (const auto& more : {records(), lines_without_a_word(), lines_of(data_file("demo.kmsg"))}) {
        lines.insert(lines.end(), more.begin(), more.end());
    }
    for (const std::string& notice : notices) {
        for (const std::string& prefix : prefixes) {
            lines.push_back(prefix + notice);
        }
    }
    // A separator within a line would make two of it.
    std::erase_if(lines, [](const std::string& line) {
        return line.find('\n') != std::string::npos || line.find('\0') != std::string::npos;
    });
    return lines;
}

constexpr std::string_view nul("\0", 1);
constexpr std::string_view newline_nul("\n\0", 2);

/// Texts of lines in any order.
class text_maker {
public:
    text_maker(std::vector<std::string> lines, bool nul_separated)
        : lines_(std::move(lines))
        , ends_{"\n", "\n", "\n", "\r\n"}
    {
        if (nul_separated) {
            ends_.insert(ends_.end(), {nul, newline_nul, nul});
        }
    }

    std::string next()
    {
        std::string text;
        for (std::size_t left = random_() % 12; left != 0; --left) {
            text.append(random_() % 5 == 0 ? noise(random_) : one_of(lines_)).append(one_of(ends_));
        }
        if (random_() % 4 == 0) {
            text += one_of(lines_);
        }
        return text;
    }

    std::size_t below(std::size_t limit) { return random_() % limit; }

private:
    template <class T>
    const T& one_of(const std::vector<T>& values)
    {
        return values[random_() % values.size()];
    }

    std::mt19937 random_{20261124};
    std::vector<std::string> lines_;
    std::vector<std::string_view> ends_;
};

const sctrace::test::said_line nothing;

void check_text(const std::string& text, log_format wanted, bool nul_separated, std::size_t alignment = 0)
{
    text_to_scan copy(text, alignment);
    const auto batch = scanned(copy, wanted, nul_separated);
    const auto said = sctrace::test::said_by(batch);
    const auto expected = line_by_line(wanted).read(text, nul_separated);
    const auto [here, there] = std::mismatch(said.begin(), said.end(), expected.begin(), expected.end());
    BOOST_TEST((here == said.end() && there == expected.end()),
               "format " << static_cast<int>(wanted) << ", alignment " << alignment << ", message "
                         << here - said.begin() << ": said " << (here == said.end() ? nothing : *here)
                         << ", but " << (there == expected.end() ? nothing : *there) << " in:\n"
                         << text);
}

void check_texts(bool nul_separated)
{
    text_maker maker(all_lines(), nul_separated);
    for (int i = 0; i < 4000; ++i) {
        check_text(maker.next(), i % 2 == 0 ? log_format::automatic : formats[maker.below(formats.size())],
                   nul_separated, maker.below(64));
    }
}

struct found_marks {
    std::vector<std::size_t> places;
    std::uint64_t entries = 0;

    friend bool operator==(const found_marks&, const found_marks&) = default;
};

found_marks marks_in(std::string_view text, sctrace::detail::find_mark find)
{
    found_marks found;
    for (std::size_t at = 0; at < text.size();) {
        at = find(text.data(), at, text.size(), found.entries);
        if (at < text.size()) {
            found.places.push_back(at);
            const bool ends_entry = text[at] == '\n' && text.data()[at + 1] != ' ';
            found.entries += ends_entry ? 1 : 0;
            ++at;
        }
    }
    return found;
}

/// Line ends that no space follows.
std::uint64_t entries_in(std::string_view text)
{
    std::uint64_t entries = 0;
    for (std::size_t at = 0; at < text.size(); ++at) {
        entries += text[at] == '\n' && (at + 1 == text.size() || text[at + 1] != ' ') ? 1 : 0;
    }
    return entries;
}

struct gaps {
    std::uint64_t missing = 0;
    std::optional<std::uint64_t> first;
    std::optional<std::uint64_t> last;
};

gaps gaps_in(const std::string& text, bool nul_separated = false, log_format wanted = log_format::automatic)
{
    text_to_scan copy(text);
    const auto batch = scanned(copy, wanted, nul_separated);
    return {batch.losses().overwritten, batch.part().first_sequence, batch.part().last_sequence};
}

std::string entry(std::uint64_t sequence, std::string_view text = "x")
{
    return "6," + std::to_string(sequence) + ",1,-;" + std::string(text) + '\n';
}

std::string entries(std::initializer_list<std::uint64_t> sequences)
{
    std::string text;
    for (const std::uint64_t sequence : sequences) {
        text += entry(sequence);
    }
    return text;
}

void check_gaps(const gaps& seen, std::uint64_t missing, std::optional<std::uint64_t> first,
                std::optional<std::uint64_t> last)
{
    BOOST_TEST(seen.missing == missing);
    BOOST_TEST((seen.first == first));
    BOOST_TEST((seen.last == last));
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_scanning)

BOOST_AUTO_TEST_CASE(lines_in_any_order_say_what_each_says_alone)
{
    check_texts(false);
}

BOOST_AUTO_TEST_CASE(lines_and_entries_between_nul_bytes_say_what_each_says_alone)
{
    check_texts(true);
}

BOOST_AUTO_TEST_CASE(every_line_alone_is_found_at_the_very_begin_and_end)
{
    for (const std::string& line : all_lines()) {
        check_text(line, log_format::automatic, false);
        check_text(line + '\n', log_format::automatic, false);
        check_text("x\n" + line, log_format::automatic, false);
        check_text(line, log_format::automatic, true);
        check_text(line + '\0', log_format::automatic, true);
    }
}

BOOST_AUTO_TEST_CASE(a_record_is_found_at_every_alignment)
{
    const std::string record = kmsg_line({.serial = 5});
    for (std::size_t alignment = 0; alignment < 64; ++alignment) {
        for (std::size_t before = 0; before < 66; ++before) {
            const std::string text = std::string(before, '.') + '\n' + record + '\n';
            text_to_scan copy(text, alignment);
            const auto batch = scanned(copy, log_format::automatic, false);
            BOOST_REQUIRE(batch.messages().size() == 1U);
            BOOST_REQUIRE(batch.messages()[0].text == logged_record{.serial = 5}.kernel_text());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_notice_is_found_at_every_alignment)
{
    for (const std::string& notice : notices) {
        for (std::size_t alignment = 0; alignment < 64; ++alignment) {
            const std::string text = "[ 1518.015136] " + notice + '\n';
            text_to_scan copy(text, alignment);
            const auto batch = scanned(copy, log_format::automatic, false);
            BOOST_REQUIRE(batch.messages().size() == 1U);
            BOOST_REQUIRE(sctrace::parse_loss_line(batch.messages()[0].text));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_empty_text_says_nothing)
{
    text_to_scan copy("");
    const auto batch = scanned(copy, log_format::automatic, false);
    BOOST_TEST(batch.empty());
    BOOST_TEST(!batch.losses().any());
}

BOOST_AUTO_TEST_CASE(the_portable_finder_finds_what_the_best_one_finds)
{
    for (const bool nul_separated : {false, true}) {
        text_maker maker(all_lines(), nul_separated);
        for (int i = 0; i < 1000; ++i) {
            const std::string text = maker.next();
            text_to_scan copy(text, maker.below(64));
            // Scanned once, so that the margins are as the finders need them.
            static_cast<void>(scanned(copy, log_format::automatic, nul_separated));
            const std::string_view view(copy.lines().data(), copy.lines().size());
            const auto best = marks_in(view, sctrace::detail::best_find_mark(nul_separated));
            const auto portable = marks_in(view, sctrace::detail::portable_find_mark(nul_separated));
            BOOST_TEST((best == portable), text);
            if (!nul_separated) {
                BOOST_TEST(portable.entries == entries_in(view), text);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(only_lines_of_the_wanted_format_count)
{
    const logged_record r;
    const std::string text =
        sctrace::test::log_of({kmsg_line(r), sctrace::test::dmesg_line(r), sctrace::test::syslog_line(r),
                               sctrace::test::audit_line(r), sctrace::test::journal_line(r), r.kernel_text(),
                               "audit: backlog limit exceeded"});
    const std::array<std::size_t, formats.size()> expected{7, 2, 3, 2, 4, 2};
    for (std::size_t i = 0; i < formats.size(); ++i) {
        text_to_scan copy(text);
        BOOST_TEST(scanned(copy, formats[i], false).messages().size() == expected[i], "format " << i);
    }
}

BOOST_AUTO_TEST_CASE(escapes_are_undone)
{
    text_to_scan entry(kmsg_line({.comm = R"("a\x5cb")"}) + '\n');
    const auto kmsg = scanned(entry, log_format::automatic, false);
    BOOST_REQUIRE(kmsg.messages().size() == 1U);
    BOOST_TEST(kmsg.messages()[0].text == (logged_record{.comm = R"("a\b")"}.kernel_text()));
    text_to_scan member(json_message(logged_record{}.kernel_text()) + '\n');
    const auto dmesg = scanned(member, log_format::automatic, false);
    BOOST_REQUIRE(dmesg.messages().size() == 1U);
    BOOST_TEST(dmesg.messages()[0].text == logged_record{}.kernel_text());
}

BOOST_AUTO_TEST_CASE(a_copy_of_journald_s_has_no_header)
{
    const std::string text = sctrace::test::journal_line({}) + '\n';
    text_to_scan copy(text);
    const auto batch = scanned(copy, log_format::automatic, false);
    BOOST_REQUIRE(batch.messages().size() == 1U);
    BOOST_TEST(batch.messages()[0].without_header);
    BOOST_TEST(batch.messages()[0].type == 1326U);
    BOOST_TEST(batch.messages()[0].text == logged_record{}.fields());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(log_scanning_json)

BOOST_AUTO_TEST_CASE(journal_entries_in_json)
{
    for (const std::string begin : {"", "\x1e", "data: "}) {
        std::string text;
        for (const std::string& notice : notices) {
            text += begin + journal_object(notice) + '\n' + (begin.size() > 1 ? "\n" : "");
        }
        text += begin + journal_object(logged_record{}.kernel_text()) + '\n';
        text += begin + journal_copy({.serial = 77}) + '\n';
        text += begin + journal_object("a line of no interest") + '\n';
        text_to_scan copy(text);
        const auto batch = scanned(copy, log_format::automatic, false);
        BOOST_TEST(batch.messages().size() == notices.size() + 2);
        BOOST_TEST(batch.messages().back().text.find(":77): auid=") != std::string_view::npos);
        check_text(text, log_format::automatic, false);
        check_text(text, log_format::journal, false);
        text_to_scan other(text);
        BOOST_TEST(scanned(other, log_format::dmesg, false).empty());
    }
}

BOOST_AUTO_TEST_CASE(journal_entries_whose_message_is_in_numbers)
{
    const auto numbers = [](const std::string& text) {
        json::array bytes;
        for (const char c : text) {
            bytes.emplace_back(static_cast<unsigned char>(c));
        }
        return json::serialize(bytes);
    };
    const logged_record r{.serial = 77};
    const std::string text =
        R"({"__CURSOR":"s=1","_TRANSPORT":"kernel","MESSAGE":)" + numbers(r.kernel_text()) + "}\n" +
        R"({ "__CURSOR" : "s=1", "_TRANSPORT" : "audit", "MESSAGE" : )" + numbers("SECCOMP " + r.fields()) +
        " }\n" + R"({"__CURSOR":"s=1","_TRANSPORT":"kernel","MESSAGE":)" + numbers(notices[2]) + "}\n";
    text_to_scan copy(text);
    const auto batch = scanned(copy, log_format::automatic, false);
    BOOST_REQUIRE(batch.messages().size() == 3U);
    BOOST_TEST(batch.messages()[0].text == r.kernel_text());
    BOOST_TEST(batch.messages()[1].text == r.fields());
    BOOST_TEST(batch.messages()[2].text == notices[2]);
}

/// `dmesg --json` of these texts.
std::string dmesg_json(std::initializer_list<std::string> texts)
{
    std::string log = "{\n   \"dmesg\": [\n      {\n";
    for (const std::string& text : texts) {
        log +=
            "         \"pri\": 5,\n         \"time\":     0.000000,\n" + json_message(text) + "\n      },{\n";
    }
    return log + "      }\n   ]\n}\n";
}

BOOST_AUTO_TEST_CASE(messages_of_dmesg_in_json)
{
    const std::string log = dmesg_json({"Linux version \"6.1\"", logged_record{}.kernel_text(), notices[0],
                                        notices[2], notices[5], notices[8], "all callbacks suppressed"});
    text_to_scan copy(log);
    const auto batch = scanned(copy, log_format::automatic, false);
    BOOST_REQUIRE(batch.messages().size() == 5U);
    BOOST_TEST(batch.messages()[0].text == logged_record{}.kernel_text());
    BOOST_TEST(batch.messages()[4].text == notices[8]);
    check_text(log, log_format::dmesg, false);
}

BOOST_AUTO_TEST_CASE(a_part_of_json_may_begin_with_any_of_its_lines)
{
    const std::string log = dmesg_json({notices[2], logged_record{}.kernel_text(), notices[8]});
    for (std::size_t at = 0; at < log.size(); at = log.find('\n', at) + 1) {
        check_text(log.substr(at), log_format::automatic, false);
    }
    const std::string event = "data: " + journal_object(notices[4]) + "\n\n";
    check_text('\n' + event + event, log_format::automatic, false);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(log_scanning_sequence)

BOOST_AUTO_TEST_CASE(numbers_in_a_row_miss_nothing)
{
    check_gaps(gaps_in(entries({5, 6, 7, 8})), 0, 5, 8);
    check_gaps(gaps_in(entry(5)), 0, 5, 5);
    check_gaps(gaps_in("6,5,1,-;without an end"), 0, 5, 5);
}

BOOST_AUTO_TEST_CASE(each_gap_is_counted)
{
    check_gaps(gaps_in(entries({5, 8})), 2, 5, 8);
    check_gaps(gaps_in(entries({1, 2, 4, 5, 10, 11})), 5, 1, 11);
    check_gaps(gaps_in(entries({0, 18446744073709551615U})), 18446744073709551614U, 0, 18446744073709551615U);
}

BOOST_AUTO_TEST_CASE(records_and_notices_are_entries_as_well)
{
    std::string text;
    for (std::uint64_t i = 1; i <= 600; ++i) {
        text += i % 3 == 0 ? kmsg_line({}, i) + '\n' : i % 3 == 1 ? entry(i, notices[i % 9]) : entry(i);
    }
    check_gaps(gaps_in(text), 0, 1, 600);
    check_gaps(gaps_in(text + entry(602)), 1, 1, 602);
}

BOOST_AUTO_TEST_CASE(continuation_lines_are_no_entries)
{
    check_gaps(gaps_in(entry(5) + " SUBSYSTEM=usb\n DEVICE=c189:5\n" + entry(6)), 0, 5, 6);
    check_gaps(gaps_in(entry(5) + " SUBSYSTEM=usb\n" + entry(8) + " SUBSYSTEM=usb\n"), 2, 5, 8);
    check_gaps(gaps_in(entry(5, "is suppressed") + " A=b\n" + entry(6)), 0, 5, 6);
    check_gaps(gaps_in(" SUBSYSTEM=usb\n DEVICE=c189:5\n" + entry(5) + entry(7)), 1, 5, 7);
    std::string many;
    for (int i = 0; i < 100; ++i) {
        many += " KEY=" + std::to_string(i) + '\n';
    }
    check_gaps(gaps_in(entry(5) + entry(6) + many), 0, 5, 6);
    check_gaps(gaps_in(entry(5) + many + entry(9) + many), 3, 5, 9);
}

BOOST_AUTO_TEST_CASE(a_number_that_decreases_is_another_boot)
{
    check_gaps(gaps_in(entries({900, 901, 1, 2, 3})), 0, 900, 3);
    check_gaps(gaps_in(entries({900, 901, 1, 2, 5})), 2, 900, 5);
    check_gaps(gaps_in(entries({7, 7, 7})), 0, 7, 7);
}

BOOST_AUTO_TEST_CASE(entries_between_nul_bytes_are_counted_too)
{
    std::string text;
    for (const std::uint64_t sequence : {5, 6, 9}) {
        text += entry(sequence) + " DEVICE=c189:5\n" + '\0';
    }
    check_gaps(gaps_in(text, true), 2, 5, 9);
    const std::string border = std::string(nul) + entry(5) + std::string(nul) + entry(7);
    check_gaps(gaps_in(border, true), 1, 5, 7);
    check_gaps(gaps_in(" DEVICE=c189:5\n" + border, true), 1, 5, 7);
    std::string lines = entries({5, 6, 7, 9});
    std::replace(lines.begin(), lines.end(), '\n', '\0');
    check_gaps(gaps_in(lines, true), 1, 5, 9);
}

BOOST_AUTO_TEST_CASE(other_forms_have_no_sequence)
{
    const std::string text = sctrace::test::dmesg_line({}) + '\n' + sctrace::test::dmesg_line({}) + '\n';
    check_gaps(gaps_in(text), 0, std::nullopt, std::nullopt);
    check_gaps(gaps_in(entries({1, 9}), false, log_format::syslog), 0, std::nullopt, std::nullopt);
    check_gaps(gaps_in(entries({1, 9}), false, log_format::kmsg), 7, 1, 9);
    check_gaps(gaps_in("a line of another kind\n" + entries({1, 9})), 0, std::nullopt, std::nullopt);
    check_gaps(gaps_in(entries({1, 2}) + "a line of another kind\n"), 0, 1, 2);
    check_gaps(gaps_in(entries({1, 4}) + "a line of another kind\n"), 2, 1, 4);
}

BOOST_AUTO_TEST_SUITE_END()
