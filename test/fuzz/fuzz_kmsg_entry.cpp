#include "fuzz_check.hpp"

#include <sctrace/kmsg_entry.hpp>

#include <vector>

using sctrace::test::check;
using sctrace::test::is_inside;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view input = sctrace::test::text_of(data, size);
    if (const auto entry = sctrace::parse_kmsg_entry(input)) {
        check(is_inside(entry->text, input));
        check(is_inside(entry->dictionary, input));
        check(is_inside(entry->caller, input));
        check(entry->text.find('\n') == std::string_view::npos);
        check(entry->level < 8);
    }
    std::vector<char> buffer(size);
    const std::string_view plain = sctrace::unescape_kmsg(input, buffer);
    check(plain.size() <= size);
    check(is_inside(plain, input) || is_inside(plain, {buffer.data(), buffer.size()}));
    return 0;
}
