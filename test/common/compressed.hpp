#ifndef SCTRACE_TEST_UNIT_COMPRESSED_HPP
#define SCTRACE_TEST_UNIT_COMPRESSED_HPP

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

#include <zlib.h>

namespace sctrace::test {

inline constexpr int gzip_format = 16 + MAX_WBITS;

inline std::string compressed(std::string_view text, int format = gzip_format)
{
    z_stream z = {};
    BOOST_REQUIRE(deflateInit2(&z, 9, Z_DEFLATED, format, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    std::string bytes(deflateBound(&z, text.size()), '\0');
    std::string input(text);
    z.next_in = static_cast<Bytef*>(static_cast<void*>(input.data()));
    z.avail_in = static_cast<uInt>(input.size());
    z.next_out = static_cast<Bytef*>(static_cast<void*>(bytes.data()));
    z.avail_out = static_cast<uInt>(bytes.size());
    BOOST_REQUIRE(deflate(&z, Z_FINISH) == Z_STREAM_END);
    bytes.resize(z.total_out);
    deflateEnd(&z);
    return bytes;
}

} // namespace sctrace::test

#endif
