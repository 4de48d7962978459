#include <sctrace/event.hpp>
#include <sctrace/event_folder.hpp>
#include <sctrace/seccomp_record.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <random>
#include <string>

namespace {

using namespace std::chrono_literals;
using sctrace::event_folder;
using form = event_folder::count_form;

/// A moment so long after an arbitrary beginning.
event_folder::time_point at(event_folder::duration since_begin)
{
    return event_folder::time_point(1h) + since_begin;
}

sctrace::seccomp_record call(std::int64_t number, std::uint32_t serial = 1)
{
    sctrace::seccomp_record record;
    record.time = "1795498483.207";
    record.serial = serial;
    record.pid = 42;
    record.arch = 0xc000003e;
    record.syscall = number;
    record.ip = 0x1000 + serial;
    record.code = 0x7ffc0000;
    return record;
}

/// A folder and all that has come out of it.
struct with_folder {
    std::string out;

    void add(event_folder& folder, std::int64_t number, const std::string& line, event_folder::duration when)
    {
        folder.add(call(number), line, at(when), out);
    }
};

/// The sum of what all lines of the text form stand for.
std::uint64_t sum_of_counts(const std::string& lines)
{
    std::uint64_t sum = 0;
    for (std::size_t begin = 0; begin != lines.size();) {
        const auto end = lines.find('\n', begin);
        const std::string line = lines.substr(begin, end - begin);
        const auto mark = line.rfind(" x");
        sum += mark == std::string::npos ? 1 : std::stoull(line.substr(mark + 2));
        begin = end + 1;
    }
    return sum;
}

} // namespace

BOOST_FIXTURE_TEST_SUITE(event_folder_suite, with_folder)

BOOST_AUTO_TEST_CASE(the_first_of_several_comes_out_at_once_and_the_others_after_an_interval)
{
    event_folder folder(form::suffix);
    add(folder, 1, "first", 0ms);
    BOOST_TEST(out == "first\n");
    add(folder, 1, "second", 1ms);
    add(folder, 1, "third", 999ms);
    folder.advance(at(999ms), out);
    BOOST_TEST(out == "first\n");
    folder.advance(at(1000ms), out);
    BOOST_TEST(out == "first\nthird x2\n");
}

BOOST_AUTO_TEST_CASE(one_repetition_is_a_line_without_a_count)
{
    event_folder folder(form::suffix);
    add(folder, 1, "first", 0ms);
    add(folder, 1, "second", 1ms);
    folder.finish(out);
    BOOST_TEST(out == "first\nsecond\n");
}

BOOST_AUTO_TEST_CASE(an_object_gets_its_count_as_the_last_member)
{
    event_folder folder(form::member);
    for (int i = 0; i < 4; ++i) {
        const auto record = call(110, static_cast<std::uint32_t>(i));
        folder.add(record, sctrace::to_event(record), at(0ms), out);
    }
    folder.finish(out);
    auto last = sctrace::to_event(call(110, 3));
    last.pop_back();
    BOOST_TEST(out == sctrace::to_event(call(110, 0)) + '\n' + last + ",\"count\":3}\n");
}

BOOST_AUTO_TEST_CASE(time_serial_and_instruction_pointer_make_no_difference_and_everything_else_does)
{
    using record = sctrace::seccomp_record;
    const auto lines_of_two = [](auto change) {
        event_folder folder(form::suffix);
        std::string lines;
        record changed = call(1);
        change(changed);
        folder.add(call(1), "a", at(0ms), lines);
        folder.add(changed, "b", at(0ms), lines);
        return lines;
    };
    BOOST_TEST(lines_of_two([](record& r) { r.time = "1.5"; }) == "a\n");
    BOOST_TEST(lines_of_two([](record& r) { r.serial = 77; }) == "a\n");
    BOOST_TEST(lines_of_two([](record& r) { r.ip.reset(); }) == "a\n");
    BOOST_TEST(lines_of_two([](record& r) { r.pid = 43; }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) { r.syscall = 2; }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) { r.arch = 0x40000003; }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) { r.code = 0x00050001; }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) { r.uid = 1; }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) { r.ses = 1; }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) { r.sig = 31; }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) { r.subj = "x"; }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) {
                   r.comm = {sctrace::untrusted_string::encoding::quoted, "x"};
               }) == "a\nb\n");
    BOOST_TEST(lines_of_two([](record& r) {
                   r.exe = {sctrace::untrusted_string::encoding::hex, "FF"};
               }) == "a\nb\n");
}

BOOST_AUTO_TEST_CASE(a_steady_stream_gives_one_line_for_each_interval)
{
    event_folder folder(form::suffix);
    for (int ms = 0; ms < 3000; ms += 100) {
        add(folder, 1, std::to_string(ms), std::chrono::milliseconds(ms));
    }
    folder.finish(out);
    BOOST_TEST(out == "0\n900 x9\n1900 x10\n2900 x10\n");
}

BOOST_AUTO_TEST_CASE(an_event_that_was_not_repeated_for_an_interval_comes_out_at_once_again)
{
    event_folder folder(form::suffix);
    add(folder, 1, "a", 0ms);
    BOOST_TEST((folder.next_due() == at(1000ms)));
    folder.advance(at(1000ms), out);
    BOOST_TEST(!folder.next_due().has_value());
    add(folder, 1, "b", 1001ms);
    BOOST_TEST(out == "a\nb\n");
}

BOOST_AUTO_TEST_CASE(adding_brings_out_what_is_due_before)
{
    event_folder folder(form::suffix);
    add(folder, 1, "a", 0ms);
    add(folder, 1, "b", 1ms);
    add(folder, 2, "c", 2000ms);
    BOOST_TEST(out == "a\nb\nc\n");
    BOOST_TEST((folder.next_due() == at(3000ms)));
}

BOOST_AUTO_TEST_CASE(a_full_folder_lets_the_oldest_go_with_its_count)
{
    event_folder folder(form::suffix, 1s, 2);
    add(folder, 1, "a", 0ms);
    add(folder, 2, "b", 1ms);
    add(folder, 1, "a2", 2ms);
    add(folder, 1, "a3", 3ms);
    add(folder, 3, "c", 4ms);
    BOOST_TEST(out == "a\nb\na3 x2\nc\n");
    add(folder, 2, "b2", 5ms);
    folder.finish(out);
    BOOST_TEST(out == "a\nb\na3 x2\nc\nb2\n");
}

BOOST_AUTO_TEST_CASE(an_empty_folder_has_nothing_to_say)
{
    event_folder folder(form::member);
    folder.advance(at(10h), out);
    folder.finish(out);
    BOOST_TEST(out.empty());
    BOOST_TEST(!folder.next_due().has_value());
}

BOOST_AUTO_TEST_CASE(the_sum_of_all_counts_is_the_number_of_events)
{
    std::mt19937 random(20261124);
    for (int round = 0; round < 50; ++round) {
        event_folder folder(form::suffix, 1s, 1 + random() % 20);
        std::string lines;
        event_folder::duration now{};
        const std::uint64_t events = random() % 3000;
        for (std::uint64_t i = 0; i != events; ++i) {
            now += std::chrono::milliseconds(random() % 40);
            if (random() % 8 == 0) {
                folder.advance(at(now), lines);
            }
            folder.add(call(static_cast<std::int64_t>(random() % 30)), "x", at(now), lines);
        }
        folder.finish(lines);
        BOOST_TEST(sum_of_counts(lines) == events);
    }
}

BOOST_AUTO_TEST_SUITE_END()
