#include "common/compressed.hpp"
#include "common/line_by_line.hpp"
#include "common/logged_record.hpp"
#include "common/temporary_folder.hpp"
#include "common/words_test.hpp"
#include "os/descriptor.hpp"

#include <sctrace/detail/log_reader.hpp>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <mutex>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

using sctrace::error;
using sctrace::failure;
using sctrace::log_format;
using sctrace::record_batch;
using sctrace::detail::log_reader;
using sctrace::detail::unique_descriptor;
using sctrace::test::compressed;
using sctrace::test::kmsg_line;
using sctrace::test::line_by_line;
using sctrace::test::logged_record;
using sctrace::test::said_by;
using sctrace::test::said_lines;
using outcome = log_reader::outcome;

namespace {

const std::string name = "kern.log";

record_batch make_batch()
{
    return record_batch(record_batch::default_messages, log_reader::batch_bytes);
}

/// A regular file in memory.
class memory_file {
public:
    explicit memory_file(std::string_view text = {})
        : file_(::memfd_create("log", MFD_CLOEXEC))
    {
        put(text, 0);
    }

    void put(std::string_view text, std::size_t offset)
    {
        BOOST_REQUIRE(::pwrite(file_.get(), text.data(), text.size(), static_cast<off_t>(offset)) ==
                      static_cast<ssize_t>(text.size()));
    }

    void resize(std::size_t size) { BOOST_REQUIRE(::ftruncate(file_.get(), static_cast<off_t>(size)) == 0); }

    int get() const noexcept { return file_.get(); }

    /// A descriptor that stands at @p offset.
    int descriptor_at(std::size_t offset) const
    {
        const int copy = ::dup(file_.get());
        BOOST_REQUIRE(::lseek(copy, static_cast<off_t>(offset), SEEK_SET) == static_cast<off_t>(offset));
        return copy;
    }

private:
    unique_descriptor file_;
};

log_reader reader_of(const memory_file& file, log_format wanted = log_format::automatic)
{
    auto opened = log_reader::adopt(file.descriptor_at(0), name, wanted);
    BOOST_REQUIRE(opened.has_value());
    return std::move(*opened);
}

failure failure_of(const boost::system::result<log_reader, failure>& opened)
{
    BOOST_REQUIRE(opened.has_error());
    return opened.error();
}

struct reading {
    said_lines said;
    outcome end = outcome::filled;
    std::vector<std::uint64_t> parts;
    std::uint64_t bytes = 0;
    std::uint64_t missing = 0;
};

void wait_for(const log_reader& reader)
{
    pollfd readable{reader.descriptor(), POLLIN, 0};
    BOOST_REQUIRE(::poll(&readable, 1, 30'000) == 1);
}

void take_over(reading& read, const record_batch& batch)
{
    const auto said = said_by(batch);
    read.said.insert(read.said.end(), said.begin(), said.end());
    read.parts.push_back(batch.part().number);
    read.bytes += batch.part().bytes;
    read.missing += batch.losses().overwritten;
}

/// Reads a log to its end, or to its first failure.
reading read_all(log_reader& reader)
{
    reading read;
    auto batch = make_batch();
    while (read.end == outcome::filled || read.end == outcome::would_block) {
        read.end = reader.fill(batch);
        if (read.end == outcome::filled) {
            take_over(read, batch);
        } else if (read.end == outcome::would_block) {
            wait_for(reader);
        }
    }
    return read;
}

void check_said(const said_lines& said, const said_lines& expected)
{
    BOOST_TEST(said.size() == expected.size());
    const auto [here, there] = std::mismatch(said.begin(), said.end(), expected.begin(), expected.end());
    const bool same = here == said.end() && there == expected.end();
    BOOST_TEST(same, "they differ at message " << here - said.begin());
}

/// Whether each part has the number that follows, in any order.
void check_numbers(std::vector<std::uint64_t> parts)
{
    std::sort(parts.begin(), parts.end());
    for (std::size_t i = 0; i < parts.size(); ++i) {
        BOOST_REQUIRE(parts[i] == i);
    }
}

/// How many bytes the parts of a regular file have.
std::size_t size_of_a_part()
{
    memory_file file;
    file.resize(2 * log_reader::batch_bytes);
    file.put("x\n", 0);
    auto reader = reader_of(file);
    auto batch = make_batch();
    BOOST_REQUIRE(reader.fill(batch) == outcome::filled);
    return static_cast<std::size_t>(batch.part().bytes);
}

enum class line_end { newline, carriage_return, nul };

constexpr std::array line_ends{line_end::newline, line_end::carriage_return, line_end::nul};

std::string text_of(line_end end)
{
    switch (end) {
    case line_end::newline:
        return "\n";
    case line_end::carriage_return:
        return "\r\n";
    case line_end::nul:
        break;
    }
    return std::string(1, '\0');
}

/// Lines of all kinds, each record with a serial of its own.
std::string big_log(std::size_t size, line_end end)
{
    std::mt19937 random(7);
    std::string text;
    text.reserve(size + 4096);
    for (std::uint64_t i = 1; text.size() < size; ++i) {
        switch (random() % 8) {
        case 0:
        case 1:
            text += kmsg_line({.serial = i});
            break;
        case 2:
            text += sctrace::test::syslog_line({.serial = i});
            break;
        case 3:
            text += sctrace::test::enriched_line({.serial = i});
            break;
        case 4:
            text += "[ 1518.015136] audit: " + std::to_string(i) + " callbacks suppressed";
            break;
        default:
            text += "Nov 24 05:19:16 web-1 app[12]: " + std::string(random() % 300, 'm') + std::to_string(i);
        }
        text += text_of(end);
    }
    return text;
}

void check_file(std::string_view text, bool nul_separated, log_format wanted = log_format::automatic)
{
    const memory_file file(text);
    auto reader = reader_of(file, wanted);
    const auto read = read_all(reader);
    BOOST_TEST((read.end == outcome::ended));
    BOOST_TEST(!reader.problem().has_value());
    BOOST_TEST(!reader.is_stream());
    BOOST_TEST(read.bytes == text.size());
    BOOST_TEST(reader.position() == text.size());
    check_numbers(read.parts);
    check_said(read.said, line_by_line(wanted).read(text, nul_separated));
}

struct pipe_ends {
    unique_descriptor reader;
    unique_descriptor writer;
};

pipe_ends make_pipe()
{
    int ends[2] = {-1, -1};
    BOOST_REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
    return {unique_descriptor(ends[0]), unique_descriptor(ends[1])};
}

/// Writes a text in pieces of this size and closes the pipe.
std::jthread write_in_pieces(unique_descriptor to, std::string text, std::size_t piece)
{
    return std::jthread([to = std::move(to), text = std::move(text), piece] {
        std::string_view rest = text;
        while (!rest.empty()) {
            const ssize_t written = ::write(to.get(), rest.data(), std::min(piece, rest.size()));
            rest.remove_prefix(written > 0 ? static_cast<std::size_t>(written) : rest.size());
        }
    });
}

/// What a reader makes of a text that comes through a pipe.
std::pair<reading, std::optional<failure>> read_through_pipe(const std::string& text, std::size_t piece,
                                                             log_format wanted = log_format::automatic)
{
    pipe_ends ends = make_pipe();
    auto reader = log_reader::adopt(ends.reader.release(), name, wanted);
    BOOST_REQUIRE(reader.has_value());
    BOOST_TEST(reader->is_stream());
    BOOST_TEST(!reader->size().has_value());
    const auto writer = write_in_pieces(std::move(ends.writer), text, piece);
    auto read = read_all(*reader);
    if (!reader->problem()) {
        BOOST_TEST(read.bytes == text.size());
        BOOST_TEST(reader->position() == text.size());
    }
    check_numbers(read.parts);
    return {std::move(read), reader->problem()};
}

void check_pipe(const std::string& text, std::size_t piece, bool nul_separated)
{
    const auto [read, problem] = read_through_pipe(text, piece);
    BOOST_TEST((read.end == outcome::ended));
    BOOST_TEST(!problem.has_value());
    check_said(read.said, line_by_line(log_format::automatic).read(text, nul_separated));
}

std::string binary_field(std::string_view field, std::string_view value)
{
    std::string text(field);
    text += '\n';
    for (std::size_t i = 0; i < 8; ++i) {
        text += static_cast<char>(static_cast<unsigned char>(value.size() >> (8 * i)));
    }
    return text.append(value) + '\n';
}

std::string exported(const logged_record& r)
{
    return "__CURSOR=s=1;i=" + std::to_string(r.serial) +
           "\n_TRANSPORT=audit\nSYSLOG_IDENTIFIER=audit\n_AUDIT_TYPE=1326\n_AUDIT_ID=" +
           std::to_string(r.serial) + "\n_SOURCE_REALTIME_TIMESTAMP=1795497556007000\n" +
           binary_field("MESSAGE", "SECCOMP " + r.fields()) + '\n';
}

} // namespace

BOOST_AUTO_TEST_SUITE(log_reading)

BOOST_AUTO_TEST_CASE(a_big_file_says_what_its_lines_say)
{
    for (const line_end end : line_ends) {
        const std::string text = big_log(std::size_t{3} * 1024 * 1024 + 12345, end);
        check_file(text, end == line_end::nul);
        check_file(text + kmsg_line({.serial = 4'000'000}), end == line_end::nul);
        check_file(text + "[ 1518.015136] audit: backlog limit exceeded", end == line_end::nul);
    }
    check_file(big_log(std::size_t{2} * 1024 * 1024, line_end::newline), false, log_format::syslog);
}

BOOST_AUTO_TEST_CASE(a_line_may_lie_across_a_border_in_any_way)
{
    const std::size_t border = size_of_a_part();
    for (const line_end end : line_ends) {
        const std::string mark = text_of(end);
        const std::string lines = kmsg_line({.serial = 1}) + mark + kmsg_line({.serial = 2}) + mark +
                                  "4,3,1,-;audit: backlog limit exceeded" + mark + kmsg_line({.serial = 4}) +
                                  mark;
        const auto expected = line_by_line(log_format::automatic).read(lines, end == line_end::nul);
        memory_file file;
        file.resize(border + 4096);
        const std::string filler(border + 4096, '.');
        for (std::size_t before = 0; before <= lines.size() + 2; ++before) {
            file.put(filler, 0);
            file.put(mark, 100);
            file.put(mark, border - before - mark.size());
            file.put(lines, border - before);
            auto reader = reader_of(file);
            const auto read = read_all(reader);
            BOOST_REQUIRE(read.parts.size() == 2U);
            BOOST_REQUIRE((read.said == expected));
            // Writing all of the filler each time takes most of the time.
            before += before % 3;
        }
    }
}

BOOST_AUTO_TEST_CASE(a_long_line_across_a_border_is_read_once)
{
    const std::size_t border = size_of_a_part();
    const std::string text = std::string(border - 50'001, '.') + '\n' + sctrace::test::dmesg_line({}) +
                             std::string(60'000, ' ') + "more\n" + kmsg_line({.serial = 2}) + '\n';
    check_file(text, false);
}

BOOST_AUTO_TEST_CASE(what_a_line_holds_beyond_the_limit_is_no_line_of_its_own)
{
    const std::size_t border = size_of_a_part();
    const std::string record = sctrace::test::dmesg_line({.serial = 666});
    for (const std::size_t length : {100'000U, 1'000'000U, 2'500'000U}) {
        // A program's line holds no record, unless somebody takes its tail for a line.
        std::string line = "Nov 24 05:19:16 web-1 app[12]: ";
        line.resize(length, '.');
        for (std::size_t at = 1'000; at + record.size() < length; at += 10'007) {
            line.replace(at, record.size(), record);
        }
        const std::string text =
            std::string(border - 1000, '\n') + line + '\n' + kmsg_line({.serial = 2}) + '\n';
        const auto expected = line_by_line(log_format::automatic).read(kmsg_line({.serial = 2}), false);
        const memory_file file(text);
        auto reader = reader_of(file);
        check_said(read_all(reader).said, expected);
        check_said(read_through_pipe(text, 65'536).first.said, expected);
    }
}

BOOST_AUTO_TEST_CASE(a_record_at_the_begin_of_a_line_that_is_too_long_counts)
{
    const std::string text = std::string(size_of_a_part() - 300, '\n') + kmsg_line({.serial = 1}) +
                             std::string(200'000, ' ') + "\n" + kmsg_line({.serial = 2}) + '\n';
    const memory_file file(text);
    auto reader = reader_of(file);
    const auto read = read_all(reader);
    BOOST_TEST(read.said.size() == 2U);
    BOOST_TEST(read_through_pipe(text, 65'536).first.said.size() == 2U);
}

BOOST_AUTO_TEST_CASE(several_threads_read_one_file)
{
    const std::string text = big_log(std::size_t{8} * 1024 * 1024, line_end::newline);
    const memory_file file(text);
    auto reader = reader_of(file);
    std::mutex mutex;
    std::map<std::uint64_t, said_lines> parts;
    std::uint64_t bytes = 0;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            record_batch batch(record_batch::default_messages, log_reader::batch_bytes);
            while (reader.fill(batch) == outcome::filled) {
                auto said = said_by(batch);
                const std::lock_guard lock(mutex);
                parts.emplace(batch.part().number, std::move(said));
                bytes += batch.part().bytes;
            }
        });
    }
    threads.clear();
    said_lines all;
    for (const auto& [number, said] : parts) {
        all.insert(all.end(), said.begin(), said.end());
    }
    BOOST_TEST(parts.size() > 8U);
    BOOST_TEST(parts.rbegin()->first == parts.size() - 1);
    BOOST_TEST(bytes == text.size());
    check_said(all, line_by_line(log_format::automatic).read(text, false));
}

BOOST_AUTO_TEST_CASE(a_pipe_says_what_its_lines_say)
{
    for (const line_end end : line_ends) {
        const std::string text = big_log(std::size_t{2} * 1024 * 1024, end);
        check_pipe(text, text.size(), end == line_end::nul);
        check_pipe(text + kmsg_line({}), 4099, end == line_end::nul);
        check_pipe(text.substr(0, 6000), 1, end == line_end::nul);
    }
    check_pipe("", 1, false);
    check_pipe("x", 1, false);
    check_pipe(kmsg_line({}), 1, false);
    check_pipe("audit: backlog limit exceeded", 3, false);
}

BOOST_AUTO_TEST_CASE(entries_between_nul_bytes_are_told_when_the_first_nul_byte_comes)
{
    pipe_ends ends = make_pipe();
    auto reader = log_reader::adopt(ends.reader.release(), name, log_format::automatic);
    BOOST_REQUIRE(reader.has_value());
    auto batch = make_batch();
    const std::string entry = kmsg_line({});
    BOOST_REQUIRE(::write(ends.writer.get(), entry.data(), entry.size()) ==
                  static_cast<ssize_t>(entry.size()));
    BOOST_REQUIRE((reader->fill(batch) == outcome::filled));
    BOOST_TEST(batch.messages().empty());
    const std::string rest = '\0' + kmsg_line({.serial = 2}) + '\0';
    BOOST_REQUIRE(::write(ends.writer.get(), rest.data(), rest.size()) == static_cast<ssize_t>(rest.size()));
    BOOST_REQUIRE((reader->fill(batch) == outcome::filled));
    BOOST_TEST(batch.messages().size() == 2U);
}

BOOST_AUTO_TEST_CASE(gaps_in_the_sequence_are_counted_within_a_part)
{
    const memory_file file(kmsg_line({}, 5) + '\n' + kmsg_line({}, 9) + '\n');
    auto reader = reader_of(file);
    BOOST_TEST(read_all(reader).missing == 3U);
}

BOOST_AUTO_TEST_CASE(a_pipe_with_nothing_in_it_would_block)
{
    pipe_ends ends = make_pipe();
    auto reader = log_reader::adopt(ends.reader.release(), name, log_format::automatic);
    BOOST_REQUIRE(reader.has_value());
    auto batch = make_batch();
    BOOST_TEST((reader->fill(batch) == outcome::would_block));
    const std::string line = kmsg_line({}) + "\n6,2,";
    BOOST_REQUIRE(::write(ends.writer.get(), line.data(), line.size()) == static_cast<ssize_t>(line.size()));
    BOOST_TEST((reader->fill(batch) == outcome::filled));
    BOOST_TEST(batch.messages().size() == 1U);
    BOOST_TEST((reader->fill(batch) == outcome::would_block));
    BOOST_TEST(batch.messages().empty());
    ends.writer.reset();
    BOOST_TEST((reader->fill(batch) == outcome::filled));
    BOOST_TEST(batch.messages().empty());
    BOOST_TEST((reader->fill(batch) == outcome::ended));
    BOOST_TEST((reader->fill(batch) == outcome::ended));
}

BOOST_AUTO_TEST_CASE(what_is_appended_after_opening_is_not_read)
{
    const std::string first = kmsg_line({.serial = 1}) + '\n';
    memory_file file(first);
    auto reader = reader_of(file);
    file.put(kmsg_line({.serial = 2}) + '\n', first.size());
    const auto read = read_all(reader);
    BOOST_TEST(read.said.size() == 1U);
    BOOST_TEST(read.bytes == first.size());
    BOOST_TEST(!reader.problem().has_value());
    BOOST_TEST(*reader.size() == first.size());
}

BOOST_AUTO_TEST_CASE(a_last_line_that_is_completed_after_opening_is_read_whole)
{
    const std::string line = kmsg_line({.serial = 1}) + '\n';
    memory_file file(line.substr(0, 200));
    auto reader = reader_of(file);
    file.put(line.substr(200), 200);
    check_said(read_all(reader).said, line_by_line(log_format::automatic).read(line, false));
}

BOOST_AUTO_TEST_CASE(a_file_that_shrinks_is_told_with_how_much)
{
    const std::string text = big_log(std::size_t{3} * 1024 * 1024, line_end::newline);
    memory_file file(text);
    auto reader = reader_of(file);
    auto batch = make_batch();
    BOOST_REQUIRE((reader.fill(batch) == outcome::filled));
    const std::size_t left = size_of_a_part() + 1000;
    file.resize(left);
    const auto read = read_all(reader);
    BOOST_TEST((read.end == outcome::ended));
    BOOST_REQUIRE(reader.problem().has_value());
    BOOST_TEST(reader.problem()->code == error::shrinking_log);
    BOOST_TEST(reader.problem()->message == "cannot read all of kern.log: it shrank by " +
                                                std::to_string(text.size() - left) +
                                                " bytes while it was read");
    BOOST_TEST(reader.position() == left);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_emptied_says_nothing_more)
{
    memory_file file(kmsg_line({}) + '\n');
    auto reader = reader_of(file);
    file.resize(0);
    const auto read = read_all(reader);
    BOOST_TEST(read.said.empty());
    BOOST_TEST(read.bytes == 0U);
    BOOST_REQUIRE(reader.problem().has_value());
    BOOST_TEST(reader.problem()->code == error::shrinking_log);
}

BOOST_AUTO_TEST_CASE(a_descriptor_is_read_from_where_it_stands)
{
    const std::string first = kmsg_line({.serial = 1}) + '\n';
    const std::string second = kmsg_line({.serial = 2}) + '\n';
    const memory_file file(first + second);
    auto reader = log_reader::adopt(file.descriptor_at(first.size()), name, log_format::automatic);
    BOOST_REQUIRE(reader.has_value());
    BOOST_TEST(*reader->size() == second.size());
    check_said(read_all(*reader).said, line_by_line(log_format::automatic).read(second, false));
    BOOST_TEST(reader->position() == second.size());

    auto beyond = log_reader::adopt(file.descriptor_at(5000), name, log_format::automatic);
    BOOST_REQUIRE(beyond.has_value());
    BOOST_TEST((read_all(*beyond).end == outcome::ended));
    BOOST_TEST(beyond->position() == 0U);
}

BOOST_AUTO_TEST_CASE(a_compressed_log_is_read_from_where_its_descriptor_stands)
{
    const std::string text = kmsg_line({.serial = 1}) + '\n';
    const memory_file file("some words" + compressed(text));
    auto reader = log_reader::adopt(file.descriptor_at(10), name, log_format::automatic);
    BOOST_REQUIRE(reader.has_value());
    check_said(read_all(*reader).said, line_by_line(log_format::automatic).read(text, false));
}

BOOST_AUTO_TEST_CASE(standard_input_is_read_from_where_it_stands)
{
    const std::string first = kmsg_line({.serial = 1}) + '\n';
    const std::string second = kmsg_line({.serial = 2}) + '\n';
    const memory_file file(first + second);
    const unique_descriptor own(::dup(STDIN_FILENO));
    const unique_descriptor at(file.descriptor_at(first.size()));
    BOOST_REQUIRE(::dup2(at.get(), STDIN_FILENO) == STDIN_FILENO);
    auto reader = log_reader::open("-", log_format::automatic);
    ::dup2(own.get(), STDIN_FILENO);
    BOOST_REQUIRE(reader.has_value());
    BOOST_TEST(reader->name() == "standard input");
    check_said(read_all(*reader).said, line_by_line(log_format::automatic).read(second, false));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(log_reading_in_order)

BOOST_AUTO_TEST_CASE(a_compressed_file_says_what_its_lines_say)
{
    const std::string text = big_log(std::size_t{3} * 1024 * 1024, line_end::newline);
    const std::string members = compressed(text.substr(0, 1'000'003)) + compressed(text.substr(1'000'003));
    for (const std::string& bytes : {compressed(text), members}) {
        const memory_file file(bytes);
        auto reader = reader_of(file);
        const auto read = read_all(reader);
        BOOST_TEST((read.end == outcome::ended));
        BOOST_TEST(!reader.problem().has_value());
        BOOST_TEST(*reader.size() == bytes.size());
        BOOST_TEST(read.bytes == bytes.size());
        BOOST_TEST(reader.position() == bytes.size());
        check_numbers(read.parts);
        check_said(read.said, line_by_line(log_format::automatic).read(text, false));
    }
    const auto [piped, problem] = read_through_pipe(compressed(text), 777);
    check_said(piped.said, line_by_line(log_format::automatic).read(text, false));
}

BOOST_AUTO_TEST_CASE(several_threads_may_ask_for_the_next_part_of_a_compressed_file)
{
    const std::string text = big_log(std::size_t{3} * 1024 * 1024, line_end::newline);
    const memory_file file(compressed(text));
    auto reader = reader_of(file);
    std::mutex mutex;
    std::map<std::uint64_t, said_lines> parts;
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
        threads.emplace_back([&] {
            record_batch batch(record_batch::default_messages, log_reader::batch_bytes);
            while (reader.fill(batch) == outcome::filled) {
                auto said = said_by(batch);
                const std::lock_guard lock(mutex);
                parts.emplace(batch.part().number, std::move(said));
            }
        });
    }
    threads.clear();
    said_lines all;
    for (const auto& [number, said] : parts) {
        all.insert(all.end(), said.begin(), said.end());
    }
    check_said(all, line_by_line(log_format::automatic).read(text, false));
}

BOOST_AUTO_TEST_CASE(compressed_data_that_ends_early_is_told_and_what_was_there_is_read)
{
    const std::string text = big_log(std::size_t{2} * 1024 * 1024, line_end::newline);
    const std::string bytes = compressed(text);
    const memory_file file(bytes.substr(0, bytes.size() - 5));
    auto reader = reader_of(file);
    const auto read = read_all(reader);
    BOOST_TEST((read.end == outcome::ended));
    check_said(read.said, line_by_line(log_format::automatic).read(text, false));
    BOOST_REQUIRE(reader.problem().has_value());
    BOOST_TEST(reader.problem()->code == error::truncated_gzip);
    BOOST_TEST(reader.problem()->message.starts_with("cannot read all of kern.log: "));
}

BOOST_AUTO_TEST_CASE(damaged_compressed_data_is_told_and_what_stands_before_is_read)
{
    const std::string text = big_log(std::size_t{2} * 1024 * 1024, line_end::newline);
    std::string bytes = compressed(text);
    std::fill_n(bytes.begin() + static_cast<std::ptrdiff_t>(bytes.size() / 2), 64, '\xff');
    const memory_file file(bytes);
    auto reader = reader_of(file);
    const auto read = read_all(reader);
    const auto all = line_by_line(log_format::automatic).read(text, false);
    BOOST_REQUIRE(reader.problem().has_value());
    BOOST_TEST(reader.problem()->code == error::damaged_gzip);
    BOOST_REQUIRE(read.said.size() > 500U);
    BOOST_REQUIRE(read.said.size() < all.size());
    BOOST_TEST(std::equal(read.said.begin(), read.said.begin() + 500, all.begin()));
}

BOOST_AUTO_TEST_CASE(exports_with_binary_fields_are_read)
{
    std::string log;
    std::string lines;
    for (std::uint64_t serial = 1; serial <= 5000; ++serial) {
        const logged_record r{.serial = serial};
        log += exported(r);
        lines += "type=1326 " + r.header() + r.fields() + '\n';
    }
    const auto expected = line_by_line(log_format::automatic).read(lines, false);
    BOOST_REQUIRE(expected.size() == 5000U);
    for (const std::string& bytes : {log, compressed(log)}) {
        const memory_file file(bytes);
        auto reader = reader_of(file);
        check_said(read_all(reader).said, expected);
    }
    check_said(read_through_pipe(log, 1000).first.said, expected);
    const std::string few = log.substr(0, log.find("__CURSOR=s=1;i=6\n"));
    check_said(read_through_pipe(few, 1).first.said, said_lines(expected.begin(), expected.begin() + 5));
}

BOOST_AUTO_TEST_CASE(an_export_is_no_export_for_who_wants_another_format)
{
    const std::string line = "__CURSOR=s=1;i=1\n" + sctrace::test::syslog_line({}) + '\n';
    const memory_file file(line);
    auto reader = reader_of(file, log_format::syslog);
    BOOST_TEST(read_all(reader).said.size() == 1U);
}

BOOST_AUTO_TEST_CASE(files_of_the_kernel_say_that_they_are_empty_and_are_not)
{
    auto reader = log_reader::open("/proc/version", log_format::automatic);
    BOOST_REQUIRE(reader.has_value());
    BOOST_TEST(!reader->is_stream());
    BOOST_TEST(!reader->size().has_value());
    const auto read = read_all(*reader);
    BOOST_TEST((read.end == outcome::ended));
    BOOST_TEST(read.bytes == sctrace::test::read_file("/proc/version").size());
}

BOOST_AUTO_TEST_CASE(an_empty_file_ends_at_once)
{
    const memory_file file;
    auto reader = reader_of(file);
    const auto read = read_all(reader);
    BOOST_TEST((read.end == outcome::ended));
    BOOST_TEST(read.parts.empty());
    BOOST_TEST(!reader.problem().has_value());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(log_reading_failures)

BOOST_AUTO_TEST_CASE(a_folder_and_a_missing_file_are_refused)
{
    const sctrace::test::temporary_folder folder;
    const auto directory = failure_of(log_reader::open(folder.path(), log_format::automatic));
    BOOST_TEST(directory.code.value() == EISDIR);
    BOOST_TEST(directory.message ==
               "cannot read " + folder.path() + ": " + directory.code.message() + "; name the files in it");
    const auto missing = failure_of(log_reader::open(folder.file("none"), log_format::automatic));
    BOOST_TEST(missing.code.value() == ENOENT);
    BOOST_TEST(missing.message.find(folder.file("none")) != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_is_none_is_refused)
{
    const int closed = ::dup(STDOUT_FILENO);
    ::close(closed);
    const auto why = failure_of(log_reader::adopt(closed, name, log_format::automatic));
    BOOST_TEST(why.code.value() == EBADF);
}

BOOST_AUTO_TEST_CASE(a_descriptor_that_cannot_be_read_is_refused)
{
    const sctrace::test::temporary_folder folder;
    sctrace::test::write_file(folder.file("log"), kmsg_line({}) + '\n');
    const int descriptor = ::open(folder.file("log").c_str(), O_WRONLY | O_CLOEXEC);
    const auto why = failure_of(log_reader::adopt(descriptor, name, log_format::automatic));
    BOOST_TEST(why.code.value() == EBADF);
    BOOST_TEST(why.message.starts_with("cannot read kern.log: "));
}

BOOST_AUTO_TEST_CASE(an_empty_file_that_cannot_be_read_is_a_problem)
{
    const sctrace::test::temporary_folder folder;
    sctrace::test::write_file(folder.file("log"), "");
    const int descriptor = ::open(folder.file("log").c_str(), O_WRONLY | O_CLOEXEC);
    auto reader = log_reader::adopt(descriptor, name, log_format::automatic);
    BOOST_REQUIRE(reader.has_value());
    BOOST_TEST((read_all(*reader).end == outcome::ended));
    BOOST_REQUIRE(reader->problem().has_value());
    BOOST_TEST(reader->problem()->code.value() == EBADF);
}

BOOST_AUTO_TEST_CASE(a_part_that_cannot_be_read_is_told_and_the_others_are_read)
{
    const std::string text = big_log(std::size_t{3} * 1024 * 1024, line_end::newline);
    const memory_file file(text);
    auto reader = reader_of(file);
    auto batch = make_batch();
    BOOST_REQUIRE((reader.fill(batch) == outcome::filled));
    // Another file in the place of the descriptor stands for a disk that fails.
    const unique_descriptor good(::dup(reader.descriptor()));
    const unique_descriptor bad(::open("/dev/null", O_WRONLY | O_CLOEXEC));
    BOOST_REQUIRE(::dup2(bad.get(), reader.descriptor()) == reader.descriptor());
    BOOST_TEST((reader.fill(batch) == outcome::failed));
    BOOST_TEST(batch.part().number == 1U);
    BOOST_TEST(batch.messages().empty());
    BOOST_REQUIRE(::dup2(good.get(), reader.descriptor()) == reader.descriptor());
    BOOST_TEST((reader.fill(batch) == outcome::filled));
    BOOST_TEST(batch.part().number == 2U);
    BOOST_TEST(!batch.messages().empty());
    BOOST_REQUIRE(reader.problem().has_value());
    BOOST_TEST(reader.problem()->code.value() == EBADF);
}

BOOST_AUTO_TEST_CASE(encodings_that_are_no_text_are_refused)
{
    const std::string utf16("\xff\xfet\0y\0p\0e\0", 10);
    for (const std::string& bytes :
         {utf16, std::string("\x28\xb5\x2f\xfd") + std::string(100, 'x'), std::string("LPKSHHRH") + "xxxx"}) {
        const memory_file file(bytes);
        const auto why = failure_of(log_reader::adopt(file.descriptor_at(0), name, log_format::automatic));
        BOOST_TEST(why.code == error::unreadable_log);
        BOOST_TEST(why.message.find("kern.log") != std::string::npos);
        const auto [read, problem] = read_through_pipe(bytes, 1);
        BOOST_TEST((read.end == outcome::ended));
        BOOST_TEST(read.said.empty());
        BOOST_REQUIRE(problem.has_value());
        BOOST_TEST(problem->code == error::unreadable_log);
        BOOST_TEST(problem->message == why.message);
    }
}

BOOST_AUTO_TEST_CASE(utf16_without_a_mark_that_comes_through_a_pipe_is_told)
{
    std::string wide;
    for (const char c : kmsg_line({}) + "\n") {
        wide += {c, '\0'};
    }
    for (const std::size_t piece : {1U, 7U, 10'000U}) {
        const auto [read, problem] = read_through_pipe(wide, piece);
        BOOST_TEST(read.said.empty());
        BOOST_REQUIRE(problem.has_value());
        BOOST_TEST(problem->code == error::unreadable_log);
    }
}

BOOST_AUTO_TEST_SUITE_END()
