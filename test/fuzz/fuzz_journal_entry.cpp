#include "fuzz_check.hpp"

#include <sctrace/error.hpp>
#include <sctrace/journal_entry.hpp>
#include <sctrace/journal_export_reader.hpp>

#include <algorithm>
#include <string>

using sctrace::error;
using sctrace::journal_entry;
using sctrace::journal_export_reader;
using sctrace::test::check;

namespace {

constexpr std::string_view not_in_a_line("\n\0", 2);

struct exported {
    std::string lines;
    std::uint64_t malformed = 0;
};

exported read_in_pieces(std::string_view bytes, std::size_t piece)
{
    journal_export_reader reader;
    exported read;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        reader.feed(bytes.substr(at, piece), read.lines);
    }
    reader.finish(read.lines);
    read.malformed = reader.malformed();
    return read;
}

void check_json(std::string_view line)
{
    const auto entry = sctrace::parse_journal_json(line);
    check(entry || entry.error() == error::not_a_journal_entry);
    if (!entry) {
        return;
    }
    if (const auto told = sctrace::audit_line_of(*entry)) {
        check(!told->empty() && told->find_first_of(not_in_a_line) == std::string::npos);
    }
}

void check_export(std::string_view bytes, std::size_t piece)
{
    const exported whole = read_in_pieces(bytes, bytes.size() + 1);
    const exported pieces = read_in_pieces(bytes, piece);
    check(whole.lines == pieces.lines && whole.malformed == pieces.malformed);
    check(whole.lines.find('\0') == std::string::npos && whole.lines.find("\n\n") == std::string::npos);
    check(whole.lines.empty() || (whole.lines.front() != '\n' && whole.lines.back() == '\n'));
}

/// Both formats seldom reach the last step by chance, so that it gets entries of any contents as well.
void check_fields(std::string_view input)
{
    journal_entry entry;
    for (std::string journal_entry::*const member :
         {&journal_entry::transport, &journal_entry::identifier, &journal_entry::facility,
          &journal_entry::audit_type, &journal_entry::audit_id, &journal_entry::source_time}) {
        const std::size_t end = std::min(input.find(';'), input.size());
        entry.*member = input.substr(0, end);
        input.remove_prefix(std::min(end + 1, input.size()));
    }
    entry.message = input;
    if (const auto told = sctrace::audit_line_of(entry)) {
        check(!told->empty() && told->find_first_of(not_in_a_line) == std::string::npos);
    }
}

} // namespace

/// The first byte is the size of the pieces.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    if (size == 0) {
        return 0;
    }
    const std::string_view input = sctrace::test::text_of(data + 1, size - 1);
    check_json(input);
    check_export(input, std::max<std::size_t>(data[0], 1));
    check_fields(input);
    return 0;
}
