#include "source_option.hpp"

#include "option_values.hpp"

#include <charconv>
#include <cstddef>
#include <string_view>
#include <system_error>

namespace asio_sctrace {

namespace po = boost::program_options;

namespace {

sctrace::source_kind source_of(const std::string& word)
{
    if (word == "auto") {
        return sctrace::source_kind::automatic;
    }
    if (word == "audit") {
        return sctrace::source_kind::audit;
    }
    if (word != "kmsg") {
        reject("source", word, "expected auto, audit or kmsg");
    }
    return sctrace::source_kind::kmsg;
}

std::size_t bytes_of(const po::variables_map& given, const std::string& option)
{
    constexpr std::size_t most = std::size_t{1} << 30;
    const auto& word = given[option].as<std::string>();
    const char* const end = word.data() + word.size();
    std::size_t value = 0;
    const auto parsed = std::from_chars(word.data(), end, value);
    const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
    const std::size_t factor = unit.empty() ? 1 : unit == "K" ? 1024 : unit == "M" ? 1024 * 1024 : 0;
    if (parsed.ec != std::errc{} || factor == 0 || value == 0 || value > most / factor) {
        reject(option, word, "expected bytes up to 1024M, such as 64M or 512K");
    }
    return value * factor;
}

} // namespace

void add_source_options(po::options_description& to, const std::string& meanwhile)
{
    auto add = to.add_options();
    add("source", po::value<std::string>()->value_name("SOURCE")->default_value("auto"),
        "where records are read from: audit (the audit multicast socket, loses nothing), kmsg (/dev/kmsg), "
        "or auto: audit if a record of our own comes back through it within 1 s, else kmsg");
    add("kmsg", po::value<std::string>()->value_name("PATH")->default_value("/dev/kmsg"),
        "another kmsg character device, or a FIFO of newline-separated entries");
    add("receive-buffer", po::value<std::string>()->value_name("BYTES")->default_value("64M"),
        "the audit socket's receive buffer, with K or M for KiB or MiB; a small one overruns and loses "
        "records");
    const std::string lift = "keep kernel.printk_ratelimit at 0 " + meanwhile +
                             ", and restore it (default: leave it, and lose records)";
    add("lift-ratelimit", po::bool_switch(), lift.c_str());
}

void read_source_options(const po::variables_map& given, sctrace::source_options& to)
{
    to.source = source_of(string_of(given, "source"));
    to.kmsg = string_of(given, "kmsg");
    to.receive_buffer = bytes_of(given, "receive-buffer");
    to.lift_ratelimit = given["lift-ratelimit"].as<bool>();
    if (to.source == sctrace::source_kind::audit && !given["kmsg"].defaulted()) {
        reject("kmsg", to.kmsg, "is not read with --source audit");
    }
}

} // namespace asio_sctrace
