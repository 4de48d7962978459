#include "common/words_test.hpp"

#include <sctrace/error.hpp>
#include <sctrace/journal_entry.hpp>
#include <sctrace/journal_export_reader.hpp>
#include <sctrace/log_line.hpp>

#include <cstdint>

using sctrace::audit_line_of;
using sctrace::error;
using sctrace::journal_entry;
using sctrace::journal_export_reader;
using sctrace::parse_journal_json;
using sctrace::parse_loss_line;
using sctrace::parse_seccomp_line;
using sctrace::test::exact_text;
using sctrace::test::fields;
using sctrace::test::kernel_text;

namespace {

const std::string copy_message = "SECCOMP " + std::string(fields);
const std::string copy_line = "type=1326 audit(1795497556.007:200135): " + std::string(fields);

journal_entry kernel_entry(std::string message = kernel_text)
{
    journal_entry entry;
    entry.transport = "kernel";
    entry.identifier = "kernel";
    entry.facility = "0";
    entry.message = std::move(message);
    return entry;
}

journal_entry audit_entry()
{
    journal_entry entry;
    entry.transport = "audit";
    entry.identifier = "audit";
    entry.message = copy_message;
    entry.audit_type = "1326";
    entry.audit_id = "200135";
    entry.source_time = "1795497556007000";
    return entry;
}

journal_entry message_alone(std::string message)
{
    journal_entry entry;
    entry.message = std::move(message);
    return entry;
}

std::string line_of(const journal_entry& entry)
{
    return audit_line_of(entry).value_or("nothing");
}

/// `text` as a JSON string.
std::string quoted(std::string_view text)
{
    std::string result = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') {
            result += '\\';
        }
        result += c;
    }
    return result + '"';
}

std::string member(std::string_view name, std::string_view value)
{
    return ",\"" + std::string(name) + "\":" + std::string(value);
}

/// An entry whose other members are `members`, as journalctl writes it.
std::string object_with(const std::string& members)
{
    return R"({"__CURSOR":"s=1;i=2","__REALTIME_TIMESTAMP":"1795497556007123","PRIORITY":"5")" + members +
           "}";
}

std::string array_of_numbers(std::string_view text)
{
    std::string result = "[";
    for (const char c : text) {
        result += std::to_string(static_cast<unsigned char>(c)) + ",";
    }
    result.back() = ']';
    return result;
}

journal_entry entry_with_message(std::string_view value)
{
    const exact_text line(object_with(member("_TRANSPORT", "\"kernel\"") + member("MESSAGE", value)));
    const auto entry = parse_journal_json(line.view());
    BOOST_REQUIRE(entry);
    BOOST_TEST(entry->transport == "kernel");
    return *entry;
}

std::string text_field(std::string_view name, std::string_view value)
{
    return std::string(name) + "=" + std::string(value) + "\n";
}

std::string length_of(std::uint64_t length)
{
    std::string bytes;
    for (int i = 0; i < 8; ++i) {
        bytes += static_cast<char>(length >> (8 * i) & 0xff);
    }
    return bytes;
}

std::string binary_field(std::string_view name, std::string_view value)
{
    return std::string(name) + "\n" + length_of(value.size()) + std::string(value) + "\n";
}

const std::string kernel_fields = text_field("_TRANSPORT", "kernel") +
                                  text_field("SYSLOG_IDENTIFIER", "kernel") +
                                  text_field("SYSLOG_FACILITY", "0");

const std::string exported_kernel =
    text_field("__CURSOR", "s=1;i=2") + kernel_fields + text_field("MESSAGE", kernel_text) + "\n";

const std::string exported_audit = text_field("__CURSOR", "s=1;i=3") + text_field("_TRANSPORT", "audit") +
                                   text_field("_AUDIT_TYPE", "1326") + text_field("_AUDIT_ID", "200135") +
                                   text_field("_SOURCE_REALTIME_TIMESTAMP", "1795497556007000") +
                                   binary_field("MESSAGE", copy_message) + "\n";

struct exported {
    std::string lines;
    std::uint64_t malformed;
};

exported read_in_pieces(std::string_view bytes, std::size_t piece)
{
    journal_export_reader reader;
    exported result;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        const exact_text part(bytes.substr(at, piece));
        reader.feed(part.view(), result.lines);
    }
    reader.finish(result.lines);
    result.malformed = reader.malformed();
    return result;
}

void check_export(std::string_view bytes, std::string_view lines, std::uint64_t malformed)
{
    for (const std::size_t piece :
         {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{64}, bytes.size() + 1}) {
        const auto read = read_in_pieces(bytes, piece);
        BOOST_TEST_CONTEXT("pieces of " << piece)
        {
            BOOST_TEST(read.lines == lines);
            BOOST_TEST(read.malformed == malformed);
        }
    }
}

} // namespace

BOOST_AUTO_TEST_SUITE(journal_entries)

BOOST_AUTO_TEST_CASE(every_needed_field_is_read)
{
    const exact_text line(object_with(
        member("_TRANSPORT", "\"audit\"") + member("SYSLOG_IDENTIFIER", "\"audit\"") +
        member("SYSLOG_FACILITY", "\"4\"") + member("MESSAGE", quoted(copy_message)) +
        member("_AUDIT_TYPE", "\"1326\"") + member("_AUDIT_ID", "\"200135\"") +
        member("_SOURCE_REALTIME_TIMESTAMP", "\"1795497556007000\"") + member("_AUDIT_FIELD_SIG", "\"0\"")));
    const auto entry = parse_journal_json(line.view());
    BOOST_REQUIRE(entry);
    BOOST_TEST(entry->transport == "audit");
    BOOST_TEST(entry->identifier == "audit");
    BOOST_TEST(entry->facility == "4");
    BOOST_TEST(entry->message == copy_message);
    BOOST_TEST(entry->audit_type == "1326");
    BOOST_TEST(entry->audit_id == "200135");
    BOOST_TEST(entry->source_time == "1795497556007000");
    BOOST_TEST(line_of(*entry) == copy_line);
}

BOOST_AUTO_TEST_CASE(json_seq_and_json_sse_are_read)
{
    const std::string object = object_with(member("MESSAGE", "\"x\""));
    for (const std::string& text : {object, object + "\n", object + "\r\n", "\x1e" + object + "\n",
                                    "data: " + object, " " + object + " "}) {
        const exact_text line(text);
        const auto entry = parse_journal_json(line.view());
        BOOST_REQUIRE(entry);
        BOOST_TEST(entry->message == "x");
        BOOST_TEST(entry->transport.empty());
    }
}

BOOST_AUTO_TEST_CASE(values_of_every_kind_are_read)
{
    BOOST_TEST(entry_with_message(array_of_numbers("a\xff\n")).message == "a\xff\n");
    BOOST_TEST(entry_with_message("[0,255]").message == std::string("\0\xff", 2));
    BOOST_TEST(entry_with_message(R"(["first","second"])").message == "first");
    BOOST_TEST(entry_with_message("[[97,98],\"second\"]").message == "ab");
    BOOST_TEST(entry_with_message(R"("\u0000\n\"")").message == std::string("\0\n\"", 3));
    BOOST_TEST(entry_with_message("\"\xff\"").message == "\xff");
}

BOOST_AUTO_TEST_CASE(values_that_say_nothing_are_absent)
{
    for (const std::string_view value :
         {"null", "[]", "[null]", "[[]]", "7", "true", "{}", "[{}]", "[256]", "[-1]", "[97,\"b\"]", "[97.5]",
          "[97,18446744073709551615]", "[[97,256]]"}) {
        BOOST_TEST_CONTEXT(value) BOOST_TEST(entry_with_message(value).message.empty());
    }
}

BOOST_AUTO_TEST_CASE(anything_else_is_no_journal_entry)
{
    const std::string whole = object_with(member("MESSAGE", "\"x\""));
    for (const std::string& text :
         {std::string(), std::string("\n"), std::string("\x1e"), std::string("data: "), std::string("7"),
          std::string("[]"), std::string("{}"), std::string(R"({"pri":5,"msg":"x"})"), whole + whole,
          "event: " + whole, kernel_text, std::string(100, '['), std::string(100, '{')}) {
        const exact_text line(text);
        BOOST_TEST_CONTEXT(text)
        BOOST_TEST(parse_journal_json(line.view()).error() == error::not_a_journal_entry);
    }
    for (std::size_t length = 0; length < whole.size(); ++length) {
        const exact_text line(whole.substr(0, length));
        BOOST_TEST(parse_journal_json(line.view()).error() == error::not_a_journal_entry);
    }
}

BOOST_AUTO_TEST_CASE(an_entry_longer_than_the_stack_buffer_is_read)
{
    const std::string text(200'000, 'x');
    BOOST_TEST((entry_with_message(quoted(text)).message == text));
    BOOST_TEST((entry_with_message(array_of_numbers(text)).message == text));
}

BOOST_AUTO_TEST_CASE(an_audit_record_gets_its_header_back)
{
    BOOST_TEST(line_of(audit_entry()) == copy_line);
    const std::string line = line_of(audit_entry());
    const auto record = parse_seccomp_line(line);
    BOOST_REQUIRE(record);
    BOOST_TEST(record->time == "1795497556.007");
    BOOST_TEST(record->serial.value() == 200135U);
    BOOST_TEST(record->syscall == 110);
}

BOOST_AUTO_TEST_CASE(the_header_keeps_the_zeros_of_the_milliseconds)
{
    auto entry = audit_entry();
    entry.source_time = "1795497556000000";
    BOOST_TEST(line_of(entry).starts_with("type=1326 audit(1795497556.000:200135): auid="));
    entry.source_time = "1795497556999999";
    BOOST_TEST(line_of(entry).starts_with("type=1326 audit(1795497556.999:200135): auid="));
    entry.source_time = "70000";
    entry.audit_id = "4294967295";
    BOOST_TEST(line_of(entry).starts_with("type=1326 audit(0.070:4294967295): auid="));
}

BOOST_AUTO_TEST_CASE(without_time_or_serial_the_record_has_no_header)
{
    for (const std::string_view bad : {"", "x", "12x", "-1", "99999999999999999999999"}) {
        auto without_time = audit_entry();
        without_time.source_time = bad;
        BOOST_TEST(line_of(without_time) == copy_message);
        auto without_serial = audit_entry();
        without_serial.audit_id = bad;
        BOOST_TEST(line_of(without_serial) == copy_message);
    }
    auto entry = audit_entry();
    entry.audit_id = "4294967296";
    BOOST_TEST(line_of(entry) == copy_message);
    BOOST_TEST(parse_seccomp_line(copy_message).value().syscall == 110);
}

BOOST_AUTO_TEST_CASE(an_audit_record_is_told_by_its_type_or_its_first_word)
{
    auto named = audit_entry();
    named.audit_type.clear();
    BOOST_TEST(line_of(named) == copy_line);
    auto numbered = audit_entry();
    numbered.message = "AUDIT1326 " + std::string(fields);
    BOOST_TEST(line_of(numbered) == copy_line);
    auto other = audit_entry();
    other.audit_type = "1400";
    BOOST_TEST(line_of(other) == "nothing");
    other.audit_type.clear();
    other.message = "AVC " + std::string(fields);
    BOOST_TEST(line_of(other) == "nothing");
    auto without_fields = audit_entry();
    without_fields.message = "SECCOMP";
    BOOST_TEST(line_of(without_fields) == "type=1326 audit(1795497556.007:200135): ");
}

BOOST_AUTO_TEST_CASE(an_audit_record_is_known_without_its_transport)
{
    auto entry = audit_entry();
    entry.transport.clear();
    BOOST_TEST(line_of(entry) == copy_line);
    entry.identifier.clear();
    BOOST_TEST(line_of(entry) == copy_line);
    entry.audit_type.clear();
    BOOST_TEST(line_of(entry) == copy_message);
}

BOOST_AUTO_TEST_CASE(a_message_of_the_kernel_is_taken_as_it_is)
{
    for (const std::string& message :
         {kernel_text, kernel_text.substr(7), std::string("audit: type=1400 audit(1.0:1): x"),
          std::string("kauditd_printk_skb: 20 callbacks suppressed"),
          std::string("audit: audit_lost=4 audit_rate_limit=0 audit_backlog_limit=64")}) {
        BOOST_TEST(line_of(kernel_entry(message)) == message);
        auto entry = kernel_entry(message);
        entry.transport.clear();
        entry.facility.clear();
        BOOST_TEST(line_of(entry) == message);
        entry.transport = "kernel";
        entry.identifier.clear();
        BOOST_TEST(line_of(entry) == message);
    }
    BOOST_TEST(line_of(kernel_entry("usb 1-1: new device")) == "nothing");
    BOOST_TEST(line_of(kernel_entry("the user said " + kernel_text)) == "nothing");
    BOOST_TEST(line_of(kernel_entry("")) == "nothing");
}

BOOST_AUTO_TEST_CASE(what_a_program_wrote_to_the_kernels_log_never_counts)
{
    auto entry = kernel_entry();
    entry.facility = "1";
    BOOST_TEST(line_of(entry) == "nothing");
    entry.identifier = "app";
    BOOST_TEST(line_of(entry) == "nothing");
    entry.facility.clear();
    BOOST_TEST(line_of(entry) == "nothing");
    entry.facility = "0";
    BOOST_TEST(line_of(entry) == "nothing");
}

BOOST_AUTO_TEST_CASE(other_transports_never_count)
{
    for (const std::string_view transport : {"syslog", "stdout", "journal", "driver"}) {
        for (const std::string& message :
             {kernel_text, copy_message, std::string("kauditd_printk_skb: 20 callbacks suppressed")}) {
            for (const std::string_view identifier : {"", "app", "kernel", "audit"}) {
                auto entry = kernel_entry(message);
                entry.transport = transport;
                entry.identifier = identifier;
                BOOST_TEST(line_of(entry) == "nothing");
            }
        }
    }
    auto entry = kernel_entry();
    entry.transport.clear();
    entry.identifier = "app";
    BOOST_TEST(line_of(entry) == "nothing");
}

BOOST_AUTO_TEST_CASE(a_message_alone_is_taken_if_it_says_something)
{
    for (const std::string& message : {kernel_text, copy_message, "[1.5] " + kernel_text,
                                       std::string("kauditd_printk_skb: 20 callbacks suppressed")}) {
        BOOST_TEST(line_of(message_alone(message)) == message);
    }
    BOOST_TEST(line_of(message_alone("usb 1-1: new device")) == "nothing");
    BOOST_TEST(line_of(message_alone("Nov 24 05:40:36 host app[12]: " + kernel_text)) == "nothing");
    BOOST_TEST(line_of(message_alone("")) == "nothing");
}

BOOST_AUTO_TEST_CASE(a_newline_or_nul_ends_the_message)
{
    for (const std::string& end : {std::string("\n"), std::string("\r\n"), std::string("\0", 1)}) {
        BOOST_TEST(line_of(kernel_entry(kernel_text + end + "audit: type=1326 x")) == kernel_text);
        BOOST_TEST(line_of(kernel_entry(end + kernel_text)) == "nothing");
        auto entry = audit_entry();
        entry.message += end + "y";
        BOOST_TEST(line_of(entry) == copy_line);
        BOOST_TEST(line_of(message_alone(kernel_text + end + "y")) == kernel_text);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(journal_exports)

BOOST_AUTO_TEST_CASE(entries_are_read_in_pieces_of_any_size)
{
    check_export(exported_kernel + exported_audit, kernel_text + "\n" + copy_line + "\n", 0);
    check_export("\n\n" + exported_kernel + "\n\n" + exported_audit, kernel_text + "\n" + copy_line + "\n",
                 0);
    check_export("", "", 0);
}

BOOST_AUTO_TEST_CASE(the_last_entry_needs_no_empty_line)
{
    check_export(exported_kernel.substr(0, exported_kernel.size() - 1), kernel_text + "\n", 0);
    check_export(exported_audit.substr(0, exported_audit.size() - 1), copy_line + "\n", 0);
}

BOOST_AUTO_TEST_CASE(every_cut_of_an_entry_is_malformed_or_says_less)
{
    for (std::size_t length = 1; length + 1 < exported_audit.size(); ++length) {
        const auto read = read_in_pieces(exported_audit.substr(0, length), 5);
        BOOST_TEST(read.lines.empty());
        BOOST_TEST(read.malformed <= 1U);
    }
    check_export(exported_kernel.substr(0, exported_kernel.size() - 2), "", 1);
    check_export(kernel_fields + "MESSAG", "", 1);
    check_export(kernel_fields + "MESSAGE\n\x01", "", 1);
    check_export(kernel_fields + "MESSAGE\n" + length_of(3) + "ab", "", 1);
    check_export(kernel_fields + "MESSAGE\n" + length_of(2) + "ab", "", 1);
}

BOOST_AUTO_TEST_CASE(fields_of_one_entry_do_not_reach_the_next)
{
    const std::string program = text_field("_TRANSPORT", "stdout") + text_field("SYSLOG_IDENTIFIER", "app");
    check_export(kernel_fields + "\n" + program + text_field("MESSAGE", kernel_text) + "\n" + exported_kernel,
                 kernel_text + "\n", 0);
}

BOOST_AUTO_TEST_CASE(an_equals_sign_and_an_empty_value_are_read)
{
    check_export(kernel_fields + text_field("EMPTY", "") + "OTHER\n" + length_of(0) + "\n" +
                     text_field("MESSAGE", kernel_text) + "\n",
                 kernel_text + "\n", 0);
}

BOOST_AUTO_TEST_CASE(a_binary_value_may_hold_empty_lines)
{
    check_export(kernel_fields + binary_field("OTHER", "\n\nMESSAGE=x\n\n") +
                     binary_field("MESSAGE", kernel_text + "\n\nmore") + "\n",
                 kernel_text + "\n", 0);
}

BOOST_AUTO_TEST_CASE(the_first_of_several_values_counts)
{
    check_export(kernel_fields + text_field("MESSAGE", kernel_text) + text_field("MESSAGE", "x") + "\n",
                 kernel_text + "\n", 0);
}

BOOST_AUTO_TEST_CASE(a_long_value_counts_as_absent)
{
    const std::size_t limit = journal_export_reader::max_value;
    const std::string longest = kernel_text + std::string(limit - kernel_text.size(), ' ');
    const std::string too_long = longest + " ";
    check_export(kernel_fields + text_field("MESSAGE", longest) + "\n", longest + "\n", 0);
    check_export(kernel_fields + binary_field("MESSAGE", longest) + "\n", longest + "\n", 0);
    check_export(kernel_fields + text_field("MESSAGE", too_long) + "\n" + exported_kernel, kernel_text + "\n",
                 0);
    check_export(kernel_fields + binary_field("MESSAGE", too_long) + "\n" + exported_kernel,
                 kernel_text + "\n", 0);
}

BOOST_AUTO_TEST_CASE(reading_goes_on_behind_the_empty_line_after_a_malformed_field)
{
    for (const std::string& bad :
         {std::string("lower=x\n"), std::string("=x\n"), std::string("=\n"), std::string("WITH SPACE=x\n"),
          std::string("NUL\0=x\n", 7), std::string(65, 'A') + "=x\n", std::string(65, 'A') + "\n",
          "MESSAGE\n" + length_of(2) + "abc\n", "MESSAGE\n" + length_of(0) + "abc\n",
          "MESSAGE\n" + length_of(768ULL * 1024 * 1024 + 1) + "\n",
          "MESSAGE\n" + length_of(~0ULL) + "abc\n"}) {
        BOOST_TEST_CONTEXT(bad)
        {
            check_export(exported_kernel + kernel_fields + bad + text_field("MESSAGE", kernel_text) + "\n" +
                             exported_audit,
                         kernel_text + "\n" + copy_line + "\n", 1);
            check_export(bad, "", 1);
        }
    }
    check_export(text_field(std::string(64, 'A'), "x") + exported_kernel, kernel_text + "\n", 0);
}

BOOST_AUTO_TEST_CASE(a_length_that_lies_takes_no_memory)
{
    std::string lines;
    journal_export_reader reader;
    reader.feed("MESSAGE\n" + length_of(768ULL * 1024 * 1024), lines);
    for (int i = 0; i < 100; ++i) {
        reader.feed(std::string(10'000, 'x'), lines);
    }
    reader.finish(lines);
    BOOST_TEST(lines.empty());
    BOOST_TEST(reader.malformed() == 1U);
}

BOOST_AUTO_TEST_CASE(a_reader_is_ready_for_another_input_after_the_end)
{
    std::string lines;
    journal_export_reader reader;
    reader.feed(kernel_fields + "MESSAGE=cut", lines);
    reader.finish(lines);
    BOOST_TEST(lines.empty());
    reader.feed(text_field("MESSAGE", "no transport") + "\n" + exported_audit, lines);
    reader.finish(lines);
    BOOST_TEST(lines == copy_line + "\n");
    BOOST_TEST(reader.malformed() == 1U);
}

BOOST_AUTO_TEST_SUITE_END()
