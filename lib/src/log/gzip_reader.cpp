#include "log/gzip_reader.hpp"

#include <boost/system/errc.hpp>

#include <algorithm>
#include <limits>
#include <new>
#include <string>
#include <utility>

namespace sctrace::detail {

namespace {

/// zlib counts in 32 bits.
uInt clamped(std::size_t size) noexcept
{
    return static_cast<uInt>(std::min<std::size_t>(size, std::numeric_limits<uInt>::max()));
}

Bytef* bytes_at(char* at) noexcept
{
    return static_cast<Bytef*>(static_cast<void*>(at));
}

bool is_error(int status) noexcept
{
    return status != Z_OK && status != Z_STREAM_END && status != Z_BUF_ERROR;
}

failure failure_of(int status, const z_stream& z, std::uint64_t offset)
{
    if (status == Z_MEM_ERROR) {
        return {make_error_code(boost::system::errc::not_enough_memory),
                "there is no memory to decompress it"};
    }
    const std::string reason = z.msg != nullptr ? z.msg : "it asks for a dictionary";
    return {error::damaged_gzip, "damaged gzip data near byte " + std::to_string(offset) + " (" + reason +
                                     "); what stands before was read; `gzip -t` checks the whole file"};
}

} // namespace

gzip_reader::stream::stream()
    : z_stream()
{
    constexpr int gzip_only = 16;
    if (inflateInit2(this, gzip_only + MAX_WBITS) != Z_OK) {
        throw std::bad_alloc();
    }
}

gzip_reader::gzip_reader()
    : stream_(std::make_unique<stream>())
{
}

boost::system::result<gzip_reader::step, failure> gzip_reader::inflate(std::span<const char> in,
                                                                       std::span<char> out)
{
    if (failed_) {
        return *failed_;
    }
    step done;
    do {
        done.consumed += skip_padding(in.subspan(done.consumed));
        if (!at_member_end_) {
            advance(in, out, done);
        }
    } while (at_member_end_ && done.consumed < in.size());
    consumed_ += done.consumed;
    // What came out before the error is told first; the next call tells the error.
    if (failed_ && done.produced == 0) {
        return *failed_;
    }
    return done;
}

boost::system::result<void, failure> gzip_reader::finish() const
{
    if (failed_) {
        return *failed_;
    }
    if (!at_member_end_) {
        return failure{error::truncated_gzip,
                       "the gzip data ends in the middle, after " + std::to_string(consumed_) +
                           " bytes; what stands before was read; copy the whole file, or "
                           "wait until it is written"};
    }
    return {};
}

std::size_t gzip_reader::skip_padding(std::span<const char> in)
{
    if (!at_member_end_) {
        return 0;
    }
    const auto member = std::find_if(in.begin(), in.end(), [](char c) { return c != '\0'; });
    if (member != in.end()) {
        inflateReset(stream_.get());
        at_member_end_ = false;
    }
    return static_cast<std::size_t>(member - in.begin());
}

void gzip_reader::advance(std::span<const char> in, std::span<char> out, step& done)
{
    const auto rest = in.subspan(done.consumed);
    const auto space = out.subspan(done.produced);
    z_stream& z = *stream_;
    // zlib does not change its input.
    z.next_in = bytes_at(const_cast<char*>(rest.data()));
    z.avail_in = clamped(rest.size());
    z.next_out = bytes_at(space.data());
    z.avail_out = clamped(space.size());
    const int status = ::inflate(&z, Z_NO_FLUSH);
    done.consumed += clamped(rest.size()) - z.avail_in;
    done.produced += clamped(space.size()) - z.avail_out;
    at_member_end_ = status == Z_STREAM_END;
    if (is_error(status)) {
        failed_ = failure_of(status, z, consumed_ + done.consumed);
    }
}

} // namespace sctrace::detail
